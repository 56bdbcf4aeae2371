//! Anomalies that single reads show.

use std::collections::{HashMap, HashSet};

use crate::history::Kind;
use crate::txn::anomaly::Anomaly;
use crate::txn::findings::{Case, ELEMENTS_MAX, Findings, shortened, shortened_list};
use crate::txn::parse::{KeyId, Mop, TxnId, WriteId};
use crate::validity::Checks;
use crate::value::Value;

use super::lists::{ElementId, Lists, Read};

/// G1a: a read shows an element whose append failed.
pub(super) fn aborted(lists: &Lists<'_, '_>, found: &mut Findings) {
    let is_aborted = |element: ElementId| {
        let writer = lists.writer(element);
        writer.is_some_and(|txn| lists.txns.txn(txn).kind == Kind::Fail)
    };
    each_element(lists, is_aborted, |read, element| {
        found.push(Anomaly::G1a, || {
            let why = "which failed".to_owned();
            of_element(lists, read, element, &why)
        });
    });
}

/// A read shows an element that nobody appended.
pub(super) fn unwritten(lists: &Lists<'_, '_>, found: &mut Findings) {
    let is_unwritten = |element| lists.write(element).is_none();
    each_element(lists, is_unwritten, |read, element| {
        found.push(Anomaly::UnwrittenRead, || Case {
            words: format!(
                "{} read {} in the list of key {}, which nobody appended",
                name(lists, read.txn),
                lists.value(element),
                lists.txns.key(read.key)
            ),
            key: Some(lists.txns.key(read.key).clone()),
            values: vec![lists.value(element).clone()],
            txns: vec![shortened(lists.txns.op(read.txn))],
            ..Case::default()
        });
    });
}

/// G1b: a read ends with an element that another transaction appended before appending more.
pub(super) fn intermediate(lists: &Lists<'_, '_>, found: &mut Findings) {
    for &read in &lists.reads {
        let last = read
            .list
            .and_then(|list| lists.elements(list).last().copied());
        let Some((element, write)) = last.and_then(|it| Some((it, lists.write(it)?))) else {
            continue;
        };
        let write = lists.txns.write(write);
        if write.is_intermediate && write.txn != read.txn {
            found.push(Anomaly::G1b, || {
                let why = format!(
                    "which then appended more to key {}",
                    lists.txns.key(read.key)
                );
                of_element(lists, read, element, &why)
            });
        }
    }
}

/// A read shows an element more than once.
pub(super) fn duplicates(lists: &Lists<'_, '_>, found: &mut Findings) {
    let mut seen_in: Vec<Option<u32>> = vec![None; lists.element_count()];
    let repeated: Vec<Vec<ElementId>> = lists
        .all()
        .map(|(id, _)| {
            let elements = lists.elements(id).iter().copied();
            let again = elements.filter(|&it| seen_in[it as usize].replace(id) == Some(id));
            again.take(ELEMENTS_MAX).collect()
        })
        .collect();
    for read in &lists.reads {
        let Some(repeated) = read.list.map(|list| &repeated[list as usize]) else {
            continue;
        };
        if let Some(&first) = repeated.first() {
            found.push(Anomaly::DuplicateElements, || Case {
                words: format!(
                    "{} read {} more than once in the list of key {}",
                    name(lists, read.txn),
                    lists.value(first),
                    lists.txns.key(read.key)
                ),
                key: Some(lists.txns.key(read.key).clone()),
                values: repeated.iter().map(|&it| lists.value(it).clone()).collect(),
                txns: vec![shortened(lists.txns.op(read.txn))],
                ..Case::default()
            });
        }
    }
}

/// A read that disagrees with what its own transaction read or appended before. Only the first of a
/// transaction counts. By Maelstrom's rules, a read of nil leaves the next read free to show
/// anything.
pub(super) fn internal(lists: &Lists<'_, '_>, checks: Checks, found: &mut Findings) {
    for txn in lists.txns.oks() {
        if let Some((key, value, expected)) = internal_case(lists, txn, checks) {
            found.push(Anomaly::Internal, || {
                let key = lists.txns.key(key);
                Case {
                    words: format!(
                        "{} read key {key} as {} after it had seen or made it {}",
                        name(lists, txn),
                        shortened_list(value.clone()),
                        shortened_list(expected.clone())
                    ),
                    key: Some(key.clone()),
                    values: vec![shortened_list(value.clone()), shortened_list(expected)],
                    txns: vec![shortened(lists.txns.op(txn))],
                    ..Case::default()
                }
            });
        }
    }
}

/// What a transaction knows of a key.
struct Known {
    /// The list it read last; `None` if it did not read it.
    read: Option<Option<u32>>,
    /// Whether that read showed nil, rather than a list.
    is_nil: bool,
    /// What it appended since.
    appended: Vec<WriteId>,
}

fn internal_case<'h>(
    lists: &Lists<'_, 'h>,
    txn: TxnId,
    checks: Checks,
) -> Option<(KeyId, &'h Value, Value)> {
    let mut known: HashMap<KeyId, Known> = HashMap::new();
    for (mop, list) in lists.mops(txn) {
        match mop {
            Mop::Write { key, write } => {
                let nothing = Known {
                    read: None,
                    is_nil: false,
                    appended: Vec::new(),
                };
                known.entry(key).or_insert(nothing).appended.push(write);
            }
            Mop::Read { key, value } => {
                let now = Known {
                    read: Some(list),
                    is_nil: *value == Value::Nil,
                    appended: Vec::new(),
                };
                if let Some(before) = known.insert(key, now) {
                    let shown = list.map_or(&[][..], |list| lists.elements(list));
                    if !before.agrees(lists, shown, checks) {
                        return Some((key, value, before.expected(lists)));
                    }
                }
            }
        }
    }
    None
}

impl Known {
    fn agrees(&self, lists: &Lists<'_, '_>, shown: &[ElementId], checks: Checks) -> bool {
        let Some(appended_at) = shown.len().checked_sub(self.appended.len()) else {
            return false;
        };
        let (prefix, suffix) = shown.split_at(appended_at);
        let is_lenient = checks == Checks::Maelstrom && self.is_nil && self.appended.is_empty();
        let is_open = self.read.is_none() || is_lenient;
        let read = self
            .read
            .flatten()
            .map_or(&[][..], |list| lists.elements(list));
        suffix == self.appended && (is_open || prefix == read)
    }

    fn expected(&self, lists: &Lists<'_, '_>) -> Value {
        let read = self
            .read
            .flatten()
            .map_or(&[][..], |list| lists.elements(list));
        let unknown = self.read.is_none();
        let dots = unknown.then(|| Value::Symbol("...".into()));
        let elements = read.iter().chain(&self.appended);
        Value::Vector(
            dots.into_iter()
                .chain(elements.map(|&element| lists.value(element).clone()))
                .collect(),
        )
    }
}

/// A read shows an element that its own transaction appends only later. Only the first of a
/// transaction counts.
pub(super) fn future(lists: &Lists<'_, '_>, found: &mut Findings) {
    for txn in lists.txns.oks() {
        let mut seen: HashSet<ElementId> = HashSet::new();
        let early = lists.mops(txn).find_map(|(mop, list)| match mop {
            Mop::Write { key, write } => seen.contains(&write).then_some((key, write)),
            Mop::Read { .. } => {
                // Whatever is read and is not to be this transaction's own does not matter.
                let elements = list.map_or(&[][..], |list| lists.elements(list)).iter();
                seen.extend(elements.filter(|&&element| lists.writer(element) == Some(txn)));
                None
            }
        });
        if let Some((key, write)) = early {
            found.push(Anomaly::FutureRead, || {
                let (key, element) = (lists.txns.key(key), lists.value(write));
                Case {
                    words: format!(
                        "{} read {element} in the list of key {key} before it appended it itself",
                        name(lists, txn)
                    ),
                    key: Some(key.clone()),
                    values: vec![element.clone()],
                    txns: vec![shortened(lists.txns.op(txn))],
                    ..Case::default()
                }
            });
        }
    }
}

/// Calls `then` for each element of each read that `is_wrong`. Each list is looked at once.
fn each_element(
    lists: &Lists<'_, '_>,
    is_wrong: impl Fn(ElementId) -> bool,
    mut then: impl FnMut(Read, ElementId),
) {
    let wrong: Vec<Vec<ElementId>> = lists
        .all()
        .map(|(id, _)| {
            let elements = lists.elements(id).iter().copied();
            elements.filter(|&element| is_wrong(element)).collect()
        })
        .collect();
    for &read in &lists.reads {
        for &element in read.list.iter().flat_map(|&list| &wrong[list as usize]) {
            then(read, element);
        }
    }
}

fn of_element(lists: &Lists<'_, '_>, read: Read, element: ElementId, why: &str) -> Case {
    let (key, value) = (lists.txns.key(read.key), lists.value(element));
    let writer = lists.writer(element);
    Case {
        words: format!(
            "{} read {value} in the list of key {key}, appended by {}, {why}",
            name(lists, read.txn),
            writer.map_or_else(|| "nobody".to_owned(), |writer| name(lists, writer)),
        ),
        key: Some(key.clone()),
        values: vec![value.clone()],
        txns: std::iter::once(read.txn)
            .chain(writer)
            .map(|txn| shortened(lists.txns.op(txn)))
            .collect(),
        ..Case::default()
    }
}

fn name(lists: &Lists<'_, '_>, txn: TxnId) -> String {
    format!("op {}", lists.txns.op(txn).index)
}
