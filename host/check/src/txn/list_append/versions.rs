//! The order of the versions of each key, and what it says about transactions.

use std::collections::HashMap;

use crate::history::{Kind, Op};
use crate::txn::anomaly::Anomaly;
use crate::txn::findings::{Case, Findings, shortened, shortened_list};
use crate::txn::graph::{Builder, Labels};
use crate::txn::parse::{KeyId, TxnId, WriteId, count};
use crate::value::Value;

use super::lists::{ElementId, Lists};

/// The versions of the keys. A version is called by its last element.
pub(super) struct Versions<'l, 't, 'h> {
    pub(super) lists: &'l Lists<'t, 'h>,
    /// For each key, the lists read, from short to long; as long ones in the order of the reads.
    by_key: Vec<Vec<u32>>,
    /// For each key, the elements of its longest list in order, repetitions left out.
    orders: Vec<Vec<ElementId>>,
    /// For each element, where it is in the order of its key.
    positions: Vec<Option<u32>>,
}

impl<'l, 't, 'h> Versions<'l, 't, 'h> {
    pub(super) fn of(lists: &'l Lists<'t, 'h>) -> Self {
        let mut by_key: Vec<Vec<u32>> = vec![Vec::new(); lists.txns.keys.len()];
        for (id, list) in lists.all() {
            by_key[list.key as usize].push(id);
        }
        let mut positions = vec![None; lists.element_count()];
        let orders = by_key
            .iter_mut()
            .map(|ids| {
                ids.sort_by_key(|&id| lists.elements(id).len());
                let longest = ids.last().map_or(&[][..], |&id| lists.elements(id));
                let mut order = Vec::with_capacity(longest.len());
                for &element in longest {
                    let position = &mut positions[element as usize];
                    if position.is_none() {
                        *position = Some(count(order.len()));
                        order.push(element);
                    }
                }
                order
            })
            .collect();
        Self {
            lists,
            by_key,
            orders,
            positions,
        }
    }

    /// The version that an append made the next one of: `None` for the empty list. What was never
    /// read came after everything that was.
    pub(super) fn before(&self, write: WriteId) -> Option<ElementId> {
        let order = &self.orders[self.lists.txns.write(write).key as usize];
        match self.positions[write as usize] {
            Some(0) => None,
            Some(at) => Some(order[at as usize - 1]),
            None => order.last().copied(),
        }
    }

    /// Whether a read shows what was appended.
    pub(super) fn was_read(&self, write: WriteId) -> bool {
        self.positions[write as usize].is_some()
    }

    /// Two reads of a key of which neither is a prefix of the other; one case for each key.
    pub(super) fn incompatible_orders(&self, found: &mut Findings) {
        for (key, ids) in self.by_key.iter().enumerate() {
            let is_fork = |pair: &&[u32]| {
                let (short, long) = (self.lists.elements(pair[0]), self.lists.elements(pair[1]));
                !long.starts_with(short)
            };
            let Some(&[a, b]) = ids.windows(2).find(is_fork) else {
                continue;
            };
            found.push(Anomaly::IncompatibleOrder, || {
                let key = self.lists.txns.keys[key];
                let values: Vec<Value> = [a, b]
                    .map(|list| shortened_list(self.lists.list(list).value.clone()))
                    .into();
                let reader = |list| {
                    let mut reads = self.lists.reads.iter();
                    reads
                        .find(|read| read.list == Some(list))
                        .map(|read| read.txn)
                };
                let readers: Vec<TxnId> = [a, b].into_iter().filter_map(reader).collect();
                Case {
                    words: format!(
                        "key {key} was read as {} and as {}: neither goes on from the other",
                        values[0], values[1]
                    ),
                    key: Some(key.clone()),
                    values,
                    txns: self.ops(&readers),
                    ..Case::default()
                }
            });
        }
    }

    /// An acknowledged append that goes on from one that failed. What may or may not have happened
    /// in between does not matter.
    pub(super) fn dirty_updates(&self, found: &mut Findings) {
        for (key, order) in self.orders.iter().enumerate() {
            let mut failed: Option<ElementId> = None;
            for &element in order {
                let kind = self
                    .lists
                    .writer(element)
                    .map(|txn| self.lists.txns.txn(txn).kind);
                match (kind, failed) {
                    (Some(Kind::Fail), None) => failed = Some(element),
                    (Some(Kind::Ok), Some(aborted)) => {
                        failed = None;
                        found.push(Anomaly::DirtyUpdate, || {
                            self.dirty_update(key, aborted, element)
                        });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Strictly: a transaction appended to a key twice, and what it appended later was read earlier,
    /// or was read and the other never. Elle relates no transaction to itself.
    pub(super) fn own_orders(&self, found: &mut Findings) {
        let mut last: HashMap<(TxnId, KeyId), WriteId> = HashMap::new();
        for (write, it) in (0..).zip(&self.lists.txns.writes) {
            if self.lists.possible_writer(write).is_none() {
                continue;
            }
            let Some(before) = last.insert((it.txn, it.key), write) else {
                continue;
            };
            let [first, second] = [before, write].map(|it| self.positions[it as usize]);
            if second.is_some() && first.is_none_or(|first| Some(first) > second) {
                found.push(Anomaly::Internal, || self.own_order(it.key, before, write));
            }
        }
    }

    fn own_order(&self, key: KeyId, before: WriteId, write: WriteId) -> Case {
        let txn = self.lists.txns.write(write).txn;
        let values = [before, write].map(|element| self.lists.value(element).clone());
        let key = self.lists.txns.key(key);
        Case {
            words: format!(
                "op {} appended {} and then {} to key {key}, and reads show {} without the other \
                 before it",
                self.lists.txns.op(txn).index,
                values[0],
                values[1],
                values[1]
            ),
            key: Some(key.clone()),
            values: values.into(),
            txns: self.ops(&[txn]),
            ..Case::default()
        }
    }

    fn dirty_update(&self, key: usize, aborted: ElementId, element: ElementId) -> Case {
        let key = self.lists.txns.keys[key];
        let values: Vec<Value> = [aborted, element]
            .map(|element| self.lists.value(element).clone())
            .into();
        let writers = [aborted, element]
            .into_iter()
            .filter_map(|it| self.lists.writer(it));
        let ops = self.ops(&writers.collect::<Vec<_>>());
        let index = |at: usize| ops.get(at).map_or(0, |op| op.index);
        Case {
            words: format!(
                "op {} appended {} to key {key} after {}, which op {} had appended and failed",
                index(1),
                values[1],
                values[0],
                index(0)
            ),
            key: Some(key.clone()),
            values,
            txns: ops,
            ..Case::default()
        }
    }

    /// Adds the ww, wr and rw edges.
    pub(super) fn link(&self, graph: &mut Builder) {
        let lists = self.lists;
        let (by_element, by_key) = self.readers();
        let mut unread: Vec<Vec<TxnId>> = vec![Vec::new(); lists.txns.keys.len()];
        for (write, it) in (0..).zip(&lists.txns.writes) {
            let Some(txn) = lists.possible_writer(write) else {
                continue;
            };
            let before = self.before(write);
            if let Some(writer) = before.and_then(|element| lists.possible_writer(element))
                && writer != txn
            {
                graph.link(writer, txn, Labels::WW);
            }
            if self.positions[write as usize].is_none() {
                unread[it.key as usize].push(txn);
                continue;
            }
            let readers = before.map_or(&by_key[it.key as usize], |at| &by_element[at as usize]);
            self.overwrite(readers, &[txn], graph);
        }
        for (key, mut writers) in unread.into_iter().enumerate() {
            writers.dedup();
            let last = self.orders[key].last();
            let readers = last.map_or(&by_key[key], |&last| &by_element[last as usize]);
            self.overwrite(readers, &writers, graph);
        }
        for read in &lists.reads {
            let last = read.list.and_then(|list| lists.elements(list).last());
            if let Some(writer) = last.and_then(|&element| lists.possible_writer(element))
                && writer != read.txn
            {
                graph.link(writer, read.txn, Labels::WR);
            }
        }
    }

    /// Links readers of a version to the writers of the next one. A transaction that overwrites
    /// what it read itself relates nothing.
    fn overwrite(&self, readers: &[TxnId], writers: &[TxnId], graph: &mut Builder) {
        if readers != writers || readers.len() > 1 {
            graph.link_all(readers, writers, Labels::RW);
        }
    }

    /// For each element, who read a list that ends with it; for each key, who read none. Sorted,
    /// nobody twice.
    fn readers(&self) -> (Vec<Vec<TxnId>>, Vec<Vec<TxnId>>) {
        let mut by_element = vec![Vec::new(); self.lists.element_count()];
        let mut by_key = vec![Vec::new(); self.lists.txns.keys.len()];
        for read in &self.lists.reads {
            let last = read.list.and_then(|list| self.lists.elements(list).last());
            let readers: &mut Vec<TxnId> = match last {
                Some(&element) => &mut by_element[element as usize],
                None => &mut by_key[read.key as usize],
            };
            if readers.last() != Some(&read.txn) {
                readers.push(read.txn);
            }
        }
        (by_element, by_key)
    }

    fn ops(&self, txns: &[TxnId]) -> Vec<Op> {
        txns.iter()
            .map(|&txn| shortened(self.lists.txns.op(txn)))
            .collect()
    }
}
