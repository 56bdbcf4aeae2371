//! Unexpected exceptions of Maelstrom's clients, by class. After
//! `jepsen.checker/unhandled-exceptions`: Maelstrom never fails a run for them.

use indexmap::IndexMap;
use serde::Serialize;

use super::bounded::{LeftOut, bounded};
use super::completion::is_malformed_reply;
use super::history::{History, Kind, Op};
use super::missed::{ComplaintKind, Missed, NamedElements};
use super::validity::{Checks, Validity};
use super::value::Value;

/// The exceptions of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Exceptions {
    /// Always true under [`Checks::Maelstrom`]; otherwise false if an answer broke its workload's
    /// schema.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// The classes, the most frequent first. Absent if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionClass>,
    /// Answers that broke the schema.
    #[serde(flatten)]
    pub missed: Missed,
    /// Shortened lists.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    pub left_out: LeftOut,
}

/// The exceptions of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExceptionClass {
    /// How many.
    pub count: usize,
    /// The class: the type of the first exception in the chain that the first operation logged.
    pub class: Value,
    /// The first operation that met one.
    pub example: Op,
}

/// Counts the exceptions of a history.
pub(crate) fn exceptions(history: &History, checks: Checks) -> Exceptions {
    let mut classes: IndexMap<Value, ExceptionClass> = IndexMap::new();
    let mut missed = Missed::default();
    for op in history.ops().iter().filter(|op| op.kind == Kind::Info) {
        let Some(exception) = op.extra("exception") else {
            continue;
        };
        let class = class(exception);
        classes
            .entry(class.clone())
            .or_insert_with(|| ExceptionClass {
                count: 0,
                class,
                example: op.clone(),
            })
            .count += 1;
        if checks == Checks::Strict && is_malformed_reply(op) {
            missed.push(ComplaintKind::MalformedReply, op, NamedElements::default());
        }
    }
    let mut exceptions: Vec<ExceptionClass> = classes.into_values().collect();
    exceptions.sort_by_key(|class| std::cmp::Reverse(class.count));
    let mut left_out = LeftOut::new();
    Exceptions {
        valid: Validity::from(missed.is_empty()),
        exceptions: bounded("exceptions", exceptions, &mut left_out),
        missed,
        left_out,
    }
}

fn class(exception: &Value) -> Value {
    let first = match exception.get("via") {
        Some(Value::Vector(via)) => via.get(0).and_then(|first| first.get("type").cloned()),
        _ => None,
    };
    first.unwrap_or_default()
}
