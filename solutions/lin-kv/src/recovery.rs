//! Recovery of a node that has lost its disk.
//!
//! Raft writes term, vote and log to a disk before it answers. A node whose disk was replaced, or is
//! [damaged](crate::persistent), has forgotten its promises: it could vote twice in a term, or elect a
//! leader without an entry that it had helped to commit. It does not take part until it
//! cannot do either:
//!
//! 1. A node counts its starts with an empty disk, its *lives*, and keeps that one number in Maelstrom's seq-kv
//!    (no other node uses its key). The first life begins as in Raft; without that number a
//!    first start and a restart would look alike. It is written before the node takes part
//!    for the first time: a node that has promised nothing has forgotten nothing.
//! 2. In a later life it asks all others. Each notes the new life and answers with its term, a
//!    leader with all that it has. The node waits for answers of a majority that includes the leader
//!    of the latest term among them, adopts that state, and continues as a follower that has
//!    voted for that leader. This is Viewstamped Replication's recovery.
//! 3. That alone is wrong: a vote from the old life may still be in flight, for a term that no
//!    node that answered knew. So votes carry what the voter knows of all lives, and a candidate
//!    does not count votes of lives that are over. A node that answered before it voted says so with
//!    its vote, and a node that voted before it answered has the new term in its answer; every
//!    majority of voters has one or the other.
//!
//! Sources: Liskov and Cowling, "Viewstamped replication revisited" (2012), §4.3; for the flaw
//! and its remedy, crash vectors: Michael, Ports, Sharma and Szekeres, "Recovering shared
//! objects without stable storage" (2017).

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;
use guest_sdk::service;

use crate::election::Candidate;
use crate::message::{Message, Recovered};
use crate::replication::{HEARTBEAT, Snapshot};
use crate::{Raft, Role, majority};

/// When those stand for election who learn that their leader has forgotten everything, in
/// ticks: up to 250 ms, by chance.
const SOON: std::ops::Range<u64> = 0..10;
/// How long seq-kv may take at first.
const PATIENCE: Duration = Duration::from_secs(1);

/// The latest life of every node that one has heard of; no other has had more than one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lives(SortedMap<String, u64>);

impl Lives {
    pub(crate) fn new() -> Self {
        Lives::default()
    }

    pub(crate) fn of(&self, node: &str) -> u64 {
        self.0.get(node).copied().unwrap_or(1)
    }

    /// Says whether that is news.
    pub(crate) fn note(&mut self, node: &str, life: u64) -> bool {
        let is_news = life > self.of(node);
        if is_news {
            self.0.insert(node.to_owned(), life);
        }
        is_news
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(node, life)| (node.as_str(), *life))
    }
}

/// What is asked of seq-kv.
#[derive(Serialize, Deserialize)]
pub(crate) enum Start {
    /// How often this node has started.
    Read,
    /// To remember that this start is number so many.
    Write(u64),
}

/// The answers that a recovering node has.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    /// When to ask again.
    ask_at: u64,
    /// The best of each.
    by_node: Vec<(String, Recovered)>,
}

pub(crate) fn ask_how_often_started(ctx: &mut Ctx<Raft>) {
    let request = service::read(starts_key(ctx));
    ctx.call(
        service::SEQ_KV,
        &request,
        Start::Read,
        Retry::forever(PATIENCE),
    );
}

fn starts_key(ctx: &Ctx<Raft>) -> String {
    format!("starts of {}", ctx.id())
}

impl Raft {
    /// This node's own.
    pub(crate) fn life(&self, ctx: &Ctx<Self>) -> u64 {
        self.persistent.lives().of(ctx.id())
    }

    pub(crate) fn start(
        &mut self,
        step: Start,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match step {
            Start::Read => {
                match response.and_then(|found| service::value::<u64>(&found)) {
                    Ok(starts) => self.remember_start(starts + 1, ctx),
                    Err(error) if error.code == ErrorCode::KeyDoesNotExist => {
                        self.role = Role::New;
                        self.wait_for_leader(ctx);
                        // The first of the nodes need not wait: there is no leader yet.
                        if ctx.nodes().first().map(String::as_str) == Some(ctx.id()) {
                            self.election_at = self.now;
                        }
                    }
                    Err(_) => ask_how_often_started(ctx),
                }
            }
            Start::Write(life) if response.is_err() => self.remember_start(life, ctx),
            Start::Write(1) => {
                self.persistent.set_counted();
                self.role = Role::Follower;
            }
            Start::Write(life) => {
                let id = ctx.id().to_owned();
                self.persistent.set_counted();
                self.persistent.note_life(&id, life, ctx);
                self.role = Role::Recovering(Answers::default());
                self.ask_to_recover(ctx);
            }
        }
    }

    /// A node that was started with a good disk takes part again, as if it had been away.
    pub(crate) fn go_on(&mut self, ctx: &mut Ctx<Self>) {
        self.wait_for_leader(ctx);
        if self.persistent.is_counted() {
            self.role = Role::Follower;
        } else {
            self.remember_start(self.life(ctx), ctx);
        }
    }

    /// A new node is about to take part. The message that makes it do so is lost; it will be
    /// sent again.
    pub(crate) fn take_part(&mut self, ctx: &mut Ctx<Self>) {
        self.role = Role::Starting;
        self.persistent.begin(ctx);
        self.remember_start(1, ctx);
    }

    fn remember_start(&mut self, life: u64, ctx: &mut Ctx<Self>) {
        let request = service::write(starts_key(ctx), life);
        let step = Start::Write(life);
        ctx.call(service::SEQ_KV, &request, step, Retry::forever(PATIENCE));
    }

    pub(crate) fn ask_to_recover(&mut self, ctx: &mut Ctx<Self>) {
        let life = self.life(ctx);
        if let Role::Recovering(answers) = &mut self.role
            && answers.ask_at <= self.now
        {
            answers.ask_at = self.now + HEARTBEAT;
            let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
            for peer in peers {
                ctx.send(&peer, &Message::Recover { life });
            }
        }
    }

    /// Another node asks.
    pub(crate) fn on_recover(&mut self, life: u64, from: &str, ctx: &mut Ctx<Self>) {
        if life < self.persistent.lives().of(from) {
            return;
        }
        self.persistent.note_life(from, life, ctx);
        if self.leader.as_deref() == Some(from) {
            self.follow(self.persistent.term(), None, ctx); // it leads no longer: no need to wait long
            self.election_at = self.now + ctx.rng().u64(SOON);
        }
        let leads = matches!(self.role, Role::Leader(_));
        let state = leads.then(|| self.snapshot());
        let answer = Recovered {
            asked_by: life,
            term: self.persistent.term(),
            lives: self.persistent.lives().clone(),
            state,
        };
        ctx.send(from, &Message::Recovered(answer));
    }

    pub(crate) fn on_recovered(&mut self, answer: Recovered, from: &str, ctx: &mut Ctx<Self>) {
        if answer.asked_by != self.life(ctx) {
            return;
        }
        let Role::Recovering(answers) = &mut self.role else {
            return;
        };
        self.persistent.learn_lives(&answer.lives, ctx);
        let rank = |answer: &Recovered| (answer.lives.of(from), answer.term);
        let mut earlier = answers.by_node.iter_mut();
        match earlier.find(|(node, _)| node == from) {
            Some((_, earlier)) if rank(earlier) > rank(&answer) => {}
            Some((_, earlier)) => *earlier = answer,
            None => answers.by_node.push((from.to_owned(), answer)),
        }
        // Who has lost its memory since does not remember this node's new life.
        let lives = self.persistent.lives();
        let answers = answers.by_node.iter_mut();
        let valid = answers.filter(|(node, answer)| answer.lives.of(node) == lives.of(node));
        let mut valid: Vec<&mut (String, Recovered)> = valid.collect();
        if valid.len() < majority(ctx) {
            return;
        }
        let latest = valid.iter().map(|(_, answer)| answer.term).max();
        let leader = valid.iter_mut().find_map(|(node, answer)| {
            let of_latest = Some(answer.term) == latest;
            let state = answer.state.take_if(|_| of_latest)?;
            let leader = Candidate {
                node: node.clone(),
                life: answer.lives.of(node),
            };
            Some((answer.term, leader, state))
        });
        if let Some((term, leader, state)) = leader {
            self.come_back(term, leader, state, ctx);
        }
    }

    fn come_back(&mut self, term: u64, leader: Candidate, state: Snapshot, ctx: &mut Ctx<Self>) {
        let text = format!("is back in term {term} with {} as leader", leader.node);
        ctx.log(Level::Info, text);
        self.follow(term, Some(&leader.node), ctx);
        self.heard_at = self.now;
        self.persistent.set_term(term, Some(leader), ctx);
        self.install(state, ctx);
    }
}
