//! The replicated state machine: keys with their values, and what was done already.
//!
//! A node that does not hear what became of an operation hands it over again, to the next
//! leader perhaps, so the log may hold a command twice. The machine does each once:
//! it remembers outcomes until the node that asked says that it waits for them no longer. Source:
//! thesis §6.3.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;
use serde_json::Value;

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Read { key: String },
    Write { key: String, value: Value },
    Cas { key: String, from: Value, to: Value },
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Read(Value),
    Written,
    Swapped,
    Missing,
    /// A compare-and-set found this instead.
    Different(Value),
}

/// Names an operation, in the whole cluster and for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestId {
    /// The node whose client it is.
    pub(crate) origin: String,
    /// That node's [life](crate::recovery).
    pub(crate) life: u64,
    pub(crate) number: u64,
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
    values: BTreeMap<String, Value>,
    sessions: BTreeMap<String, Session>,
}

/// What one origin may still ask about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Session {
    life: u64,
    waits_from: u64,
    outcomes: BTreeMap<u64, Outcome>,
}

impl Machine {
    /// Does what a command says unless it was done before. `None` for one that its origin has
    /// given up: it must not take place any more, since it might be a second time.
    pub(crate) fn apply(&mut self, command: &Command) -> Option<Outcome> {
        let id = &command.id;
        let session = self.sessions.entry(id.origin.clone()).or_default();
        if id.life > session.life {
            *session = Session {
                life: id.life,
                ..Session::default()
            };
        }
        if id.life < session.life || id.number < session.waits_from {
            return None;
        }
        if let Some(outcome) = session.outcomes.get(&id.number) {
            return Some(outcome.clone());
        }
        session.waits_from = session.waits_from.max(command.waits_from);
        session.outcomes = session.outcomes.split_off(&session.waits_from);
        let outcome = run(&mut self.values, &command.operation);
        session.outcomes.insert(id.number, outcome.clone());
        Some(outcome)
    }

    /// The outcome of a command that has been done and may still be asked about.
    pub(crate) fn outcome(&self, id: &RequestId) -> Option<&Outcome> {
        let session = self.sessions.get(&id.origin)?;
        let outcome = session.outcomes.get(&id.number)?;
        (session.life == id.life).then_some(outcome)
    }

    pub(crate) fn read(&self, key: &str) -> Outcome {
        read(&self.values, key)
    }
}

fn read(values: &BTreeMap<String, Value>, key: &str) -> Outcome {
    let value = values.get(key);
    value.map_or(Outcome::Missing, |value| Outcome::Read(value.clone()))
}

fn run(values: &mut BTreeMap<String, Value>, operation: &Operation) -> Outcome {
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
            life,
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
            from: from.into(),
            to: to.into(),
        }
    }

    fn write(value: i64) -> Operation {
        Operation::Write {
            key: "x".into(),
            value: value.into(),
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
        assert_eq!(run(cas(2, 3)), Outcome::Different(1.into()));
        assert_eq!(run(cas(1, 2)), Outcome::Swapped);
        let read = run(Operation::Read { key: "x".into() });
        assert_eq!(read, Outcome::Read(2.into()));
    }

    #[test]
    fn a_command_in_the_log_twice_is_done_once() {
        let mut machine = Machine::default();
        machine.apply(&command(1, 1, 1, write(1)));
        let swap = command(1, 2, 1, cas(1, 2));
        assert_eq!(machine.apply(&swap), Some(Outcome::Swapped));
        machine.apply(&command(1, 3, 1, write(1)));
        assert_eq!(machine.apply(&swap), Some(Outcome::Swapped));
        assert_eq!(machine.read("x"), Outcome::Read(1.into()));
    }

    #[test]
    fn a_command_that_was_given_up_is_not_done_any_more() {
        let mut machine = Machine::default();
        machine.apply(&command(1, 5, 5, write(1)));
        assert_eq!(machine.apply(&command(1, 4, 4, write(2))), None);
        machine.apply(&command(2, 1, 1, write(3)));
        assert_eq!(machine.apply(&command(1, 6, 5, write(4))), None);
        assert_eq!(machine.read("x"), Outcome::Read(3.into()));
        assert_eq!(machine.outcome(&command(1, 5, 5, write(1)).id), None);
    }
}
