//! Topologies of broadcast: the neighbours of each node.
//!
//! Source: the option `--topology` of Maelstrom and the drawings in its guide.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;

use crate::options::Cluster;

/// A topology.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Topology {
    /// Each node is a neighbour of the one before and the one after.
    Line,
    /// A square: each node is a neighbour of those above, below, left and right of it.
    #[default]
    Grid,
    /// A tree in which nodes have this many children.
    Tree(usize),
    /// All nodes are neighbours.
    Total,
}

impl Topology {
    /// All names; `tree` is `tree2`.
    const NAMES: [(&'static str, Topology); 7] = [
        ("line", Topology::Line),
        ("grid", Topology::Grid),
        ("tree", Topology::Tree(2)),
        ("tree2", Topology::Tree(2)),
        ("tree3", Topology::Tree(3)),
        ("tree4", Topology::Tree(4)),
        ("total", Topology::Total),
    ];

    /// Returns every node's neighbours, in the order of the nodes.
    #[must_use]
    pub fn neighbours(self, cluster: Cluster) -> IndexMap<String, Vec<String>> {
        let name = |node: usize| cluster.node_name(node);
        let neighbours = |node| self.of(node, cluster.count).into_iter().map(name).collect();
        (0..cluster.count)
            .map(|node| (name(node), neighbours(node)))
            .collect()
    }

    fn of(self, node: usize, nodes: usize) -> Vec<usize> {
        let before = |distance: usize| node.checked_sub(distance);
        let candidates = match self {
            Topology::Line => vec![before(1), Some(node + 1)],
            Topology::Grid => {
                let side = ceil_sqrt(nodes);
                let column = node % side;
                let (is_first, is_last) = (column == 0, column == side - 1);
                vec![
                    before(side),
                    Some(node + side),
                    before(1).filter(|_| !is_first),
                    Some(node + 1).filter(|_| !is_last),
                ]
            }
            Topology::Tree(children) => {
                let parent = before(1).map(|before| before / children);
                let first_child = node * children + 1;
                let children = (first_child..first_child + children).map(Some);
                std::iter::once(parent).chain(children).collect()
            }
            Topology::Total => (0..nodes)
                .map(|other| Some(other).filter(|o| *o != node))
                .collect(),
        };
        let candidates = candidates.into_iter().flatten();
        candidates.filter(|other| *other < nodes).collect()
    }
}

/// The side of the smallest square with room for `nodes`.
fn ceil_sqrt(nodes: usize) -> usize {
    let side = nodes.isqrt();
    if side * side < nodes {
        side + 1
    } else {
        side.max(1)
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Topology::NAMES.iter().rev(); // tree2, not tree
        let name = names.find(|(_, topology)| topology == self);
        f.write_str(name.map_or("tree", |(name, _)| name))
    }
}

impl FromStr for Topology {
    type Err = UnknownTopology;

    fn from_str(text: &str) -> Result<Self, UnknownTopology> {
        let named = Topology::NAMES.iter().find(|(name, _)| *name == text);
        let topology = named.map(|(_, topology)| *topology);
        topology.ok_or_else(|| UnknownTopology {
            name: text.to_owned(),
        })
    }
}

/// A name that no topology has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a topology ({}), found `{name}`", Topology::NAMES.map(|(name, _)| name).join(", "))]
pub struct UnknownTopology {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(topology: &str, nodes: usize, expected: &[&[usize]]) {
        let topology: Topology = topology.parse().unwrap();
        let all: Vec<Vec<usize>> = (0..nodes).map(|node| topology.of(node, nodes)).collect();
        assert_eq!(all, expected);
        for (node, neighbours) in all.iter().enumerate() {
            assert!(neighbours.iter().all(|other| all[*other].contains(&node)));
        }
    }

    #[test]
    fn topologies_are_those_drawn_by_hand() {
        check("line", 1, &[&[]]);
        check("line", 4, &[&[1], &[0, 2], &[1, 3], &[2]]);
        // 0 1 2
        // 3 4
        check("grid", 5, &[&[3, 1], &[4, 0, 2], &[1], &[0, 4], &[1, 3]]);
        check("grid", 1, &[&[]]);
        check("grid", 4, &[&[2, 1], &[3, 0], &[0, 3], &[1, 2]]);
        check("tree", 5, &[&[1, 2], &[0, 3, 4], &[0], &[1], &[1]]);
        check("tree2", 3, &[&[1, 2], &[0], &[0]]);
        check("tree3", 5, &[&[1, 2, 3], &[0, 4], &[0], &[0], &[1]]);
        check(
            "tree4",
            6,
            &[&[1, 2, 3, 4], &[0, 5], &[0], &[0], &[0], &[1]],
        );
        check("total", 3, &[&[1, 2], &[0, 2], &[0, 1]]);
    }

    #[test]
    fn names_are_read_and_written() {
        for name in ["line", "grid", "tree2", "tree3", "tree4", "total"] {
            assert_eq!(name.parse::<Topology>().unwrap().to_string(), name);
        }
        assert_eq!(
            "ring".parse::<Topology>().unwrap_err().to_string(),
            "expected a topology (line, grid, tree, tree2, tree3, tree4, total), found `ring`"
        );
    }

    #[test]
    fn names_of_neighbours_start_where_the_cluster_does() {
        let neighbours = Topology::Line.neighbours(Cluster { count: 2, first: 1 });
        let expected = [
            ("n1".to_owned(), vec!["n2".to_owned()]),
            ("n2".to_owned(), vec!["n1".to_owned()]),
        ];
        assert_eq!(neighbours, IndexMap::from(expected));
    }
}
