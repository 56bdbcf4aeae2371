//! Write a workload: what the clients of a test do, and what is right.
//!
//! A workload becomes a module like a solution, which `host sim -w FILE.wasm` runs. The document
//! `docs/workloads.md` specifies the module; this is the same in Rust types. A counter in full:
//!
//! ```
//! use guest_sdk::workload::prelude::*;
//!
//! #[derive(Clone, Debug, Serialize, Deserialize)]
//! #[serde(tag = "f", content = "value", rename_all = "kebab-case")]
//! enum Operation { Add(i64), Read }
//!
//! #[derive(Serialize)]
//! #[serde(rename_all = "snake_case")]
//! enum Request { Add { delta: i64 }, Read {} }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Counter;
//!
//! impl Workload for Counter {
//!     const NAME: &'static str = "counter";
//!     const ABOUT: &'static str = "A counter that clients add to and read.";
//!     const OPERATIONS: &'static [OperationKind] = &[changes("add"), reads("read")];
//!     const MESSAGES: &'static [&'static str] =
//!         &["add {delta: integer} -> add_ok {}", "read {} -> read_ok {value: integer}"];
//!
//!     type Options = ();
//!     type Operation = Operation;
//!     type Outcome = Option<i64>;
//!     type Request = Request;
//!     type Answer = ();
//!     type Specification = Self;
//!
//!     fn new(_: &Cluster, (): ()) -> Result<Self, String> { Ok(Counter) }
//!
//!     fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
//!         Next::Invoke(match turn.draws.below(2) {
//!             0 => Operation::Add(1),
//!             _ => Operation::Read,
//!         })
//!     }
//!
//!     fn begin(&mut self, _: usize, operation: &Operation) -> Step<Self> {
//!         match operation {
//!             Operation::Add(delta) => Step::call(Request::Add { delta: *delta }).completes(None),
//!             Operation::Read => Step::call(Request::Read {}).completes_with("value"),
//!         }
//!     }
//! }
//!
//! impl Specification<Counter> for Counter {
//!     type State = i64;
//!
//!     fn apply(state: &mut i64, operation: &Operation) -> Option<i64> {
//!         match operation {
//!             Operation::Add(delta) => { *state += delta; None }
//!             Operation::Read => Some(*state),
//!         }
//!     }
//! }
//!
//! guest_sdk::export_workload!(Counter);
//! ```
//!
//! | task | item |
//! |---|---|
//! | say what clients do | [`Workload::next`], [`Turn`], [`Draws`] |
//! | send requests, and complete operations | [`Workload::begin`], [`Workload::answer`], [`Step`] |
//! | follow redirects, decide what errors mean | [`Workload::error`], [`Workload::HANDLES_ERRORS`] |
//! | judge by a sequential specification | [`Specification`] |
//! | judge the whole history, by the options and the faults of the run | [`Workload::check`], [`History`], [`Record`], [`Fault`], [`Findings`] |
//! | judge what nodes hold | [`Workload::observe`] |
//! | say what they can reach, for explorations | [`Workload::GOALS`], [`Goal`], [`Observation`] |
//! | test it | module [`testing`] |

mod draws;
mod goal;
mod history;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod native;
mod runtime;
mod step;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod turn;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wasm;

use std::fmt::Debug;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use draws::Draws;
pub use goal::{Goal, Observation, always_reachable, reachable};
pub use history::{End, Fault, Findings, History, Record};
pub use host_protocol::workload::Consistency;
pub use step::{ErrorAnswer, Step};
pub use turn::{Next, Turn};

/// What most workloads need: `use guest_sdk::workload::prelude::*;`.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};

    pub use super::{
        Cluster, Consistency, Draws, End, ErrorAnswer, Fault, Findings, Goal, History, Next,
        Observation, OperationKind, Record, Specification, Step, Turn, Workload, always_reachable,
        changes, reachable, reads,
    };
}

/// A workload. Its value is what the clients of a run keep: serde data, which `host explore` copies.
pub trait Workload: Serialize + DeserializeOwned + Sized {
    /// Its name.
    const NAME: &'static str;
    /// What it is about, a sentence.
    const ABOUT: &'static str = "";
    /// The operations of its clients.
    const OPERATIONS: &'static [OperationKind];
    /// The requests and their answers: `read {key: integer} -> read_ok {value: integer}`.
    const MESSAGES: &'static [&'static str];
    /// What each option does, by name.
    const HELP: &'static [(&'static str, &'static str)] = &[];
    /// Whether [`last`](Workload::last) is asked for operations.
    const HAS_LAST: bool = false;
    /// Whether the codes of errors that are definite can be trusted to be so. Otherwise an operation that
    /// ends with an error may have taken place.
    const DEFINITE_ERRORS: bool = true;
    /// Whether [`error`](Workload::error) and [`timed_out`](Workload::timed_out) decide what errors and timeouts lead to.
    const HANDLES_ERRORS: bool = false;
    /// Whether a worker keeps its client after an operation of unknown outcome.
    const KEEPS_CLIENT: bool = false;
    /// How long a client waits for an answer.
    const TIMEOUT: Duration = Duration::from_secs(5);
    /// Whether [`observe`](Workload::observe) judges what nodes hold.
    const HAS_INVARIANTS: bool = false;
    /// What nodes can come to hold, as [`observe`](Workload::observe) tells. `host explore` judges whether they can.
    const GOALS: &'static [Goal] = &[];
    /// Whether [`check`](Workload::check) judges the whole history.
    const CHECKS_HISTORY: bool = false;
    /// Built-in checkers that judge the history too, by the names of the workloads they are for: `broadcast`,
    /// `g-set`, `lin-kv`. Operations and values have to be as theirs.
    const CHECKERS: &'static [&'static str] = &[];

    /// The options; their defaults are those of `Default`. Serialised it is an object, or null if there are none.
    type Options: Default + Serialize + DeserializeOwned;
    /// An operation. Serialised it is an object with `f`, the function, and `value`, the argument:
    /// an enum with `#[serde(tag = "f", content = "value", rename_all = "kebab-case")]`.
    type Operation: Clone + Debug + Serialize + DeserializeOwned;
    /// What a successful operation completes with.
    type Outcome: Debug + PartialEq + Serialize + DeserializeOwned;
    /// The body of a request: an enum with `#[serde(rename_all = "snake_case")]`, whose variants have fields; or
    /// [`Value`](serde_json::Value), which is compared with the messages at run time only; `()` if operations are
    /// their own requests, see [`Step::call_as_invoked`].
    type Request: Serialize;
    /// The body of an answer that is no error, in the same form; `()` if the workload looks at none.
    type Answer: DeserializeOwned;
    /// The sequential specification that the history must satisfy; `()` if there is none.
    type Specification: Specification<Self>;

    /// Begins a run.
    ///
    /// # Errors
    /// Why there is no such run, and what to change.
    fn new(cluster: &Cluster, options: Self::Options) -> Result<Self, String>;

    /// The request that prepares a node before operations begin, if there is one.
    fn set_up(&self, node: usize) -> Option<Self::Request> {
        let _ = node;
        None
    }

    /// The next operation of a worker that is free, in the main phase.
    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Self::Operation>;

    /// The same after faults have ended and the cluster had time to recover. Asked only with [`HAS_LAST`](Workload::HAS_LAST).
    /// In a replay nobody has asked [`next`](Workload::next) before, so it goes by what [`begin`](Workload::begin) has seen.
    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Self::Operation> {
        let _ = turn;
        Next::Done
    }

    /// A worker begins an operation: sends it as its own request, if the workload does not say otherwise. It depends on
    /// nothing but the operation and what this worker did before: in a replay and in `host explore` nobody asks
    /// [`next`](Workload::next).
    fn begin(&mut self, worker: usize, operation: &Self::Operation) -> Step<Self> {
        let _ = worker;
        Step::call_as_invoked(operation)
    }

    /// A node has answered a worker's request. Asked only if its step does not say how an answer completes it.
    fn answer(
        &mut self,
        worker: usize,
        operation: &Self::Operation,
        answer: Self::Answer,
    ) -> Step<Self> {
        let _ = (worker, operation, answer);
        Step::malformed("the workload does not know what to do with an answer")
    }

    /// A node has answered with an error. Asked only with [`HANDLES_ERRORS`](Workload::HANDLES_ERRORS).
    fn error(
        &mut self,
        worker: usize,
        operation: &Self::Operation,
        error: &ErrorAnswer<'_>,
    ) -> Step<Self> {
        let _ = (worker, operation, error);
        Step::by_rule()
    }

    /// A request got no answer in time. Asked only with [`HANDLES_ERRORS`](Workload::HANDLES_ERRORS).
    fn timed_out(&mut self, worker: usize, operation: &Self::Operation) -> Step<Self> {
        let _ = (worker, operation);
        Step::by_rule()
    }

    /// A worker goes on with a new client, since nobody knows how its operation ended.
    fn reopened(&mut self, worker: usize) {
        let _ = worker;
    }

    /// What a node holds after an event: its snapshot, or null when it has crashed. An error is the invariant
    /// that does not hold any more; otherwise it says which [`GOALS`](Workload::GOALS) the node shows. Asked in every run with
    /// [`HAS_INVARIANTS`](Workload::HAS_INVARIANTS). In an exploration a copy that has seen no node is shown all of them in their
    /// order, so it may tell of the last one what it makes of all.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn observe(
        &mut self,
        now: Duration,
        node: usize,
        state: &serde_json::Value,
    ) -> Result<Observation, String> {
        let _ = (now, node, state);
        Ok(Observation::default())
    }

    /// Judges the whole history. Asked only with [`CHECKS_HISTORY`](Workload::CHECKS_HISTORY).
    fn check(history: &History<Self>) -> Findings {
        let _ = history;
        Findings::default()
    }
}

/// What one object does, as if its operations came one at a time.
pub trait Specification<W: Workload> {
    /// How the order of operations relates to time; `None` if there is no specification.
    const CONSISTENCY: Option<Consistency> = Some(Consistency::Linearizable);

    /// The state. Two states that are written as the same JSON are the same, so use sorted maps.
    type State: Default + Serialize + DeserializeOwned;

    /// The state before all operations: that of `Default`, if the specification does not say otherwise. What
    /// [`apply`](Specification::apply) needs of the options has to be in the state.
    fn initial(options: &W::Options) -> Self::State {
        let _ = options;
        Self::State::default()
    }

    /// Does an operation: changes the state, and returns what the operation completes with.
    fn apply(state: &mut Self::State, operation: &W::Operation) -> W::Outcome;

    /// Does an operation that completed with `outcome`. Whether it can, in that state. For objects that may
    /// answer in several ways; the usual one answers as [`apply`](Specification::apply) does.
    ///
    /// # Errors
    /// What it would have completed with.
    fn accept(
        state: &mut Self::State,
        operation: &W::Operation,
        outcome: &W::Outcome,
    ) -> Result<(), W::Outcome> {
        let expected = Self::apply(state, operation);
        match expected == *outcome {
            true => Ok(()),
            false => Err(expected),
        }
    }

    /// The object that an operation is about, where there are several that know nothing of one another: each is
    /// searched on its own, which is much faster.
    fn key(operation: &W::Operation) -> Option<serde_json::Value> {
        let _ = operation;
        None
    }
}

/// No specification.
impl<W: Workload<Outcome: Default>> Specification<W> for () {
    const CONSISTENCY: Option<Consistency> = None;

    type State = ();

    fn apply((): &mut (), _: &W::Operation) -> W::Outcome {
        W::Outcome::default()
    }
}

/// The cluster of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The names of the nodes.
    pub nodes: Vec<String>,
    /// How many clients there are at a time. Worker `w` talks to the node `w` modulo the number of nodes.
    pub workers: usize,
    /// The neighbours of each node, by name, as `--topology` says.
    pub topology: std::collections::BTreeMap<String, Vec<String>>,
}

/// A kind of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationKind {
    /// The function.
    pub f: &'static str,
    /// Whether it changes nothing.
    pub reads: bool,
}

/// Operations that change something.
#[must_use]
pub const fn changes(f: &'static str) -> OperationKind {
    OperationKind { f, reads: false }
}

/// Operations that change nothing: one of unknown outcome did not take place.
#[must_use]
pub const fn reads(f: &'static str) -> OperationKind {
    OperationKind { f, reads: true }
}

/// Makes a [`Workload`] the module of its crate, when it is built for WebAssembly.
#[macro_export]
macro_rules! export_workload {
    ($workload:ty) => {
        $crate::__exports!(
            maelstrom_workload_v1,
            $crate::workload::wasm::Module<$workload>
        );
    };
}
