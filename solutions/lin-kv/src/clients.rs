//! Requests of clients: forwarding to the leader (paper §8), reads by read index (thesis §6.4).
//!
//! The node that receives a request remembers the operation and forwards it to the leader. It
//! forwards it again if there is no answer or a new leader, until it has an outcome or gives up.
//! Outcomes come from the leader, or from the node's own copy of the log.
//!
//! A read needs a moment, after it has arrived, at which the leader was still the leader: it
//! waits until a majority has answered a message that was sent later. Then no later leader can
//! have committed anything before the read began. The leader knows everything that earlier
//! leaders have committed as soon as it has committed an entry of its own.

use std::collections::VecDeque;

use guest_sdk::prelude::*;

use crate::machine::{Command, Operation, Outcome, RequestId};
use crate::message::{Message, Reply};
use crate::{Raft, Role};

/// An operation is given up after so many ticks, 900 ms: clients wait for a second or longer.
const GIVE_UP: u64 = 36;
/// It is handed over again after so many, 250 ms.
const ASK_AGAIN: u64 = 10;
/// The most operations that wait at a node; more would only make all of them late.
const PENDING_MAX: usize = 10_000;

/// The operations of this node's own clients.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Clients {
    last: u64,
    /// Oldest first.
    pending: VecDeque<Pending>,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    number: u64,
    client: Caller,
    operation: Operation,
    give_up_at: u64,
    ask_at: u64,
    /// Whether some leader may have put it into its log.
    is_handed_over: bool,
}

/// A read that waits until its leader is confirmed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reading {
    id: RequestId,
    key: String,
    /// How many messages the leader had sent when it arrived.
    pub(crate) since: u64,
}

impl Raft {
    pub(crate) fn on_operation(
        &mut self,
        operation: Operation,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        if self.clients.pending.len() >= PENDING_MAX {
            return Err(unavailable("too many operations wait already"));
        }
        self.clients.last += 1;
        self.clients.pending.push_back(Pending {
            number: self.clients.last,
            client,
            operation,
            give_up_at: self.now + GIVE_UP,
            ask_at: self.now,
            is_handed_over: false,
        });
        self.hand_over(self.clients.pending.len() - 1, ctx);
        Ok(())
    }

    /// Gives up what has waited too long and hands over what is due.
    pub(crate) fn hand_over_operations(&mut self, ctx: &mut Ctx<Self>) {
        let now = self.now;
        let pending = &mut self.clients.pending;
        while let Some(given_up) = pending.pop_front_if(|oldest| oldest.give_up_at <= now) {
            let error = if given_up.is_handed_over {
                let text = "the leader did not answer; this may have happened or not";
                Error::new(ErrorCode::Timeout, text)
            } else {
                unavailable("no leader is known")
            };
            ctx.reply_error(given_up.client, error);
        }
        // Those that are answered at once leave, so go from the newest to the oldest.
        for position in (0..pending.len()).rev() {
            if self.clients.pending[position].ask_at <= now {
                self.hand_over(position, ctx);
            }
        }
    }

    /// There is another leader.
    pub(crate) fn hand_over_again(&mut self) {
        for pending in &mut self.clients.pending {
            pending.ask_at = self.now;
        }
    }

    fn hand_over(&mut self, position: usize, ctx: &mut Ctx<Self>) {
        let process = self.persistent.process(ctx.id());
        let Some(leader) = &self.leader else { return };
        let waits_from = self.clients.pending[0].number;
        let pending = &mut self.clients.pending[position];
        pending.ask_at = self.now + ASK_AGAIN;
        pending.is_handed_over = true;
        let id = RequestId {
            origin: ctx.id().to_owned(),
            process,
            number: pending.number,
        };
        let command = Command {
            id,
            waits_from,
            operation: pending.operation.clone(),
        };
        if leader == ctx.id() {
            self.take(command, ctx);
        } else {
            ctx.send(leader, &Message::Forward { command });
        }
    }

    /// Does a leader's part for an operation, unless it is being done or has been. Others do
    /// nothing: whoever handed it over will find the leader.
    pub(crate) fn take(&mut self, command: Command, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        if let Operation::Read { key } = command.operation {
            leadership.reads.push(Reading {
                id: command.id,
                key,
                since: leadership.sent,
            });
            return;
        }
        if let Some(outcome) = self.machine.outcome(&command.id) {
            let outcome = outcome.clone();
            self.tell(&command.id, outcome, ctx);
            return;
        }
        let mut underway = self.persistent.log().behind(self.commit).iter();
        let is_underway = underway.any(|entry| {
            let other = entry.command.as_ref();
            other.is_some_and(|other| other.id == command.id)
        });
        if !is_underway {
            self.propose(Some(command), ctx);
        }
    }

    /// Answers reads; a majority has answered this message, or a later one each.
    pub(crate) fn answer_reads(&mut self, confirmed: u64, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        if self.persistent.log().term_at(self.commit) != Some(self.persistent.term()) {
            return;
        }
        let count = leadership
            .reads
            .partition_point(|read| read.since < confirmed);
        let reads: Vec<Reading> = leadership.reads.drain(..count).collect();
        for read in reads {
            let outcome = self.machine.read(&read.key);
            self.tell(&read.id, outcome, ctx);
        }
    }

    /// Brings an outcome to where its client is.
    pub(crate) fn tell(&mut self, id: &RequestId, outcome: Outcome, ctx: &mut Ctx<Self>) {
        if id.origin == ctx.id() {
            self.answer(id, outcome, ctx);
        } else if matches!(self.role, Role::Leader(_)) {
            let id = id.clone();
            ctx.send(&id.origin.clone(), &Message::Done { id, outcome });
        }
    }

    /// Answers a client, unless it has been answered.
    pub(crate) fn answer(&mut self, id: &RequestId, outcome: Outcome, ctx: &mut Ctx<Self>) {
        if id.process != self.persistent.process(ctx.id()) {
            return;
        }
        let pending = &mut self.clients.pending;
        let position = pending.iter().position(|one| one.number == id.number);
        let Some(Pending { client, .. }) = position.and_then(|at| pending.remove(at)) else {
            return;
        };
        match outcome {
            Outcome::Read(value) => {
                let value = RawValue::from_string(value).expect("a value was JSON when it came");
                ctx.reply(client, &Reply::ReadOk { value });
            }
            Outcome::Written => ctx.reply(client, &Reply::WriteOk {}),
            Outcome::Swapped => ctx.reply(client, &Reply::CasOk {}),
            Outcome::Missing => {
                let error = Error::new(ErrorCode::KeyDoesNotExist, "there is no such key");
                ctx.reply_error(client, error);
            }
            Outcome::Different(value) => {
                let text = format!("the value is {value}");
                ctx.reply_error(client, Error::new(ErrorCode::PreconditionFailed, text));
            }
        }
    }
}

fn unavailable(text: &str) -> Error {
    Error::new(ErrorCode::TemporarilyUnavailable, text)
}
