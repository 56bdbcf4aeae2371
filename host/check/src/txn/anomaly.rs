//! The anomalies, under Elle's names, and which of them imply which.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};
use strum::{Display, VariantArray};

use super::model::Model;

/// What can be wrong with a history of transactions. Names, and what implies what, are Elle's
/// (`elle.consistency-model`, version 0.2.2); [`UnwrittenRead`](Self::UnwrittenRead) and
/// [`WrongReply`](Self::WrongReply) are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Anomaly {
    /// A cycle of dependencies: `G0`, `G2-item-realtime`.
    Cycle(Class, Reach),
    /// What Adya calls G1: any of G1a, G1b and G1c. Only ever implied.
    G1(Reach),
    /// A read of what a transaction wrote that failed.
    G1a,
    /// A read of what a transaction overwrote itself.
    G1b,
    /// A transaction disagrees with what it read or wrote itself before.
    Internal,
    /// A transaction reads what it writes only later.
    FutureRead,
    /// A committed write builds on one of a transaction that failed.
    DirtyUpdate,
    /// Two transactions read the same version of a key, and both wrote the key.
    LostUpdate,
    /// Two transactions each miss what the other wrote. Only ever implied.
    WriteSkew,
    /// A read shows an element more than once.
    DuplicateElements,
    /// Two reads of a key of which neither is a prefix of the other.
    IncompatibleOrder,
    /// Versions of a key, each before the next, in a circle.
    CyclicVersions,
    /// A read shows a value that nobody wrote. Elle gives up with an error, or does not notice.
    UnwrittenRead,
    /// The answer's micro-operations are not those asked for. Maelstrom believes the answer.
    WrongReply,
    /// A cycle that the model forbids exists somewhere, though none was singled out.
    CycleExists(Model),
    /// Nothing relates any two transactions, so there is nothing to judge.
    EmptyTransactionGraph,
}

/// Which dependencies a cycle has: ww (write), wr (read), rw (anti-dependency).
#[derive(Clone, Copy, Debug, Display, Eq, Hash, Ord, PartialEq, PartialOrd, VariantArray)]
pub enum Class {
    /// Only ww.
    G0,
    /// ww and wr, of which at least one wr.
    G1c,
    /// Exactly one rw, between items.
    #[strum(to_string = "G-single-item")]
    GSingleItem,
    /// Exactly one rw. Implied by the former; by itself it needs predicates.
    #[strum(to_string = "G-single")]
    GSingle,
    /// Several rw between items, no two in a row.
    #[strum(to_string = "G-nonadjacent-item")]
    GNonadjacentItem,
    /// Several rw, no two in a row.
    #[strum(to_string = "G-nonadjacent")]
    GNonadjacent,
    /// Several rw between items.
    #[strum(to_string = "G2-item")]
    G2Item,
    /// Several rw.
    G2,
}

impl Class {
    /// All of them, the worse before the lesser.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The classes of which every cycle of this class is one as well.
    fn implied(self) -> &'static [Self] {
        match self {
            Self::G0 => &[Self::G1c],
            Self::GSingleItem => &[Self::GSingle, Self::GNonadjacentItem],
            Self::GSingle => &[Self::GNonadjacent],
            Self::GNonadjacentItem => &[Self::GNonadjacent, Self::G2Item],
            Self::GNonadjacent | Self::G2Item => &[Self::G2],
            Self::G1c | Self::G2 => &[],
        }
    }
}

/// What a cycle needs beyond dependencies. A cycle that needs less also counts as one that needs
/// more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum Reach {
    /// Dependencies between reads and writes alone.
    Data,
    /// The order in which a process did its transactions.
    Process,
    /// That a transaction completed before another was invoked.
    Realtime,
}

impl Reach {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    fn suffix(self) -> &'static str {
        match self {
            Self::Data => "",
            Self::Process => "-process",
            Self::Realtime => "-realtime",
        }
    }

    fn next(self) -> Option<Self> {
        match self {
            Self::Data => Some(Self::Process),
            Self::Process => Some(Self::Realtime),
            Self::Realtime => None,
        }
    }
}

impl Anomaly {
    /// What this one implies directly.
    fn implies(self) -> Vec<Self> {
        match self {
            Self::Cycle(class, reach) => {
                let mut implied: Vec<Self> = class
                    .implied()
                    .iter()
                    .map(|&class| Self::Cycle(class, reach))
                    .collect();
                implied.extend(reach.next().map(|next| Self::Cycle(class, next)));
                if class == Class::G1c {
                    implied.push(Self::G1(reach));
                }
                implied
            }
            Self::G1(reach) => reach.next().map(Self::G1).into_iter().collect(),
            Self::G1a | Self::G1b => vec![Self::G1(Reach::Data)],
            Self::IncompatibleOrder | Self::DirtyUpdate => vec![Self::G1a],
            Self::FutureRead => vec![Self::Cycle(Class::G1c, Reach::Data)],
            Self::LostUpdate => vec![Self::WriteSkew, Self::Cycle(Class::G2Item, Reach::Data)],
            Self::WriteSkew => vec![Self::Cycle(Class::G2, Reach::Data)],
            Self::Internal
            | Self::DuplicateElements
            | Self::CyclicVersions
            | Self::UnwrittenRead
            | Self::WrongReply
            | Self::CycleExists(_)
            | Self::EmptyTransactionGraph => Vec::new(),
        }
    }

    /// Of two cycles the lesser one, which needs more: what is known if one of them occurred.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Cycle(class, reach), Self::Cycle(other_class, other_reach)) => {
                Self::Cycle(class.max(other_class), reach.max(other_reach))
            }
            _ => self,
        }
    }

    /// This one, and everything it implies.
    #[must_use]
    pub fn closure(self) -> BTreeSet<Self> {
        let mut all = BTreeSet::from([self]);
        let mut open = vec![self];
        while let Some(anomaly) = open.pop() {
            open.extend(
                anomaly
                    .implies()
                    .into_iter()
                    .filter(|&next| all.insert(next)),
            );
        }
        all
    }

    /// Elle's name, without the colon.
    #[must_use]
    pub fn name(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle(class, reach) => write!(f, "{class}{}", reach.suffix()),
            Self::G1(reach) => write!(f, "G1{}", reach.suffix()),
            Self::CycleExists(model) => write!(f, "{}-cycle-exists", model.canonical_name()),
            Self::G1a => f.write_str("G1a"),
            Self::G1b => f.write_str("G1b"),
            Self::Internal => f.write_str("internal"),
            Self::FutureRead => f.write_str("future-read"),
            Self::DirtyUpdate => f.write_str("dirty-update"),
            Self::LostUpdate => f.write_str("lost-update"),
            Self::WriteSkew => f.write_str("write-skew"),
            Self::DuplicateElements => f.write_str("duplicate-elements"),
            Self::IncompatibleOrder => f.write_str("incompatible-order"),
            Self::CyclicVersions => f.write_str("cyclic-versions"),
            Self::UnwrittenRead => f.write_str("unwritten-read"),
            Self::WrongReply => f.write_str("wrong-reply"),
            Self::EmptyTransactionGraph => f.write_str("empty-transaction-graph"),
        }
    }
}

impl Serialize for Anomaly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
