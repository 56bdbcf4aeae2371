//! Operations, what comes of them, and registers in memory.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::Replica;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Operation {
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Value(i64),
    Written,
    Swapped,
    Missing,
    Differs,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    ReadOk { value: i64 },
    WriteOk,
    CasOk,
}

impl Operation {
    pub(crate) fn key(self) -> i64 {
        match self {
            Operation::Read { key } | Operation::Write { key, .. } | Operation::Cas { key, .. } => {
                key
            }
        }
    }

    pub(crate) fn is_read(self) -> bool {
        matches!(self, Operation::Read { .. })
    }

    /// What comes of it if the register has this value, and the value afterwards.
    pub(crate) fn on(self, value: Option<i64>) -> (Outcome, Option<i64>) {
        match (self, value) {
            (Operation::Write { value, .. }, _) => (Outcome::Written, Some(value)),
            (_, None) => (Outcome::Missing, None),
            (Operation::Read { .. }, Some(value)) => (Outcome::Value(value), Some(value)),
            (Operation::Cas { from, to, .. }, Some(value)) if value == from => {
                (Outcome::Swapped, Some(to))
            }
            (Operation::Cas { .. }, Some(_)) => (Outcome::Differs, value),
        }
    }
}

/// Registers in memory.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct Registers(BTreeMap<i64, i64>);

impl Registers {
    pub(crate) fn execute(&mut self, operation: Operation) -> Outcome {
        let (outcome, value) = operation.on(self.get(operation.key()));
        self.set(operation.key(), value);
        outcome
    }

    pub(crate) fn get(&self, key: i64) -> Option<i64> {
        self.0.get(&key).copied()
    }

    pub(crate) fn set(&mut self, key: i64, value: Option<i64>) {
        if let Some(value) = value {
            self.0.insert(key, value);
        }
    }
}

/// Answers a client.
pub(crate) fn tell(client: Caller, outcome: Outcome, ctx: &mut Ctx<Replica>) {
    let (code, text) = match outcome {
        Outcome::Value(value) => return ctx.reply(client, &Reply::ReadOk { value }),
        Outcome::Written => return ctx.reply(client, &Reply::WriteOk),
        Outcome::Swapped => return ctx.reply(client, &Reply::CasOk),
        Outcome::Missing => (ErrorCode::KeyDoesNotExist, "nobody wrote it"),
        Outcome::Differs => (ErrorCode::PreconditionFailed, "another value"),
    };
    ctx.reply_error(client, Error::new(code, text));
}
