//! The replicated state machine: keys with their values, and outcomes of commands.
//!
//! A node that does not learn the outcome of an operation forwards it again, possibly to the next
//! leader, so the log may hold a command twice. The machine applies each once:
//! it remembers outcomes until the node that asked says that it no longer waits for them. Source:
//! thesis §6.3.

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

/// What a client wants. Keys and values are JSON as the client wrote it, and the same if they
/// are written the same: this store has no opinion on whether 1 is 1.0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Read {
        key: String,
    },
    Write {
        key: String,
        value: String,
    },
    Cas {
        key: String,
        from: String,
        to: String,
    },
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Read(String),
    Written,
    Swapped,
    Missing,
    /// A compare-and-set found this instead.
    Different(String),
}

/// Names an operation, in the whole cluster and for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestId {
    /// The node whose client it is.
    pub(crate) origin: String,
    pub(crate) process: Process,
    pub(crate) number: u64,
}

/// One of a node's processes: each start of the node makes a new one, which knows nothing of the
/// clients of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Process {
    /// The node's [life](crate::recovery).
    pub(crate) life: u64,
    /// Which start in that life it is.
    pub(crate) start: u64,
}

/// An operation as the log holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) id: RequestId,
    /// The origin waits for no outcome of a number below this.
    pub(crate) waits_from: u64,
    pub(crate) operation: Operation,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    values: SortedMap<String, String>,
    sessions: Vec<Session>,
}

/// What one origin may still ask about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Session {
    origin: String,
    process: Process,
    waits_from: u64,
    /// By the operations' numbers.
    outcomes: Vec<(u64, Outcome)>,
}

impl Machine {
    /// Does what a command says unless it was done before. `None` for one that its origin has
    /// given up: it must not take place any more, since it might be a second time.
    pub(crate) fn apply(&mut self, command: &Command) -> Option<Outcome> {
        let id = &command.id;
        let mut sessions = self.sessions.iter();
        let position = sessions.position(|session| session.origin == id.origin);
        let position = position.unwrap_or_else(|| {
            self.sessions.push(Session::new(id));
            self.sessions.len() - 1
        });
        let session = &mut self.sessions[position];
        if id.process > session.process {
            *session = Session::new(id);
        }
        if id.process < session.process || id.number < session.waits_from {
            return None;
        }
        if let Some(outcome) = session.outcome(id.number) {
            return Some(outcome.clone());
        }
        let waits_from = session.waits_from.max(command.waits_from);
        session.waits_from = waits_from;
        session.outcomes.retain(|(number, _)| *number >= waits_from);
        let outcome = run(&mut self.values, &command.operation);
        session.outcomes.push((id.number, outcome.clone()));
        Some(outcome)
    }

    /// The outcome of a command that has been done and may still be asked about.
    pub(crate) fn outcome(&self, id: &RequestId) -> Option<&Outcome> {
        let mut sessions = self.sessions.iter();
        let session = sessions.find(|one| one.origin == id.origin && one.process == id.process)?;
        session.outcome(id.number)
    }

    pub(crate) fn read(&self, key: &str) -> Outcome {
        read(&self.values, key)
    }
}

impl Session {
    fn new(id: &RequestId) -> Self {
        Session {
            origin: id.origin.clone(),
            process: id.process,
            waits_from: 0,
            outcomes: Vec::new(),
        }
    }

    fn outcome(&self, number: u64) -> Option<&Outcome> {
        let outcome = self.outcomes.iter().find(|(one, _)| *one == number);
        outcome.map(|(_, outcome)| outcome)
    }
}

fn read(values: &SortedMap<String, String>, key: &str) -> Outcome {
    let value = values.get(key);
    value.map_or(Outcome::Missing, |value| Outcome::Read(value.clone()))
}

fn run(values: &mut SortedMap<String, String>, operation: &Operation) -> Outcome {
    match operation {
        Operation::Read { key } => read(values, key),
        Operation::Write { key, value } => {
            values.insert(key.clone(), value.clone());
            Outcome::Written
        }
        Operation::Cas { key, from, to } => match values.get_mut(key) {
            None => Outcome::Missing,
            Some(value) if value == from => {
                *value = to.clone();
                Outcome::Swapped
            }
            Some(value) => Outcome::Different(value.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(life: u64, number: u64, waits_from: u64, operation: Operation) -> Command {
        let id = RequestId {
            origin: "n1".into(),
            process: Process { life, start: 1 },
            number,
        };
        Command {
            id,
            waits_from,
            operation,
        }
    }

    fn cas(from: i64, to: i64) -> Operation {
        Operation::Cas {
            key: "x".into(),
            from: from.to_string(),
            to: to.to_string(),
        }
    }

    fn write(value: i64) -> Operation {
        Operation::Write {
            key: "x".into(),
            value: value.to_string(),
        }
    }

    #[test]
    fn operations_do_what_maelstroms_own_store_does() {
        let mut machine = Machine::default();
        let mut number = 0;
        let mut run = |operation| {
            number += 1;
            machine.apply(&command(1, number, 0, operation)).unwrap()
        };
        assert_eq!(run(Operation::Read { key: "x".into() }), Outcome::Missing);
        assert_eq!(run(cas(1, 2)), Outcome::Missing);
        assert_eq!(run(write(1)), Outcome::Written);
        assert_eq!(run(cas(2, 3)), Outcome::Different("1".into()));
        assert_eq!(run(cas(1, 2)), Outcome::Swapped);
        let read = run(Operation::Read { key: "x".into() });
        assert_eq!(read, Outcome::Read("2".into()));
    }

    #[test]
    fn a_command_in_the_log_twice_is_done_once() {
        let mut machine = Machine::default();
        machine.apply(&command(1, 1, 1, write(1)));
        let swap = command(1, 2, 1, cas(1, 2));
        assert_eq!(machine.apply(&swap), Some(Outcome::Swapped));
        machine.apply(&command(1, 3, 1, write(1)));
        assert_eq!(machine.apply(&swap), Some(Outcome::Swapped));
        assert_eq!(machine.read("x"), Outcome::Read("1".into()));
    }

    #[test]
    fn a_command_that_was_given_up_is_not_done_any_more() {
        let mut machine = Machine::default();
        machine.apply(&command(1, 5, 5, write(1)));
        assert_eq!(machine.apply(&command(1, 4, 4, write(2))), None);
        machine.apply(&command(2, 1, 1, write(3)));
        assert_eq!(machine.apply(&command(1, 6, 5, write(4))), None);
        assert_eq!(machine.read("x"), Outcome::Read("3".into()));
        assert_eq!(machine.outcome(&command(1, 5, 5, write(1)).id), None);
    }
}
