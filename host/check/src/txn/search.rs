//! The search for a shortest cycle of a class, within one strongly connected part of a graph.
//!
//! Elle walks from every transaction along every path, with a time limit. Here, first, the edges
//! that no such cycle has are set aside in linear time: a cycle lies in one component of the graph
//! of the edges it may have (where anti-dependencies must not follow each other, of the product of
//! that graph with "did one just go before"). Then, from each edge that such a cycle must have, a
//! breadth-first search over pairs of a node and the state of the automaton of [`Spec`] looks for
//! the shortest way back. A shortest walk that is accepted could still visit a transaction twice;
//! such a walk is made of two cycles and is not reported as one.

use std::collections::VecDeque;

use crate::components::Components;

use super::graph::{Graph, Labels};
use super::spec::{Spec, State};

/// How many steps (edges looked at) the search for one class in one component may take.
pub(super) const STEPS_MAX: u64 = 1 << 23;

/// How many steps may be spent on looking for a shorter cycle when there is one.
const SHORTER_STEPS_MAX: u64 = 1 << 18;

/// A cycle: its nodes, each with the reason why it precedes the next one, the last the first.
pub(super) type Walk = Vec<(u32, Labels)>;

/// What became of a search.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The shortest cycle that was found.
    Cycle(Walk),
    /// There is none.
    Nothing,
    /// The steps were spent.
    Unknown,
}

/// A strongly connected part of a graph: transactions first, then junctions.
pub(super) struct Part<'a> {
    pub(super) graph: &'a Graph,
    /// How many of the nodes are transactions.
    pub(super) transactions: u32,
}

impl Part<'_> {
    /// Looks for a cycle, spending `steps`. When they are spent before one was found, there still is
    /// a closed walk of edges that such a cycle may have, in an order they may have: what `elle.txn`
    /// calls that a cycle exists.
    pub(super) fn search(&self, spec: Spec, steps: &mut u64) -> Found {
        let anchors = self.anchors(spec);
        if anchors.is_empty() {
            return Found::Nothing;
        }
        let mut search = Search {
            part: self,
            spec,
            marks: vec![0; self.graph.len() * State::COUNT],
            round: 0,
            visits: Vec::new(),
        };
        let mut best: Option<Walk> = None;
        let mut left = (*steps).min(STEPS_MAX);
        let mut kept_back = *steps - left;
        for (from, to, label) in anchors {
            let length_max = best.as_ref().map_or(usize::MAX, |walk| walk.len() - 1);
            if length_max < 2 || left == 0 {
                break;
            }
            if let Some(walk) = search.back(from, to, label, length_max, &mut left) {
                best = Some(walk);
                kept_back += left.saturating_sub(SHORTER_STEPS_MAX);
                left = left.min(SHORTER_STEPS_MAX);
            }
        }
        *steps = kept_back + left;
        match best {
            Some(walk) => Found::Cycle(walk),
            None if left == 0 => Found::Unknown,
            None => Found::Nothing,
        }
    }

    /// The edges that a cycle may begin with: source, target, reason.
    fn anchors(&self, spec: Spec) -> Vec<(u32, u32, Labels)> {
        let nodes = u32::try_from(self.graph.len()).unwrap_or(u32::MAX);
        let anchor = spec.anchor();
        // Node `n` is state 2n, or 2n + 1 if an anti-dependency led there that must be the last.
        let after = |(to, labels): (u32, Labels)| {
            let usable = spec.usable(labels);
            2 * to + u32::from(spec.is_apart() && usable == Labels::RW)
        };
        let target = |taken: u32, edge: (u32, Labels)| {
            if edge.1.is_pass() {
                return Some(2 * edge.0 + taken);
            }
            let usable = spec.usable(edge.1);
            let is_second = taken == 1 && usable == Labels::RW;
            (!usable.is_pass() && !is_second).then(|| after(edge))
        };
        let components = Components::of(self.graph.len() * 2, |state, at| {
            let (node, taken) = (state / 2, state % 2);
            let edge = self.graph.edges(node).get(at as usize)?;
            Some(target(taken, *edge))
        });
        let mut anchors = Vec::new();
        for node in 0..nodes.min(self.transactions) {
            for &(to, labels) in self.graph.edges(node) {
                let is_anchor = spec.usable(labels).intersects(anchor);
                if is_anchor && components.are_together(2 * node, after((to, labels))) {
                    anchors.push((node, to, anchor));
                }
            }
        }
        anchors
    }
}

/// A state reached by a search, and how.
#[derive(Clone, Copy)]
struct Visit {
    node: u32,
    state: State,
    length: usize,
    /// The visit before, and the reason for the step from there; the first one has none.
    from: Option<(usize, Labels)>,
}

struct Search<'a> {
    part: &'a Part<'a>,
    spec: Spec,
    /// For each node and state, the last round that settled it.
    marks: Vec<u32>,
    round: u32,
    visits: Vec<Visit>,
}

impl Search<'_> {
    /// The shortest way on from the edge `from → to` and back to `from`, of at most `length_max`
    /// steps in all.
    fn back(
        &mut self,
        from: u32,
        to: u32,
        label: Labels,
        length_max: usize,
        budget: &mut u64,
    ) -> Option<Walk> {
        self.round += 1;
        self.visits.clear();
        let state = self.spec.step(State::START, label)?;
        self.visits.push(Visit {
            node: to,
            state,
            length: 1,
            from: None,
        });
        // Steps out of junctions are free, so they go first.
        let mut open = VecDeque::from([0]);
        while let Some(at) = open.pop_front() {
            let visit = self.visits[at];
            let mark = &mut self.marks[visit.node as usize * State::COUNT + visit.state.code()];
            if std::mem::replace(mark, self.round) == self.round {
                continue;
            }
            if visit.node == from {
                if self.spec.accepts(visit.state)
                    && let Some(walk) = self.walk(from, label, at)
                {
                    return Some(walk);
                }
                continue;
            }
            for &(next, labels) in self.part.graph.edges(visit.node) {
                *budget = budget.checked_sub(1)?;
                if labels.is_pass() {
                    self.visits.push(Visit {
                        node: next,
                        from: Some((at, labels)),
                        ..visit
                    });
                    open.push_front(self.visits.len() - 1);
                    continue;
                }
                if visit.length >= length_max {
                    continue;
                }
                for label in self.spec.usable(labels).each() {
                    let Some(state) = self.spec.step(visit.state, label) else {
                        continue;
                    };
                    let mark = self.marks[next as usize * State::COUNT + state.code()];
                    if mark != self.round {
                        self.visits.push(Visit {
                            node: next,
                            state,
                            length: visit.length + 1,
                            from: Some((at, label)),
                        });
                        open.push_back(self.visits.len() - 1);
                    }
                }
            }
        }
        None
    }

    /// The transactions of the way that led to the visit `last`, unless one comes twice or an
    /// anti-dependency is none by itself (see [`Spec::usable`]).
    fn walk(&self, first: u32, label: Labels, last: usize) -> Option<Walk> {
        let mut backwards = Vec::new();
        let mut at = last;
        while let Some((before, label)) = self.visits[at].from {
            backwards.push((self.visits[before].node, label));
            at = before;
        }
        // A step out of a junction goes on with the reason for the step into it.
        let mut walk = vec![(first, label)];
        let steps = backwards.into_iter().rev();
        walk.extend(steps.filter(|&(node, _)| node < self.part.transactions));
        let mut nodes: Vec<u32> = walk.iter().map(|&(node, _)| node).collect();
        nodes.sort_unstable();
        let is_simple = nodes.windows(2).all(|pair| pair[0] != pair[1]);
        let follows = |at: usize| walk[(at + 1) % walk.len()].0;
        let is_anti = |(at, &(node, label)): (usize, &(u32, Labels))| {
            let direct = self.part.graph.between(node, follows(at));
            label != Labels::RW || !direct.intersects(Labels::WW.or(Labels::WR))
        };
        (is_simple && walk.iter().enumerate().all(is_anti)).then_some(walk)
    }
}
