//! The search: leaves out in turn whatever can be left out.

use super::budget::Budget;
use super::chunks::{only, without_needless};
use super::search::Search;
use super::shrunk::Shrunk;
use super::{cut, faults, moves, nodes, time};
use crate::schedule::Schedule;
use crate::trial::TrialResult;
use host_check::evidence::Absent;
use host_guest::Start;
use host_sim::{Distribution, Hops, RunOptions};

/// Shrinks a schedule, played with these programs as [`Trial`](crate::Trial) has them; `report` is
/// its result. `None` if it is not invalid, or cannot be run at all.
#[must_use]
pub fn shrink(
    schedule: Schedule,
    report: TrialResult,
    module: &dyn Start,
    next_module: Option<&dyn Start>,
    budget: Budget,
) -> Option<Shrunk> {
    let mut search = Search::begin(schedule, report, module, next_module, budget)?;
    if let Some(absent) = search.absent().cloned() {
        fewer_of_the_others(&mut search, &absent);
        return Some(search.end());
    }
    if search.schedule().script.is_directed() {
        moves::fewer(&mut search);
        fewer_touches(&mut search);
        return Some(search.end());
    }
    loop {
        let before = search.successes();
        // What is done by hand is about nodes and times, which stay then.
        let is_touched = fewer_touches(&mut search);
        simpler(&mut search, |options| options.hops = Some(Hops::of(0))); // for round times
        if !is_touched {
            // What is left may show the anomaly elsewhere, by fewer operations.
            while cut::around_the_evidence(&mut search) {}
            time::shorten_all(&mut search); // what follows is cheaper then
            fewer_nodes(&mut search);
        }
        fewer_workers(&mut search);
        simpler_options(&mut search);
        fewer_faults(&mut search);
        fewer_operations(&mut search);
        shorter_transactions(&mut search);
        faults::narrow(&mut search);
        if !is_touched {
            time::shorten_all(&mut search);
            time::shorten_each(&mut search);
        }
        if search.successes() == before || search.is_spent() {
            return Some(search.end());
        }
    }
}

/// Leaves out what was done by hand. Whether anything of it is left.
fn fewer_touches(search: &mut Search<'_>) -> bool {
    let base = search.schedule().clone();
    without_needless(base.script.touches.len(), 0, |kept| {
        search.goes_on().then(|| {
            let mut candidate = base.clone();
            candidate.script.touches = only(&base.script.touches, kept);
            search.attempt(candidate)
        })
    });
    !search.schedule().script.touches.is_empty()
}

fn fewer_nodes(search: &mut Search<'_>) {
    let base = search.schedule().clone();
    without_needless(base.scenario.options.cluster.count, 1, |kept| {
        search.goes_on().then(|| {
            let mut smaller = nodes::keep(&base, kept).into_iter();
            smaller.any(|candidate| search.attempt(candidate))
        })
    });
}

fn fewer_workers(search: &mut Search<'_>) {
    let nodes = search.schedule().scenario.options.cluster.count;
    for workers in [1, nodes, 2 * nodes] {
        let mut candidate = search.schedule().clone();
        if workers < candidate.scenario.options.concurrency {
            candidate.scenario.options.concurrency = workers;
            for invocation in &mut candidate.script.operations {
                invocation.worker %= workers;
            }
            search.attempt(candidate);
        }
    }
}

fn simpler_options(search: &mut Search<'_>) {
    simpler(search, |options| options.swap_after_ns = None);
    simpler(search, |options| {
        options.latency.distribution = Distribution::Constant;
    });
    simpler(search, |options| options.latency.mean_ms = 0);
}

fn simpler(search: &mut Search<'_>, simplify: impl FnOnce(&mut RunOptions)) {
    let mut candidate = search.schedule().clone();
    simplify(&mut candidate.scenario.options);
    search.attempt(candidate);
}

fn fewer_faults(search: &mut Search<'_>) {
    let base = search.schedule().clone();
    without_needless(base.script.faults.len(), 0, |kept| {
        search.goes_on().then(|| {
            let mut candidate = base.clone();
            candidate.script.faults = only(&base.script.faults, kept);
            search.attempt(candidate)
        })
    });
}

fn fewer_operations(search: &mut Search<'_>) {
    let base = search.schedule().clone();
    without_needless(base.script.operations.len(), 0, |kept| {
        search.goes_on().then(|| {
            let mut candidate = base.clone();
            candidate.script.operations = only(&base.script.operations, kept);
            search.attempt(candidate)
        })
    });
}

/// Of a run in which no operation of a kind succeeded, leaves out operations of other kinds. All
/// else stays: with fewer attempts, or less time, a right program might have no success either.
fn fewer_of_the_others(search: &mut Search<'_>, absent: &Absent) {
    let Absent::Successes(f) = absent else {
        return;
    };
    let base = search.schedule().clone();
    let operations = &base.script.operations;
    let others: Vec<usize> = (0..operations.len())
        .filter(|index| operations[*index].operation.f != f.as_str())
        .collect();
    without_needless(others.len(), 0, |kept| {
        search.goes_on().then(|| {
            let kept = only(&others, kept);
            let stays = |index: &usize| {
                others.binary_search(index).is_err() || kept.binary_search(index).is_ok()
            };
            let stays: Vec<usize> = (0..operations.len()).filter(stays).collect();
            let mut candidate = base.clone();
            candidate.script.operations = only(operations, &stays);
            search.attempt(candidate)
        })
    });
}

/// Leaves out parts of transactions, but not all of one.
fn shorter_transactions(search: &mut Search<'_>) {
    for index in 0..search.schedule().script.operations.len() {
        if !search.goes_on() {
            return;
        }
        let base = search.schedule().clone();
        let operation = &base.script.operations[index].operation;
        let Some(parts) = operation.value.items().filter(|_| operation.f == "txn") else {
            continue;
        };
        without_needless(parts.len(), 1, |kept| {
            search.goes_on().then(|| {
                let mut candidate = base.clone();
                candidate.script.operations[index].operation.value = only(&parts, kept).into();
                search.attempt(candidate)
            })
        });
    }
}
