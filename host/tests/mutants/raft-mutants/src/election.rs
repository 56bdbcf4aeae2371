//! Terms and votes.

use std::collections::BTreeSet;
use std::ops::Range;

use guest_sdk::prelude::*;
use serde::Serializer;

use crate::message::{Message, Vote, Voted};
use crate::options::{Bug, Design};
use crate::replication::Leadership;
use crate::{Raft, Role};

/// Whom a node has voted for.
#[derive(Deserialize)]
pub(crate) struct Ballot {
    candidate: Option<String>,
    is_saved: bool,
}

impl Ballot {
    pub(crate) fn new(is_saved: bool) -> Self {
        Ballot {
            candidate: None,
            is_saved,
        }
    }

    pub(crate) fn candidate(&self) -> Option<&String> {
        self.candidate.as_ref()
    }

    pub(crate) fn set(&mut self, candidate: Option<String>) {
        self.candidate = candidate;
    }
}

impl Serialize for Ballot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Saved<'a> {
            candidate: Option<&'a String>,
            is_saved: bool,
        }
        let saved = Saved {
            candidate: self.candidate.as_ref().filter(|_| self.is_saved),
            is_saved: self.is_saved,
        };
        saved.serialize(serializer)
    }
}

impl Raft {
    /// Ticks without a leader before an election.
    ///
    /// With leases at least 42: a follower that has heard the leader refuses votes during 41
    /// whole ticks. At twice the speed they take 410 ms. A lease of 200 ms takes 400 ms at half
    /// the speed, and begins before the follower hears the leader.
    pub(crate) fn patience(&self) -> Range<u64> {
        match self.design {
            Design::Lease => 42..84,
            _ => 10..30,
        }
    }

    /// Puts the next election off.
    pub(crate) fn wait(&mut self, ctx: &mut Ctx<Self>) {
        let patience = self.patience();
        let ticks = match self.bug {
            Bug::SameTimeout => patience.start,
            _ => ctx.rng().u64(patience),
        };
        self.election_at = self.ticks + ticks;
    }

    fn has_leader(&self) -> bool {
        let patience = self.patience().start;
        let heard = self.heard_at.is_some_and(|at| self.ticks < at + patience);
        self.leads() || heard
    }

    /// Notes that the leader of this term is here.
    pub(crate) fn hear_leader(&mut self, name: &str, ctx: &mut Ctx<Self>) {
        self.role = Role::Follower;
        self.leader = Some(name.to_owned());
        self.heard_at = Some(self.ticks);
        if self.bug != Bug::TimerNeverReset {
            self.wait(ctx);
        }
        if self.bug == Bug::VoteReset {
            self.ballot.candidate = None;
        }
    }

    /// Stands back if somebody is further.
    pub(crate) fn meet_term(&mut self, term: u64) {
        if term > self.term {
            self.term = term;
            self.stand_back();
        }
    }

    fn stand_back(&mut self) {
        self.ballot.candidate = None;
        self.role = Role::Follower;
        self.leader = None;
    }

    pub(crate) fn on_vote(&mut self, vote: Vote, candidate: &str, ctx: &mut Ctx<Self>) {
        let has_complete_log = self.is_complete(&vote);
        let (term, granted) = if vote.on_trial {
            let granted = vote.term > self.term && has_complete_log && !self.has_leader();
            (if granted { vote.term } else { self.term }, granted)
        } else if self.may_be_under_lease() {
            (self.term, false)
        } else {
            if self.bug != Bug::TermNotAdopted {
                self.meet_term(vote.term);
            } else if vote.term > self.term {
                self.stand_back();
            }
            let ballot = self.ballot.candidate.as_deref();
            let is_free = ballot.is_none_or(|it| it == candidate) || self.bug == Bug::VotesTwice;
            let granted = vote.term >= self.term && is_free && has_complete_log;
            if granted {
                self.ballot.candidate = Some(candidate.to_owned());
                self.wait(ctx);
            }
            (self.term.max(vote.term), granted)
        };
        let on_trial = vote.on_trial;
        let voted = Voted {
            term,
            granted,
            on_trial,
        };
        self.save(ctx);
        ctx.send(candidate, &Message::Voted(voted));
    }

    /// Whether a leader may rely on this node not to vote for another.
    fn may_be_under_lease(&self) -> bool {
        let keeps_lease = self.design == Design::Lease && self.bug != Bug::LeaseVotes;
        keeps_lease && !self.leads() && self.has_leader()
    }

    /// Whether the candidate's log has all that this one has.
    fn is_complete(&self, vote: &Vote) -> bool {
        let (last_term, last) = (self.log.last_term(), self.log.last());
        match self.bug {
            Bug::AnyLog => true,
            Bug::VoteByLength => vote.last >= last,
            Bug::VoteByTerm => vote.last_term >= last_term,
            _ => (vote.last_term, vote.last) >= (last_term, last),
        }
    }

    pub(crate) fn on_voted(&mut self, voted: Voted, voter: String, ctx: &mut Ctx<Self>) {
        let (term, granted) = (voted.term, voted.granted);
        if !(voted.on_trial && granted) {
            self.meet_term(term);
        }
        let expected = self.term + u64::from(voted.on_trial);
        if granted && (term == expected || self.bug == Bug::OldVotes) {
            self.count_vote(voter, voted.on_trial, ctx);
        }
    }

    /// Asks for votes.
    pub(crate) fn stand(&mut self, ctx: &mut Ctx<Self>) {
        if self.design.pre_votes() {
            self.ask_for_votes(true, ctx);
        } else {
            self.stand_at_once(ctx);
        }
    }

    fn stand_at_once(&mut self, ctx: &mut Ctx<Self>) {
        self.term += 1;
        self.ballot.candidate = Some(ctx.id().to_owned());
        self.leader = None;
        self.ask_for_votes(false, ctx);
    }

    fn ask_for_votes(&mut self, on_trial: bool, ctx: &mut Ctx<Self>) {
        let votes = match &mut self.role {
            Role::Candidate { votes, .. } if self.bug == Bug::PreVoteCounts && !on_trial => {
                std::mem::take(votes)
            }
            _ => BTreeSet::new(),
        };
        self.role = Role::Candidate { votes, on_trial };
        self.wait(ctx);
        self.save(ctx);
        let vote = Message::Vote(Vote {
            term: self.term + u64::from(on_trial),
            last_term: self.log.last_term(),
            last: self.log.last(),
            on_trial,
        });
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        peers.iter().for_each(|peer| ctx.send(peer, &vote));
        self.count_vote(ctx.id().to_owned(), on_trial, ctx);
    }

    fn count_vote(&mut self, voter: String, for_trial: bool, ctx: &mut Ctx<Self>) {
        let count = match &mut self.role {
            Role::Candidate { votes, on_trial } if *on_trial == for_trial => {
                votes.insert(voter);
                votes.len()
            }
            _ => return,
        };
        if !self.is_majority(count, ctx) {
            return;
        }
        if for_trial {
            self.stand_at_once(ctx);
            return;
        }
        self.leader = Some(ctx.id().to_owned());
        self.role = Role::Leader(Leadership::new(ctx.peers(), self.log.last() + 1));
        if matches!(self.bug, Bug::CountsOldTerms | Bug::VoteReset) {
            // Without an entry that begins its term.
            self.replicate(ctx);
        } else {
            // Entries of earlier terms are committed with one of this term.
            self.lead_with(crate::machine::Command::Nothing, None, ctx);
        }
    }
}
