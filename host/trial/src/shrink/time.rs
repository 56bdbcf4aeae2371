//! Less time between the events of a schedule, in round numbers.

use super::search::Search;
use crate::schedule::Schedule;
use host_sim::{MS, SECOND};

/// The lengths that gaps between two moments are shortened to.
const GAPS_NS: [u64; 10] = [
    MS,
    10 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    20 * SECOND,
];

/// Shortens all gaps at once, if that is possible.
pub(super) fn shorten_all(search: &mut Search<'_>) {
    for gap_ns in GAPS_NS {
        if !search.goes_on() {
            return;
        }
        let gaps = gaps(search.schedule());
        let even: Vec<u64> = gaps.iter().map(|gap| gap_ns.min(*gap)).collect();
        if even != gaps && attempt(search, &even) {
            break;
        }
    }
}

/// Shortens each gap by itself.
pub(super) fn shorten_each(search: &mut Search<'_>) {
    for index in 0..gaps(search.schedule()).len() {
        if !search.goes_on() {
            return;
        }
        let first: &[u64] = if index == 0 { &[0] } else { &[] };
        for gap_ns in first.iter().chain(&GAPS_NS) {
            let mut shorter = gaps(search.schedule());
            if shorter[index] <= *gap_ns {
                break;
            }
            shorter[index] = *gap_ns;
            if attempt(search, &shorter) {
                break;
            }
        }
    }
    earlier_end(search);
}

/// Ends the main phase soon after the last moment; not immediately, since operations may wait
/// for their workers.
fn earlier_end(search: &mut Search<'_>) {
    let last_ns = moments(search.schedule()).last().copied().unwrap_or(0);
    for after_ns in GAPS_NS {
        let mut candidate = search.schedule().clone();
        let time_limit_ns = &mut candidate.scenario.options.time_limit_ns;
        if last_ns + after_ns >= *time_limit_ns {
            break;
        }
        *time_limit_ns = last_ns + after_ns;
        if search.attempt(candidate) {
            break;
        }
    }
}

/// The times at which something begins or ends, in ascending order.
fn moments(schedule: &Schedule) -> Vec<u64> {
    let script = &schedule.script;
    let operations = script.operations.iter().map(|it| it.at_ns);
    let faults = script.faults.iter();
    let faults = faults.flat_map(|it| [it.from_ns].into_iter().chain(it.until_ns));
    let mut moments: Vec<u64> = operations.chain(faults).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// How long each moment comes after the one before, the first after the beginning.
fn gaps(schedule: &Schedule) -> Vec<u64> {
    let moments = moments(schedule);
    let before = std::iter::once(&0).chain(&moments);
    let gaps = moments
        .iter()
        .zip(before)
        .map(|(after, before)| after - before);
    gaps.collect()
}

fn attempt(search: &mut Search<'_>, gaps: &[u64]) -> bool {
    search.attempt(with_gaps(search.schedule(), gaps))
}

/// The schedule with its moments moved, and its end as long after them as before.
fn with_gaps(schedule: &Schedule, gaps: &[u64]) -> Schedule {
    let before = moments(schedule);
    let mut end_ns = 0;
    let after: Vec<u64> = gaps
        .iter()
        .map(|gap| {
            end_ns += gap;
            end_ns
        })
        .collect();
    let moved = |at_ns: u64| match before.binary_search(&at_ns) {
        Ok(index) => after[index],
        Err(_) => at_ns,
    };
    let mut shorter = schedule.clone();
    for invocation in &mut shorter.script.operations {
        invocation.at_ns = moved(invocation.at_ns);
    }
    for episode in &mut shorter.script.faults {
        episode.from_ns = moved(episode.from_ns);
        episode.until_ns = episode.until_ns.map(moved);
    }
    let saved_ns = before.last().map_or(0, |last_ns| last_ns - end_ns);
    let time_limit_ns = &mut shorter.scenario.options.time_limit_ns;
    *time_limit_ns = time_limit_ns.saturating_sub(saved_ns).max(1);
    shorter
}
