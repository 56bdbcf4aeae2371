//! Partitions as Maelstrom draws them.
//!
//! Source: `jepsen.nemesis` and `jepsen.nemesis.combined` of Jepsen 0.3.7.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::random::Stream;
use crate::ranges::SMALL_NODES_MAX;
use host_check::value::{Map, Set, Value};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The parts of a large cluster among which faults are drawn.
const PARTS: usize = 25;

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
    /// Draws which of `nodes` nodes do not hear which others. In a large cluster a ring is one of its
    /// parts.
    #[must_use]
    pub fn draw(self, nodes: usize, stream: &mut Stream) -> Grudges {
        let apart = match self {
            PartitionKind::One => 1.min(nodes),
            PartitionKind::MinorityThird => nodes.saturating_sub(1) / 3,
            PartitionKind::Majority => nodes / 2,
            PartitionKind::MajoritiesRing => {
                return Grudges::drawn(nodes, stream, majorities_ring);
            }
        };
        Grudges::split(&shuffled(nodes, stream), apart)
    }
}

/// For each node, the others that it does not hear, in ascending order. Jepsen's name for it.
///
/// Nodes that do not hear the same others share one list, so two halves of 10,000 nodes take two
/// lists and no table of pairs.
#[derive(Clone)]
pub struct Grudges {
    /// The lists that there are.
    lists: Vec<Arc<[usize]>>,
    /// The place of each node's list among them.
    of: Vec<usize>,
}

impl Grudges {
    /// Each node with a list of its own, in ascending order.
    #[must_use]
    pub fn new(deaf_to: Vec<Vec<usize>>) -> Self {
        Grudges {
            of: (0..deaf_to.len()).collect(),
            lists: deaf_to.into_iter().map(Arc::from).collect(),
        }
    }

    /// The list of each node is the one at this place of `lists`.
    fn shared(lists: Vec<Vec<usize>>, of: Vec<usize>) -> Self {
        Grudges {
            lists: lists.into_iter().map(Arc::from).collect(),
            of,
        }
    }

    /// The first `count` of `order` and the others do not hear each other.
    fn split(order: &[usize], count: usize) -> Self {
        let (some, others) = order.split_at(count);
        let mut of = vec![1; order.len()];
        for &node in some {
            of[node] = 0;
        }
        Grudges::shared(vec![sorted(others), sorted(some)], of)
    }

    /// Of `nodes` nodes those of a group hear each other and nobody else. Those in no group are
    /// alone.
    pub(super) fn groups(groups: &[&[usize]], nodes: usize) -> Self {
        // The groups that each node is in, a bit for each: there are few.
        let mut member = vec![0_u32; nodes];
        for (group, members) in groups.iter().enumerate() {
            members.iter().for_each(|node| member[*node] |= 1 << group);
        }
        let mut lists: Vec<Vec<usize>> = Vec::new();
        let mut places: BTreeMap<u32, usize> = BTreeMap::new();
        let mut of = Vec::with_capacity(nodes);
        for node in 0..nodes {
            let own = member[node];
            let place = match places.get(&own) {
                Some(place) => *place,
                None => {
                    let is_apart = |it: &usize| member[*it] & own == 0 && *it != node;
                    lists.push((0..nodes).filter(is_apart).collect());
                    lists.len() - 1
                }
            };
            if own != 0 {
                places.insert(own, place); // who is in no group has a list of its own
            }
            of.push(place);
        }
        Grudges::shared(lists, of)
    }

    /// Everybody hears those that `hears` says, and nobody else.
    fn except(hears: &[Vec<bool>]) -> Self {
        let deaf_to = |heard: &Vec<bool>| (0..heard.len()).filter(|node| !heard[*node]).collect();
        Grudges::new(hears.iter().map(deaf_to).collect())
    }

    /// Those that `is_deaf` do not hear the nodes `deaf_to`, which are in ascending order; the others hear all.
    pub(super) fn deaf(nodes: usize, is_deaf: impl Fn(usize) -> bool, deaf_to: Vec<usize>) -> Self {
        let of = (0..nodes).map(|node| usize::from(!is_deaf(node)));
        Grudges::shared(vec![deaf_to, Vec::new()], of.collect())
    }

    /// What `draw` draws, among all nodes if they are few. In a large cluster it draws among [`PARTS`] parts, of
    /// which each node belongs to one: what holds of two parts holds of all their nodes.
    pub(super) fn drawn(
        nodes: usize,
        stream: &mut Stream,
        draw: impl FnOnce(usize, &mut Stream) -> Grudges,
    ) -> Self {
        if nodes <= SMALL_NODES_MAX {
            return draw(nodes, stream);
        }
        let mut order: Vec<usize> = (0..nodes).collect();
        stream.shuffle(&mut order);
        let mut part_of = vec![0; nodes];
        for (place, node) in order.into_iter().enumerate() {
            part_of[node] = place % PARTS;
        }
        let parts = draw(PARTS, stream);
        let list = |part: usize| {
            let deaf_to = parts.deaf_to(part);
            let is_in = |node: &usize| deaf_to.binary_search(&part_of[*node]).is_ok();
            (0..nodes).filter(is_in).collect()
        };
        Grudges::shared((0..PARTS).map(list).collect(), part_of)
    }

    /// The others that a node does not hear, in ascending order.
    #[must_use]
    pub fn deaf_to(&self, node: usize) -> &[usize] {
        let list = self.of.get(node).and_then(|list| self.lists.get(*list));
        list.map_or(&[], |list| list)
    }

    /// Whether `dest` does not hear `src`.
    #[must_use]
    pub fn cuts(&self, src: usize, dest: usize) -> bool {
        self.deaf_to(dest).binary_search(&src).is_ok()
    }

    /// Whether everybody hears everybody.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.of.iter().all(|list| self.lists[*list].is_empty())
    }

    /// Each node with those that it does not hear.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[usize])> {
        (0..self.of.len()).map(|node| (node, self.deaf_to(node)))
    }

    /// Nodes that share a list, in the order of the first of them, with the list: only lists with
    /// somebody in them. It is as long as the lists that there are, however many links they cut.
    #[must_use]
    pub fn sides(&self) -> Vec<(Vec<usize>, &[usize])> {
        let mut sides: Vec<(Vec<usize>, &[usize])> = Vec::new();
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        for (node, list) in self.of.iter().enumerate() {
            let deaf_to = &self.lists[*list];
            if deaf_to.is_empty() {
                continue;
            }
            let place = *places.entry(*list).or_insert_with(|| {
                sides.push((Vec::new(), deaf_to));
                sides.len() - 1
            });
            sides[place].0.push(node);
        }
        sides
    }

    /// Each of some nodes does not hear the others with it: those of one entry share a list.
    ///
    /// # Errors
    /// The node, if one is in two entries.
    pub fn of_sides(sides: Vec<(Vec<usize>, Vec<usize>)>, nodes: usize) -> Result<Self, usize> {
        let mut of = vec![sides.len(); nodes];
        let (deaf, mut lists): (Vec<_>, Vec<_>) = sides.into_iter().unzip();
        for (list, side) in deaf.iter().enumerate() {
            for node in side {
                if of[*node] != lists.len() {
                    return Err(*node);
                }
                of[*node] = list;
            }
        }
        for list in &mut lists {
            list.sort_unstable();
            list.dedup();
        }
        lists.push(Vec::new());
        Ok(Grudges::shared(lists, of))
    }

    /// `{"n1" #{"n2" "n3"} …}`, as Jepsen has it. Of a large cluster, where that would be a table of pairs,
    /// nodes that do not hear the same others share an entry: `{#{"n0" "n1"} #{"n2"} …}`.
    pub(super) fn value(&self, names: &[String]) -> Value {
        let name = |node: &usize| Value::from(names[*node].as_str());
        let set = |nodes: &[usize]| {
            let nodes: Set = nodes.iter().map(name).collect();
            Value::Set(Box::new(nodes))
        };
        let entries: Map = match self.of.len() <= SMALL_NODES_MAX {
            true => (self.iter())
                .map(|(node, deaf_to)| (name(&node), set(deaf_to)))
                .collect(),
            false => (self.sides().iter())
                .map(|(nodes, deaf_to)| (set(nodes), set(deaf_to)))
                .collect(),
        };
        Value::Map(Box::new(entries))
    }
}

impl PartialEq for Grudges {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Grudges {}

impl fmt::Debug for Grudges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(_, deaf_to)| deaf_to))
            .finish()
    }
}

fn shuffled(nodes: usize, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes).collect();
    stream.shuffle(&mut order);
    order
}

fn sorted(nodes: &[usize]) -> Vec<usize> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes
}

pub(super) fn majority(nodes: usize) -> usize {
    nodes / 2 + 1
}

/// A ring of majorities, from an order of all nodes if they are few.
fn majorities_ring(nodes: usize, stream: &mut Stream) -> Grudges {
    let order = shuffled(nodes, stream);
    match nodes {
        0..=5 => ring(&order),
        _ => woven(nodes, stream),
    }
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
        let nodes = grudges.iter().count();
        let apart = grudges.deaf_to(0);
        let together: Vec<usize> = (0..nodes).filter(|node| !apart.contains(node)).collect();
        let complete = grudges.iter().all(|(node, deaf_to)| {
            deaf_to
                == if together.contains(&node) {
                    apart
                } else {
                    &together[..]
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
                assert!(!grudges.cuts(node, deaf_to[0]), "{grudges:?}");
            }
        }
    }

    #[test]
    fn a_ring_of_five_links_neighbours_both_ways() {
        for grudges in draws(PartitionKind::MajoritiesRing, 5) {
            for (node, deaf_to) in grudges.iter() {
                assert!(deaf_to.iter().all(|other| grudges.cuts(node, *other)));
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
                    assert!(deaf_to.iter().all(|other| grudges.cuts(node, *other)));
                }
            }
        }
    }

    #[test]
    fn a_ring_drawn_from_a_known_order_is_the_one_drawn_by_hand() {
        // Order 0 1 2 3 4; majorities 012 123 234 340 401, middles 1 2 3 4 0.
        let grudges = ring(&[0, 1, 2, 3, 4]);
        let by_hand = [[2, 3], [3, 4], [0, 4], [0, 1], [1, 2]];
        assert_eq!(
            grudges,
            Grudges::new(by_hand.map(|it| it.to_vec()).to_vec())
        );
        // Order 0 1 2; majorities 01 12 20, middles 1 2 0.
        let of_three = Grudges::new(vec![vec![1], vec![2], vec![0]]);
        assert_eq!(ring(&[0, 1, 2]), of_three);
    }

    /// The table of pairs that the lists stand for.
    fn pairs(grudges: &Grudges) -> Vec<(usize, usize)> {
        let links = grudges.iter();
        links
            .flat_map(|(dest, sources)| sources.iter().map(move |src| (*src, dest)))
            .collect()
    }

    #[test]
    fn groups_cut_the_links_between_those_that_are_in_no_group_together() {
        let groups: [&[usize]; 3] = [&[0, 1, 2], &[2, 3], &[5]];
        let together = |a, b| groups.iter().any(|it| it.contains(&a) && it.contains(&b));
        let all = (0..7).flat_map(|dest| (0..7).map(move |src| (src, dest)));
        let apart: Vec<_> = all.filter(|(a, b)| a != b && !together(*a, *b)).collect();
        let grudges = Grudges::groups(&groups, 7);
        assert_eq!(pairs(&grudges), apart);
        for (src, dest) in (0..7).flat_map(|dest| (0..7).map(move |src| (src, dest))) {
            assert_eq!(grudges.cuts(src, dest), apart.contains(&(src, dest)));
        }
    }

    #[test]
    fn sides_say_the_same_as_a_list_for_each_node() {
        for kind in PartitionKind::VARIANTS {
            for grudges in draws(*kind, 7).take(20) {
                let sides = grudges.sides();
                let owned = sides.iter().map(|(deaf, to)| (deaf.clone(), to.to_vec()));
                assert_eq!(Grudges::of_sides(owned.collect(), 7), Ok(grudges.clone()));
            }
        }
        let twice = vec![(vec![0, 1], vec![2]), (vec![1], vec![3])];
        assert_eq!(Grudges::of_sides(twice, 4), Err(1));
    }

    #[test]
    fn ten_thousand_nodes_are_partitioned_by_few_lists() {
        for kind in PartitionKind::VARIANTS {
            for grudges in draws(*kind, 10_000).take(2) {
                assert!(grudges.lists.len() <= PARTS, "{kind:?}");
                let deaf = grudges.iter().map(|(_, deaf_to)| deaf_to.len()).max();
                let most = match kind {
                    PartitionKind::One => 9999,
                    PartitionKind::MinorityThird => 6667,
                    PartitionKind::Majority => 5000,
                    PartitionKind::MajoritiesRing => 12 * 400, // 13 of 25 parts are heard
                };
                assert_eq!(deaf, Some(most), "{kind:?}");
            }
        }
    }

    #[test]
    fn a_large_cluster_has_few_entries_in_the_history() {
        let names: Vec<String> = (0..101).map(|node| format!("n{node}")).collect();
        let grudges = Grudges::split(&(0..101).collect::<Vec<_>>(), 1);
        let Value::Map(map) = grudges.value(&names) else {
            panic!("a map")
        };
        let set = |nodes: &[String]| {
            let nodes: Set = nodes.iter().map(|it| Value::from(it.as_str())).collect();
            Value::Set(Box::new(nodes))
        };
        let (one, others) = names.split_at(1);
        let expected = [(set(one), set(others)), (set(others), set(one))];
        assert_eq!(*map, expected.into_iter().collect::<Map>());
    }
}
