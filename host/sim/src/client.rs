//! The client side of a workload, as the simulator sees it. The workloads are in
//! [`crate::workload`].

use std::fmt;

use super::goal::{Goal, GoalSet};
use super::random::Stream;
use super::time::SECOND;
use host_check::history::Kind;
use host_check::value::{Name, Value};
use host_protocol::message::Error;

/// Generates operations, turns them into requests, and responses into completions.
///
/// One value serves one run. It may keep state for each worker, such as the requests of an
/// operation that takes several, or the offsets that a client has read up to.
pub trait WorkloadClient: Send + Sync {
    /// A copy, which goes on independently.
    fn boxed_clone(&self) -> Box<dyn WorkloadClient>;

    /// Returns the request that prepares a node before operations begin, if there is one: a
    /// body without `msg_id`.
    fn setup(&self, _node: usize) -> Option<String> {
        None
    }

    /// Checks a node's response to [`setup`](WorkloadClient::setup).
    ///
    /// # Errors
    /// What is wrong with it.
    fn check_setup(&self, _answer: &str) -> Result<(), Malformed> {
        Ok(())
    }

    /// Returns the next operation and its worker.
    fn next(&mut self, turn: &mut Turn<'_>) -> Next;

    /// Whether there are [`last`](WorkloadClient::last) operations, which begin when faults have
    /// stopped and the cluster has had time to recover. Jepsen calls them the final generator.
    fn has_last(&self) -> bool {
        false
    }

    /// Returns the next of the last operations and its worker.
    fn last(&mut self, _turn: &mut Turn<'_>) -> Next {
        Next::Done
    }

    /// Whether clients [`inspect`](WorkloadClient::inspect) the cluster at the very end.
    fn inspects(&self) -> bool {
        false
    }

    /// Returns the next operation of the inspection and its worker. Maelstrom has none, so the
    /// figures of a run are those before it; faults have stopped, and the cluster had time to
    /// recover.
    fn inspect(&mut self, _turn: &mut Turn<'_>) -> Next {
        Next::Done
    }

    /// Begins an operation.
    fn begin(&mut self, worker: usize, operation: &Operation) -> Step;

    /// Continues an operation after a response that is not an error.
    ///
    /// # Errors
    /// When the response breaks the workload's schema.
    fn answer(
        &mut self,
        worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed>;

    /// What follows on a response that is an error, whose body is `body`; as
    /// [`error_handling`](WorkloadClient::error_handling) says if it is `None`.
    fn error(
        &mut self,
        _worker: usize,
        _operation: &Operation,
        _error: &Error,
        _body: &str,
    ) -> Option<Result<Step, Malformed>> {
        None
    }

    /// The same where no response has come in time.
    fn timed_out(&mut self, _worker: usize, _operation: &Operation) -> Option<Step> {
        None
    }

    /// Why the workload itself cannot go on, if it cannot: the run ends.
    fn failure(&self) -> Option<String> {
        None
    }

    /// Whether [`observe`](WorkloadClient::observe) wants to know what nodes hold in each run, for its invariants.
    fn observes(&self) -> bool {
        false
    }

    /// The goals that nodes show to [`observe`](WorkloadClient::observe).
    fn goals(&self) -> &[Goal] {
        &[]
    }

    /// A node holds this state after an event; none if it has crashed. Returns the goals that the node shows; none if
    /// its state says nothing about goals.
    ///
    /// # Errors
    /// The invariant that does not hold, in words: the run ends.
    fn observe(
        &mut self,
        _now_ns: u64,
        _node: usize,
        _state: Option<&[u8]>,
    ) -> Result<Option<GoalSet>, String> {
        Ok(None)
    }

    /// How errors and timeouts end an operation.
    fn error_handling(&self) -> ErrorHandling {
        ErrorHandling::Returns
    }

    /// Whether operations of this kind change nothing, so that one that fails did not take
    /// place.
    fn is_idempotent(&self, _f: &str) -> bool {
        false
    }

    /// Whether a worker keeps its client after an operation of unknown outcome.
    fn keeps_client(&self) -> bool {
        false
    }

    /// Tells that the worker has a new client, without the state of the one before.
    fn reopened(&mut self, _worker: usize) {}

    /// How long a client waits for a response, in nanoseconds.
    fn timeout_ns(&self) -> u64 {
        5 * SECOND
    }
}

/// An operation to invoke.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The function: `read`, `add`.
    pub f: Name,
    /// Its argument.
    pub value: Value,
    /// More entries of its invocation and completion in the history, such as `final?`.
    pub extra: Vec<(Name, Value)>,
}

impl Operation {
    /// Makes an operation without extra entries.
    #[must_use]
    pub fn new(f: &Name, value: Value) -> Self {
        Operation {
            f: f.clone(),
            value,
            extra: Vec::new(),
        }
    }

    /// Adds an entry for the history.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.push((key.into(), value));
        self
    }
}

/// A workload's answer to the question for an operation.
#[derive(Debug, Clone)]
pub enum Next {
    /// Invoke this operation.
    Invoke {
        /// The worker: one of [`Turn::free`].
        worker: usize,
        /// The operation.
        operation: Operation,
    },
    /// No free worker can do one: ask again when another worker is free.
    Wait,
    /// No operation is due yet: ask again at this virtual time, or when another worker is
    /// free. Only for [`WorkloadClient::last`] and [`WorkloadClient::inspect`], which set their
    /// own pace.
    Later(u64),
    /// There are no more operations.
    Done,
}

/// The next step of an operation.
#[derive(Debug, Clone)]
pub enum Step {
    /// Send a request to the worker's node: a body without `msg_id`.
    Call(String),
    /// Send a request to another node.
    CallAt {
        /// The node, counted from 0.
        node: usize,
        /// A body without `msg_id`.
        body: String,
    },
    /// Complete the operation.
    Done(Completion),
}

/// How an operation ends.
#[derive(Debug, Clone)]
pub struct Completion {
    /// Its type: `ok`, `fail` or `info`.
    pub kind: Kind,
    /// The result.
    pub value: Value,
    /// Why it is not `ok`.
    pub error: Option<Value>,
    /// More entries of the completion in the history.
    pub extra: Vec<(Name, Value)>,
}

impl Completion {
    /// A completion of type `ok`.
    #[must_use]
    pub fn ok(value: Value) -> Self {
        Completion {
            kind: Kind::Ok,
            value,
            error: None,
            extra: Vec::new(),
        }
    }

    /// Adds an entry for the history.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.push((key.into(), value));
        self
    }
}

/// How a response breaks the workload's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

/// Adds the `msg_id` to the body of a request, which is a JSON object with a `type`.
#[must_use]
pub fn with_msg_id(body: &str, msg_id: u64) -> String {
    let fields = body.strip_suffix('}').unwrap_or(body);
    format!("{fields},\"msg_id\":{msg_id}}}")
}

/// What a decoder says is wrong, without " at line 1 column 40".
pub(crate) fn without_place(error: &str) -> &str {
    error
        .rsplit_once(" at line ")
        .map_or(error, |(what, _)| what)
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client of the workload does with errors and timeouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorHandling {
    /// Returns them: the operation completes as `fail` if it did not take place, or else as
    /// `info`.
    Returns,
    /// Throws them: the operation completes as `info`, with the exception. So do Maelstrom's
    /// g-set and counters.
    Throws,
}

/// What a workload knows when it generates an operation.
pub struct Turn<'a> {
    /// The virtual time.
    pub now_ns: u64,
    /// The workers without an operation, in ascending order; at least one.
    pub free: &'a [usize],
    /// The current process of each worker.
    pub processes: &'a [i64],
    /// The random stream for the operation.
    pub stream: &'a mut Stream,
    /// Whether the operation begins before anything else is asked of the workload.
    pub begins_at_once: bool,
    /// The worker whose turn it is: workers take turns, as Jepsen's threads do.
    turn: usize,
}

impl<'a> Turn<'a> {
    /// A turn at `now_ns` for the workers that are `free` (at least one, in ascending order), where
    /// `processes` has the current process of each worker and `turn` is the worker whose turn it is,
    /// or their number if it is the nemesis'.
    #[must_use]
    pub fn new(
        now_ns: u64,
        free: &'a [usize],
        processes: &'a [i64],
        stream: &'a mut Stream,
        turn: usize,
    ) -> Self {
        Turn {
            now_ns,
            free,
            processes,
            stream,
            begins_at_once: false,
            turn,
        }
    }

    /// The same where the operation begins at once.
    #[must_use]
    pub fn beginning(self) -> Self {
        Turn {
            begins_at_once: true,
            ..self
        }
    }

    /// The free worker whose turn it is, or else the next one.
    #[must_use]
    pub fn any_worker(&self) -> usize {
        self.worker_of(self.free)
    }

    /// The free workers, that whose turn it is first.
    pub fn workers(&self) -> impl Iterator<Item = usize> {
        let next = self.free.partition_point(|worker| *worker < self.turn);
        self.free[next..].iter().chain(&self.free[..next]).copied()
    }

    /// The same among these workers, which have to be free and in ascending order.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn worker_of(&self, some: &[usize]) -> usize {
        let next = some.partition_point(|worker| *worker < self.turn);
        some[next % some.len()]
    }
}
