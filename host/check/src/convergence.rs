//! Convergence: after recovery every node shows the same value of each register, and it is one that
//! was written. Models such as read uncommitted do not ask it, so nodes that never talk to each
//! other would pass.
//!
//! The reads that show it are the transactions marked with `:final? true`, if nothing but reads is
//! marked, nothing else happens from the first of them on, and all faults ended, and all other
//! transactions too, so long before as Maelstrom leaves for recovery.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::clients::Clients;
use super::faults::faults_left;
use super::final_reads::RECOVERY_NS_MIN;
use super::history::{History, Kind, Op, seconds};
use super::shortfalls::{ShortfallKind, Shortfalls};
use super::value::{Value, cut};

/// What a final read shows of a key.
struct Shown<'h> {
    value: Value,
    op: &'h Op,
}

/// The writes of a key.
#[derive(Default)]
struct Written<'h> {
    /// The values that may be there: those of transactions that may have taken place.
    possible: HashSet<Value>,
    /// A transaction that was acknowledged.
    acknowledged: Option<&'h Op>,
}

/// Complains of registers that nodes do not agree on, or that lost their value.
pub(crate) fn convergence(history: &History, clients: Option<Clients>, found: &mut Shortfalls) {
    let Some(start) = start(history) else { return };
    let since = history.ops()[..start].iter().next_back();
    let waited_ns = since.map_or(0, |op| history.ops()[start].time_ns - op.time_ns);
    let waited = format!(
        "{} s after faults and transactions ended",
        seconds(waited_ns)
    );
    let written = written(history, start);
    let name = |op: &Op| match clients.and_then(|it| Some((it, it.node(op.process)?))) {
        Some((clients, node)) => clients.name(node),
        None => format!("process {}", op.process),
    };
    let mut shown: IndexMap<Value, Vec<Shown<'_>>> = IndexMap::new();
    for op in &history.ops()[start..] {
        if op.kind != Kind::Ok || !op.is_client() {
            continue;
        }
        for (_, key, value) in mops(op) {
            shown.entry(key).or_default().push(Shown { value, op });
        }
    }
    let nothing = Written::default();
    for (key, reads) in &shown {
        let written = written.get(key).unwrap_or(&nothing);
        let first = &reads[0];
        if let Some(other) = reads.iter().find(|read| read.value != first.value) {
            found.push(ShortfallKind::NodesDisagree, other.op.index, || {
                format!(
                    "{} reads {} of key {} and {} reads {}, {waited} (ops {} and {}): all nodes have \
                     to come to the same value",
                    name(first.op),
                    brief(&first.value),
                    brief(key),
                    name(other.op),
                    brief(&other.value),
                    first.op.index,
                    other.op.index,
                )
            });
        }
        let vanished = reads.iter().find(|read| read.value == Value::Nil);
        if let (Some(read), Some(write)) = (vanished, written.acknowledged) {
            found.push(ShortfallKind::ValueVanished, read.op.index, || {
                format!(
                    "{} reads nil of key {}, {waited} (op {}), although {write} wrote it and was \
                     acknowledged: what was acknowledged must not be lost",
                    name(read.op),
                    brief(key),
                    read.op.index,
                )
            });
        }
        let is_known = |value: &Value| *value == Value::Nil || written.possible.contains(value);
        if let Some(read) = reads.iter().find(|read| !is_known(&read.value)) {
            found.push(ShortfallKind::NeverWritten, read.op.index, || {
                format!(
                    "{} reads {} of key {}, {waited} (op {}), which no transaction wrote that may \
                     have taken place",
                    name(read.op),
                    brief(&read.value),
                    brief(key),
                    read.op.index,
                )
            });
        }
    }
}

/// The position of the first final read, if there are any and they show what the cluster came to.
fn start(history: &History) -> Option<usize> {
    let ops = history.ops();
    let start = ops.iter().position(|op| op.is_client() && op.is_final())?;
    let (before, finals) = ops.split_at(start);
    let is_read = |op: &Op| mops(op).all(|(f, ..)| f.as_name() == Some("r"));
    let is_all_reads = finals
        .iter()
        .all(|op| op.is_client() && op.is_final() && is_read(op));
    let latest_ns = before.iter().map(|op| op.time_ns).max().unwrap_or(0);
    let is_recovered = finals[0].time_ns.saturating_sub(latest_ns) >= RECOVERY_NS_MIN;
    (is_all_reads && is_recovered && faults_left(before).is_empty()).then_some(start)
}

/// What was written to each key before a position.
fn written(history: &History, until: usize) -> HashMap<Value, Written<'_>> {
    let mut written: HashMap<Value, Written<'_>> = HashMap::new();
    for (at, op) in history.client_ops().take_while(|(at, _)| *at < until) {
        if op.kind != Kind::Invoke {
            continue;
        }
        let completion = history.pairs().partner(at).map(|end| &history.ops()[end]);
        if completion.is_some_and(|completion| completion.kind == Kind::Fail) {
            continue;
        }
        let acknowledged = completion.filter(|completion| completion.kind == Kind::Ok);
        for (f, key, value) in mops(op) {
            if f.as_name() == Some("w") {
                let of_key = written.entry(key).or_default();
                of_key.possible.insert(value);
                of_key.acknowledged = acknowledged.or(of_key.acknowledged);
            }
        }
    }
    written
}

/// The micro-operations of a transaction: what, the key, and the value.
fn mops(op: &Op) -> impl Iterator<Item = (Value, Value, Value)> {
    let mops = op.value.items().unwrap_or_default().into_iter();
    mops.filter_map(|mop| {
        let mut parts = mop.items()?.into_iter();
        Some((parts.next()?, parts.next()?, parts.next()?))
    })
}

/// A value for a message, cut to what a line can show.
fn brief(value: &Value) -> String {
    const CHARS_MAX: usize = 40;
    cut(&value.to_string(), CHARS_MAX)
}
