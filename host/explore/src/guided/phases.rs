//! A run in phases: in each, some nodes do not hear each other, and some clocks are quick.
//!
//! Bugs of protocols that elect need several leaders, one after the other or at a time, each of which reaches some nodes and not others. To
//! put such a story together from single late messages takes as many lucky draws as there are messages in it. Here one draw decides for
//! all of a phase: who does not hear whom; whose syncs are late; whose timers fire, and how many; and whether nodes act in rounds. Within a
//! phase all messages that may arrive arrive before a timer fires, so each node has done what it can when the next phase begins, which
//! may differ from this one in a link or two only. What was held back arrives in a later phase, or never.
//!
//! A bug shows only if operations begin while the cluster is in its rare state. So when nothing is left to arrive it is looked
//! which nodes would take an operation and not refuse it at once. If that has changed, or the phase is new, some operations begin there and then: two
//! nodes that take operations where most refuse are two leaders. Phases often cut such nodes off.
//! If all nodes take operations, that says nothing, and they begin at times that are drawn; then some begin a phase, too: of a cluster whose
//! timers only retry, none would fire if all messages arrived.
//!
//! Source of the idea that faults belong to rounds of a protocol and not to messages: Winter, Buse, de Graaf, von Gleissenthall and
//! Kulahcioglu Ozkan, "Randomized testing of Byzantine fault tolerant algorithms" (2023).

use host_sim::random::Stream;

use super::agenda::Kind;
use super::cuts::{Cut, bit};
use super::links::{Holds, Links};
use super::schedulers::{Clocks, Scheduler, View};
use crate::moves::Move;

/// How many timers fire in a phase, at most: drawn for each run.
const FIRES_MAX: [u64; 3] = [1, 2, 4];

/// How many operations begin, at most, for each node that takes them, after the first: drawn for each run.
const MORE_MAX: [u64; 3] = [1, 2, 4];

/// Of so many new phases in which the same nodes take operations as before, in thousands, one has some begin.
const BEGINS: u64 = 400;

/// Of so many phases, in thousands, one cuts off a node that takes operations where others refuse.
const AIMED: u64 = 350;

/// What a run does in all of its phases, drawn for it.
struct Habits {
    /// How many timers fire in a phase, at most.
    most_fires: u64,
    /// Whether nodes crash only when nothing is left to arrive.
    crashes_late: bool,
    /// Whether operations begin only then.
    invokes_late: bool,
    /// Whether most phases are like the one before.
    resembles: bool,
    /// Whether it is looked which nodes take operations.
    looks: bool,
    /// Whether those are cut off.
    aims: bool,
    /// How many operations begin, at most, for each of those, after the first.
    more: u64,
    /// Of so many operations, in thousands, one begins a phase.
    follows: u64,
}

impl Habits {
    fn draw(stream: &mut Stream) -> Self {
        let looks = stream.below(8) != 0;
        Habits {
            most_fires: stream.pick(&FIRES_MAX),
            crashes_late: stream.below(4) != 0,
            invokes_late: stream.below(4) != 0,
            resembles: stream.below(3) != 0,
            looks,
            aims: looks && stream.below(2) == 0,
            more: stream.pick(&MORE_MAX),
            follows: stream.pick(&[0, 250, 500]),
        }
    }

    /// How many timers fire in a phase.
    fn fires(&self, stream: &mut Stream) -> u64 {
        1 + stream.below(self.most_fires)
    }
}

pub(crate) struct Phases {
    habits: Habits,
    cut: Cut,
    links: Links,
    clocks: Clocks,
    /// How many timers are still to fire in this phase.
    fires: u64,
    /// The nodes that took operations when it was looked last, if not all did.
    takers: u64,
    /// Whether it was not looked in this phase yet.
    is_new: bool,
    /// Whether it was looked since a timer fired.
    has_looked: bool,
    /// How many operations are to begin as soon as nothing is left to arrive.
    wanted: u64,
}

impl Phases {
    /// Begins a run of so many nodes.
    pub(crate) fn new(nodes: usize, stream: &mut Stream) -> Self {
        let habits = Habits::draw(stream);
        Phases {
            cut: Cut::draw(nodes, stream),
            links: Links::new(stream),
            clocks: Clocks::new(stream),
            fires: habits.fires(stream),
            takers: 0,
            is_new: true,
            has_looked: false,
            wanted: 0,
            habits,
        }
    }

    fn begin(&mut self, nodes: usize, stream: &mut Stream) {
        let takers: Vec<usize> = (0..nodes)
            .filter(|it| self.takers & bit(*it) != 0)
            .collect();
        let cut = std::mem::take(&mut self.cut);
        self.cut = if self.habits.aims && !takers.is_empty() && stream.chance(AIMED) {
            cut.around(stream.pick(&takers), stream)
        } else if self.habits.resembles && stream.below(3) != 0 {
            cut.changed(stream)
        } else {
            Cut::draw(nodes, stream)
        };
        self.links.shuffle(stream);
        self.clocks = Clocks::new(stream);
        self.fires = self.habits.fires(stream);
        self.is_new = true;
    }

    /// Whether nothing is left to arrive in this phase, unless a timer fires.
    fn is_quiet(&self, view: &View<'_, '_>, possible: &[Move]) -> bool {
        let waits = |it: &Move| matches!(it, Move::Fire(..)) || self.cut.holds(view, *it);
        possible.iter().all(waits)
    }

    /// How many operations begin now that it is known which of the nodes take them.
    fn want(&mut self, takers: u64, nodes: usize, stream: &mut Stream) {
        let count = u64::from(takers.count_ones());
        let takers = if count == nodes as u64 { 0 } else { takers };
        let has_more = takers & !self.takers != 0;
        let is_new = std::mem::take(&mut self.is_new) && stream.chance(BEGINS);
        self.takers = takers;
        let is_dull = count == 1 && stream.below(2) == 0;
        if takers != 0 && (has_more || is_new) && !is_dull {
            self.wanted = count + stream.below(1 + count * self.habits.more);
        }
    }
}

impl Scheduler for Phases {
    fn may(&self, kind: Kind, view: &View<'_, '_>, possible: &[Move]) -> bool {
        let is_late = match kind {
            Kind::Kill | Kind::Power => self.habits.crashes_late,
            Kind::Invoke => self.habits.invokes_late,
            _ => false,
        };
        !is_late || self.is_quiet(view, possible)
    }

    fn invokes(
        &mut self,
        view: &View<'_, '_>,
        possible: &[Move],
        takers: &dyn Fn() -> u64,
        stream: &mut Stream,
    ) -> bool {
        if !self.habits.looks || !self.is_quiet(view, possible) {
            return false;
        }
        if !std::mem::replace(&mut self.has_looked, true) {
            self.want(takers(), view.model.count, stream);
        }
        let invokes = self.wanted > 0;
        self.wanted = self.wanted.saturating_sub(1);
        invokes
    }

    fn begun(&mut self, view: &View<'_, '_>, _node: u8, stream: &mut Stream) {
        if self.takers == 0 && stream.chance(self.habits.follows) {
            self.begin(view.model.count, stream);
        }
    }

    fn choose(&mut self, view: &View<'_, '_>, possible: &[Move], stream: &mut Stream) -> usize {
        if let Some(place) = self.links.next(view, possible, &self.cut, false, stream) {
            return place;
        }
        if self.fires == 0 {
            self.begin(view.model.count, stream);
            if let Some(place) = self.links.next(view, possible, &self.cut, false, stream) {
                return place;
            }
        }
        self.fires -= 1;
        self.has_looked = false;
        self.clocks
            .next(possible, stream)
            .or_else(|| self.links.next(view, possible, &self.cut, true, stream))
            .unwrap_or(0)
    }
}
