//! Leader election by terms and votes, as Raft elects. Without an option it is correct; `--bug NAME` gives it the bug of that
//! name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `forgets` | term and vote are not on the disk |
//! | `half` | half of the votes are enough, rounded down |
//! | `obeys-anyone` | a leader of an earlier term is followed, back into its term |
//! | `stays` | a leader does not step down when it hears of a later term |
//! | `trusts` | a node that knows a leader waits for it for ever, and after a restart, too |
//! | `votes-again` | a node votes for everyone who asks in its term |

use std::time::Duration;

use guest_sdk::prelude::*;

const HEARTBEAT: Duration = Duration::from_millis(100);
const PATIENCE: std::ops::Range<u64> = 5..15;
const FILE: &str = "vote";
/// Where a node that trusts its leader keeps its name.
const TRUSTED: &str = "leader";

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Forgets,
    Half,
    ObeysAnyone,
    Stays,
    Trusts,
    VotesAgain,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Who {},
    RequestVote { term: u64 },
    Vote { term: u64 },
    Lead { term: u64 },
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

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    /// It leads nobody, and may have votes.
    Follower,
    Leader,
}

#[derive(Serialize, Deserialize)]
struct Elector {
    bug: Bug,
    term: u64,
    voted_for: Option<String>,
    /// Who has voted for it, while it is a candidate.
    votes: Vec<String>,
    role: Role,
    leader: Option<String>,
    patience: u64,
}

impl Node for Elector {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let bug = ctx.options::<Options>().bug;
        ctx.set_timer(HEARTBEAT, ());
        let kept = ctx.disk().get(FILE).ok().flatten();
        let (term, voted_for) = match (bug, kept.unwrap_or_default()) {
            (Bug::Forgets, _) => (0, None),
            (_, kept) => kept,
        };
        Elector {
            bug,
            term,
            voted_for,
            votes: Vec::new(),
            role: Role::Follower,
            leader: ctx.disk().get(TRUSTED).ok().flatten().flatten(),
            patience: ctx.rng().u64(PATIENCE),
        }
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
                let is_free = match &self.voted_for {
                    Some(candidate) => candidate == from.node() || self.bug == Bug::VotesAgain,
                    None => true,
                };
                if term == self.term && is_free {
                    self.voted_for = Some(from.node().to_owned());
                    self.patience = ctx.rng().u64(PATIENCE);
                    self.keep(ctx);
                    ctx.send(from.node(), &Request::Vote { term });
                }
            }
            Request::Vote { term } => {
                let voter = from.node().to_owned();
                if term == self.term && !self.votes.is_empty() && !self.votes.contains(&voter) {
                    self.votes.push(voter);
                    self.count_votes(ctx);
                }
            }
            Request::Lead { term } => {
                if self.bug == Bug::ObeysAnyone {
                    self.term = term;
                }
                self.enter(term, ctx);
                if term == self.term && self.role == Role::Follower {
                    self.votes.clear();
                    self.leader = Some(from.node().to_owned());
                    self.patience = ctx.rng().u64(PATIENCE);
                    self.trust(ctx);
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(HEARTBEAT, ());
        if self.role == Role::Leader {
            return tell_all(&Request::Lead { term: self.term }, ctx);
        }
        if self.bug == Bug::Trusts && self.leader.is_some() {
            return;
        }
        self.patience = self.patience.saturating_sub(1);
        if self.patience == 0 {
            let me = ctx.id().to_owned();
            self.term += 1;
            self.voted_for = Some(me.clone());
            self.leader = None;
            self.votes = vec![me];
            self.patience = ctx.rng().u64(PATIENCE);
            self.keep(ctx);
            tell_all(&Request::RequestVote { term: self.term }, ctx);
            self.count_votes(ctx);
        }
    }
}

impl Elector {
    fn enter(&mut self, term: u64, ctx: &mut Ctx<Self>) {
        let stays = self.bug == Bug::Stays && self.role == Role::Leader;
        if term > self.term && !stays {
            (self.term, self.voted_for) = (term, None);
            self.votes.clear();
            (self.role, self.leader) = (Role::Follower, None);
            self.keep(ctx);
        }
    }

    fn keep(&self, ctx: &mut Ctx<Self>) {
        ctx.disk().put(FILE, &(self.term, &self.voted_for));
        self.trust(ctx);
    }

    fn trust(&self, ctx: &mut Ctx<Self>) {
        if self.bug == Bug::Trusts {
            ctx.disk().put(TRUSTED, &self.leader);
        }
    }

    fn count_votes(&mut self, ctx: &mut Ctx<Self>) {
        let nodes = ctx.nodes().len();
        let enough = match self.bug {
            Bug::Half => (nodes / 2).max(1),
            _ => nodes / 2 + 1,
        };
        if self.votes.len() >= enough {
            self.votes.clear();
            self.role = Role::Leader;
            self.leader = Some(ctx.id().to_owned());
            self.trust(ctx);
            tell_all(&Request::Lead { term: self.term }, ctx);
        }
    }
}

fn tell_all(message: &Request, ctx: &mut Ctx<Elector>) {
    let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
    for peer in peers {
        ctx.send(&peer, message);
    }
}

guest_sdk::export!(Elector);
