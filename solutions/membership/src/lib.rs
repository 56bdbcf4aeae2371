//! Membership: every node knows which nodes are alive, by SWIM.
//!
//! `{"type":"members"}` is answered with `{"type":"members_ok","members":["n0",…]}`: the names of those that the node believes
//! to be alive, itself among them, in ascending order. `echo` is answered as in challenge 1.
//!
//! In every period ([`PERIOD_MS`], `--period-ms`) a node pings one other, in an order that it has drawn, all of them before one
//! comes again. If no `ack` comes soon, it asks [`HELPERS`] others to ping it too, since the way between the two may be all that is
//! wrong. If none has heard it when the period ends, the node *suspects* it. A member that hears that it is suspected begins a new
//! incarnation and says so; if nobody has heard of that in time, it is dead. All of this is news, which pings and acks carry along.
//!
//! - Costs: 2 messages a period and node, whatever the number of nodes, and at most 1 + 4 [`HELPERS`] more for one that does
//!   not answer. A message has at most [`FACTS`] news, a few bytes each. A node keeps 8 bytes for each member besides the names.
//! - A crash is noticed by somebody after 1.6 periods on average, at the latest after 2 n. All know after a time in the order of log n
//!   periods, and believe it after another [`suspicion`](Membership::suspicion).
//! - Messages that are lost or late lead to suspicions that are refuted, and to nothing else. Whoever was cut off for longer than
//!   that is dead for the others, and they for it: every [`RECONNECT`] periods a node pings one that is dead, which then says
//!   that it is not.
//! - Nothing is on the disk: a node that is started again is told what the others believe of it, and says the contrary.
//!
//! Source: Das, Gupta and Motivala, "SWIM: scalable weakly-consistent infection-style process group membership protocol" (2002):
//! failure detector (section 3), dissemination and order of messages (4.1, 4.2), round-robin (4.3). That who pings a node tells it first
//! what it believes of it is from HashiCorp's memberlist.

mod members;
#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::prelude::*;

use members::{Belief, Fact, Members, Rank};

/// How long a period is, unless `--period-ms` says otherwise. It has to be longer than three round trips.
const PERIOD_MS: u64 = 1000;

/// How many others ping a member that has not answered.
const HELPERS: usize = 3;

/// How many news a message has at most, without what it says of its receiver.
const FACTS: usize = 8;

/// News are told, and suspicions last, this many times the logarithm of the members.
const TIMES: u32 = 3;

/// Every so many periods a dead member is pinged.
const RECONNECT: u64 = 5;

#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    period_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            period_ms: PERIOD_MS,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Members,
    Echo {
        echo: Box<RawValue>,
    },
    /// Are you alive?
    Ping {
        /// The sender.
        me: u32,
        facts: Vec<Fact>,
        /// The period of the sender; of whom it helps, if it does.
        period: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        helps: Option<u32>,
    },
    /// Ping this member for me.
    PingReq {
        me: u32,
        facts: Vec<Fact>,
        period: u64,
        target: u32,
    },
    /// A member is alive: the sender, or the one that it has pinged for the receiver.
    Ack {
        me: u32,
        facts: Vec<Fact>,
        period: u64,
        alive: u32,
        /// Whom the receiver helps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        helps: Option<u32>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    MembersOk { members: Vec<&'a str> },
    EchoOk { echo: Box<RawValue> },
}

#[derive(Serialize, Deserialize)]
enum Timer {
    /// A period ends, and the next begins.
    Period,
    /// An ack should have come.
    Late,
}

#[derive(Serialize, Deserialize)]
struct Membership {
    members: Members,
    period: Duration,
    /// How many periods have begun.
    periods: u64,
    /// All others, in the order in which they are pinged, and who comes next.
    order: Vec<u32>,
    next: usize,
    /// Who was pinged in this period and has not been heard.
    target: Option<u32>,
    late: Option<TimerId>,
    /// Those that are suspected, with the period in which they are dead.
    suspects: Vec<(Fact, u64)>,
}

impl Membership {
    /// The logarithm of the members to the base 2, rounded up.
    fn log(&self) -> u32 {
        self.members.len().next_power_of_two().ilog2().max(1)
    }

    /// How many periods a suspicion lasts: long enough for the news to reach the member, and for its answer to come back.
    fn suspicion(&self) -> u64 {
        u64::from(TIMES * self.log())
    }

    /// What a message to a member says: what is believed of itself, if that is no good, and news.
    fn facts_for(&mut self, member: u32) -> Vec<Fact> {
        let times = TIMES * self.log();
        let mut facts = self.members.tell(FACTS, times);
        if let Some(rank) = self.members.rank(member)
            && rank.belief() != Belief::Alive
            && !facts.contains(&(member, rank))
        {
            facts.push((member, rank));
        }
        facts
    }

    fn learn(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.learn_one(fact);
        }
    }

    fn learn_one(&mut self, fact: Fact) {
        let (member, rank) = fact;
        if self.members.learn(fact)
            && rank.belief() == Belief::Suspect
            && member != self.members.me()
        {
            let ends = self.periods + self.suspicion();
            self.suspects.push((fact, ends));
        }
    }

    /// Suspicions that nobody has refuted become deaths.
    fn bury(&mut self) {
        let (now, members) = (self.periods, &self.members);
        let is_open = |(member, rank): Fact| members.rank(member) == Some(rank);
        self.suspects.retain(|(fact, _)| is_open(*fact));
        let due = self.suspects.extract_if(.., |(_, ends)| *ends <= now);
        let due: Vec<Fact> = due.map(|(fact, _)| fact).collect();
        for (member, rank) in due {
            self.learn_one((member, Rank::new(rank.incarnation(), Belief::Dead)));
        }
    }

    /// The next member in the order, which is drawn anew when all have had their turn; none if all are dead.
    fn next_target(&mut self, ctx: &mut Ctx<Self>) -> Option<u32> {
        for _ in 0..self.order.len() {
            if self.next == 0 {
                ctx.rng().shuffle(&mut self.order);
            }
            let target = self.order[self.next];
            self.next = (self.next + 1) % self.order.len();
            if !self.members.is_dead(target) {
                return Some(target);
            }
        }
        None
    }

    fn ping(&mut self, target: u32, period: u64, helps: Option<u32>, ctx: &mut Ctx<Self>) {
        let (me, facts) = (self.members.me(), self.facts_for(target));
        let ping = Request::Ping {
            me,
            facts,
            period,
            helps,
        };
        send(target, &ping, ctx);
    }

    fn begin_period(&mut self, ctx: &mut Ctx<Self>) {
        self.periods += 1;
        if let Some(silent) = self.target.take()
            && let Some(rank) = self.members.rank(silent)
            && rank.belief() == Belief::Alive
        {
            self.learn_one((silent, Rank::new(rank.incarnation(), Belief::Suspect)));
        }
        self.bury();
        self.target = self.next_target(ctx);
        if let Some(target) = self.target {
            self.ping(target, self.periods, None, ctx);
            self.late = Some(ctx.set_timer(self.period / 3, Timer::Late));
        }
        if self.members.has_dead() && self.periods.is_multiple_of(RECONNECT) {
            let dead: Vec<u32> = self.members.those(true).collect();
            let member = dead[ctx.rng().usize(..dead.len())];
            self.ping(member, 0, None, ctx);
        }
        ctx.set_timer(self.period, Timer::Period);
    }

    fn ask_helpers(&mut self, ctx: &mut Ctx<Self>) {
        let Some(target) = self.target else { return };
        // One may be drawn twice: then one less helps.
        for _ in 0..HELPERS {
            let helper = self.order[ctx.rng().usize(..self.order.len())];
            if helper != target && !self.members.is_dead(helper) {
                let (me, facts) = (self.members.me(), self.facts_for(helper));
                let ping_req = Request::PingReq {
                    me,
                    facts,
                    period: self.periods,
                    target,
                };
                send(helper, &ping_req, ctx);
            }
        }
    }

    fn ack(&mut self, to: u32, alive: u32, period: u64, helps: Option<u32>, ctx: &mut Ctx<Self>) {
        let (me, facts) = (self.members.me(), self.facts_for(to));
        let ack = Request::Ack {
            me,
            facts,
            period,
            alive,
            helps,
        };
        send(to, &ack, ctx);
    }

    fn hear_ack(&mut self, alive: u32, period: u64, helps: Option<u32>, ctx: &mut Ctx<Self>) {
        if let Some(asking) = helps {
            self.ack(asking, alive, period, None, ctx);
        } else if period == self.periods && self.target == Some(alive) {
            self.target = None;
            if let Some(late) = self.late.take() {
                ctx.cancel_timer(late);
            }
        }
    }
}

/// Sends to a member. A number that is no member's, which only a message can have, gets nothing.
fn send(member: u32, request: &Request, ctx: &mut Ctx<Membership>) {
    if let Some(name) = ctx.nodes().get(member as usize).cloned() {
        ctx.send(&name, request);
    }
}

impl Node for Membership {
    type Request = Request;
    type Call = ();
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options { period_ms } = ctx.options();
        let period = Duration::from_millis(period_ms.max(3));
        let count = ctx.nodes().len();
        let me = ctx.nodes().iter().position(|node| node == ctx.id());
        let me = me.unwrap_or(0);
        let members = Members::new(me, count);
        let others = members.those(false).filter(|it| *it != members.me());
        // Not all nodes begin their periods at once.
        let first = period.mul_f64(ctx.rng().f64());
        ctx.set_timer(first, Timer::Period);
        Membership {
            order: others.collect(),
            members,
            period,
            periods: 0,
            next: 0,
            target: None,
            late: None,
            suspects: Vec::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Members => {
                let names = self.members.those(false).map(|it| it as usize);
                let nodes = ctx.nodes().to_vec();
                let mut members: Vec<&str> = names.map(|it| nodes[it].as_str()).collect();
                members.sort_unstable();
                ctx.reply(from, &Reply::MembersOk { members });
            }
            Request::Echo { echo } => ctx.reply(from, &Reply::EchoOk { echo }),
            Request::Ping {
                me,
                facts,
                period,
                helps,
            } => {
                self.learn(facts);
                self.ack(me, self.members.me(), period, helps, ctx);
            }
            Request::PingReq {
                me,
                facts,
                period,
                target,
            } => {
                self.learn(facts);
                self.ping(target, period, Some(me), ctx);
            }
            Request::Ack {
                facts,
                period,
                alive,
                helps,
                ..
            } => {
                self.learn(facts);
                self.hear_ack(alive, period, helps, ctx);
            }
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        match timer {
            Timer::Period => self.begin_period(ctx),
            Timer::Late => self.ask_helpers(ctx),
        }
    }
}

guest_sdk::export!(Membership);
