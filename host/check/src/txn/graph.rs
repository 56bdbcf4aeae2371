//! Graphs of transactions: nodes are transactions, edges say why one comes before another.
//!
//! Beyond transactions a graph has *junctions*, nodes that stand for nothing and are passed for
//! free. They keep it linear where every transaction of one group precedes every one of another:
//! all that completed before an instant and all that began after it, or all that read a version and
//! all that overwrote it. No junction leads from a transaction back to itself.

/// Why an edge's source precedes its target; several reasons are several bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels(pub(super) u8);

impl Labels {
    /// Out of a junction, or between two: goes on with the reason that led into it.
    pub(super) const PASS: Self = Self(0);
    /// The target overwrote what the source wrote.
    pub(super) const WW: Self = Self(1);
    /// The target read what the source wrote.
    pub(super) const WR: Self = Self(2);
    /// The target overwrote what the source read.
    pub(super) const RW: Self = Self(4);
    /// The same process did both.
    pub(super) const PROCESS: Self = Self(8);
    /// The source completed before the target was invoked.
    pub(super) const REALTIME: Self = Self(16);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn is_pass(self) -> bool {
        self.0 == 0
    }

    /// Each of them alone.
    pub(super) fn each(self) -> impl Iterator<Item = Self> {
        (0..5)
            .map(|bit| Self(1 << bit))
            .filter(move |one| self.intersects(*one))
    }
}

/// Edges being gathered.
pub(super) struct Builder {
    nodes: u32,
    edges: Vec<(u32, u32, Labels)>,
    is_empty: bool,
}

/// With more pairs than this many times their number of members, two groups get junctions.
const PAIRS_PER_MEMBER: usize = 8;

impl Builder {
    pub(super) fn new(transactions: u32) -> Self {
        Self {
            nodes: transactions,
            edges: Vec::new(),
            is_empty: true,
        }
    }

    pub(super) fn junction(&mut self) -> u32 {
        self.nodes += 1;
        self.nodes - 1
    }

    /// Adds an edge, unless it would lead from a node to itself.
    pub(super) fn link(&mut self, from: u32, to: u32, labels: Labels) {
        self.is_empty = false;
        if from != to {
            self.edges.push((from, to, labels));
        }
    }

    /// Links each of `from` to each other of `to`. Both are sorted and have nothing twice.
    pub(super) fn link_all(&mut self, from: &[u32], to: &[u32], labels: Labels) {
        if from.len().saturating_mul(to.len()) <= PAIRS_PER_MEMBER * (from.len() + to.len()) {
            for &source in from {
                for &target in to {
                    self.link(source, target, labels);
                }
            }
            return;
        }
        // up_to[i] leads to the first i + 1 of `to`, and onward[i] to the i-th and those after it,
        // so that a source that is itself among them can leave itself out.
        let up_to: Vec<u32> = to.iter().map(|_| self.junction()).collect();
        let onward: Vec<u32> = to.iter().map(|_| self.junction()).collect();
        for (at, &target) in to.iter().enumerate() {
            self.link(up_to[at], target, Labels::PASS);
            self.link(onward[at], target, Labels::PASS);
            if at > 0 {
                self.link(up_to[at], up_to[at - 1], Labels::PASS);
                self.link(onward[at - 1], onward[at], Labels::PASS);
            }
        }
        for &source in from {
            match to.binary_search(&source) {
                Err(_) => self.link(source, onward[0], labels),
                Ok(at) => {
                    if let Some(before) = at.checked_sub(1) {
                        self.link(source, up_to[before], labels);
                    }
                    if let Some(&after) = onward.get(at + 1) {
                        self.link(source, after, labels);
                    }
                }
            }
        }
    }

    /// Whether nothing was linked, be it a transaction to itself.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    pub(super) fn finish(self) -> Graph {
        Graph::of(self.nodes, self.edges)
    }
}

/// A graph to walk through: the edges of each node in a row.
pub(super) struct Graph {
    /// Where the edges of each node begin, and where the last one's end.
    starts: Vec<u32>,
    edges: Vec<(u32, Labels)>,
}

impl Graph {
    /// Joins edges between the same nodes.
    fn of(nodes: u32, mut edges: Vec<(u32, u32, Labels)>) -> Self {
        edges.sort_unstable_by_key(|&(from, to, _)| (from, to));
        edges.dedup_by(|next, kept| {
            let is_same = (next.0, next.1) == (kept.0, kept.1);
            if is_same {
                kept.2 = kept.2.or(next.2);
            }
            is_same
        });
        let mut starts = vec![0; nodes as usize + 1];
        for &(from, ..) in &edges {
            starts[from as usize + 1] += 1;
        }
        for node in 0..nodes as usize {
            starts[node + 1] += starts[node];
        }
        Self {
            starts,
            edges: edges
                .into_iter()
                .map(|(_, to, labels)| (to, labels))
                .collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where a node's edges lead, and why, in the order of the targets.
    pub(super) fn edges(&self, node: u32) -> &[(u32, Labels)] {
        let at = node as usize;
        &self.edges[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Why `from` precedes `to` by edges of their own, without a junction.
    pub(super) fn between(&self, from: u32, to: u32) -> Labels {
        let edges = self.edges(from);
        edges
            .binary_search_by_key(&to, |&(target, _)| target)
            .map_or(Labels::PASS, |at| edges[at].1)
    }

    /// The part of the graph that has just these nodes, which are sorted. They are numbered anew.
    pub(super) fn part(&self, nodes: &[u32]) -> Self {
        let mut edges = Vec::new();
        for (from, &node) in (0..).zip(nodes) {
            for &(target, labels) in self.edges(node) {
                if let Ok(to) = nodes.binary_search(&target) {
                    edges.push((from, u32::try_from(to).unwrap_or(u32::MAX), labels));
                }
            }
        }
        Self::of(u32::try_from(nodes.len()).unwrap_or(u32::MAX), edges)
    }
}
