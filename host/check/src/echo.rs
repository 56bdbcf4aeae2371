//! Echo: every answer gives back what was sent. After Maelstrom's `workload/echo.clj`.

use serde::Serialize;

use super::bounded::{LeftOut, bounded};
use super::history::{History, Kind};
use super::validity::Validity;
use super::value::Value;

/// The answers that are not echoes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Echo {
    /// False if there is an error.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// In the order of the history.
    pub errors: Vec<EchoMismatch>,
    /// Shortened lists.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    pub left_out: LeftOut,
}

/// What was sent, and what came back. In JSON, Maelstrom's array of four.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(into = "(&'static str, Value, &'static str, Value)")]
pub struct EchoMismatch {
    /// What the client sent.
    pub sent: Value,
    /// The whole answer, or what was sent if that was refused.
    pub received: Value,
    /// The `index` of the completion.
    pub op: u64,
    /// Whether it was refused.
    pub is_refused: bool,
}

impl From<EchoMismatch> for (&'static str, Value, &'static str, Value) {
    fn from(error: EchoMismatch) -> Self {
        (
            "Expected a message with :echo",
            error.sent,
            "But received",
            error.received,
        )
    }
}

/// Compares what was echoed with what was sent. A missing answer is not an error; a refusal is, as in
/// Maelstrom.
pub(crate) fn echo(history: &History) -> Echo {
    let mut errors = Vec::new();
    for (at, op) in history.client_ops() {
        if !matches!(op.kind, Kind::Ok | Kind::Fail) {
            continue;
        }
        let sent = &history.invocation(at).value;
        if op.value.get("echo").unwrap_or(&Value::Nil) != sent {
            errors.push(EchoMismatch {
                sent: sent.clone(),
                received: op.value.clone(),
                op: op.index,
                is_refused: op.kind == Kind::Fail,
            });
        }
    }
    let mut left_out = LeftOut::new();
    Echo {
        valid: Validity::from(errors.is_empty()),
        errors: bounded("errors", errors, &mut left_out),
        left_out,
    }
}
