//! The cycles of a graph of transactions, one of each class in each strongly connected component,
//! unless a worse one implies it. After `elle.txn`.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::Components;

use super::anomaly::{Anomaly, Class, Reach};
use super::graph::Graph;
use super::lattice::ruled_out;
use super::model::Model;
use super::search::{Found, Part, Walk};
use super::spec::Spec;

/// How many steps all searches in one history may take.
const STEPS_MAX: u64 = 1 << 27;

/// What was found in a graph.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    /// For each class, a shortest cycle of each component that has one.
    pub(super) found: BTreeMap<Anomaly, Vec<Walk>>,
    /// Models that some cycle breaks which was not singled out, and how many transactions the
    /// smallest component has in which it must be.
    pub(super) exist: BTreeMap<Model, usize>,
    /// What may be there as well: the steps were spent before that was known.
    pub(super) unsearched: BTreeSet<Anomaly>,
}

impl Cycles {
    /// Searches a graph of which the first `transactions` nodes are transactions, and whose edges
    /// beyond dependencies are those of `reach`.
    pub(super) fn of(graph: &Graph, transactions: u32, reach: Reach) -> Self {
        let components = Components::of(graph.len(), |node, at| {
            let edge = graph.edges(node).get(at as usize);
            edge.map(|&(target, _)| Some(target))
        });
        let mut cycles = Self::default();
        let mut steps = STEPS_MAX;
        for nodes in components.nontrivial() {
            let in_part = nodes.partition_point(|&node| node < transactions);
            let part = Part {
                graph: &graph.part(&nodes),
                transactions: u32::try_from(in_part).unwrap_or(u32::MAX),
            };
            cycles.search(&part, &nodes, reach, &mut steps);
        }
        let found = cycles.found.keys().copied();
        let proved = ruled_out(found);
        cycles.exist.retain(|model, _| !proved.contains(model));
        cycles
    }

    fn search(&mut self, part: &Part<'_>, nodes: &[u32], reach: Reach, steps: &mut u64) {
        let mut implied: BTreeSet<Anomaly> = BTreeSet::new();
        for spec in Spec::all(reach) {
            let anomaly = spec.anomaly();
            if implied.contains(&anomaly) {
                continue;
            }
            match part.search(spec, steps) {
                Found::Nothing => {}
                Found::Cycle(walk) => {
                    implied.extend(anomaly.closure());
                    let walk = walk
                        .into_iter()
                        .map(|(node, label)| (nodes[node as usize], label));
                    self.found.entry(anomaly).or_default().push(walk.collect());
                }
                Found::Unknown => {
                    self.unsearched.insert(anomaly);
                    let size = part.transactions as usize;
                    let smallest = self.exist.entry(broken_by(spec)).or_insert(size);
                    *smallest = size.min(*smallest);
                }
            }
        }
    }
}

/// The weakest model that forbids closed walks of this kind.
fn broken_by(spec: Spec) -> Model {
    match (spec.class, spec.reach) {
        (Class::G0, Reach::Data) => Model::ReadUncommitted,
        (Class::G0, Reach::Process) => Model::StrongSessionReadUncommitted,
        (Class::G0, Reach::Realtime) => Model::StrongReadUncommitted,
        (Class::G1c, Reach::Data) => Model::ReadCommitted,
        (Class::G1c, Reach::Process) => Model::StrongSessionReadCommitted,
        (Class::G1c, Reach::Realtime) => Model::StrongReadCommitted,
        (Class::G2Item | Class::G2, Reach::Data) => Model::RepeatableRead,
        (Class::G2Item | Class::G2, Reach::Process) => Model::StrongSessionSerializable,
        (Class::G2Item | Class::G2, Reach::Realtime) => Model::StrictSerializable,
        (_, Reach::Data) => Model::SnapshotIsolation,
        (_, Reach::Process) => Model::StrongSessionSnapshotIsolation,
        (_, Reach::Realtime) => Model::StrongSnapshotIsolation,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::graph::{Builder, Labels};
    use super::super::spec::State;
    use super::*;

    /// Whether some cycle that visits no node twice is of this kind: every path is tried.
    fn exists(graph: &Graph, spec: Spec, path: &mut Vec<u32>, state: State) -> bool {
        let last = path[path.len() - 1];
        graph.edges(last).iter().any(|&(next, labels)| {
            spec.usable(labels).each().any(|label| {
                let is_start = path.len() > 1 || label == spec.anchor();
                let Some(state) = spec.step(state, label).filter(|_| is_start) else {
                    return false;
                };
                if next == path[0] {
                    return spec.accepts(state);
                }
                if path.contains(&next) {
                    return false;
                }
                path.push(next);
                let found = exists(graph, spec, path, state);
                path.pop();
                found
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_exists_is_found(
            edges in prop::collection::vec((0..6_u32, 0..6_u32, 0..5_u32), 1..14),
            reach in prop::sample::select(Reach::ALL),
        ) {
            let mut builder = Builder::new(6);
            for (from, to, label) in edges {
                let label = match label {
                    0 => Labels::WW,
                    1 => Labels::WR,
                    2 | 3 => Labels::RW,
                    _ if reach == Reach::Process => Labels::PROCESS,
                    _ if reach == Reach::Realtime => Labels::REALTIME,
                    _ => Labels::WW,
                };
                builder.link(from, to, label);
            }
            let graph = builder.finish();
            let cycles = Cycles::of(&graph, 6, reach);
            prop_assert!(cycles.unsearched.is_empty());
            let implied: BTreeSet<Anomaly> =
                cycles.found.keys().flat_map(|anomaly| anomaly.closure()).collect();
            for spec in Spec::all(reach) {
                let is_there =
                    (0..6).any(|node| exists(&graph, spec, &mut vec![node], State::START));
                if is_there {
                    prop_assert!(implied.contains(&spec.anomaly()), "{:?}", spec.anomaly());
                } else {
                    prop_assert!(!cycles.found.contains_key(&spec.anomaly()), "{:?}", spec);
                }
            }
        }
    }
}
