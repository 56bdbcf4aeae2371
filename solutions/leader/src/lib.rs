//! leader: leader election, as Raft elects, without a log.
//!
//! Time is divided into terms. A node that hears no leader for a while begins a term and asks all others for their votes. A
//! node votes once in a term, and who has the votes of a majority leads in that term: two majorities share a node. The leader
//! tells all nodes ten times a second that it leads; whoever hears of a later term enters it, so an old leader steps down.
//!
//! Term and vote are on the disk before any message tells of them.
//!
//! # Faults
//!
//! One leader in a term under message loss, duplication, delay, partitions, pauses, clock skew, and when any number of nodes is
//! killed or loses its power. A node whose disk was replaced has forgotten its vote, and may vote again: that is not survived.
//! A leader is elected when a majority of the nodes can talk to each other, most likely within a second.
//!
//! A leader that is cut off leads on in its term, until it hears of a later one.
//!
//! # Costs
//!
//! n - 1 messages each 100 ms; an election takes 2 (n - 1). A sync for each term and each vote.
//!
//! Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (2014), §5.1, §5.2.

#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::prelude::*;

/// How often a leader says that it leads.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How long a node waits for a leader, in heartbeats, by chance: so two seldom stand for election at once.
const PATIENCE: std::ops::Range<u64> = 5..15;
/// The file with term and vote.
const FILE: &str = "vote";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// A client's: who leads?
    Who {},
    /// A candidate's: it stands for election in this term.
    RequestVote { term: u64 },
    /// The answer, if it is yes.
    Vote { term: u64 },
    /// A leader's: it leads in this term.
    Lead { term: u64 },
    /// The answer to a candidate or leader of an old term: this is the term.
    Term { term: u64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    WhoOk {
        term: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        leader: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Follower,
    /// The nodes that have voted for it.
    Candidate(Vec<String>),
    Leader,
}

#[derive(Serialize, Deserialize)]
struct Elector {
    term: u64,
    voted_for: Option<String>,
    role: Role,
    leader: Option<String>,
    /// After so many heartbeats without a leader it stands for election.
    patience: u64,
}

impl Node for Elector {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(HEARTBEAT, ());
        let kept = ctx.disk().get(FILE);
        let kept = kept.unwrap_or_else(|why| panic!("the vote is damaged: {why}"));
        let is_first_life = kept.is_none();
        let (term, voted_for) = kept.unwrap_or_default();
        let elector = Elector {
            term,
            voted_for,
            role: Role::Follower,
            leader: None,
            patience: ctx.rng().u64(PATIENCE),
        };
        if !is_first_life {
            // Once more: it may never have been synced, and after a sync that failed it may be here though no later one makes
            // it durable.
            elector.keep(ctx);
        }
        elector
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Who {} => {
                let (term, leader) = (self.term, self.leader.clone());
                ctx.reply(from, &Reply::WhoOk { term, leader });
            }
            Request::RequestVote { term } => {
                self.enter(term, ctx);
                let is_free = self.voted_for.as_deref().is_none_or(|it| it == from.node());
                if term < self.term {
                    ctx.send(from.node(), &Request::Term { term: self.term });
                } else if is_free {
                    self.vote(from.node(), ctx);
                    ctx.send(from.node(), &Request::Vote { term });
                }
            }
            Request::Vote { term } => {
                if let Role::Candidate(votes) = &mut self.role
                    && term == self.term
                    && !votes.iter().any(|voter| voter == from.node())
                {
                    votes.push(from.node().to_owned());
                }
                self.count_votes(ctx);
            }
            Request::Lead { term } => {
                self.enter(term, ctx);
                if term < self.term {
                    ctx.send(from.node(), &Request::Term { term: self.term });
                } else {
                    self.role = Role::Follower;
                    self.leader = Some(from.node().to_owned());
                    self.patience = ctx.rng().u64(PATIENCE);
                }
            }
            Request::Term { term } => self.enter(term, ctx),
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(HEARTBEAT, ());
        if self.role == Role::Leader {
            return self.tell_all(&Request::Lead { term: self.term }, ctx);
        }
        self.patience = self.patience.saturating_sub(1);
        if self.patience == 0 {
            self.stand(ctx);
        }
    }
}

impl Elector {
    /// Enters a term, if it is a later one.
    fn enter(&mut self, term: u64, ctx: &mut Ctx<Self>) {
        if term > self.term {
            (self.term, self.voted_for) = (term, None);
            (self.role, self.leader) = (Role::Follower, None);
            self.keep(ctx);
        }
    }

    fn vote(&mut self, candidate: &str, ctx: &mut Ctx<Self>) {
        self.patience = ctx.rng().u64(PATIENCE);
        if self.voted_for.is_none() {
            self.voted_for = Some(candidate.to_owned());
            self.keep(ctx);
        }
    }

    fn keep(&self, ctx: &mut Ctx<Self>) {
        ctx.disk().put(FILE, &(self.term, &self.voted_for));
    }

    fn stand(&mut self, ctx: &mut Ctx<Self>) {
        let me = ctx.id().to_owned();
        self.term += 1;
        (self.voted_for, self.leader) = (Some(me.clone()), None);
        self.role = Role::Candidate(vec![me]);
        self.patience = ctx.rng().u64(PATIENCE);
        self.keep(ctx);
        self.tell_all(&Request::RequestVote { term: self.term }, ctx);
        self.count_votes(ctx);
    }

    fn count_votes(&mut self, ctx: &mut Ctx<Self>) {
        if let Role::Candidate(votes) = &self.role
            && votes.len() > ctx.nodes().len() / 2
        {
            self.role = Role::Leader;
            self.leader = Some(ctx.id().to_owned());
            self.tell_all(&Request::Lead { term: self.term }, ctx);
        }
    }

    fn tell_all(&self, message: &Request, ctx: &mut Ctx<Self>) {
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for peer in peers {
            ctx.send(&peer, message);
        }
    }
}

guest_sdk::export!(Elector);
