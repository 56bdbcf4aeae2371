//! A run in phases: in each, some nodes hear nothing or are not heard, and some clocks are quick.
//!
//! Bugs of protocols that elect need several leaders, one after the other, each of which reaches some nodes and not others. To put such
//! a story together from single late messages takes as many lucky draws as there are messages in it. Here one draw decides for all of a
//! phase: which nodes are cut off, and in which direction; whose syncs are late; whose timers fire, and how many. Within a phase all
//! messages that may arrive arrive before a timer fires, so each node has done what it can when the next phase begins. Some operations begin
//! a phase too: of a cluster whose timers only retry, none would fire if all messages arrived. What was held back arrives in a later
//! phase, or never.
//!
//! Source of the idea that faults belong to rounds of a protocol and not to messages: Winter, Buse, de Graaf, von Gleissenthall and
//! Kulahcioglu Ozkan, "Randomized testing of Byzantine fault tolerant algorithms" (2023).

use host_sim::random::Stream;

use super::links::{Holds, Links};
use super::schedulers::{Clocks, Scheduler, View};
use crate::moves::Move;
use crate::participants::Addr;

/// Of so many nodes, in thousands, one is cut off: drawn for each phase.
const CUT_OFF: [u64; 2] = [350, 700];

/// Of so many nodes, in thousands, the syncs of one are late.
const SYNCS: u64 = 200;

/// How many timers fire in a phase, at most: drawn for each run.
const FIRES_MAX: [u64; 3] = [1, 2, 4];

/// Who is cut off in a phase: a bit for each node.
#[derive(Default)]
struct Cut {
    /// Those that are not heard.
    from: u64,
    /// Those that hear nothing.
    to: u64,
    /// Those whose syncs are late.
    syncs: u64,
    /// Whether services are cut off too.
    services: bool,
}

impl Cut {
    fn draw(nodes: usize, stream: &mut Stream) -> Self {
        let mut cut = Cut {
            services: stream.below(4) == 0,
            ..Cut::default()
        };
        let permille = stream.pick(&CUT_OFF);
        for node in 0..nodes {
            let bit = 1 << (node % 64);
            if stream.chance(permille) {
                let way = stream.below(6);
                cut.from |= if way == 0 { 0 } else { bit };
                cut.to |= if way == 1 { 0 } else { bit };
            }
            if stream.chance(SYNCS) {
                cut.syncs |= bit;
            }
        }
        cut
    }
}

/// What waits for a later phase. Clients are never cut off.
impl Holds for Cut {
    fn holds(&self, view: &View<'_, '_>, it: Move) -> bool {
        let bit = |node: u8| 1_u64 << (node % 64);
        match it {
            Move::Deliver(message) => {
                let of = view.model.messages.get(message);
                match (of.src, of.dest) {
                    (Addr::Node(src), Addr::Node(dest)) => {
                        self.from & bit(src) != 0 || self.to & bit(dest) != 0
                    }
                    (Addr::Node(src), Addr::Service(_)) => {
                        self.services && self.from & bit(src) != 0
                    }
                    (Addr::Service(_), Addr::Node(dest)) => {
                        self.services && self.to & bit(dest) != 0
                    }
                    _ => false,
                }
            }
            Move::Synced(node) => self.syncs & bit(node) != 0,
            _ => false,
        }
    }
}

pub(crate) struct Phases {
    cut: Cut,
    /// How many timers fire in a phase, at most.
    most_fires: u64,
    /// How many timers are still to fire in this phase.
    fires: u64,
    /// Whether nodes crash between phases only.
    crashes_between: bool,
    /// Of so many operations, in thousands, one begins a phase.
    follows: u64,
    links: Links,
    clocks: Clocks,
}

impl Phases {
    /// Begins a run of so many nodes.
    pub(crate) fn new(nodes: usize, stream: &mut Stream) -> Self {
        let mut phases = Phases {
            cut: Cut::default(),
            most_fires: stream.pick(&FIRES_MAX),
            fires: 0,
            crashes_between: stream.below(4) != 0,
            follows: stream.pick(&[0, 250, 500]),
            links: Links::new(stream),
            clocks: Clocks::new(stream),
        };
        phases.begin(nodes, stream);
        phases
    }

    fn begin(&mut self, nodes: usize, stream: &mut Stream) {
        self.cut = Cut::draw(nodes, stream);
        self.fires = 1 + stream.below(self.most_fires);
        self.links.shuffle();
        self.clocks = Clocks::new(stream);
    }
}

impl Scheduler for Phases {
    fn may_crash(&self, view: &View<'_, '_>, possible: &[Move]) -> bool {
        let is_prompt = |it: &Move| !matches!(it, Move::Fire(..)) && !self.cut.holds(view, *it);
        !self.crashes_between || !possible.iter().any(is_prompt)
    }

    fn begun(&mut self, view: &View<'_, '_>, _node: u8, stream: &mut Stream) {
        if stream.chance(self.follows) {
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
        self.clocks
            .next(possible, stream)
            .or_else(|| self.links.next(view, possible, &self.cut, true, stream))
            .unwrap_or(0)
    }
}
