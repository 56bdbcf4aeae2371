//! The first cut: from all operations to a few around those that the evidence names.
//!
//! A run that is expensive as a whole is cheap in part. So the smallest parts are tried first: the
//! operations that the evidence names, then windows that end with them and get four times as large
//! each time, of the operations on the same keys and of all. What comes after the anomaly is left
//! out in each of them. All that fail before the first that has the anomaly cost about as much as
//! that one together.
//!
//! Time costs too: nodes that talk without being asked do so while nothing else happens. So each
//! part is tried at the beginning of the run before it is tried in its place.
//!
//! Windows with a common beginning do not share the work of running it. That would take a copy of a
//! run in the middle, and not all guests can be copied: programs never, others only by a `snapshot`
//! of their own, which may be what is wrong with them.

use std::collections::BTreeSet;

use super::chunks::only;
use super::lead::Lead;
use super::search::Search;
use crate::schedule::Schedule;
use host_check::evidence::keys;
use host_sim::{Episode, Invocation, MS, SECOND};

/// How many operations the first window has, and how many times as many each next one.
const GROWTH: usize = 4;

/// How long before its first operation or fault a part begins that is moved to the beginning of the
/// run: the nodes need time to find each other.
const LEAD_INS_NS: [u64; 2] = [SECOND, 5 * SECOND];

/// Tries parts of the smallest schedule around what shows its anomaly, until one has the anomaly
/// too: first moved to the beginning of the run, since time costs even where nothing is asked, then
/// where they are. Whether one has it.
pub(super) fn around_the_evidence(search: &mut Search<'_>) -> bool {
    let base = search.schedule().clone();
    let lead = search.lead().clone();
    let operations = &base.script.operations;
    let is_before = |it: &Invocation| lead.until_ns.is_none_or(|until_ns| it.at_ns <= until_ns);
    let count = operations.iter().take_while(|it| is_before(it)).count();
    let parts = parts(&base, &lead, count);
    let parts = parts.iter().map(|kept| part(&base, &lead, kept));
    let parts: Vec<Schedule> = parts.collect();
    let both = LEAD_INS_NS
        .iter()
        .flat_map(|lead_in_ns| parts.iter().map(move |it| (it, *lead_in_ns)));
    let earlier = both.flat_map(|(part, lead_in_ns)| {
        let begins = [begins_with_a_fault(part), begins_with_an_operation(part)];
        let begins = begins.into_iter().flatten();
        begins.filter_map(move |from_ns| moved(part, from_ns.checked_sub(lead_in_ns)?))
    });
    let mut candidates = earlier.chain(parts.iter().cloned());
    candidates.any(|candidate| search.goes_on() && search.attempt(candidate))
}

/// The parts to try, each as indices of operations, the cheapest first.
fn parts(base: &Schedule, lead: &Lead, count: usize) -> Vec<Vec<usize>> {
    let related: Vec<usize> = (0..count)
        .filter(|it| is_related(base, lead, *it))
        .collect();
    let all: Vec<usize> = (0..count).collect();
    // An anomaly that only the last operations show may need what comes just after.
    let anchor = match (lead.until_ns, lead.named.last()) {
        (None, Some(last)) => *last,
        _ => count,
    };
    let window = |list: &[usize], size: usize| -> Vec<usize> {
        let end = list.partition_point(|it| *it <= anchor);
        let from = end.saturating_sub(size);
        let until = (end + size / GROWTH).min(list.len());
        let chosen = list[from..until].iter().chain(&lead.named).copied();
        chosen.collect::<BTreeSet<usize>>().into_iter().collect()
    };
    let mut parts = vec![lead.named.clone()];
    let mut size = GROWTH;
    while size / GROWTH < count {
        if !lead.keys.is_empty() && size / GROWTH < related.len() {
            parts.push(window(&related, size));
        }
        parts.push(window(&all, size));
        size *= GROWTH;
    }
    parts.retain(|part| !part.is_empty() || count == 0);
    parts
}

/// Whether an operation is about the keys in question, or about all keys and by a worker whose
/// operation the evidence names.
fn is_related(base: &Schedule, lead: &Lead, index: usize) -> bool {
    let operations = &base.script.operations;
    let of = |it: &Invocation| match base.scenario.workload.built_in() {
        Some(workload) => keys(workload, &it.operation.f, &it.operation.value),
        None => Vec::new(),
    };
    let own = of(&operations[index]);
    let by_named = || {
        let mut named = lead.named.iter();
        named.any(|it| operations[*it].worker == operations[index].worker)
    };
    match own.is_empty() {
        true => by_named(),
        false => own.iter().any(|key| lead.keys.contains(key)),
    }
}

/// A schedule with only some operations, which ends when the anomaly is there.
fn part(base: &Schedule, lead: &Lead, kept: &[usize]) -> Schedule {
    let mut part = base.clone();
    part.script.operations = only(&base.script.operations, kept);
    if let Some(until_ns) = lead.until_ns {
        let limit_ns = &mut part.scenario.options.time_limit_ns;
        *limit_ns = (*limit_ns).min(until_ns + MS);
        let limit_ns = *limit_ns;
        part.script.faults.retain(|it| it.from_ns < limit_ns);
    }
    part
}

fn begins_with_an_operation(part: &Schedule) -> Option<u64> {
    part.script.operations.first().map(|first| first.at_ns)
}

/// The beginning of the first fault that has not ended when the first operation begins.
fn begins_with_a_fault(part: &Schedule) -> Option<u64> {
    let first_ns = begins_with_an_operation(part)?;
    let mut faults = part.script.faults.iter();
    let is_there = |it: &&Episode| it.until_ns.is_none_or(|until_ns| until_ns >= first_ns);
    let fault = faults.find(is_there)?;
    (fault.from_ns < first_ns).then_some(fault.from_ns)
}

/// The same so much earlier; `None` if it is not. What was wrong before is over, and what had begun
/// before begins with the run.
fn moved(part: &Schedule, by_ns: u64) -> Option<Schedule> {
    if by_ns == 0 {
        return None;
    }
    let mut moved = part.clone();
    let earlier = |at_ns: u64| at_ns.saturating_sub(by_ns);
    for it in &mut moved.script.operations {
        it.at_ns = earlier(it.at_ns);
    }
    moved
        .script
        .faults
        .retain(|it| it.until_ns.is_none_or(|until_ns| until_ns > by_ns));
    for it in &mut moved.script.faults {
        it.from_ns = earlier(it.from_ns);
        it.until_ns = it.until_ns.map(earlier);
    }
    let options = &mut moved.scenario.options;
    options.time_limit_ns = earlier(options.time_limit_ns).max(MS);
    options.swap_after_ns = options.swap_after_ns.map(earlier);
    Some(moved)
}
