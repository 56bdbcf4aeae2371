//! Leader election: paper §5.2 and §5.4.1, with two additions of the thesis.
//!
//! - A node that hears no leader first asks whether it would be elected (the pre-vote,
//!   thesis §9.6). Only then does it begin a term. So a node that was cut off and returns
//!   disturbs no election: nodes that hear a leader would not vote for it.
//! - A leader that does not hear from a majority resigns (thesis §6.2). Otherwise a leader that
//!   is heard but hears no node would keep the others from electing another.
//!
//! A vote counts for the life of the voter in which it was given, see [`recovery`](crate::recovery).

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::message::{Message, RequestVote, Vote};
use crate::replication::{HEARTBEAT, Leadership};
use crate::{Raft, Role, majority};

/// A node that hears no leader for 0.5 to 1 s, by chance, stands for election: so two
/// seldom do at once. Five heartbeats at least, so that a doubled clock against a halved one
/// still waits for more than one.
const PATIENCE: std::ops::Range<u64> = 20..40;

/// A node in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    pub(crate) node: String,
    pub(crate) life: u64,
}

/// What a candidate has heard.
#[derive(Serialize, Deserialize)]
pub(crate) struct Candidacy {
    /// Whether it only asks what would be.
    pre: bool,
    /// Who votes for it, and in which life.
    votes: SortedMap<String, u64>,
    /// When to ask the others again.
    ask_at: u64,
}

impl Raft {
    /// A leader that is silent for so long may be gone.
    pub(crate) fn hears_leader(&self) -> bool {
        self.leader.is_some() && self.now < self.heard_at + PATIENCE.start
    }

    pub(crate) fn wait_for_leader(&mut self, ctx: &mut Ctx<Self>) {
        self.election_at = self.now + ctx.rng().u64(PATIENCE);
    }

    pub(crate) fn stand_if_no_leader(&mut self, ctx: &mut Ctx<Self>) {
        if self.now >= self.election_at {
            self.stand(true, ctx);
        }
        self.ask_for_votes(ctx);
    }

    fn stand(&mut self, pre: bool, ctx: &mut Ctx<Self>) {
        let life = self.life(ctx);
        if !pre {
            let node = ctx.id().to_owned();
            let term = self.persistent.term() + 1;
            self.persistent
                .set_term(term, Some(Candidate { node, life }), ctx);
        }
        self.leader = None;
        self.role = Role::Candidate(Candidacy {
            pre,
            votes: SortedMap::from([(ctx.id().to_owned(), life)]),
            ask_at: self.now,
        });
        self.wait_for_leader(ctx);
        self.ask_for_votes(ctx);
        self.count_votes(ctx);
    }

    /// Asks those who have not voted for this node, and asks again: messages get lost.
    fn ask_for_votes(&mut self, ctx: &mut Ctx<Self>) {
        let life = self.life(ctx);
        let Role::Candidate(candidacy) = &mut self.role else {
            return;
        };
        if self.now < candidacy.ask_at {
            return;
        }
        candidacy.ask_at = self.now + HEARTBEAT;
        let request = Message::RequestVote(RequestVote {
            pre: candidacy.pre,
            term: self.persistent.term() + u64::from(candidacy.pre),
            life,
            last_index: self.persistent.log().last(),
            last_term: self.persistent.log().last_term(),
        });
        let peers = ctx
            .peers()
            .filter(|peer| !candidacy.votes.contains_key(*peer));
        let peers: Vec<String> = peers.map(str::to_owned).collect();
        for peer in peers {
            ctx.send(&peer, &request);
        }
    }

    pub(crate) fn on_request_vote(
        &mut self,
        request: &RequestVote,
        from: &str,
        ctx: &mut Ctx<Self>,
    ) {
        let candidate = Candidate {
            node: from.to_owned(),
            life: request.life,
        };
        let log = self.persistent.log();
        let covers = log.is_covered_by(request.last_index, request.last_term);
        let granted = if request.pre {
            let leads = matches!(self.role, Role::Leader(_));
            request.term > self.persistent.term() && covers && !leads && !self.hears_leader()
        } else {
            if request.term > self.persistent.term() {
                self.follow(request.term, None, ctx);
            }
            let voted_for = self.persistent.voted_for();
            let is_free = voted_for.is_none_or(|one| *one == candidate);
            request.term == self.persistent.term() && covers && is_free
        };
        if granted && !request.pre {
            self.persistent.set_term(request.term, Some(candidate), ctx);
            self.wait_for_leader(ctx);
        }
        let vote = Vote {
            pre: request.pre,
            term: if granted {
                request.term
            } else {
                self.persistent.term()
            },
            granted,
            candidate_life: request.life,
            lives: self.persistent.lives().clone(),
        };
        ctx.send(from, &Message::Vote(vote));
    }

    pub(crate) fn on_vote(&mut self, vote: &Vote, from: &str, ctx: &mut Ctx<Self>) {
        if vote.candidate_life != self.life(ctx) {
            return;
        }
        self.persistent.learn_lives(&vote.lives, ctx);
        if vote.term > self.persistent.term() && !vote.granted {
            self.follow(vote.term, None, ctx);
        }
        if let Role::Candidate(candidacy) = &mut self.role
            && vote.granted
            && vote.pre == candidacy.pre
            && vote.term == self.persistent.term() + u64::from(vote.pre)
        {
            candidacy.votes.insert(from.to_owned(), vote.lives.of(from));
        }
        self.count_votes(ctx);
    }

    fn count_votes(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Candidate(Candidacy { pre, votes, .. }) = &self.role else {
            return;
        };
        // Who has lost its memory since does not know of its vote.
        let lives = self.persistent.lives();
        let valid = votes
            .iter()
            .filter(|(voter, life)| **life == lives.of(voter));
        if valid.count() < majority(ctx) {
            return;
        }
        if *pre {
            self.stand(false, ctx);
        } else {
            self.lead(ctx);
        }
    }

    fn lead(&mut self, ctx: &mut Ctx<Self>) {
        let text = format!("leads in term {}", self.persistent.term());
        ctx.log(Level::Info, text);
        self.leader = Some(ctx.id().to_owned());
        self.role = Role::Leader(Leadership::new(self.now, self.persistent.log().last(), ctx));
        self.propose(None, ctx);
        self.hand_over_again();
    }

    /// Goes on as a follower in `term`, which is not before its own.
    pub(crate) fn follow(&mut self, term: u64, leader: Option<&str>, ctx: &mut Ctx<Self>) {
        if term > self.persistent.term() {
            self.persistent.set_term(term, None, ctx);
        }
        if !matches!(self.role, Role::Follower) {
            self.role = Role::Follower;
            self.wait_for_leader(ctx);
        }
        if self.leader.as_deref() != leader {
            self.leader = leader.map(str::to_owned);
            self.hand_over_again();
        }
    }

    /// A leader that a majority has not answered for as long as the most patient of them
    /// would wait.
    pub(crate) fn resign_if_not_heard(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &self.role else {
            return;
        };
        let heard = leadership.heard_since(self.now.saturating_sub(PATIENCE.end));
        if heard + 1 < majority(ctx) {
            self.follow(self.persistent.term(), None, ctx);
        }
    }
}
