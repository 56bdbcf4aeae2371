//! What a workload is to the simulator. The workloads themselves are in
//! [`crate::workload`].

use std::fmt;

use super::random::Stream;
use super::time::SECOND;
use host_check::history::Kind;
use host_check::value::{Name, Value};

/// Makes operations, turns them into requests and answers into completions.
///
/// One value serves one run. It may keep state for each worker: operations that take
/// several requests, offsets that a client has read up to.
pub trait WorkloadClient {
    /// The request that prepares a node before operations begin, a body without
    /// `msg_id`, if the workload has one.
    fn setup(&self, _node: usize) -> Option<String> {
        None
    }

    /// Checks a node's answer to [`setup`](WorkloadClient::setup).
    ///
    /// # Errors
    /// What is wrong with it.
    fn check_setup(&self, _answer: &str) -> Result<(), Malformed> {
        Ok(())
    }

    /// The next operation, and who does it.
    fn next(&mut self, turn: &mut Turn<'_>) -> Next;

    /// Whether there are [`last`](WorkloadClient::last) operations, after faults have ended
    /// and the cluster has had time to recover.
    fn has_last(&self) -> bool {
        false
    }

    /// The next of the last operations.
    fn last(&mut self, _turn: &mut Turn<'_>) -> Next {
        Next::Done
    }

    /// Begins an operation.
    fn begin(&mut self, worker: usize, operation: &Operation) -> Step;

    /// Goes on with an operation after an answer that is no error.
    ///
    /// # Errors
    /// The answer is not of the form that the workload demands.
    fn answer(
        &mut self,
        worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed>;

    /// How errors and timeouts end an operation.
    fn error_handling(&self) -> ErrorHandling {
        ErrorHandling::Returns
    }

    /// Whether operations of this kind change nothing, so that a failed one surely did
    /// not take place.
    fn is_idempotent(&self, _f: &str) -> bool {
        false
    }

    /// Whether a worker keeps its client after an operation with an unknown outcome.
    fn keeps_client(&self) -> bool {
        false
    }

    /// The worker has a new client, which knows nothing of what the one before has done.
    fn reopened(&mut self, _worker: usize) {}

    /// How long a client waits for an answer, in nanoseconds.
    fn timeout_ns(&self) -> u64 {
        5 * SECOND
    }
}

/// An operation that is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What kind: `read`, `add`.
    pub f: Name,
    /// Its argument.
    pub value: Value,
    /// What else the history says of it, when it begins and when it ends: `final?`.
    pub extra: Vec<(Name, Value)>,
}

impl Operation {
    /// An operation.
    #[must_use]
    pub fn new(f: &Name, value: Value) -> Self {
        Operation {
            f: f.clone(),
            value,
            extra: Vec::new(),
        }
    }

    /// The same, with more for the history to say.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.push((key.into(), value));
        self
    }
}

/// What a generator says when it is asked for an operation.
#[derive(Debug, Clone)]
pub enum Next {
    /// This one.
    Invoke {
        /// Who does it: one of [`Turn::free`].
        worker: usize,
        /// What to do.
        operation: Operation,
    },
    /// None that a free worker could do; ask again when another one is free.
    Wait,
    /// None yet; ask again at this virtual time, or when another worker is free. For
    /// [`WorkloadClient::last`], whose pace is its own.
    Later(u64),
    /// There will be no more.
    Done,
}

/// What comes next in an operation.
#[derive(Debug, Clone)]
pub enum Step {
    /// A request to the worker's node: a body without `msg_id`.
    Call(String),
    /// The end.
    Done(Completion),
}

/// How an operation ends.
#[derive(Debug, Clone)]
pub struct Completion {
    /// `ok`, `fail` or `info`.
    pub kind: Kind,
    /// The result.
    pub value: Value,
}

impl Completion {
    /// Success.
    #[must_use]
    pub fn ok(value: Value) -> Self {
        Completion {
            kind: Kind::Ok,
            value,
        }
    }
}

/// An answer that breaks the workload's schema, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a client of the workload takes errors and timeouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorHandling {
    /// It completes the operation: `fail` if it surely did not take place, or `info`.
    Returns,
    /// It throws them: always `info`, with the exception. Maelstrom's g-set and counters.
    Throws,
}

/// What a generator may look at.
pub struct Turn<'a> {
    /// The virtual time.
    pub now_ns: u64,
    /// The workers that do nothing at the moment, in ascending order; at least one.
    pub free: &'a [usize],
    /// The process that each worker is at the moment.
    pub processes: &'a [i64],
    /// For the operation's own choices.
    pub stream: &'a mut Stream,
    /// For the choice of a worker.
    pub(crate) workers: &'a mut Stream,
}

impl Turn<'_> {
    /// Any free worker, each as likely.
    pub fn any_worker(&mut self) -> usize {
        self.workers.pick(self.free)
    }

    /// Any of these, which have to be free, each as likely.
    ///
    /// # Panics
    /// If there is none.
    pub fn worker_of(&mut self, some: &[usize]) -> usize {
        self.workers.pick(some)
    }
}
