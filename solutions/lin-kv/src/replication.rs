//! Replication of the leader's log: paper §5.3, commitment §5.4.2, snapshots §7.
//!
//! New entries go at once only to as many followers as make a majority with the leader, those heard
//! most recently. The others get them with the next heartbeat, which also resends what was
//! lost. A follower has one `append` in flight at a time; entries that arrive meanwhile go with the
//! next, so under load each operation costs fewer messages.
//!
//! Costs, with 2 f + 1 nodes: 2 f messages for each round of writes and reads, 2 more for an
//! operation that arrives at a follower, and 40 f a second for heartbeats when idle.

use guest_sdk::prelude::*;

use crate::clients::Reading;
use crate::log::{Entry, Log};
use crate::machine::{Command, Machine};
use crate::message::{Append, Appended, Message};
use crate::{Raft, Role, majority};

/// How long a follower hears nothing at most, in ticks: 100 ms.
pub(crate) const HEARTBEAT: u64 = 4;

/// The most entries in one message.
const BATCH_MAX: usize = 500;

/// The log is cut when it has grown by so many entries that are done, ...
const DONE_MAX: u64 = 256;
/// ... down to so many, for followers that are only a little behind.
const DONE_KEPT: u64 = 64;

/// The state machine after a certain entry, and the entries that follow.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) index: u64,
    pub(crate) term: u64,
    pub(crate) machine: Machine,
    pub(crate) entries: Vec<Entry>,
}

/// What a leader keeps in mind.
#[derive(Serialize, Deserialize)]
pub(crate) struct Leadership {
    followers: Vec<Follower>,
    /// How many messages it has sent to them; each goes out with its number.
    pub(crate) sent: u64,
    /// Oldest first.
    pub(crate) reads: Vec<Reading>,
}

#[derive(Serialize, Deserialize)]
struct Follower {
    name: String,
    /// Up to here its log is this one.
    matched: u64,
    /// Where to begin next time.
    next: u64,
    /// The number of the last message to it.
    sent: u64,
    sent_at: u64,
    /// The latest that it has answered: then this node was still its leader.
    answered: u64,
    heard_at: u64,
}

impl Leadership {
    pub(crate) fn new(now: u64, last: u64, ctx: &Ctx<Raft>) -> Self {
        let follower = |peer: &str| Follower {
            name: peer.to_owned(),
            matched: 0,
            next: last + 1,
            sent: 0,
            sent_at: now,
            answered: 0,
            heard_at: now,
        };
        Leadership {
            followers: ctx.peers().map(follower).collect(),
            sent: 0,
            reads: Vec::new(),
        }
    }

    /// How many followers have been heard from `tick` on.
    pub(crate) fn heard_since(&self, tick: u64) -> usize {
        let followers = self.followers.iter();
        followers.filter(|one| one.heard_at >= tick).count()
    }

    /// What a majority has, the leader included: `of` says how far a follower is.
    fn by_majority(&self, mine: u64, of: impl Fn(&Follower) -> u64) -> u64 {
        let mut all: Vec<u64> = self.followers.iter().map(of).collect();
        all.push(mine);
        all.sort_unstable();
        all[(all.len() - 1) / 2]
    }
}

impl Raft {
    /// Puts a command into the leader's log.
    pub(crate) fn propose(&mut self, command: Option<Command>, ctx: &mut Ctx<Self>) {
        let term = self.persistent.term();
        self.persistent.propose(Entry { term, command }, ctx);
    }

    /// Has a leader do what can be done now: commit, answer reads, send what is due.
    pub(crate) fn replicate(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &self.role else {
            return;
        };
        // An entry of an earlier term is not committed by counting (figure 8), but by one
        // of this term behind it.
        let log = self.persistent.log();
        let held = leadership.by_majority(log.last(), |follower| follower.matched);
        let confirmed = leadership.by_majority(u64::MAX, |follower| follower.answered);
        if log.term_at(held) == Some(self.persistent.term()) {
            self.commit_to(held, ctx);
        }
        self.answer_reads(confirmed, ctx);
        self.send_what_is_due(ctx);
    }

    fn send_what_is_due(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        let (term, log) = (self.persistent.term(), self.persistent.log());
        let last_read = leadership.reads.last().map(|read| read.since);
        let heard_at: Vec<u64> = leadership.followers.iter().map(|f| f.heard_at).collect();
        for (position, follower) in leadership.followers.iter_mut().enumerate() {
            let hears_at_once = rank(position, &heard_at) < majority(ctx) - 1;
            let is_behind = follower.next <= log.last();
            let may_confirm = last_read.is_some_and(|since| follower.answered <= since);
            let has_news = hears_at_once && (is_behind || may_confirm);
            let is_free = follower.answered == follower.sent;
            let is_due = self.now >= follower.sent_at + HEARTBEAT;
            let goes_out = is_due || (is_free && has_news);
            if !goes_out {
                continue;
            }
            leadership.sent += 1;
            follower.sent = leadership.sent;
            follower.sent_at = self.now;
            let (number, prev_index) = (leadership.sent, follower.next - 1);
            let message = match log.term_at(prev_index) {
                Some(prev_term) => {
                    let entries = log.behind(prev_index);
                    Message::Append(Append {
                        term,
                        number,
                        prev_index,
                        prev_term,
                        entries: entries[..entries.len().min(BATCH_MAX)].to_vec(),
                        commit: self.commit,
                    })
                }
                None => Message::InstallSnapshot {
                    term,
                    number,
                    snapshot: snapshot(log, self.commit, &self.machine),
                },
            };
            ctx.send(&follower.name, &message);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        snapshot(self.persistent.log(), self.commit, &self.machine)
    }

    pub(crate) fn on_append(&mut self, append: Append, from: &str, ctx: &mut Ctx<Self>) {
        if !self.heed(append.term, append.number, from, ctx) {
            return;
        }
        // Whatever is committed is in the leader's log, too.
        let prev = append.prev_index;
        let log = self.persistent.log();
        let ok = prev <= self.commit || log.term_at(prev) == Some(append.prev_term);
        let mut index = self.commit;
        if ok {
            index = prev + append.entries.len() as u64;
            self.persistent
                .merge(prev, append.entries, self.commit, ctx);
            self.commit_to(append.commit.min(index), ctx);
        }
        self.confirm(append.number, ok, index, from, ctx);
    }

    pub(crate) fn on_snapshot(
        &mut self,
        term: u64,
        number: u64,
        snapshot: Snapshot,
        from: &str,
        ctx: &mut Ctx<Self>,
    ) {
        if !self.heed(term, number, from, ctx) {
            return;
        }
        let mut index = snapshot.index;
        if self.persistent.log().term_at(index) == Some(snapshot.term) {
            self.commit_to(index, ctx); // what is in the log behind it must stay
        } else if index > self.commit {
            self.install(snapshot, ctx);
            index = self.persistent.log().last();
        }
        self.confirm(number, true, index, from, ctx);
    }

    /// Takes over a snapshot instead of the log.
    pub(crate) fn install(&mut self, snapshot: Snapshot, ctx: &mut Ctx<Self>) {
        self.commit = snapshot.index;
        self.machine = self.persistent.install(snapshot, ctx);
    }

    /// Follows a leader unless its term is over, which it is told then.
    fn heed(&mut self, term: u64, number: u64, from: &str, ctx: &mut Ctx<Self>) -> bool {
        if term < self.persistent.term() {
            self.confirm(number, false, self.commit, from, ctx);
            return false;
        }
        let leads = matches!(self.role, Role::Leader(_));
        assert!(
            term > self.persistent.term() || !leads,
            "{from} leads in term {term}, too"
        );
        self.follow(term, Some(from), ctx);
        self.heard_at = self.now;
        self.wait_for_leader(ctx);
        true
    }

    fn confirm(&mut self, number: u64, ok: bool, index: u64, to: &str, ctx: &mut Ctx<Self>) {
        let answer = Appended {
            term: self.persistent.term(),
            number,
            ok,
            index,
        };
        ctx.send(to, &Message::Appended(answer));
    }

    pub(crate) fn on_appended(&mut self, answer: &Appended, from: &str, ctx: &mut Ctx<Self>) {
        if answer.term > self.persistent.term() {
            self.follow(answer.term, None, ctx);
        }
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        let mut followers = leadership.followers.iter_mut();
        let Some(follower) = followers.find(|one| one.name == from) else {
            return;
        };
        if answer.term < self.persistent.term() {
            return;
        }
        follower.heard_at = self.now;
        follower.answered = follower.answered.max(answer.number);
        if answer.ok {
            follower.matched = follower.matched.max(answer.index);
        }
        follower.next = follower.matched.max(answer.index) + 1;
    }

    /// Does what is committed up to `index`, and forgets what has been done long ago.
    fn commit_to(&mut self, index: u64, ctx: &mut Ctx<Self>) {
        while self.commit < index {
            self.commit += 1;
            let entry = self.persistent.log().get(self.commit);
            let Some(command) = entry.and_then(|entry| entry.command.clone()) else {
                continue;
            };
            if let Some(outcome) = self.machine.apply(&command) {
                self.tell(&command.id, outcome, ctx);
            }
        }
        if self.commit > self.persistent.log().base() + DONE_MAX {
            self.persistent.cut(self.commit - DONE_KEPT);
        }
    }
}

/// How many were heard later than the one at `position`, or as late and stand before it.
fn rank(position: usize, heard_at: &[u64]) -> usize {
    let mine = heard_at[position];
    let all = heard_at.iter().enumerate();
    all.filter(|(other, at)| **at > mine || (**at == mine && *other < position))
        .count()
}

fn snapshot(log: &Log, commit: u64, machine: &Machine) -> Snapshot {
    Snapshot {
        index: commit,
        term: log.term_at(commit).unwrap_or_default(),
        machine: machine.clone(),
        entries: log.behind(commit).to_vec(),
    }
}
