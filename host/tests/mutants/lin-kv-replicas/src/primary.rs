//! One copy of each register, which all nodes ask.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use crate::options::{Bug, Design};
use crate::registers::{Operation, Outcome, Registers, tell};
use crate::{AGAIN, GIVE_UP, Message, Replica, Timer, give_up};

/// How late the answers of the bug `late` are.
const LATE: Duration = Duration::from_millis(900);

#[derive(Serialize, Deserialize)]
pub(crate) struct Primary {
    bug: Bug,
    design: Design,
    registers: Registers,
    ticks: u64,
    next: u64,
    /// What other nodes have been asked.
    asked: BTreeMap<u64, Asked>,
    /// What has been done for other nodes, where operations are passed on again.
    done: BTreeMap<String, BTreeMap<u64, Outcome>>,
    has_stopped: bool,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    /// Nobody if it has an answer already.
    client: Option<Caller>,
    operation: Operation,
    since: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Note {
    Forward { seq: u64, operation: Operation },
    Forwarded { seq: u64, outcome: Outcome },
}

impl Primary {
    pub(crate) fn new(bug: Bug, design: Design) -> Self {
        Primary {
            bug,
            design,
            registers: Registers::default(),
            ticks: 0,
            next: 0,
            asked: BTreeMap::new(),
            done: BTreeMap::new(),
            has_stopped: false,
        }
    }

    fn owner(&self, key: i64, ctx: &Ctx<Replica>) -> String {
        let nodes = ctx.nodes();
        let index = match self.design {
            Design::Owners => usize::try_from(key).unwrap_or_default() % nodes.len(),
            _ => 0,
        };
        nodes[index].clone()
    }

    pub(crate) fn begin(
        &mut self,
        operation: Operation,
        client: Caller,
        ctx: &mut Ctx<Replica>,
    ) -> Result<(), Error> {
        if self.has_stopped {
            let text = "this node is degraded";
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        let owner = self.owner(operation.key(), ctx);
        if owner == ctx.id() {
            let outcome = self.execute(operation);
            self.tell(client, outcome, ctx);
            return Ok(());
        }
        let acks = self.bug == Bug::AcksFirst && matches!(operation, Operation::Write { .. });
        let client = if acks {
            tell(client, Outcome::Written, ctx);
            None
        } else {
            Some(client)
        };
        let seq = self.next;
        self.next += 1;
        let asked = Asked {
            client,
            operation,
            since: self.ticks,
        };
        self.asked.insert(seq, asked);
        let note = Note::Forward { seq, operation };
        ctx.send(&owner, &Message::Primary { note });
        Ok(())
    }

    fn execute(&mut self, operation: Operation) -> Outcome {
        let is_cas = matches!(operation, Operation::Cas { .. });
        if is_cas && self.bug == Bug::RefusesCas {
            return Outcome::Differs;
        }
        match (self.registers.execute(operation), operation, self.bug) {
            (Outcome::Missing, Operation::Read { .. }, Bug::MissingAsZero) => Outcome::Value(0),
            (Outcome::Missing, Operation::Cas { key, to, .. }, Bug::CasCreates) => {
                self.registers.set(key, Some(to));
                Outcome::Swapped
            }
            (Outcome::Differs, _, Bug::FailedCasOk) => Outcome::Swapped,
            (outcome, ..) => outcome,
        }
    }

    fn tell(&self, client: Caller, outcome: Outcome, ctx: &mut Ctx<Replica>) {
        if self.bug == Bug::Late {
            ctx.set_timer(LATE, Timer::Tell { client, outcome });
        } else {
            tell(client, outcome, ctx);
        }
    }

    pub(crate) fn hear(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        match note {
            Note::Forward { seq, operation } => {
                let known = self.done.get(from).and_then(|done| done.get(&seq)).copied();
                let outcome = known.unwrap_or_else(|| self.execute(operation));
                if self.design == Design::PrimaryRetries {
                    let done = self.done.entry(from.to_owned()).or_default();
                    done.insert(seq, outcome);
                }
                let note = Note::Forwarded { seq, outcome };
                ctx.send(from, &Message::Primary { note });
            }
            Note::Forwarded { seq, outcome } => {
                if let Some(client) = self.asked.remove(&seq).and_then(|it| it.client) {
                    self.tell(client, outcome, ctx);
                }
            }
        }
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        let now = self.ticks;
        let late = self.asked.extract_if(.., |_, it| now >= it.since + GIVE_UP);
        for client in late.collect::<Vec<_>>().into_iter().map(|it| it.1.client) {
            self.has_stopped |= self.bug == Bug::StopsAfterFault;
            match client {
                Some(client) if self.bug == Bug::TimeoutAsFailure => {
                    let text = "no answer, try again";
                    ctx.reply_error(client, Error::new(ErrorCode::TemporarilyUnavailable, text));
                }
                Some(client) => give_up(client, ctx),
                None => {}
            }
        }
        if self.design != Design::PrimaryRetries && self.bug != Bug::CasRetry {
            return;
        }
        let is_due = |it: &Asked| now > it.since && (now - it.since).is_multiple_of(AGAIN);
        for (seq, asked) in self.asked.iter().filter(|(_, asked)| is_due(asked)) {
            let (seq, operation) = (*seq, asked.operation);
            let note = Note::Forward { seq, operation };
            let owner = self.owner(operation.key(), ctx);
            ctx.send(&owner, &Message::Primary { note });
        }
    }
}
