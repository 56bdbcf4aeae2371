//! The value that was seen last.

use std::collections::{BTreeMap, HashSet};

use host_check::history::{History, Kind, Op, Process};
use host_check::value::Value;

use super::focus::Since;
use crate::scenario::Scenario;

/// The most values that are looked up in reads. A run has fewer; a search that was given up has found
/// the worst value of those that were seen late.
const LOOKUPS_MAX: u64 = 20_000_000;

/// The value that was seen last, of those that a set's clients added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Worst {
    pub(super) value: i64,
    /// The node that was asked to take it, by which operation and when.
    pub(super) node: String,
    pub(super) op: u64,
    pub(super) sent_ns: u64,
    /// When that was acknowledged, if it was.
    pub(super) acknowledged_ns: Option<u64>,
    /// The last read without it: where, by which operation, and when it began.
    pub(super) lacked_by: String,
    pub(super) lacked_op: u64,
    pub(super) lacked_ns: u64,
}

/// An operation that adds a value.
struct Added<'a> {
    invoked: &'a Op,
    acknowledged_ns: Option<u64>,
    /// Since when it is known to be there: it is acknowledged, or a read has it.
    known_ns: u64,
}

/// Finds the value for which the time is longest until the last read that lacks it begins; `None` if
/// every read has all.
pub(super) fn worst(scenario: &Scenario, ops: Vec<Op>, since: Since) -> Option<Worst> {
    let history = History::new(ops).ok()?;
    let ops = history.ops();
    let completed = |at: usize| history.pairs().partner(at).map(|at| &ops[at]);
    let mut added: BTreeMap<i64, Added<'_>> = BTreeMap::new();
    let mut reads: Vec<(&Op, &Op, &[i64])> = Vec::new();
    for (at, op) in history.client_ops() {
        if op.kind != Kind::Invoke {
            continue;
        }
        let ok = completed(at).filter(|it| it.kind == Kind::Ok);
        match (&op.value, ok) {
            (Value::Int(value), ok) if op.f != "read" => {
                let acknowledged_ns = ok.map(time_of);
                added.entry(*value).or_insert(Added {
                    invoked: op,
                    acknowledged_ns,
                    known_ns: acknowledged_ns.unwrap_or(u64::MAX),
                });
            }
            (_, Some(ok)) if op.f == "read" => {
                if let Value::Vector(values) = &ok.value
                    && let Some(values) = values.as_ints()
                {
                    reads.push((op, ok, values));
                }
            }
            _ => {}
        }
    }
    for (_, ok, values) in &reads {
        for value in *values {
            if let Some(it) = added.get_mut(value) {
                it.known_ns = it.known_ns.min(time_of(ok));
            }
        }
    }
    let from_ns = |it: &Added<'_>| match since {
        Since::Acknowledged => it.known_ns,
        Since::Sent => time_of(it.invoked),
    };
    // From the last read on, for the values that all reads after it had.
    reads.sort_by_key(|(invoked, ..)| std::cmp::Reverse(time_of(invoked)));
    let mut left: Vec<(&i64, &Added<'_>)> = added.iter().collect();
    let mut lookups = 0;
    let mut worst: Option<(u64, Worst)> = None;
    for (invoked, ok, values) in reads {
        let values: HashSet<i64> = values.iter().copied().collect();
        lookups += left.len() as u64;
        if lookups > LOOKUPS_MAX {
            break;
        }
        left.retain(|(value, it)| {
            let may_lack = time_of(ok) < time_of(it.invoked) || values.contains(value);
            if !may_lack {
                let late_ns = time_of(invoked).saturating_sub(from_ns(it));
                if late_ns > 0 && worst.as_ref().is_none_or(|(most, _)| *most < late_ns) {
                    let found = Worst {
                        value: **value,
                        node: node_of(scenario, it.invoked),
                        op: it.invoked.index,
                        sent_ns: time_of(it.invoked),
                        acknowledged_ns: it.acknowledged_ns,
                        lacked_by: node_of(scenario, invoked),
                        lacked_op: invoked.index,
                        lacked_ns: time_of(invoked),
                    };
                    worst = Some((late_ns, found));
                }
            }
            may_lack
        });
    }
    worst.map(|(_, worst)| worst)
}

fn time_of(op: &Op) -> u64 {
    u64::try_from(op.time_ns).unwrap_or(0)
}

/// The node whose client does an operation.
fn node_of(scenario: &Scenario, op: &Op) -> String {
    let options = &scenario.options;
    let process = match op.process {
        Process::Client(process) => process,
        Process::Nemesis => 0,
    };
    let cluster = options.cluster;
    cluster.node_name(cluster.node_of(process, options.concurrency))
}
