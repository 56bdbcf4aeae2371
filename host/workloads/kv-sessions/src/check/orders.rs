//! The orders of the writes to each key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// For each key which write comes before which, and an operation that shows it.
#[derive(Debug, Default)]
pub(crate) struct Orders(BTreeMap<u64, BTreeMap<usize, BTreeMap<usize, u64>>>);

impl Orders {
    /// A write comes before a later one, as this operation shows.
    pub(crate) fn add(&mut self, key: u64, earlier: usize, later: usize, op: u64) {
        let of_key = self.0.entry(key).or_default();
        of_key
            .entry(earlier)
            .or_default()
            .entry(later)
            .or_insert(op);
    }

    /// The keys whose orders go round, with the operations that show it.
    pub(crate) fn cycles(&self) -> Vec<(u64, Vec<u64>)> {
        let cycles = self.0.iter().filter_map(|(key, order)| {
            let mut ops = cycle(order)?;
            ops.sort_unstable();
            ops.dedup();
            Some((*key, ops))
        });
        cycles.collect()
    }
}

/// The operations along a shortest cycle, if there is one.
fn cycle(order: &BTreeMap<usize, BTreeMap<usize, u64>>) -> Option<Vec<u64>> {
    let cycles = order
        .keys()
        .filter_map(|start| shortest_from(order, *start));
    cycles.min_by_key(Vec::len)
}

/// The operations along a shortest way from a write to itself.
fn shortest_from(order: &BTreeMap<usize, BTreeMap<usize, u64>>, start: usize) -> Option<Vec<u64>> {
    let mut reached: BTreeMap<usize, (usize, u64)> = BTreeMap::new();
    let mut queue = vec![start];
    let mut at = 0;
    while let Some(&write) = queue.get(at) {
        at += 1;
        for (&later, &op) in order.get(&write).into_iter().flatten() {
            if later == start {
                let mut ops = vec![op];
                let mut place = write;
                while place != start {
                    let (before, op) = reached[&place];
                    ops.push(op);
                    place = before;
                }
                return Some(ops);
            }
            if let Entry::Vacant(new) = reached.entry(later) {
                new.insert((write, op));
                queue.push(later);
            }
        }
    }
    None
}
