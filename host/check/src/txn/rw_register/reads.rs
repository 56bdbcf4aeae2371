//! Anomalies that single transactions show, and their external reads and writes.

use std::collections::{HashMap, HashSet};

use crate::history::Kind;
use crate::txn::anomaly::{Anomaly, Class, Reach};
use crate::txn::findings::{Case, Findings, Step, label_name, shortened};
use crate::txn::graph::Labels;
use crate::txn::parse::{KeyId, Mop, TxnId, Txns, WriteId};
use crate::validity::Checks;
use crate::value::Value;

/// What transactions do to keys as seen from outside: the first read of a key that the transaction
/// has not written before, and its last write.
pub(super) struct Accesses<'h> {
    pub(super) reads: Vec<(TxnId, KeyId, &'h Value)>,
    pub(super) writes: Vec<(TxnId, KeyId, WriteId)>,
}

impl<'h> Accesses<'h> {
    /// Those of all transactions that may have taken place, in their order.
    pub(super) fn of(txns: &Txns<'h>) -> Self {
        let mut accesses = Self {
            reads: Vec::new(),
            writes: Vec::new(),
        };
        for txn in txns.ids().filter(|&txn| txns.txn(txn).kind != Kind::Fail) {
            let mut touched: HashSet<KeyId> = HashSet::new();
            for mop in txns.mops(txn) {
                let is_first = touched.insert(mop.key());
                match *mop {
                    Mop::Read { key, value } => {
                        if is_first && txns.is_ok(txn) {
                            accesses.reads.push((txn, key, value));
                        }
                    }
                    Mop::Write { key, write } => {
                        if !txns.write(write).is_intermediate {
                            accesses.writes.push((txn, key, write));
                        }
                    }
                }
            }
        }
        accesses
    }
}

/// Every read of an acknowledged transaction that shows a value.
fn values_read<'t, 'h>(
    txns: &'t Txns<'h>,
) -> impl Iterator<Item = (TxnId, KeyId, &'h Value)> + use<'t, 'h> {
    txns.oks().flat_map(|txn| {
        txns.mops(txn).iter().filter_map(move |mop| match *mop {
            Mop::Read { key, value } if *value != Value::Nil => Some((txn, key, value)),
            _ => None,
        })
    })
}

/// G1a: a read shows a value whose write failed.
pub(super) fn aborted(txns: &Txns<'_>, found: &mut Findings) {
    for (txn, key, value) in values_read(txns) {
        let writer = txns.find(key, value).map(|write| txns.write(write).txn);
        if let Some(writer) = writer.filter(|&it| txns.txn(it).kind == Kind::Fail) {
            found.push(Anomaly::G1a, || {
                of_read(txns, (txn, key, value), Some(writer), "which failed")
            });
        }
    }
}

/// G1b: a read shows a value that another transaction wrote and then overwrote itself.
pub(super) fn intermediate(txns: &Txns<'_>, found: &mut Findings) {
    for (txn, key, value) in values_read(txns) {
        let write = txns.find(key, value).map(|write| txns.write(write));
        if let Some(write) = write.filter(|it| it.is_intermediate && it.txn != txn) {
            found.push(Anomaly::G1b, || {
                let why = "which then overwrote it itself";
                of_read(txns, (txn, key, value), Some(write.txn), why)
            });
        }
    }
}

/// A read shows a value that nobody wrote.
pub(super) fn unwritten(txns: &Txns<'_>, found: &mut Findings) {
    for (txn, key, value) in values_read(txns) {
        if txns.find(key, value).is_none() {
            found.push(Anomaly::UnwrittenRead, || {
                of_read(txns, (txn, key, value), None, "")
            });
        }
    }
}

/// A read shows a value that its own transaction writes only later. Only the first of a transaction
/// counts.
pub(super) fn future(txns: &Txns<'_>, found: &mut Findings) {
    for txn in txns.oks() {
        let mut seen: HashMap<(KeyId, &Value), WriteId> = HashMap::new();
        let early = txns.mops(txn).iter().find_map(|mop| match *mop {
            Mop::Read { key, value } => {
                let write = txns.find(key, value)?;
                seen.insert((key, value), write);
                None
            }
            Mop::Write { key, write } => {
                let value = txns.write(write).value;
                (seen.get(&(key, value)) == Some(&write)).then_some((txn, key, value))
            }
        });
        if let Some(read) = early {
            found.push(Anomaly::FutureRead, || {
                of_read(txns, read, Some(txn), "only after that")
            });
        }
    }
}

/// G1c of a single transaction: its external read shows its own external write, so it comes before
/// itself. That is what Elle makes of a read of the future; strictly it has a name of its own.
pub(super) fn own_cycles(txns: &Txns<'_>, accesses: &Accesses<'_>, found: &mut Findings) {
    for &(txn, key, value) in &accesses.reads {
        let write = txns.find(key, value).map(|write| txns.write(write));
        if write.is_some_and(|it| it.txn == txn && !it.is_intermediate) {
            found.push(Anomaly::Cycle(Class::G1c, Reach::Data), || {
                let name = txns.key(key);
                Case {
                    words: "T1 < T1".to_owned(),
                    txns: vec![shortened(txns.op(txn))],
                    steps: vec![Step {
                        from: "T1".to_owned(),
                        to: "T1".to_owned(),
                        kind: label_name(Labels::WR),
                        key: Some(name.clone()),
                        because: format!(
                            "T1 read {value} from key {name} and wrote it only after that"
                        ),
                        unless: None,
                    }],
                    ..Case::default()
                }
            });
        }
    }
}

/// A read that disagrees with what its own transaction read or wrote last. Only the first of a
/// transaction counts. By Maelstrom's rules, a read of nil leaves the next read free to show
/// anything.
pub(super) fn internal(txns: &Txns<'_>, checks: Checks, found: &mut Findings) {
    for txn in txns.oks() {
        let mops = txns.mops(txn);
        let mut known: HashMap<KeyId, &Value> = HashMap::new();
        let wrong = mops.iter().find_map(|mop| match *mop {
            Mop::Write { key, write } => {
                known.insert(key, txns.write(write).value);
                None
            }
            Mop::Read { key, value } => {
                let is_free = |it: &&Value| **it == Value::Nil && checks == Checks::Maelstrom;
                let expected = known.insert(key, value).filter(|it| !is_free(it));
                let expected = expected.filter(|&it| it != value)?;
                Some((key, value, expected))
            }
        });
        if let Some((key, value, expected)) = wrong {
            found.push(Anomaly::Internal, || {
                let name = txns.key(key);
                Case {
                    words: format!(
                        "op {} read key {name} as {value} after it had read or written {expected}",
                        txns.op(txn).index
                    ),
                    key: Some(name.clone()),
                    values: vec![value.clone(), expected.clone()],
                    txns: vec![shortened(txns.op(txn))],
                    ..Case::default()
                }
            });
        }
    }
}

fn of_read(
    txns: &Txns<'_>,
    (txn, key, value): (TxnId, KeyId, &Value),
    writer: Option<TxnId>,
    why: &str,
) -> Case {
    let name = txns.key(key);
    let by = match writer {
        Some(writer) => format!("which op {} wrote, {why}", txns.op(writer).index),
        None => "which nobody wrote".to_owned(),
    };
    let others = writer.filter(|&writer| writer != txn);
    Case {
        words: format!(
            "op {} read {value} from key {name}, {by}",
            txns.op(txn).index
        ),
        key: Some(name.clone()),
        values: vec![value.clone()],
        txns: std::iter::once(txn)
            .chain(others)
            .map(|txn| shortened(txns.op(txn)))
            .collect(),
        ..Case::default()
    }
}
