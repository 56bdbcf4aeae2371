//! What a fault will do when it starts.

use super::{Fault, Grudges, PartitionKind};
use crate::SECOND;
use crate::exception::keyword;
use crate::random::Stream;
use host_check::value::{Map, Value};

/// A fault, drawn: what to do to whom. Nodes are numbers from 0 on. Where a shape or a group
/// was drawn first it is told, since the history names it.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Cut these links.
    Partition(Option<PartitionKind>, Grudges),
    /// Kill these nodes.
    Kill(Option<Group>, Vec<usize>),
    /// Pause these nodes.
    Pause(Option<Group>, Vec<usize>),
    /// Lose so many of 1000 messages.
    Loss(u64),
    /// Deliver so many of 1000 messages twice.
    Duplicate(u64),
    /// Cut these links, each in one direction.
    OneWay(Grudges),
    /// Slow these links down.
    Slow(Grudges),
    /// Skew these clocks.
    ClockSkew(Vec<Skew>),
    /// Change the program of this node, or else of the one whose turn it is.
    Swap(Option<usize>),
}

/// What happens to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// Whose it is.
    pub node: usize,
    /// How many thousandths of a second pass on it in a second.
    pub rate_permille: u64,
    /// How far it jumps ahead, in nanoseconds.
    pub jump_ns: u64,
}

/// So many nodes, whichever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// One.
    One,
    /// As many as can be less than half.
    Minority,
    /// As few as can be more than half.
    Majority,
    /// All.
    All,
}

impl Group {
    /// All of them, the smallest first.
    pub const ALL: [Group; 4] = [Group::One, Group::Minority, Group::Majority, Group::All];

    /// Its name in the history.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Group::One => "one",
            Group::Minority => "minority",
            Group::Majority => "majority",
            Group::All => "all",
        }
    }

    /// How many of `nodes` nodes.
    fn of(self, nodes: usize) -> usize {
        match self {
            Group::One => 1,
            Group::Minority => nodes.saturating_sub(1) / 2,
            Group::Majority => nodes / 2 + 1,
            Group::All => nodes,
        }
    }
}

/// How many of 1000 messages are lost or doubled.
const PERMILLES: [u64; 3] = [50, 200, 500];

/// The furthest that a clock jumps.
const JUMP_MAX_NS: u64 = 60 * SECOND;

impl Plan {
    /// Draws what `fault` will do to a cluster of `nodes` nodes.
    pub(crate) fn draw(fault: Fault, nodes: usize, stream: &mut Stream) -> Self {
        match fault {
            Fault::Partition => {
                let kind = stream.pick(&PartitionKind::ALL);
                Plan::Partition(Some(kind), kind.draw(nodes, stream))
            }
            Fault::Kill => {
                // Memory is all that a node has: what a majority forgets is gone for good,
                // and no solution could do anything about it.
                let (group, killed) = targets(&Group::ALL[..2], nodes, stream);
                Plan::Kill(Some(group), killed)
            }
            Fault::Pause => {
                let (group, paused) = targets(&Group::ALL, nodes, stream);
                Plan::Pause(Some(group), paused)
            }
            Fault::Loss => Plan::Loss(stream.pick(&PERMILLES)),
            Fault::Duplicate => Plan::Duplicate(stream.pick(&PERMILLES)),
            Fault::OneWay => Plan::OneWay(one_way(nodes, stream)),
            Fault::Slow => Plan::Slow(some_links(nodes, stream)),
            Fault::ClockSkew => Plan::ClockSkew(skews(nodes, stream)),
            Fault::Swap => Plan::Swap(None),
        }
    }

    /// Which fault it is of.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Plan::Partition(..) => Fault::Partition,
            Plan::Kill(..) => Fault::Kill,
            Plan::Pause(..) => Fault::Pause,
            Plan::Loss(_) => Fault::Loss,
            Plan::Duplicate(_) => Fault::Duplicate,
            Plan::OneWay(_) => Fault::OneWay,
            Plan::Slow(_) => Fault::Slow,
            Plan::ClockSkew(_) => Fault::ClockSkew,
            Plan::Swap(_) => Fault::Swap,
        }
    }

    /// What the nemesis is asked for: the `:value` of the first of its two operations.
    pub(crate) fn asked(&self) -> Value {
        match self {
            Plan::Partition(Some(kind), _) => keyword(kind.name()),
            Plan::Kill(Some(group), _) | Plan::Pause(Some(group), _) => keyword(group.name()),
            _ => Value::Nil,
        }
    }

    /// What it did: the `:value` of the second.
    pub(crate) fn done(&self, names: &[String]) -> Value {
        let pair = |name: &str, value: Value| Value::from(vec![keyword(name), value]);
        match self {
            Plan::Partition(_, grudges) => pair("isolated", grudges.value(names)),
            Plan::Kill(_, nodes) => each(nodes, names, "killed"),
            Plan::Pause(_, nodes) => each(nodes, names, "paused"),
            Plan::Loss(permille) => pair("lost-permille", int(*permille)),
            Plan::Duplicate(permille) => pair("doubled-permille", int(*permille)),
            Plan::OneWay(grudges) => pair("deaf", grudges.value(names)),
            Plan::Slow(grudges) => pair("slow-from", grudges.value(names)),
            Plan::ClockSkew(skews) => {
                let entries = skews.iter().map(|skew| {
                    let entry: Map = [
                        (keyword("rate-permille"), int(skew.rate_permille)),
                        (keyword("jump-ns"), int(skew.jump_ns)),
                    ]
                    .into_iter()
                    .collect();
                    let name = Value::from(names[skew.node].as_str());
                    (name, Value::Map(Box::new(entry)))
                });
                Value::Map(Box::new(entries.collect()))
            }
            Plan::Swap(_) => Value::Nil,
        }
    }
}

/// `{"n1" :killed …}`
pub(crate) fn each(nodes: &[usize], names: &[String], what: &str) -> Value {
    let entries = nodes
        .iter()
        .map(|node| (Value::from(names[*node].as_str()), keyword(what)));
    Value::Map(Box::new(entries.collect()))
}

fn int(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The nodes of one of the groups, in ascending order.
fn targets(groups: &[Group], nodes: usize, stream: &mut Stream) -> (Group, Vec<usize>) {
    let group = stream.pick(groups);
    let count = group.of(nodes).min(nodes);
    (group, some_nodes(count, nodes, stream))
}

fn some_nodes(count: usize, nodes: usize, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes).collect();
    stream.shuffle(&mut order);
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Between two parts of the cluster, messages go only one way: the larger part may be
/// the one that hears, or the one that is heard.
fn one_way(nodes: usize, stream: &mut Stream) -> Grudges {
    let heard = some_nodes(1 + stream.index(nodes.saturating_sub(1)), nodes, stream);
    let unheard: Vec<usize> = (0..nodes).filter(|node| !heard.contains(node)).collect();
    let deaf_to = |node| match heard.contains(&node) {
        true => unheard.clone(),
        false => Vec::new(),
    };
    Grudges((0..nodes).map(deaf_to).collect())
}

/// Each link with even chances.
fn some_links(nodes: usize, stream: &mut Stream) -> Grudges {
    let mut from = |node: usize| {
        let others = (0..nodes).filter(|other| *other != node);
        others.filter(|_| stream.chance(500)).collect()
    };
    Grudges((0..nodes).map(&mut from).collect())
}

/// One node at least. Half of the clocks run too fast, up to twice the speed, half of
/// them too slow, down to half of it.
fn skews(nodes: usize, stream: &mut Stream) -> Vec<Skew> {
    let count = 1 + stream.index(nodes);
    let skewed = some_nodes(count, nodes, stream);
    let mut skew = |node| Skew {
        node,
        rate_permille: match stream.chance(500) {
            true => 1000 + stream.below(1001),
            false => 500 + stream.below(501),
        },
        jump_ns: stream.below(JUMP_MAX_NS + 1),
    };
    skewed.into_iter().map(&mut skew).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn plans(fault: Fault, nodes: usize) -> impl Iterator<Item = Plan> {
        let mut stream = Streams::new(1).stream("test");
        (0..200).map(move |_| Plan::draw(fault, nodes, &mut stream))
    }

    #[test]
    fn no_more_than_a_minority_forgets_at_once() {
        for plan in plans(Fault::Kill, 5) {
            let Plan::Kill(group, nodes) = plan else {
                panic!("{plan:?}")
            };
            let expected = if group == Some(Group::One) { 1 } else { 2 };
            assert_eq!(nodes.len(), expected, "{group:?}");
        }
    }

    #[test]
    fn any_group_may_be_paused() {
        let mut sizes: Vec<usize> = plans(Fault::Pause, 5)
            .map(|plan| match plan {
                Plan::Pause(_, nodes) => nodes.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        assert_eq!(sizes, [1, 2, 3, 5]);
    }

    #[test]
    fn one_way_partitions_cut_no_link_in_both_directions() {
        for plan in plans(Fault::OneWay, 5) {
            let Plan::OneWay(grudges) = plan else {
                panic!("{plan:?}")
            };
            let cut: usize = grudges.iter().map(|(_, deaf_to)| deaf_to.len()).sum();
            assert!(cut > 0);
            for (node, deaf_to) in grudges.iter() {
                assert!(
                    deaf_to
                        .iter()
                        .all(|other| !grudges.0[*other].contains(&node))
                );
            }
        }
    }

    #[test]
    fn every_fault_can_be_drawn_for_a_single_node() {
        for fault in Fault::ALL {
            assert_eq!(plans(fault, 1).count(), 200);
        }
    }

    #[test]
    fn clocks_are_skewed_within_bounds() {
        for plan in plans(Fault::ClockSkew, 3) {
            let Plan::ClockSkew(skews) = plan else {
                panic!("{plan:?}")
            };
            assert!(!skews.is_empty());
            for skew in skews {
                assert!((500..=2000).contains(&skew.rate_permille));
                assert!(skew.jump_ns <= JUMP_MAX_NS);
            }
        }
    }
}
