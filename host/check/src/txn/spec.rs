//! The definition of each class of cycles: an automaton over the edges.

use super::anomaly::{Anomaly, Class, Reach};
use super::graph::Labels;

/// A kind of cycle to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) class: Class,
    pub(super) reach: Reach,
}

/// How many anti-dependencies a cycle has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Antis {
    None,
    One,
    /// Two or more, no two in a row.
    Apart,
    /// Two or more.
    Many,
}

/// What a walk has seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u8);

impl State {
    /// How many states there are, one for each code.
    pub(super) const COUNT: usize = 32;
    /// Before the first step.
    pub(super) const START: Self = Self(0);

    const ONE_ANTI: u8 = 1;
    const TWO_ANTIS: u8 = 2;
    const ANTI_LAST: u8 = 4;
    const READ_SEEN: u8 = 8;
    const REACH_SEEN: u8 = 16;

    pub(super) fn code(self) -> usize {
        usize::from(self.0)
    }

    fn is(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

impl Spec {
    /// Everything that can be found without predicates, the worse before the lesser: `reach` says
    /// which edges the graph has beyond dependencies.
    pub(super) fn all(reach: Reach) -> impl Iterator<Item = Self> {
        let classes = [
            Class::G0,
            Class::G1c,
            Class::GSingleItem,
            Class::GNonadjacentItem,
            Class::G2Item,
        ];
        let reaches = [
            Some(Reach::Data),
            Some(reach).filter(|&it| it != Reach::Data),
        ];
        reaches
            .into_iter()
            .flatten()
            .flat_map(move |reach| classes.map(|class| Self { class, reach }))
    }

    pub(super) fn anomaly(self) -> Anomaly {
        Anomaly::Cycle(self.class, self.reach)
    }

    fn antis(self) -> Antis {
        match self.class {
            Class::G0 | Class::G1c => Antis::None,
            Class::GSingle | Class::GSingleItem => Antis::One,
            Class::GNonadjacent | Class::GNonadjacentItem => Antis::Apart,
            Class::G2 | Class::G2Item => Antis::Many,
        }
    }

    fn extra(self) -> Labels {
        match self.reach {
            Reach::Data => Labels::PASS,
            Reach::Process => Labels::PROCESS,
            Reach::Realtime => Labels::REALTIME,
        }
    }

    /// The edges such a cycle may have.
    fn legal(self) -> Labels {
        let data = match self.class {
            Class::G0 => Labels::WW,
            Class::G1c => Labels::WW.or(Labels::WR),
            _ => Labels::WW.or(Labels::WR).or(Labels::RW),
        };
        data.or(self.extra())
    }

    /// An edge that such a cycle surely has: a search begins with it.
    pub(super) fn anchor(self) -> Labels {
        match (self.antis(), self.reach, self.class) {
            (Antis::None, Reach::Data, Class::G1c) => Labels::WR,
            (Antis::None, Reach::Data, _) => Labels::WW,
            (Antis::None, ..) => self.extra(),
            _ => Labels::RW,
        }
    }

    /// In which ways an edge may be walked. Where a transaction overwrote what another wrote, or
    /// read it, that it also overwrote what the other read is no reason of its own.
    pub(super) fn usable(self, labels: Labels) -> Labels {
        let labels = labels.and(self.legal());
        if labels.intersects(Labels::WW.or(Labels::WR)) {
            labels.without(Labels::RW)
        } else {
            labels
        }
    }

    /// Whether anti-dependencies in a row have to be told from others.
    pub(super) fn is_apart(self) -> bool {
        matches!(self.antis(), Antis::One | Antis::Apart)
    }

    /// The state after a step for the one reason `label`; `None` if that cannot be.
    pub(super) fn step(self, state: State, label: Labels) -> Option<State> {
        let mut next = state.0 & !State::ANTI_LAST;
        if label == Labels::RW {
            let is_first = !state.is(State::ONE_ANTI | State::TWO_ANTIS);
            let is_possible = match self.antis() {
                Antis::None => false,
                Antis::One => is_first,
                Antis::Apart => !state.is(State::ANTI_LAST),
                Antis::Many => true,
            };
            if !is_possible {
                return None;
            }
            next &= !State::ONE_ANTI;
            next |= if is_first {
                State::ONE_ANTI
            } else {
                State::TWO_ANTIS
            };
            if self.antis() == Antis::Apart {
                next |= State::ANTI_LAST;
            }
        }
        if label == Labels::WR && self.class == Class::G1c {
            next |= State::READ_SEEN;
        }
        if label == self.extra() {
            next |= State::REACH_SEEN;
        }
        Some(State(next))
    }

    /// Whether a walk that began with the anchor and is back where it began is such a cycle.
    pub(super) fn accepts(self, state: State) -> bool {
        let antis = match self.antis() {
            Antis::None => true,
            Antis::One => state.is(State::ONE_ANTI),
            // It began with an anti-dependency, so it must not end with one.
            Antis::Apart => state.is(State::TWO_ANTIS) && !state.is(State::ANTI_LAST),
            Antis::Many => state.is(State::TWO_ANTIS),
        };
        antis
            && (self.class != Class::G1c || state.is(State::READ_SEEN))
            && (self.reach == Reach::Data || state.is(State::REACH_SEEN))
    }
}
