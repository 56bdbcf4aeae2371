//! Directed graphs over numbered nodes: strongly connected components, and short cycles in them.
//! It knows nothing of logs.

use std::collections::VecDeque;

use crate::components::Components;

/// A graph in compressed rows: the successors of node `n` are `edges[starts[n]..starts[n + 1]]`.
#[derive(Debug)]
pub(super) struct Graph {
    starts: Vec<usize>,
    edges: Vec<u32>,
}

impl Graph {
    /// The graph of these edges over the nodes below `node_count`.
    pub(super) fn new(node_count: usize, edges: &[(u32, u32)]) -> Self {
        let mut starts = vec![0; node_count + 1];
        for &(from, _) in edges {
            starts[from as usize + 1] += 1;
        }
        for node in 0..node_count {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut successors = vec![0; edges.len()];
        for &(from, to) in edges {
            successors[next[from as usize]] = to;
            next[from as usize] += 1;
        }
        Self {
            starts,
            edges: successors,
        }
    }

    /// The successors of a node.
    pub(super) fn successors(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.edges[self.starts[node]..self.starts[node + 1]]
    }

    fn node_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The strongly connected components of more than one node, each sorted, in the order of their
    /// least nodes.
    pub(super) fn components(&self) -> Vec<Vec<u32>> {
        Components::of(self.node_count(), |node, at| {
            self.successors(node).get(at as usize).copied().map(Some)
        })
        .nontrivial()
    }

    /// A shortest cycle through `start` within a component (sorted), as its nodes from `start` on.
    /// A step to a node that is not `counted` costs nothing.
    pub(super) fn cycle_through(
        &self,
        start: u32,
        component: &[u32],
        counted: impl Fn(u32) -> bool,
    ) -> Option<Vec<u32>> {
        let place = |node: u32| component.binary_search(&node).ok();
        let mut before: Vec<Option<u32>> = vec![None; component.len()];
        let mut costs = vec![usize::MAX; component.len()];
        let mut queue = VecDeque::from([(0, start)]);
        while let Some((cost, node)) = queue.pop_front() {
            if node == start && cost > 0 {
                break;
            }
            if place(node).is_some_and(|at| costs[at] < cost) {
                continue;
            }
            for &next in self.successors(node) {
                let Some(at) = place(next) else { continue };
                let next_cost = cost + usize::from(counted(next));
                if next_cost < costs[at] {
                    (costs[at], before[at]) = (next_cost, Some(node));
                    if counted(next) {
                        queue.push_back((next_cost, next));
                    } else {
                        queue.push_front((next_cost, next));
                    }
                }
            }
        }
        let mut cycle = Vec::new();
        let mut node = start;
        loop {
            node = before[place(node)?]?;
            cycle.push(node);
            if node == start {
                cycle.reverse();
                return Some(cycle);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Graph;

    #[test]
    fn components_are_found_and_single_nodes_left_out() {
        let edges = [
            (0, 1),
            (1, 2),
            (2, 0),
            (2, 3),
            (3, 4),
            (5, 6),
            (6, 5),
            (6, 4),
        ];
        let graph = Graph::new(7, &edges);
        assert_eq!(graph.components(), [vec![0, 1, 2], vec![5, 6]]);
    }

    #[test]
    fn components_are_those_of_reachability() {
        for seed in 0..200_u32 {
            let nodes = 1 + seed % 7;
            let mut state = seed;
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % nodes
            };
            let edges: Vec<(u32, u32)> = (0..seed % 15).map(|_| (random(), random())).collect();
            // By node, the set of nodes it reaches, a bit for each.
            let mut reaches = [0_u8; 7];
            for _ in 0..7 {
                for &(a, b) in &edges {
                    reaches[a as usize] |= 1 << b | reaches[b as usize];
                }
            }
            let reaches = |a: u32, b: u32| reaches[a as usize] >> b & 1 == 1;
            let both = |a: u32, b: u32| reaches(a, b) && reaches(b, a);
            let mut expected: Vec<Vec<u32>> = (0..nodes)
                .map(|a| (0..nodes).filter(|&b| a == b || both(a, b)).collect())
                .filter(|component: &Vec<u32>| component.len() > 1)
                .collect();
            expected.sort();
            expected.dedup();
            let graph = Graph::new(nodes as usize, &edges);
            assert_eq!(graph.components(), expected, "{edges:?}");
            for component in expected {
                for &start in &component {
                    let cycle = graph.cycle_through(start, &component, |_| true);
                    let cycle = cycle.expect("a component has a cycle through each node");
                    assert_eq!(cycle[0], start);
                    for (a, b) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                        assert!(graph.successors(*a).contains(b), "{edges:?} {cycle:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let edges: Vec<(u32, u32)> = (0..1_000_000).map(|node| (node, node + 1)).collect();
        assert_eq!(
            Graph::new(1_000_001, &edges).components(),
            Vec::<Vec<u32>>::new()
        );
    }
}
