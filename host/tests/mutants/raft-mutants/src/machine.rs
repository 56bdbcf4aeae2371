//! The registers, and which requests have been executed.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Command {
    Nothing,
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
}

/// Which operation of which node's clients.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestId {
    pub(crate) node: String,
    pub(crate) seq: u64,
    /// The node has no earlier ones left.
    pub(crate) oldest: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Value(i64),
    Written,
    Swapped,
    Missing,
    Differs,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    ReadOk { value: i64 },
    WriteOk,
    CasOk,
}

impl Outcome {
    pub(crate) fn reply(self) -> Result<Reply, Error> {
        let error = |code, text| Err(Error::new(code, text));
        match self {
            Outcome::Value(value) => Ok(Reply::ReadOk { value }),
            Outcome::Written => Ok(Reply::WriteOk),
            Outcome::Swapped => Ok(Reply::CasOk),
            Outcome::Missing => error(ErrorCode::KeyDoesNotExist, "nobody wrote it"),
            Outcome::Differs => error(ErrorCode::PreconditionFailed, "another value"),
        }
    }
}

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    registers: BTreeMap<i64, i64>,
    sessions: BTreeMap<String, Session>,
}

/// What has been executed for a node.
#[derive(Default, Clone, Serialize, Deserialize)]
struct Session {
    oldest: u64,
    done: BTreeMap<u64, Outcome>,
}

impl Machine {
    /// Executes a request unless it has been executed; what came of it, unless that is forgotten
    /// because the node does not ask any more.
    pub(crate) fn execute_once(&mut self, id: &RequestId, command: Command) -> Option<Outcome> {
        let session = self.sessions.entry(id.node.clone()).or_default();
        session.oldest = session.oldest.max(id.oldest);
        session.done = session.done.split_off(&session.oldest);
        if id.seq < session.oldest {
            return None;
        }
        if let Some(outcome) = session.done.get(&id.seq) {
            return Some(*outcome);
        }
        let outcome = self.execute(command);
        let session = self.sessions.entry(id.node.clone()).or_default();
        session.done.insert(id.seq, outcome);
        Some(outcome)
    }

    pub(crate) fn execute(&mut self, command: Command) -> Outcome {
        match command {
            Command::Nothing => Outcome::Written,
            Command::Read { key } => self.read(key),
            Command::Write { key, value } => {
                self.registers.insert(key, value);
                Outcome::Written
            }
            Command::Cas { key, from, to } => match self.registers.get_mut(&key) {
                Some(value) if *value == from => {
                    *value = to;
                    Outcome::Swapped
                }
                Some(_) => Outcome::Differs,
                None => Outcome::Missing,
            },
        }
    }

    pub(crate) fn read(&self, key: i64) -> Outcome {
        let value = self.registers.get(&key);
        value.map_or(Outcome::Missing, |value| Outcome::Value(*value))
    }

    pub(crate) fn forget_requests(&mut self) {
        self.sessions.clear();
    }
}
