//! Partitions as Maelstrom draws them.
//!
//! Source: `jepsen.nemesis` and `jepsen.nemesis.combined` of Jepsen 0.3.7.

use crate::random::Stream;
use host_check::value::{Map, Set, Value};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A shape of partition, under its name in the history. Each is as likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum PartitionKind {
    /// Isolates one node.
    One,
    /// Isolates fewer than a third of the nodes.
    MinorityThird,
    /// Splits the nodes into two halves; of an odd number one half has a majority.
    Majority,
    /// Lets every node hear a majority, and no two nodes the same one.
    MajoritiesRing,
}

impl PartitionKind {
    /// Draws which of `nodes` nodes do not hear which others.
    #[must_use]
    pub fn draw(self, nodes: usize, stream: &mut Stream) -> Grudges {
        let mut order: Vec<usize> = (0..nodes).collect();
        stream.shuffle(&mut order);
        match self {
            PartitionKind::One => Grudges::split(&order, 1.min(nodes)),
            PartitionKind::MinorityThird => Grudges::split(&order, nodes.saturating_sub(1) / 3),
            PartitionKind::Majority => Grudges::split(&order, nodes / 2),
            PartitionKind::MajoritiesRing if nodes <= 5 => ring(&order),
            PartitionKind::MajoritiesRing => woven(nodes, stream),
        }
    }
}

/// For each node, the others that it does not hear, in ascending order. Jepsen's name for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grudges(pub Vec<Vec<usize>>);

impl Grudges {
    /// The first `count` of `order` and the others do not hear each other.
    fn split(order: &[usize], count: usize) -> Self {
        let (some, others) = order.split_at(count);
        let mut grudges = vec![Vec::new(); order.len()];
        for &node in some {
            grudges[node] = sorted(others);
        }
        for &node in others {
            grudges[node] = sorted(some);
        }
        Grudges(grudges)
    }

    /// Of `nodes` nodes those of a group hear each other and nobody else. Those in no group are
    /// alone.
    pub(super) fn groups(groups: &[&[usize]], nodes: usize) -> Self {
        let mut hears = vec![vec![false; nodes]; nodes];
        for (node, heard) in hears.iter_mut().enumerate() {
            heard[node] = true;
            let own = groups.iter().filter(|group| group.contains(&node));
            own.flat_map(|group| group.iter())
                .for_each(|other| heard[*other] = true);
        }
        Grudges::except(&hears)
    }

    /// Everybody hears those that `hears` says, and nobody else.
    fn except(hears: &[Vec<bool>]) -> Self {
        let deaf_to = |heard: &Vec<bool>| (0..heard.len()).filter(|node| !heard[*node]).collect();
        Grudges(hears.iter().map(deaf_to).collect())
    }

    /// Each node with those that it does not hear.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[usize])> {
        self.0.iter().map(Vec::as_slice).enumerate()
    }

    /// `{"n1" #{"n2" "n3"} …}`
    pub(super) fn value(&self, names: &[String]) -> Value {
        let name = |node: &usize| Value::from(names[*node].as_str());
        let entries = self.0.iter().enumerate().map(|(node, deaf_to)| {
            let deaf_to: Set = deaf_to.iter().map(name).collect();
            (name(&node), Value::Set(Box::new(deaf_to)))
        });
        Value::Map(Box::new(entries.collect::<Map>()))
    }
}

fn sorted(nodes: &[usize]) -> Vec<usize> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes
}

pub(super) fn majority(nodes: usize) -> usize {
    nodes / 2 + 1
}

/// The exact ring, for few nodes: the middle one of each majority of neighbours hears
/// that majority.
fn ring(order: &[usize]) -> Grudges {
    let (nodes, majority) = (order.len(), majority(order.len()).min(order.len()));
    let mut hears = vec![vec![false; nodes]; nodes];
    for start in 0..nodes {
        let neighbours = || (0..majority).map(|i| order[(start + i) % nodes]);
        if let Some(middle) = neighbours().nth(majority / 2) {
            for other in neighbours() {
                hears[middle][other] = true;
            }
        }
    }
    Grudges::except(&hears)
}

/// For more nodes: links the node with the fewest links to another with few links, until
/// each has a majority. Links go both ways.
fn woven(nodes: usize, stream: &mut Stream) -> Grudges {
    let mut hears: Vec<Vec<bool>> = (0..nodes)
        .map(|node| (0..nodes).map(|other| other == node).collect())
        .collect();
    let mut degrees = vec![1; nodes];
    loop {
        let mut order: Vec<usize> = (0..nodes).collect();
        stream.shuffle(&mut order);
        order.sort_by_key(|node| degrees[*node]); // stable: ties stay shuffled
        let node = order[0];
        let other = order.iter().find(|other| !hears[node][**other]);
        let (true, Some(&other)) = (degrees[node] < majority(nodes), other) else {
            return Grudges::except(&hears);
        };
        for (a, b) in [(node, other), (other, node)] {
            hears[a][b] = true;
            degrees[a] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// Draws a kind with many seeds.
    fn draws(kind: PartitionKind, nodes: usize) -> impl Iterator<Item = Grudges> {
        let mut stream = Streams::new(1).stream("test");
        (0..200).map(move |_| kind.draw(nodes, &mut stream))
    }

    /// The sizes of a partition's components, smaller first, if it has two and is complete.
    fn halves(grudges: &Grudges) -> Option<(usize, usize)> {
        let nodes = grudges.0.len();
        let apart = &grudges.0[0];
        let together: Vec<usize> = (0..nodes).filter(|node| !apart.contains(node)).collect();
        let complete = grudges.iter().all(|(node, deaf_to)| {
            deaf_to
                == if together.contains(&node) {
                    apart
                } else {
                    &together
                }
        });
        let (a, b) = (together.len(), apart.len());
        complete.then_some((a.min(b), a.max(b)))
    }

    #[test]
    fn the_halves_have_the_sizes_that_their_names_say() {
        for (kind, nodes, sizes) in [
            (PartitionKind::One, 1, (0, 1)),
            (PartitionKind::One, 5, (1, 4)),
            (PartitionKind::MinorityThird, 3, (0, 3)),
            (PartitionKind::MinorityThird, 4, (1, 3)),
            (PartitionKind::MinorityThird, 25, (8, 17)),
            (PartitionKind::Majority, 2, (1, 1)),
            (PartitionKind::Majority, 5, (2, 3)),
            (PartitionKind::Majority, 1, (0, 1)),
        ] {
            for grudges in draws(kind, nodes) {
                assert_eq!(
                    halves(&grudges),
                    Some(sizes),
                    "{kind:?} of {nodes}: {grudges:?}"
                );
            }
        }
    }

    #[test]
    fn every_node_gets_to_be_alone() {
        let mut alone = [0; 5];
        for grudges in draws(PartitionKind::One, 5) {
            let node = grudges.iter().find(|(_, deaf_to)| deaf_to.len() == 4);
            alone[node.unwrap().0] += 1;
        }
        assert!(alone.iter().all(|times| *times > 20), "{alone:?}");
    }

    #[test]
    fn in_a_small_ring_each_node_hears_its_own_majority() {
        for nodes in 2..=5 {
            for grudges in draws(PartitionKind::MajoritiesRing, nodes) {
                let heard = grudges.iter().map(|(_, deaf_to)| nodes - deaf_to.len());
                assert!(heard.into_iter().all(|heard| heard == majority(nodes)));
                let mut kinds: Vec<&[usize]> = grudges.iter().map(|(_, deaf)| deaf).collect();
                kinds.sort_unstable();
                kinds.dedup();
                assert_eq!(kinds.len(), if nodes == 2 { 1 } else { nodes });
            }
        }
    }

    #[test]
    fn a_ring_of_three_drops_one_way_as_maelstroms_does() {
        for grudges in draws(PartitionKind::MajoritiesRing, 3) {
            for (node, deaf_to) in grudges.iter() {
                assert_eq!(deaf_to.len(), 1);
                assert!(!grudges.0[deaf_to[0]].contains(&node), "{grudges:?}");
            }
        }
    }

    #[test]
    fn a_ring_of_five_links_neighbours_both_ways() {
        for grudges in draws(PartitionKind::MajoritiesRing, 5) {
            for (node, deaf_to) in grudges.iter() {
                assert!(
                    deaf_to
                        .iter()
                        .all(|other| grudges.0[*other].contains(&node))
                );
            }
        }
    }

    #[test]
    fn in_a_large_ring_each_node_hears_a_majority_and_is_heard_by_it() {
        for nodes in [6, 7, 25] {
            for grudges in draws(PartitionKind::MajoritiesRing, nodes).take(20) {
                for (node, deaf_to) in grudges.iter() {
                    assert!(nodes - deaf_to.len() >= majority(nodes));
                    assert!(!deaf_to.is_empty() || nodes == 6, "{grudges:?}");
                    assert!(
                        deaf_to
                            .iter()
                            .all(|other| grudges.0[*other].contains(&node))
                    );
                }
            }
        }
    }

    #[test]
    fn a_ring_drawn_from_a_known_order_is_the_one_drawn_by_hand() {
        // Order 0 1 2 3 4; majorities 012 123 234 340 401, middles 1 2 3 4 0.
        let grudges = ring(&[0, 1, 2, 3, 4]);
        let by_hand = [[2, 3], [3, 4], [0, 4], [0, 1], [1, 2]];
        assert_eq!(grudges.0, by_hand.map(|deaf_to| deaf_to.to_vec()));
        // Order 0 1 2; majorities 01 12 20, middles 1 2 0.
        assert_eq!(ring(&[0, 1, 2]).0, [[1], [2], [0]]);
    }
}
