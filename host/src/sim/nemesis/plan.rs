//! What a fault will do when it starts.

use super::{Fault, Grudges, PartitionKind};
use crate::check::value::{Map, Value};
use crate::sim::SECOND;
use crate::sim::exception::keyword;
use crate::sim::random::Stream;

/// A fault, drawn: what to do to whom.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) enum Plan {
    /// Cut these links.
    Partition(PartitionKind, Grudges),
    /// Kill these nodes.
    Kill(&'static str, Vec<usize>),
    /// Pause these nodes.
    Pause(&'static str, Vec<usize>),
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
    /// Change the program of the node whose turn it is.
    Swap,
}

/// What happens to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) struct Skew {
    pub(in crate::sim) node: usize,
    /// How many thousandths of a second pass on it in a second.
    pub(in crate::sim) rate_permille: u64,
    /// How far it jumps ahead.
    pub(in crate::sim) jump_ns: u64,
}

/// How many of 1000 messages are lost or doubled.
const PERMILLES: [u64; 3] = [50, 200, 500];

/// The furthest that a clock jumps.
const JUMP_MAX_NS: u64 = 60 * SECOND;

impl Plan {
    /// Draws what `fault` will do to a cluster of `nodes` nodes.
    pub(in crate::sim) fn draw(fault: Fault, nodes: usize, stream: &mut Stream) -> Self {
        match fault {
            Fault::Partition => {
                let kind = stream.pick(&PartitionKind::ALL);
                Plan::Partition(kind, kind.draw(nodes, stream))
            }
            Fault::Kill => {
                // Memory is all that a node has: what a majority forgets is gone for good,
                // and no solution could do anything about it.
                let (name, killed) = targets(&TARGETS[..2], nodes, stream);
                Plan::Kill(name, killed)
            }
            Fault::Pause => {
                let (name, paused) = targets(&TARGETS, nodes, stream);
                Plan::Pause(name, paused)
            }
            Fault::Loss => Plan::Loss(stream.pick(&PERMILLES)),
            Fault::Duplicate => Plan::Duplicate(stream.pick(&PERMILLES)),
            Fault::OneWay => Plan::OneWay(one_way(nodes, stream)),
            Fault::Slow => Plan::Slow(some_links(nodes, stream)),
            Fault::ClockSkew => Plan::ClockSkew(skews(nodes, stream)),
            Fault::Swap => Plan::Swap,
        }
    }

    /// What the nemesis is asked for: the `:value` of the first of its two operations.
    pub(in crate::sim) fn asked(&self) -> Value {
        match self {
            Plan::Partition(kind, _) => keyword(kind.name()),
            Plan::Kill(name, _) | Plan::Pause(name, _) => keyword(name),
            _ => Value::Nil,
        }
    }

    /// What it did: the `:value` of the second.
    pub(in crate::sim) fn done(&self, names: &[String]) -> Value {
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
            Plan::Swap => Value::Nil,
        }
    }
}

/// `{"n1" :killed …}`
pub(in crate::sim) fn each(nodes: &[usize], names: &[String], what: &str) -> Value {
    let entries = nodes
        .iter()
        .map(|node| (Value::from(names[*node].as_str()), keyword(what)));
    Value::Map(Box::new(entries.collect()))
}

fn int(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Groups of nodes by name, the smallest first.
const TARGETS: [&str; 4] = ["one", "minority", "majority", "all"];

/// The nodes of one of the groups, in ascending order.
fn targets(
    groups: &[&'static str],
    nodes: usize,
    stream: &mut Stream,
) -> (&'static str, Vec<usize>) {
    let group = stream.pick(groups);
    let count = match group {
        "one" => 1,
        "minority" => nodes.saturating_sub(1) / 2,
        "majority" => nodes / 2 + 1,
        _ => nodes,
    };
    (group, some_nodes(count.min(nodes), nodes, stream))
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
    use crate::sim::random::Streams;

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
            let expected = if group == "one" { 1 } else { 2 };
            assert_eq!(nodes.len(), expected, "{group}");
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
