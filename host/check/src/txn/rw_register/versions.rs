//! Dependencies that the order of versions implies, cyclic versions, and the reasons for both.

use std::collections::BTreeMap;

use crate::txn::anomaly::{Anomaly, Reach};
use crate::txn::explain::{Explain, Named, Reason};
use crate::txn::findings::{Case, ELEMENTS_MAX, Findings, shortened};
use crate::txn::graph::{Builder, Labels};
use crate::txn::parse::{KeyId, Mop, TxnId};
use crate::value::Value;

use super::inference::{Evidence, InTime, Order, Read, Touch, VersionId, Versions};

impl Versions<'_, '_> {
    /// Versions each before the next, in a circle.
    pub(super) fn cyclic(&self, found: &mut Findings) {
        for (key, circle) in &self.circles {
            found.push(Anomaly::CyclicVersions, || {
                let key = self.txns.key(*key);
                let circle = &circle[..circle.len().min(ELEMENTS_MAX)];
                let values: Vec<Value> = circle
                    .iter()
                    .map(|&version| self.value(version).clone())
                    .collect();
                let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
                let writers = circle.iter().filter_map(|&version| self.writer_of(version));
                Case {
                    words: format!(
                        "each of the values {} of key {key} comes before the others: transactions \
                         read one and wrote the next",
                        shown.join(", ")
                    ),
                    key: Some(key.clone()),
                    values,
                    txns: writers.map(|txn| shortened(self.txns.op(txn))).collect(),
                    ..Case::default()
                }
            });
        }
    }

    /// Adds the ww, wr and rw edges.
    pub(super) fn link(&self, graph: &mut Builder) {
        let mut readers: BTreeMap<(KeyId, Option<VersionId>), Vec<TxnId>> = BTreeMap::new();
        for read in &self.reads {
            if let Some(writer) = read.version.and_then(|version| self.writer(version)) {
                graph.link(writer, read.txn, Labels::WR);
            }
            let readers = readers.entry((read.key, read.version)).or_default();
            if readers.last() != Some(&read.txn) {
                readers.push(read.txn);
            }
        }
        let mut overwriters: BTreeMap<(KeyId, Option<VersionId>), Vec<TxnId>> = BTreeMap::new();
        for (version, write) in (0..).zip(&self.txns.writes) {
            if let Some(writer) = self.writer(version) {
                overwriters
                    .entry((write.key, None))
                    .or_default()
                    .push(writer);
            }
        }
        for order in &self.orders {
            if let Some(writer) = self.writer(order.after) {
                let version = (order.key, Some(order.before));
                overwriters.entry(version).or_default().push(writer);
            }
        }
        for ((key, version), mut overwriters) in overwriters {
            overwriters.sort_unstable();
            overwriters.dedup();
            if let Some(writer) = version.and_then(|version| self.writer(version)) {
                graph.link_all(&[writer], &overwriters, Labels::WW);
            }
            if let Some(readers) = readers.get(&(key, version)) {
                graph.link_all(readers, &overwriters, Labels::RW);
            }
        }
    }

    fn reads_of(&self, txn: TxnId) -> &[Read] {
        let start = self.reads.partition_point(|read| read.txn < txn);
        let end = self.reads.partition_point(|read| read.txn <= txn);
        &self.reads[start..end]
    }

    fn orders_before(&self, version: VersionId) -> &[Order] {
        let start = self.orders.partition_point(|order| order.after < version);
        let end = self.orders.partition_point(|order| order.after <= version);
        &self.orders[start..end]
    }

    /// What shows an order, in words that go on after both versions were named.
    fn evidence(&self, order: Order, [a, b]: [Named<'_>; 2]) -> String {
        let name = |txn: TxnId| match [a, b].into_iter().find(|named| named.id == txn) {
            Some(named) => named.name.to_owned(),
            None => format!("op {}", self.txns.op(txn).index),
        };
        let (before, after) = (self.value(order.before), self.value(order.after));
        let by = match order.evidence {
            Evidence::Within(by) => by,
            Evidence::InTime(InTime { first, then, reach }) => {
                let did = |touch: Touch| if touch.is_read { "read" } else { "wrote" };
                let when = match reach {
                    Reach::Process => "the same process then began",
                    _ => "completed before the start of",
                };
                return format!(
                    "{} {} {before} and {when} {}, which {} {after}",
                    name(first.txn),
                    did(first),
                    name(then.txn),
                    did(then)
                );
            }
        };
        if self.writer_of(order.after) == Some(by) {
            format!("{} had {before} before it wrote {after}", name(by))
        } else {
            format!("{} wrote {before} and then read {after}", name(by))
        }
    }
}

impl Explain for Versions<'_, '_> {
    fn reason(&self, a: Named<'_>, b: Named<'_>, label: Labels) -> Option<Reason> {
        let reason = |key: KeyId, words: String| Reason {
            key: self.txns.key(key).clone(),
            words,
            unless: None,
        };
        if label == Labels::WR {
            return self.reads_of(b.id).iter().find_map(|read| {
                let version = read.version?;
                (self.writer(version) == Some(a.id)).then(|| {
                    let (key, value) = (self.txns.key(read.key), self.value(version));
                    let words = format!(
                        "{} wrote {value} to key {key} and {} read it",
                        a.name, b.name
                    );
                    reason(read.key, words)
                })
            });
        }
        let mut writes = self.txns.mops(b.id).iter().filter_map(|mop| match *mop {
            Mop::Write { key, write } if self.writer(write).is_some() => Some((key, write)),
            _ => None,
        });
        writes.find_map(|(key, write)| {
            let (name, value) = (self.txns.key(key), self.value(write));
            let read = |version: Option<VersionId>| {
                let mut reads = self.reads_of(a.id).iter();
                reads.any(|read| (read.key, read.version) == (key, version))
            };
            if label == Labels::RW && read(None) {
                let words = format!(
                    "{} read key {name} as nil, before any write, and {} wrote {value}",
                    a.name, b.name
                );
                return Some(reason(key, words));
            }
            self.orders_before(write).iter().find_map(|&order| {
                let before = self.value(order.before);
                let did = match label {
                    Labels::WW if self.writer(order.before) == Some(a.id) => "wrote",
                    Labels::RW if read(Some(order.before)) => "read",
                    _ => return None,
                };
                let words = format!(
                    "{} {did} {before} in key {name} and {} wrote {value} later: {}",
                    a.name,
                    b.name,
                    self.evidence(order, [a, b])
                );
                Some(Reason {
                    unless: order.unless(),
                    ..reason(key, words)
                })
            })
        })
    }
}
