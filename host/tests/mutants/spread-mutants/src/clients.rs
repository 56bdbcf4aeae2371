//! What a node answers its clients.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::known::Shown;
use crate::options::{Bug, Design, Object};
use crate::{Replica, Reply, Timer};

/// How long a late acknowledgement takes: a client waits 5 s.
const LATE: Duration = Duration::from_millis(4_900);

/// How long an add takes where clients wait in one place.
const WORK: Duration = Duration::from_millis(20);

impl Replica {
    pub(crate) fn add(
        &mut self,
        value: i64,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        self.adds += 1;
        match self.bug {
            _ if self.is_deaf(ctx) => return Ok(()),
            Bug::RefusesAdds if self.adds.is_multiple_of(3) => return Err(refused()),
            Bug::RefusesNegative if value < 0 => return Err(refused()),
            Bug::RefusesZero if value == 0 => return Err(refused()),
            Bug::Shrugs if self.adds > 3 => {
                return Err(Error::new(ErrorCode::Crash, "nobody knows"));
            }
            Bug::Unanswered if self.adds > 3 => return Ok(()),
            Bug::DropsAtZero if self.known.sum() + value < 0 => {
                self.reply_added(client, ctx);
                return Ok(());
            }
            Bug::HoldsBack => {
                ctx.set_timer(LATE, Timer::Add(value, client));
                return Ok(());
            }
            _ => {}
        }
        self.make(value, client, ctx);
        Ok(())
    }

    /// Makes an addition.
    pub(crate) fn make(&mut self, value: i64, client: Caller, ctx: &mut Ctx<Self>) {
        let addition = self.known.number(ctx.id(), value);
        if self.design == Design::Primary {
            self.forward(addition, client, ctx);
            return;
        }
        self.known.learn(addition.clone());
        match self.design {
            Design::Push => self.push(&addition, ctx),
            Design::Whole => self.changed(addition, ctx),
            Design::Parts | Design::Pull | Design::Primary => {}
            Design::Batch | Design::Failover | Design::Numbered | Design::Star => {
                self.queue(&addition, ctx);
            }
        }
        match self.bug {
            Bug::AcksLate => _ = ctx.set_timer(LATE, Timer::Acknowledge(Some(client))),
            Bug::LastClient => {
                self.waiting_client = Some(client);
                ctx.set_timer(WORK, Timer::Acknowledge(None));
            }
            _ => self.reply_added(client, ctx),
        }
    }

    pub(crate) fn read(&mut self, client: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.reads += 1;
        if self.is_deaf(ctx) {
            return Ok(());
        }
        if self.bug == Bug::RefusesReads && self.reads.is_multiple_of(3) {
            return Err(refused());
        }
        if self.design == Design::Primary && !self.is_primary(ctx) {
            self.forward_read(client, ctx);
            return Ok(());
        }
        if self.design == Design::Parts && !self.peers.is_empty() {
            self.ask_all(client, ctx);
            return Ok(());
        }
        self.show(client, ctx);
        Ok(())
    }

    fn show(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        let reply = match self.known.show(ctx.id()) {
            Shown::Sum(0) if self.bug == Bug::HidesZero => return,
            Shown::Sum(value) => Reply::Sum { value },
            Shown::Elements(messages) if self.object == Object::Broadcast => {
                Reply::Messages { messages }
            }
            Shown::Elements(value) => Reply::Elements { value },
        };
        ctx.reply(client, &reply);
    }

    pub(crate) fn reply_added(&self, client: Caller, ctx: &mut Ctx<Self>) {
        let reply = match self.object {
            Object::Broadcast => Reply::BroadcastOk,
            Object::GSet | Object::Counter => Reply::AddOk,
        };
        ctx.reply(client, &reply);
    }

    /// Whether this node answers no client.
    fn is_deaf(&self, ctx: &Ctx<Self>) -> bool {
        let is_last = ctx.nodes().last().is_some_and(|last| last == ctx.id());
        self.is_silent || self.bug == Bug::OneDeaf && is_last
    }
}

fn refused() -> Error {
    Error::new(ErrorCode::Abort, "not today")
}
