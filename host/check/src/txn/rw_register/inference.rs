//! What can be inferred of the order of versions, and what that says about transactions.
//!
//! - The initial value, nil, comes before all others.
//! - A transaction that reads a version and then writes the key makes a later version.
//! - Strictly also: whatever version a transaction saw or made before it writes a key is an earlier
//!   one, be it seen in its first read or not; and a version by somebody else that it reads after
//!   writing the key is a later one than its own. That is what shows a G0 of transactions whose
//!   writes interleave: Maelstrom looks only at the first read and the last write
//!   (its issue 56), where every ww edge is a wr edge as well.
//! - Strictly also, a transaction without an answer took place if something it wrote was read.
//! - Under models with an order of time, strictly, that order too: see `in_time`.
//!
//! All but the first are assumptions, as Elle says of them; a key of which they contradict each
//! other tells nothing. By Maelstrom's rules, then no key does.

use std::collections::{HashMap, HashSet};

use crate::components::Components;
use crate::history::Kind;
use crate::txn::anomaly::Reach;
use crate::txn::parse::{KeyId, Mop, TxnId, Txns, WriteId, count};
use crate::validity::Checks;
use crate::value::Value;

use super::reads::Accesses;

/// The number of a version: that of its write, or one beyond all writes for what nobody wrote.
pub(super) type VersionId = u32;

/// That one version comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    pub(super) after: VersionId,
    pub(super) before: VersionId,
    pub(super) key: KeyId,
    pub(super) evidence: Evidence,
}

/// What shows that one version comes before another; the better evidence first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// This transaction: it wrote the later one after reading the earlier one, or read the later one
    /// after writing the earlier one.
    Within(TxnId),
    /// Two transactions of which one came before the other (see `in_time`).
    InTime(InTime),
}

/// A transaction that had the earlier version, and one after it that had the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InTime {
    pub(super) first: Touch,
    pub(super) then: Touch,
    /// Why one came before the other.
    pub(super) reach: Reach,
}

/// That a transaction read or wrote a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Touch {
    pub(super) txn: TxnId,
    pub(super) is_read: bool,
}

/// Versions of a key, each before the next, in a circle.
pub(super) type Circle = (KeyId, Vec<VersionId>);

/// A read of a version; `None` is nil.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) txn: TxnId,
    pub(super) key: KeyId,
    pub(super) version: Option<VersionId>,
}

#[derive(Clone)]
pub(super) struct Versions<'t, 'h> {
    pub(super) txns: &'t Txns<'h>,
    /// For each write, whether it is a version that others may see: that it took place, and by
    /// Maelstrom's rules also that its transaction does not overwrite it.
    is_version: Vec<bool>,
    unwritten: Vec<&'h Value>,
    unwritten_ids: HashMap<(KeyId, &'h Value), VersionId>,
    /// Sorted by transactions.
    pub(super) reads: Vec<Read>,
    /// Sorted by the later version; each pair of versions once.
    pub(super) orders: Vec<Order>,
    /// Versions in a circle, by key.
    pub(super) circles: Vec<Circle>,
}

impl<'t, 'h> Versions<'t, 'h> {
    pub(super) fn of(txns: &'t Txns<'h>, accesses: &Accesses<'h>, rules: Checks) -> Self {
        let mut versions = Self {
            txns,
            is_version: vec![false; txns.writes.len()],
            unwritten: Vec::new(),
            unwritten_ids: HashMap::new(),
            reads: Vec::new(),
            orders: Vec::new(),
            circles: Vec::new(),
        };
        versions.take_place(rules);
        let (external_reads, read_then_wrote) = versions.external(accesses);
        let (reads, within) = match rules {
            Checks::Strict => versions.within_transactions(),
            Checks::Maelstrom => (external_reads, Vec::new()),
        };
        versions.reads = reads;
        versions.settle(read_then_wrote, within, rules);
        versions
    }

    fn take_place(&mut self, rules: Checks) {
        let txns = self.txns;
        let mut took_place: Vec<bool> = txns.ids().map(|txn| txns.is_ok(txn)).collect();
        if rules == Checks::Strict {
            let reads = txns.oks().flat_map(|txn| txns.mops(txn));
            let written = reads.filter_map(|mop| match *mop {
                Mop::Read { key, value } => txns.find(key, value),
                Mop::Write { .. } => None,
            });
            for write in written {
                let writer = txns.write(write).txn;
                took_place[writer as usize] |= txns.txn(writer).kind == Kind::Info;
            }
        }
        for (is_version, write) in self.is_version.iter_mut().zip(&txns.writes) {
            *is_version = took_place[write.txn as usize]
                && (rules == Checks::Strict || !write.is_intermediate);
        }
    }

    fn version(&mut self, key: KeyId, value: &'h Value) -> Option<VersionId> {
        if *value == Value::Nil {
            return None;
        }
        let next = count(self.txns.writes.len() + self.unwritten.len());
        Some(self.txns.find(key, value).unwrap_or_else(|| {
            *self.unwritten_ids.entry((key, value)).or_insert_with(|| {
                self.unwritten.push(value);
                next
            })
        }))
    }

    /// The external reads, and the orders of those who then wrote the same key.
    fn external(&mut self, accesses: &Accesses<'h>) -> (Vec<Read>, Vec<Order>) {
        let last_writes: HashMap<(TxnId, KeyId), WriteId> = accesses
            .writes
            .iter()
            .map(|&(txn, key, write)| ((txn, key), write))
            .collect();
        let (mut reads, mut orders) = (Vec::new(), Vec::new());
        for &(txn, key, value) in &accesses.reads {
            let version = self.version(key, value);
            reads.push(Read { txn, key, version });
            if let (Some(before), Some(&after)) = (version, last_writes.get(&(txn, key)))
                && before != after
            {
                orders.push(Order {
                    after,
                    before,
                    key,
                    evidence: Evidence::Within(txn),
                });
            }
        }
        (reads, orders)
    }

    /// All reads of versions by others, and the orders in which transactions saw and made versions.
    fn within_transactions(&mut self) -> (Vec<Read>, Vec<Order>) {
        let txns = self.txns;
        let (mut reads, mut orders) = (Vec::new(), Vec::new());
        for by in txns.oks() {
            // For each key, the transaction's last write, and what it read since.
            let mut known: HashMap<KeyId, (Option<WriteId>, Vec<VersionId>)> = HashMap::new();
            for mop in txns.mops(by) {
                match *mop {
                    Mop::Read { key, value } => {
                        let version = self.version(key, value);
                        let own = version.and_then(|version| self.writer_of(version)) == Some(by);
                        let (wrote, seen) = known.entry(key).or_default();
                        if own || (version.is_none() && wrote.is_some()) {
                            continue;
                        }
                        let read = Read {
                            txn: by,
                            key,
                            version,
                        };
                        reads.push(read);
                        let Some(after) = version else { continue };
                        if seen.last() != Some(&after) {
                            seen.push(after);
                        }
                        orders.extend(wrote.map(|before| Order {
                            after,
                            before,
                            key,
                            evidence: Evidence::Within(by),
                        }));
                    }
                    Mop::Write { key, write } => {
                        let (wrote, seen) = known.entry(key).or_default();
                        let earlier = wrote.iter().copied().chain(seen.drain(..));
                        orders.extend(earlier.map(|before| Order {
                            after: write,
                            before,
                            key,
                            evidence: Evidence::Within(by),
                        }));
                        *wrote = Some(write);
                    }
                }
            }
        }
        (reads, orders)
    }

    /// Keeps the orders that do not contradict each other.
    fn settle(&mut self, external: Vec<Order>, within: Vec<Order>, rules: Checks) {
        self.circles = self.circles_in(&external);
        let keys_of = |circles: &[Circle]| -> HashSet<KeyId> {
            circles.iter().map(|&(key, _)| key).collect()
        };
        let circular = keys_of(&self.circles);
        let circular_within = keys_of(&self.circles_in(&within));
        let mut orders = external;
        orders.retain(|order| match rules {
            Checks::Maelstrom => circular.is_empty(),
            Checks::Strict => !circular.contains(&order.key),
        });
        orders.extend(within.into_iter().filter(|order| {
            !circular.contains(&order.key) && !circular_within.contains(&order.key)
        }));
        self.orders = orders;
        self.arrange();
    }

    /// The same with more orders.
    pub(super) fn with(&self, orders: Vec<Order>) -> Self {
        let mut more = self.clone();
        more.orders.extend(orders);
        more.arrange();
        more
    }

    fn arrange(&mut self) {
        self.orders.sort_unstable();
        self.orders
            .dedup_by_key(|order| (order.after, order.before));
    }

    fn circles_in(&self, orders: &[Order]) -> Vec<Circle> {
        let mut sorted: Vec<(VersionId, VersionId)> = orders
            .iter()
            .map(|order| (order.before, order.after))
            .collect();
        sorted.sort_unstable();
        let versions = self.txns.writes.len() + self.unwritten.len();
        let mut starts = vec![0; versions + 1];
        for &(before, _) in &sorted {
            starts[before as usize + 1] += 1;
        }
        for at in 0..versions {
            starts[at + 1] += starts[at];
        }
        let components = Components::of(versions, |version, at| {
            let at = starts[version as usize] + at as usize;
            (at < starts[version as usize + 1]).then(|| Some(sorted[at].1))
        });
        let key_of: HashMap<VersionId, KeyId> = orders
            .iter()
            .map(|order| (order.before, order.key))
            .collect();
        let circles = components.nontrivial().into_iter();
        circles.map(|circle| (key_of[&circle[0]], circle)).collect()
    }

    /// Who wrote a version that others may see.
    pub(super) fn writer(&self, version: VersionId) -> Option<TxnId> {
        let is_version = self
            .is_version
            .get(version as usize)
            .copied()
            .unwrap_or(false);
        is_version.then(|| self.txns.write(version).txn)
    }

    pub(super) fn writer_of(&self, version: VersionId) -> Option<TxnId> {
        self.txns
            .writes
            .get(version as usize)
            .map(|write| write.txn)
    }

    pub(super) fn value(&self, version: VersionId) -> &'h Value {
        match self.txns.writes.get(version as usize) {
            Some(write) => write.value,
            None => self.unwritten[version as usize - self.txns.writes.len()],
        }
    }
}
