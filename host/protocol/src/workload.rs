//! What a workload module and its host say to each other, version 1.
//!
//! `docs/workloads.md` specifies it for authors of modules in any language. The host makes one
//! [`Request`] at a time, a JSON object with one member; the answer is a JSON object too, whose form
//! depends on the request.

mod next;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

pub use next::NextRequest;

/// The export whose name carries the version of the interface; never called.
pub const MARKER: &str = "maelstrom_workload_v1";

/// A request of the host, with operations of the type `O`: [`Operation`], or what is written as the same.
#[derive(Debug, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    bound(serialize = "O: Serialize", deserialize = "O: Deserialize<'de>")
)]
pub enum Request<'a, O> {
    /// What the module is. Answered by a [`Declaration`].
    Describe {},
    /// A run begins. Answered by [`Started`].
    Start {
        /// The names of the nodes.
        nodes: Vec<Cow<'a, str>>,
        /// How many clients there are at a time.
        workers: usize,
        /// The options of the module, all that it declares.
        #[serde(borrow)]
        options: &'a RawValue,
        /// The neighbours of each node, by name.
        topology: &'a RawValue,
    },
    /// The request that prepares a node before operations begin. Answered by [`SetUp`].
    SetUp {
        /// The node, counted from 0.
        node: usize,
    },
    /// The next operation of a worker that is free. Answered by [`Next`].
    Next(NextRequest),
    /// A worker begins an operation. Answered by [`Step`].
    Begin {
        /// The worker.
        worker: usize,
        /// The operation.
        operation: O,
    },
    /// A node has answered a worker's request, not with an error. Answered by [`Step`].
    Answer {
        /// The worker.
        worker: usize,
        /// Its operation.
        operation: O,
        /// The body of the answer.
        #[serde(borrow)]
        body: &'a RawValue,
    },
    /// A node has answered with an error. Answered by [`Step`].
    Error {
        /// The worker.
        worker: usize,
        /// Its operation.
        operation: O,
        /// The error's code.
        code: u64,
        /// The body of the answer.
        #[serde(borrow)]
        body: &'a RawValue,
    },
    /// A worker's request got no answer in time. Answered by [`Step`].
    TimeOut {
        /// The worker.
        worker: usize,
        /// Its operation.
        operation: O,
    },
    /// The worker goes on with a new client, since nobody knows how its operation ended. Answered by an empty object.
    Reopened {
        /// The worker.
        worker: usize,
    },
    /// The object that an operation is about. Answered by [`Keyed`].
    Key {
        /// The operation.
        operation: O,
    },
    /// The state of an object before all operations. Answered by [`Applied`].
    Initial {
        /// The object, if there are several.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        key: Option<&'a RawValue>,
        /// The options of the module, all that it declares.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        options: Option<&'a RawValue>,
    },
    /// What an operation makes of a state. Answered by [`Applied`].
    Apply {
        /// The state.
        #[serde(borrow)]
        state: &'a RawValue,
        /// The operation.
        operation: O,
        /// What it completed with, which may be null; absent if nobody knows.
        #[serde(
            default,
            deserialize_with = "present",
            skip_serializing_if = "Option::is_none"
        )]
        outcome: Option<&'a RawValue>,
    },
    /// What a node holds after an event. Answered by [`Observed`].
    Observe {
        /// The virtual time in nanoseconds since the beginning of the run.
        now_ns: u64,
        /// The node, counted from 0.
        node: usize,
        /// Its state, as its module writes it; `null` when the node has crashed.
        #[serde(borrow)]
        state: &'a RawValue,
    },
    /// The whole history. Answered by [`Checked`].
    Check {
        /// How many clients there were at a time: a process modulo this is its worker.
        workers: usize,
        /// How many nodes there were, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nodes: Option<usize>,
        /// The options of the module, all that it declares.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        options: Option<&'a RawValue>,
        /// The operations, as `--history` writes them.
        #[serde(borrow)]
        history: &'a RawValue,
    },
}

/// What is there, also if it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// An operation of a client.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Operation<'a> {
    /// The function.
    pub f: &'a str,
    /// Its argument; null if it is absent.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub value: Option<&'a RawValue>,
}

/// Which operations are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Those of the main phase.
    Main,
    /// The last ones, after faults have ended and the cluster had time to recover.
    Last,
}

/// What a workload module is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// What it is about, a sentence.
    #[serde(default)]
    pub about: String,
    /// The operations of its clients.
    pub operations: Vec<OperationKind>,
    /// The requests and their answers, in the notation of `docs/workloads.md`.
    pub messages: Vec<String>,
    /// Its options.
    #[serde(default)]
    pub options: Vec<OptionKind>,
    /// What its nodes can come to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<Goal>,
    /// Whether there are last operations.
    #[serde(default)]
    pub last: bool,
    /// Whether the codes of errors that are definite can be trusted to be so.
    #[serde(default = "yes")]
    pub definite_errors: bool,
    /// Whether the module decides what errors and timeouts lead to.
    #[serde(default)]
    pub handles_errors: bool,
    /// Whether a worker keeps its client after an operation of unknown outcome.
    #[serde(default)]
    pub keeps_client: bool,
    /// How long a client waits for an answer, in milliseconds.
    #[serde(default = "five_seconds")]
    pub timeout_ms: u64,
    /// How a run is judged.
    pub judge: Judge,
}

fn yes() -> bool {
    true
}

fn five_seconds() -> u64 {
    5000
}

/// A kind of operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationKind {
    /// The function.
    pub f: String,
    /// Whether it changes nothing, so that one of unknown outcome did not take place.
    #[serde(default)]
    pub reads: bool,
}

/// An option of a workload module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionKind {
    /// Its name.
    pub name: String,
    /// Its default, whose type is that of all its values.
    pub default: serde_json::Value,
    /// What it does.
    #[serde(default)]
    pub help: String,
}

/// A goal: what the nodes of a cluster can come to hold. Explorations judge it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Its name, a few words joined by hyphens: `leader-elected`.
    pub name: String,
    /// From where it can be reached.
    pub kind: GoalKind,
    /// Which nodes have to show it.
    #[serde(default)]
    pub of: GoalOf,
    /// What it means, a sentence.
    #[serde(default)]
    pub help: String,
}

/// From where a goal can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoalKind {
    /// From the beginning: some schedule comes to it.
    Reachable,
    /// From every state, once faults are over.
    AlwaysReachable,
}

impl GoalKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GoalKind::Reachable => "reachable",
            GoalKind::AlwaysReachable => "always-reachable",
        }
    }
}

/// Which nodes have to show a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoalOf {
    /// Any of them.
    #[default]
    Any,
    /// All of them, so none is down.
    All,
}

/// How a run is judged: by all that is here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judge {
    /// Whether there is a sequential specification, and how its order relates to time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specification: Option<Consistency>,
    /// Whether the module judges what nodes hold, at every event.
    #[serde(default)]
    pub invariants: bool,
    /// Whether the module checks the whole history.
    #[serde(default)]
    pub history: bool,
    /// Built-in checkers, by the names of the workloads that they judge.
    #[serde(default)]
    pub checkers: Vec<String>,
}

/// How the order of a sequential specification relates to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// An operation that completed before another began comes before it.
    Linearizable,
    /// The operations of a process come in its order.
    Sequential,
}

/// The answer to `start`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// Why there is no such run, and what to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The answer to `set_up`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// The body of the request, without `msg_id`; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
}

/// The answer to `next`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    bound(serialize = "O: Serialize", deserialize = "O: Deserialize<'de>")
)]
pub enum Next<'a, O> {
    /// The worker invokes this.
    Invoke(O),
    /// The same with what `begin` would answer. Only where the request says that the worker begins at once.
    Begin {
        /// The operation.
        operation: O,
        /// Its first step.
        #[serde(borrow)]
        step: Step<'a>,
    },
    /// There is nothing for this worker: ask for another one.
    Pass {},
    /// There is nothing for any worker that is free: ask when another is.
    Wait {},
    /// There is nothing before this time, in nanoseconds since the beginning of the run.
    Later {
        /// When to ask again.
        at_ns: u64,
    },
    /// There are no more operations in this phase.
    Done {},
}

/// The answer to `begin`, `answer`, `error` and `time_out`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step<'a> {
    /// Sends a request.
    Call {
        /// The body, without `msg_id`.
        #[serde(borrow)]
        body: &'a RawValue,
        /// The node that it goes to; the worker's own if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<usize>,
        /// How an answer that is no error completes the operation; if absent, the module is asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        completes: Option<Completes<'a>>,
    },
    /// The operation has succeeded, with this value.
    Ok(&'a RawValue),
    /// The operation did not take place, for this reason.
    Fail(Cow<'a, str>),
    /// Nobody knows whether the operation took place, for this reason.
    Info(Cow<'a, str>),
    /// The answer is not what the messages say, for this reason.
    Malformed(Cow<'a, str>),
    /// As the host does it: an error that is definite fails the operation, everything else leaves it open.
    ByRule {},
}

/// How an answer completes an operation, which succeeds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completes<'a> {
    /// With the value of this field of the answer.
    Field(Cow<'a, str>),
    /// With the value that it was invoked with.
    Invoked {},
    /// With this value.
    #[serde(borrow)]
    Value(&'a RawValue),
}

/// The answer to `key`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    /// The object; absent if there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<RawValue>>,
}

/// The answer to `initial` and `apply`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied<'a> {
    /// The state that it leaves.
    #[serde(borrow)]
    State(&'a RawValue),
    /// It cannot complete so in that state. What it would have completed with.
    Impossible(&'a RawValue),
}

/// The answer to `observe`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed<'a> {
    /// The invariant that does not hold, in words.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Cow<'a, str>>,
    /// The goals that the node shows, by name; absent if its state says nothing about goals.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub goals: Option<Vec<Cow<'a, str>>>,
}

/// The answer to `check`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// What is wrong.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// Why it is not known whether the history is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Figures of the run.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

/// What is wrong with a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The kind of anomaly, a few words joined by hyphens: `lost-update`.
    pub name: String,
    /// What happened, a sentence.
    pub text: String,
    /// The operations that show it, by index.
    #[serde(default)]
    pub ops: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(json: &str) -> Option<String> {
        match serde_json::from_str::<Request<'_, Operation<'_>>>(json).unwrap() {
            Request::Apply { outcome, .. } => outcome.map(|it| it.get().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_outcome_of_null_is_not_an_unknown_outcome() {
        let null = r#"{"apply":{"state":1,"operation":{"f":"read"},"outcome":null}}"#;
        let none = r#"{"apply":{"state":1,"operation":{"f":"read"}}}"#;
        assert_eq!((outcome(null), outcome(none)), (Some("null".into()), None));
        for json in [null, none] {
            let request: Request<'_, Operation<'_>> = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&request).unwrap(), json);
        }
    }
}
