//! Messages that are prompt, but for a few that are late by any time.
//!
//! Chains are the links from a participant to another: what one sends to the other is in one chain, the oldest
//! first. Each has a random priority, and the one with the highest goes first. Timers and time come after all messages, so without
//! more a run would be nearly synchronous.
//!
//! The original lowers the priority of a chain at each of `depth - 1` points of the run. A chain that is lowered below timers
//! would stand still for the rest of the run, since timers fire for ever; and what is dangerous is a message that is late by an election, not
//! one that comes at the end. So what is lowered is late for a while, drawn so that each order of magnitude is
//! as likely as any other. What it is, is drawn too: one message, all between its sender and its receiver, all that its receiver
//! sends and receives, or all syncs of its receiver. An operation is what shows a bug, and its effects are few; so in two of three runs, each operation
//! has one chance in two or four that something of its node is late from then on: all that it sends, all that it sends and receives, or its link to another
//! node, one way or both. In every fifth run there are `depth - 1` points, in the others twice, four, eight or sixteen times as many: what
//! takes one late message in one program takes an election's worth of them in another.

use host_sim::random::Stream;

use super::agenda::log_uniform;
use super::links::{Holds, Links};
use super::schedulers::{Clocks, Scheduler, View};
use crate::moves::Move;
use crate::participants::Addr;

/// What is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Message(u32),
    Link(Addr, Addr),
    /// Both ways between two.
    Pair(Addr, Addr),
    /// All that one sends.
    From(Addr),
    /// All that one sends and receives.
    Of(Addr),
    Syncs(u8),
}

/// What is late, quick to ask: a bit for each participant that receives or sends late, links, single messages, and nodes of syncs.
#[derive(Default)]
struct Held {
    to: u64,
    from: u64,
    links: Vec<(Addr, Addr)>,
    messages: Vec<u32>,
    syncs: Vec<u8>,
}

impl Held {
    fn of(late: &[(Late, u64)]) -> Self {
        let mut held = Held::default();
        for (late, _) in late {
            match *late {
                Late::Message(message) => held.messages.push(message),
                Late::Link(src, dest) => held.links.push((src, dest)),
                Late::Pair(one, other) => held.links.extend([(one, other), (other, one)]),
                Late::From(src) => held.from |= bit(src),
                Late::Of(of) => {
                    held.to |= bit(of);
                    held.from |= bit(of);
                }
                Late::Syncs(node) => held.syncs.push(node),
            }
        }
        held
    }

    fn holds_between(&self, src: Addr, dest: Addr) -> bool {
        self.to & bit(dest) != 0 || self.from & bit(src) != 0 || self.links.contains(&(src, dest))
    }
}

impl Holds for Held {
    fn holds(&self, view: &View<'_, '_>, it: Move) -> bool {
        match it {
            Move::Deliver(message) => {
                let of = view.model.messages.get(message);
                self.holds_between(of.src, of.dest) || self.messages.contains(&message)
            }
            Move::Synced(node) => self.syncs.contains(&node),
            _ => false,
        }
    }
}

/// A bit for a node or a service; clients have one together.
fn bit(addr: Addr) -> u64 {
    match addr {
        Addr::Node(node) => 1 << (node % 32),
        Addr::Service(service) => 1 << (32 + service % 31),
        Addr::Client(_) => 1 << 63,
    }
}

pub(crate) struct Pct {
    /// The times at which something begins to be late, the last first.
    changes: Vec<u64>,
    /// What is late, and until when.
    late: Vec<(Late, u64)>,
    /// The same, quick to ask.
    held: Held,
    links: Links,
    /// How many moves a run has, about.
    length: u64,
    /// Of so many operations, in thousands, one is followed by something that is late at its node.
    follows: u64,
    clocks: Clocks,
}

impl Pct {
    /// Begins a run after `now` moves, which has about `length` more.
    pub(crate) fn new(depth: u32, now: u64, length: u64, stream: &mut Stream) -> Self {
        let count = u64::from(depth.saturating_sub(1)) << stream.below(5);
        let changes = (0..count).map(|_| now + stream.below(length));
        let mut changes: Vec<u64> = changes.collect();
        changes.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
        Pct {
            changes,
            late: Vec::new(),
            held: Held::default(),
            length,
            links: Links::new(stream),
            follows: stream.pick(&[0, 250, 500]),
            clocks: Clocks::new(stream),
        }
    }

    fn delay(&mut self, view: &View<'_, '_>, it: Move, stream: &mut Stream) {
        let late = match it {
            Move::Deliver(message) => {
                let of = view.model.messages.get(message);
                match stream.below(6) {
                    0 => Late::Message(message),
                    1..=3 => Late::Pair(of.src, of.dest),
                    _ => Late::Of(of.dest),
                }
            }
            Move::Synced(node) => Late::Syncs(node),
            _ => return,
        };
        self.hold(late, view.now, stream);
    }

    /// Something is late for a while.
    fn hold(&mut self, late: Late, now: u64, stream: &mut Stream) {
        let until = now + log_uniform(self.length, stream);
        self.late.push((late, until));
        self.held = Held::of(&self.late);
    }
}

impl Scheduler for Pct {
    fn begun(&mut self, view: &View<'_, '_>, node: u8, stream: &mut Stream) {
        if !stream.chance(self.follows) {
            return;
        }
        let count = view.model.count as u64;
        if count < 2 {
            return;
        }
        let of = Addr::Node(node);
        let other = (u64::from(node) + 1 + stream.below(count - 1)) % count;
        let other = Addr::Node(u8::try_from(other).unwrap_or(0));
        let late = match stream.below(4) {
            0 => Late::From(of),
            1 => Late::Of(of),
            2 => Late::Link(of, other),
            _ => Late::Pair(of, other),
        };
        self.hold(late, view.now, stream);
    }

    fn choose(&mut self, view: &View<'_, '_>, possible: &[Move], stream: &mut Stream) -> usize {
        if self.late.iter().any(|(_, until)| *until <= view.now) {
            self.late.retain(|(_, until)| *until > view.now);
            self.held = Held::of(&self.late);
        }
        while let Some(place) = self.links.next(view, possible, &self.held, false, stream) {
            if self.changes.last().is_none_or(|at| *at > view.now) {
                return place;
            }
            self.changes.pop();
            self.delay(view, possible[place], stream);
        }
        self.clocks
            .next(possible, stream)
            .or_else(|| self.links.next(view, possible, &self.held, true, stream))
            .unwrap_or(0)
    }
}
