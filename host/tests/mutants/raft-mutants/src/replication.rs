//! Appending, committing, snapshots, and what the answers confirm.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::log::Entry;
use crate::machine::{Command, RequestId};
use crate::message::{Append, Appended, Install, Message, Stamp};
use crate::options::Bug;
use crate::{Raft, Role, TICK};

/// The most entries of a message.
const ENTRIES_MAX: usize = 64;
/// Applied entries after which the log is cut.
const COMPACT: usize = 24;
/// How long a leader answers reads alone; [`Raft::patience`] says why it is safe.
const LEASE_MS: u64 = 200;

/// What a leader knows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Leadership {
    peers: BTreeMap<String, Peer>,
    /// The first entry of its term.
    pub(crate) first: usize,
    /// Reads that wait until it is certain that this node leads.
    pub(crate) reads: Vec<Asked>,
}

/// What a leader knows of another node.
#[derive(Serialize, Deserialize)]
struct Peer {
    /// The entry to send next, from 1.
    next: usize,
    /// The last one that it surely has.
    has: usize,
    /// The last round that it has answered.
    round: u64,
    /// When the last message was sent that it has answered.
    sent_ns: Option<u64>,
}

/// A read: whose, up to which entry, and the round that confirms it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) node: String,
    pub(crate) seq: u64,
    pub(crate) index: usize,
    pub(crate) round: u64,
}

impl Leadership {
    pub(crate) fn new<'a>(peers: impl Iterator<Item = &'a str>, first: usize) -> Self {
        let peer = |name: &str| {
            let peer = Peer {
                next: first,
                has: 0,
                round: 0,
                sent_ns: None,
            };
            (name.to_owned(), peer)
        };
        Leadership {
            peers: peers.map(peer).collect(),
            first,
            reads: Vec::new(),
        }
    }

    fn count(&self, holds: impl Fn(&Peer) -> bool) -> usize {
        self.peers.values().filter(|peer| holds(peer)).count()
    }
}

/// What a leader does.
impl Raft {
    /// Appends an entry and sends it to all.
    pub(crate) fn lead_with(
        &mut self,
        command: Command,
        id: Option<RequestId>,
        ctx: &mut Ctx<Self>,
    ) {
        let term = self.term;
        self.log.push(Entry { term, command, id });
        self.replicate(ctx);
        self.advance(ctx);
    }

    /// Shows everybody that this node leads, and sends them what they lack.
    pub(crate) fn beat(&mut self, ctx: &mut Ctx<Self>) {
        if self.bug != Bug::HeartbeatCommits {
            self.replicate(ctx);
            return;
        }
        let stamp = self.stamp(ctx);
        let beat = Message::Append(Append {
            term: self.term,
            prev_term: 0,
            prev: 0,
            entries: Vec::new(),
            commit: self.commit,
            stamp,
        });
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        peers.iter().for_each(|peer| ctx.send(peer, &beat));
    }

    /// Sends everybody what they lack.
    pub(crate) fn replicate(&mut self, ctx: &mut Ctx<Self>) {
        self.save(ctx);
        let stamp = self.stamp(ctx);
        let Role::Leader(leadership) = &self.role else {
            return;
        };
        let most = match self.bug {
            Bug::CommitsUnmatched => 1,
            _ => ENTRIES_MAX,
        };
        for (name, peer) in &leadership.peers {
            let prev = peer.next - 1;
            let message = match self.log.term_of(prev) {
                Some(prev_term) => Message::Append(Append {
                    term: self.term,
                    prev_term,
                    prev,
                    entries: self.log.after(prev).iter().take(most).cloned().collect(),
                    commit: self.commit,
                    stamp,
                }),
                None => Message::Install(Install {
                    term: self.term,
                    last: self.applied,
                    last_term: self.log.term_of(self.applied).unwrap_or_default(),
                    machine: self.machine.clone(),
                    stamp,
                }),
            };
            ctx.send(name, &message);
        }
    }

    /// For the next round of messages.
    fn stamp(&mut self, ctx: &Ctx<Self>) -> Stamp {
        self.round += 1;
        Stamp {
            round: self.round,
            sent_ns: self.clock_ns(ctx),
        }
    }

    /// The clock, which goes on while the node is paused, as timers do not.
    fn clock_ns(&self, ctx: &Ctx<Self>) -> u64 {
        let time = match self.bug {
            Bug::LeaseInTicks => TICK * u32::try_from(self.ticks).unwrap_or(u32::MAX),
            _ => ctx.now(),
        };
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn on_appended(&mut self, appended: Appended, name: &str, ctx: &mut Ctx<Self>) {
        let Appended {
            term,
            fits,
            last,
            stamp,
        } = appended;
        if self.bug != Bug::NoStepDown {
            self.meet_term(term);
        }
        let any_term = matches!(self.bug, Bug::NoStepDown | Bug::StaleAnswers);
        if term != self.term && !any_term {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        let Some(peer) = leadership.peers.get_mut(name) else {
            return;
        };
        peer.round = peer.round.max(stamp.round);
        peer.sent_ns = peer.sent_ns.max(Some(stamp.sent_ns));
        if fits {
            let last = match self.bug {
                Bug::MatchOwnLast => self.log.last(),
                _ => last,
            };
            peer.has = peer.has.max(last);
            peer.next = peer.next.max(peer.has + 1);
        } else {
            if self.bug == Bug::MatchFromFailure {
                peer.has = peer.has.max(last);
            }
            let next = (peer.next - 1).min(last + 1).max(peer.has + 1);
            peer.next = next.min(self.log.last() + 1);
        }
        self.advance(ctx);
        self.confirm_reads(ctx);
    }

    /// Commits what a majority has.
    fn advance(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &self.role else {
            return;
        };
        let is_committed = |index: usize| {
            let others = leadership.count(|peer| peer.has >= index);
            let is_own = self.log.term_of(index) == Some(self.term);
            (is_own || self.bug == Bug::CountsOldTerms)
                && (self.is_majority(others + 1, ctx) || self.bug == Bug::CommitsAlone)
        };
        let mut later = (self.commit + 1..=self.log.last()).rev();
        if let Some(committed) = later.find(|it| is_committed(*it)) {
            self.commit = committed;
            self.apply(ctx);
        }
    }

    /// Sends read indices that are certain.
    pub(crate) fn confirm_reads(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        let reads = std::mem::take(&mut leadership.reads);
        let Role::Leader(leadership) = &self.role else {
            return;
        };
        let is_certain = |read: &Asked| {
            let others = leadership.count(|peer| peer.round >= read.round);
            self.is_majority(others + 1, ctx)
        };
        let (certain, others): (Vec<Asked>, Vec<Asked>) = reads.into_iter().partition(is_certain);
        if let Role::Leader(leadership) = &mut self.role {
            leadership.reads = others;
        }
        for Asked {
            node, seq, index, ..
        } in certain
        {
            if node == ctx.id() {
                self.read_at(seq, index, ctx);
            } else {
                ctx.send(&node, &Message::ReadAt { seq, index });
            }
        }
    }

    /// Whether nobody else can lead now.
    pub(crate) fn has_lease(&self, ctx: &Ctx<Self>) -> bool {
        let Role::Leader(leadership) = &self.role else {
            return false;
        };
        let tick_ms = u64::try_from(TICK.as_millis()).unwrap_or(u64::MAX);
        let lease_ms = match self.bug {
            Bug::LeaseTooLong => self.patience().start * tick_ms,
            _ => LEASE_MS,
        };
        let now_ns = self.clock_ns(ctx);
        let is_fresh = |sent_ns: u64| now_ns < sent_ns + lease_ms * 1_000_000;
        let fresh = leadership.count(|peer| peer.sent_ns.is_some_and(is_fresh));
        self.commit >= leadership.first && self.is_majority(fresh + 1, ctx)
    }
}

/// What a follower does.
impl Raft {
    pub(crate) fn on_append(&mut self, append: Append, leader: &str, ctx: &mut Ctx<Self>) {
        let Append {
            term,
            prev_term,
            prev,
            entries,
            commit,
            stamp,
        } = append;
        self.meet_term(term);
        let is_late = term < self.term && self.bug != Bug::NoTermCheck;
        let mut fits = false;
        let mut last = self.log.last();
        if !is_late {
            self.hear_leader(leader, ctx);
            fits = self.has_entry(prev, prev_term);
            if fits {
                last = prev + entries.len();
                self.append(prev, entries);
                let known = match self.bug {
                    Bug::CommitsUnmatched | Bug::HeartbeatCommits => self.log.last(),
                    _ => last.min(self.log.last()),
                };
                self.commit = self.commit.max(commit.min(known));
                self.apply(ctx);
            }
        }
        let appended = Appended {
            term: if is_late { self.term } else { term },
            fits,
            last,
            stamp,
        };
        self.save(ctx);
        ctx.send(leader, &Message::Appended(appended));
    }

    fn has_entry(&self, index: usize, term: u64) -> bool {
        // What was cut off is committed, so the leader has the same.
        index <= self.log.base()
            || match self.bug {
                Bug::NoLogCheck => true,
                Bug::PrevWithoutTerm => index <= self.log.last(),
                _ => self.log.term_of(index) == Some(term),
            }
    }

    /// Takes in entries that come after the entry `prev`.
    fn append(&mut self, prev: usize, entries: Vec<Entry>) {
        if self.bug == Bug::TruncatesMatches && !entries.is_empty() {
            self.truncate(prev);
        }
        for (index, entry) in (prev + 1..).zip(entries) {
            if index <= self.log.base() {
                continue;
            }
            match self.log.term_of(index) {
                Some(term) if term == entry.term => {}
                Some(_) if self.bug == Bug::KeepsConflicts => {}
                Some(_) if self.bug == Bug::KeepsTail => self.log.replace(index, entry),
                Some(_) => {
                    self.truncate(index - 1);
                    self.log.push(entry);
                }
                None if index == self.log.last() + 1 => self.log.push(entry),
                None => {}
            }
        }
    }

    fn truncate(&mut self, index: usize) {
        self.log.truncate(index);
        self.applied = self.applied.min(self.log.last());
    }

    pub(crate) fn on_install(&mut self, install: Install, leader: &str, ctx: &mut Ctx<Self>) {
        let Install {
            term,
            last,
            last_term,
            machine,
            stamp,
        } = install;
        self.meet_term(term);
        let is_late = term < self.term;
        if !is_late {
            self.hear_leader(leader, ctx);
            if last > self.commit {
                self.log.cut(last, last_term);
                self.installed = last;
                self.machine = machine;
                self.commit = last;
                self.applied = last;
                if self.bug == Bug::DedupLost {
                    self.machine.forget_requests();
                }
                self.answer_reads(ctx);
            } else if self.bug == Bug::SnapshotGoesBack {
                self.machine = machine;
            }
        }
        let appended = Appended {
            term: if is_late { self.term } else { term },
            fits: !is_late,
            last: if is_late { self.log.last() } else { last },
            stamp,
        };
        self.save(ctx);
        ctx.send(leader, &Message::Appended(appended));
    }

    /// Executes what is committed, and tells whoever waits for it.
    fn apply(&mut self, ctx: &mut Ctx<Self>) {
        let until = match self.bug {
            Bug::AppliesEarly if !self.leads() => self.log.last(),
            _ => self.commit,
        };
        while self.applied < until
            && let Some(entry) = self.log.get(self.applied + 1).cloned()
        {
            self.applied += 1;
            let outcome = match &entry.id {
                Some(id) if !self.executes_twice() => self.machine.execute_once(id, entry.command),
                _ => Some(self.machine.execute(entry.command)),
            };
            let own = entry.id.filter(|id| id.node == ctx.id());
            let seq = match self.bug {
                Bug::MixesUp => self.clients.placed_at(self.applied),
                _ => own.map(|id| id.seq),
            };
            if let (Some(seq), Some(outcome)) = (seq, outcome) {
                self.clients.answer(seq, outcome, ctx);
            }
        }
        if self.design.compacts() && self.applied >= self.log.base() + COMPACT {
            let term = self.log.term_of(self.applied).unwrap_or_default();
            self.log.cut(self.applied, term);
        }
        self.answer_reads(ctx);
    }

    fn executes_twice(&self) -> bool {
        matches!(self.bug, Bug::DedupAtLeader | Bug::RetriesTwice)
    }
}
