//! Membership by SWIM, with the beliefs of the solution. Without an option it is right; `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `blocks` | a node waits for the answer to its ping before it pings the next |
//! | `for-ever` | whoever does not answer one ping is dead for ever |
//! | `keeps-to-itself` | a node tells nobody what it believes of third ones |
//! | `no-reconnect` | a member that is dead is not pinged any more |
//! | `no-refutation` | a member that is suspected does not begin a new incarnation |
//! | `others-only` | a list lacks the node that gives it |
//! | `trusts` | a member that does not answer is not suspected |

#[path = "../../../../../solutions/membership/src/members.rs"]
mod members;

use std::time::Duration;

use guest_sdk::prelude::*;

use members::{Belief, Fact, Members, Rank};

const HELPERS: usize = 3;
const FACTS: usize = 8;
const TIMES: u32 = 3;
const RECONNECT: u64 = 5;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Blocks,
    ForEver,
    KeepsToItself,
    NoReconnect,
    NoRefutation,
    OthersOnly,
    Trusts,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    bug: Bug,
    period_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bug: Bug::None,
            period_ms: 1000,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Members {},
    Ping {
        me: u32,
        facts: Vec<Fact>,
        /// Whom the ping is for: the sender, or whom it helps.
        asker: u32,
        period: u64,
    },
    PingReq {
        me: u32,
        facts: Vec<Fact>,
        target: u32,
        period: u64,
    },
    /// `alive` has answered. It goes to the asker, by whoever has pinged for it.
    Ack {
        facts: Vec<Fact>,
        alive: u32,
        asker: u32,
        period: u64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    MembersOk { members: Vec<String> },
}

#[derive(Serialize, Deserialize)]
enum Timer {
    Period,
    Late,
}

#[derive(Serialize, Deserialize)]
struct Membership {
    bug: Bug,
    members: Members,
    period: Duration,
    periods: u64,
    order: Vec<u32>,
    next: usize,
    /// Who was pinged in this period and has not been heard.
    target: Option<u32>,
    /// Those that are suspected, with the period in which they are dead.
    suspects: Vec<(Fact, u64)>,
}

impl Node for Membership {
    type Request = Request;
    type Call = ();
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options { bug, period_ms } = ctx.options();
        let period = Duration::from_millis(period_ms.max(3));
        let me = ctx.nodes().iter().position(|node| node == ctx.id());
        let members = Members::new(me.unwrap_or(0), ctx.nodes().len());
        let first = period.mul_f64(ctx.rng().f64());
        ctx.set_timer(first, Timer::Period);
        Membership {
            bug,
            order: members
                .those(false)
                .filter(|it| *it != members.me())
                .collect(),
            members,
            period,
            periods: 0,
            next: 0,
            target: None,
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
            Request::Members {} => {
                let listed = self.members.those(false);
                let listed =
                    listed.filter(|it| self.bug != Bug::OthersOnly || *it != self.members.me());
                let name = |it: u32| ctx.nodes()[it as usize].clone();
                let members = listed.map(name).collect();
                ctx.reply(from, &Reply::MembersOk { members });
            }
            Request::Ping {
                me,
                facts,
                asker,
                period,
            } => {
                self.learn(facts);
                let facts = self.facts_for(me);
                let alive = self.members.me();
                let ack = Request::Ack {
                    facts,
                    alive,
                    asker,
                    period,
                };
                send(me, &ack, ctx);
            }
            Request::PingReq {
                me,
                facts,
                target,
                period,
            } => {
                self.learn(facts);
                self.ping(target, me, period, ctx);
            }
            Request::Ack {
                facts,
                alive,
                asker,
                period,
            } => {
                self.learn(facts);
                if asker != self.members.me() {
                    let facts = self.facts_for(asker);
                    let ack = Request::Ack {
                        facts,
                        alive,
                        asker,
                        period,
                    };
                    send(asker, &ack, ctx);
                } else if period == self.periods && self.target == Some(alive) {
                    self.target = None;
                }
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

impl Membership {
    fn log(&self) -> u32 {
        self.members.len().next_power_of_two().ilog2().max(1)
    }

    fn facts_for(&mut self, member: u32) -> Vec<Fact> {
        let mut facts = self.members.tell(FACTS, TIMES * self.log());
        if self.bug == Bug::KeepsToItself {
            let me = self.members.me();
            facts.retain(|(of, _)| *of == me);
        }
        if let Some(rank) = self.members.rank(member)
            && rank.belief() != Belief::Alive
            && !facts.contains(&(member, rank))
        {
            facts.push((member, rank));
        }
        facts
    }

    fn learn(&mut self, facts: Vec<Fact>) {
        for (member, rank) in facts {
            let is_own = member == self.members.me();
            let is_ignored = match self.bug {
                Bug::NoRefutation => is_own,
                Bug::ForEver => self.members.is_dead(member),
                Bug::Trusts => rank.belief() != Belief::Alive,
                _ => false,
            };
            if !is_ignored {
                self.learn_one((member, rank));
            }
        }
    }

    fn learn_one(&mut self, fact: Fact) {
        let (member, rank) = fact;
        let is_news = self.members.learn(fact);
        if is_news && rank.belief() == Belief::Suspect && member != self.members.me() {
            let ends = self.periods + u64::from(TIMES * self.log());
            self.suspects.push((fact, ends));
        }
    }

    fn begin_period(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set_timer(self.period, Timer::Period);
        if self.bug == Bug::Blocks && self.target.is_some() {
            return;
        }
        self.periods += 1;
        if let Some(silent) = self.target.take() {
            self.suspect(silent);
        }
        self.bury();
        self.target = self.next_target(ctx);
        if let Some(target) = self.target {
            self.ping(target, self.members.me(), self.periods, ctx);
            ctx.set_timer(self.period / 3, Timer::Late);
        }
        let is_time = self.periods.is_multiple_of(RECONNECT) && self.members.has_dead();
        if is_time && !matches!(self.bug, Bug::NoReconnect | Bug::ForEver) {
            let dead: Vec<u32> = self.members.those(true).collect();
            let member = dead[ctx.rng().usize(..dead.len())];
            self.ping(member, self.members.me(), 0, ctx);
        }
    }

    fn suspect(&mut self, silent: u32) {
        let Some(rank) = self.members.rank(silent) else {
            return;
        };
        let belief = match self.bug {
            Bug::Trusts => return,
            Bug::ForEver => Belief::Dead,
            _ => Belief::Suspect,
        };
        if rank.belief() == Belief::Alive {
            self.learn_one((silent, Rank::new(rank.incarnation(), belief)));
        }
    }

    fn bury(&mut self) {
        let (now, members) = (self.periods, &self.members);
        self.suspects
            .retain(|((member, rank), _)| members.rank(*member) == Some(*rank));
        let due = self.suspects.extract_if(.., |(_, ends)| *ends <= now);
        let due: Vec<Fact> = due.map(|(fact, _)| fact).collect();
        for (member, rank) in due {
            self.learn_one((member, Rank::new(rank.incarnation(), Belief::Dead)));
        }
    }

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

    fn ping(&mut self, target: u32, asker: u32, period: u64, ctx: &mut Ctx<Self>) {
        let (me, facts) = (self.members.me(), self.facts_for(target));
        let ping = Request::Ping {
            me,
            facts,
            asker,
            period,
        };
        send(target, &ping, ctx);
    }

    fn ask_helpers(&mut self, ctx: &mut Ctx<Self>) {
        let Some(target) = self.target else { return };
        if self.bug == Bug::ForEver {
            return;
        }
        for _ in 0..HELPERS {
            let helper = self.order[ctx.rng().usize(..self.order.len())];
            if helper != target && !self.members.is_dead(helper) {
                let (me, facts) = (self.members.me(), self.facts_for(helper));
                let ping_req = Request::PingReq {
                    me,
                    facts,
                    target,
                    period: self.periods,
                };
                send(helper, &ping_req, ctx);
            }
        }
    }
}

fn send(member: u32, request: &Request, ctx: &mut Ctx<Membership>) {
    if let Some(name) = ctx.nodes().get(member as usize).cloned() {
        ctx.send(&name, request);
    }
}

guest_sdk::export!(Membership);
