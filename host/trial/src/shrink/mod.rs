//! Shrinks a run that fails: looks for the shortest one that fails in the same way.
//!
//! A [`Schedule`] is made smaller step by step: fewer nodes, fewer clients, no upgrade, a
//! simpler network, fewer faults, fewer operations, shorter transactions, fewer targets of each
//! fault, less time.
//! Each candidate is played; the first of the original's anomalies has to show again, or the
//! candidate is dropped. Lists are cut in chunks that get smaller (`ddmin`), and all is gone
//! through again until nothing gets smaller: then no single node, fault, target, operation or
//! part of a transaction can be left out.
//!
//! What makes a small run a fair witness: only the main phase shrinks. The workload still
//! ends every fault, waits for the cluster to recover, and has every client look once more, so
//! a program that is right passes the small run as well.
//!
//! The search is a function of the schedule, the module and the [`Budget`], and counts runs
//! and fuel, never time.
//!
//! | files | job |
//! |---|---|
//! | `search` | the smallest so far, and what has been tried |
//! | `chunks` | which of a list can be left out |
//! | `nodes` `faults` `time` | what the smaller schedules are |
//!
//! Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).

mod chunks;
mod faults;
mod nodes;
mod search;
mod time;

use chunks::without_needless;
use search::Search;

use crate::TrialResult;
use crate::schedule::{Schedule, trace};
use host_check::anomalies::AnomalyName;
use host_check::text::render_problems;
use host_guest::Start;
use host_sim::{Distribution, seconds};

/// How much a search may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Runs.
    pub runs: u32,
    /// The fuel of all runs together.
    pub fuel: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            runs: 2_000,
            fuel: 20_000_000_000,
        }
    }
}

/// The smallest run that was found.
#[derive(Debug)]
pub struct Shrunk {
    /// The run, spelled out.
    pub schedule: Schedule,
    /// What comes of it.
    pub report: TrialResult,
    /// What it and the original have in common.
    pub anomaly: AnomalyName,
    /// How many runs the search took.
    pub runs: u32,
    /// Whether nothing more can be left out; otherwise the budget was spent before that was
    /// known.
    pub is_minimal: bool,
}

impl Shrunk {
    /// How large it is: `2 nodes, 2 clients, 1 operation and 1 fault in 0.001 s`.
    #[must_use]
    pub fn size(&self) -> String {
        size(&self.schedule)
    }

    /// The whole story: what happens, and at its end what is wrong with it.
    #[must_use]
    pub fn story(&self, module: &dyn Start, next_module: Option<&dyn Start>) -> String {
        let mut text = trace(&self.schedule, module, next_module).join("\n");
        text.push_str("\n\n");
        text.push_str(&match &self.report.result {
            Ok(result) => render_problems(result),
            Err(stopped) => format!("The run could not go on: {stopped}"),
        });
        text.push('\n');
        text
    }
}

/// See [`Shrunk::size`].
#[must_use]
pub fn size(schedule: &Schedule) -> String {
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "{}, {}, {} and {} in {} s",
        count(schedule.options.cluster.count, "node"),
        count(schedule.options.concurrency, "client"),
        count(schedule.script.operations.len(), "operation"),
        count(schedule.script.faults.len(), "fault"),
        seconds(schedule.options.time_limit_ns)
    )
}

/// Shrinks a schedule, played with these programs as [`Trial`](crate::Trial) has them.
/// `None` if it is not invalid, or cannot be run at all.
#[must_use]
pub fn shrink(
    schedule: Schedule,
    module: &dyn Start,
    next_module: Option<&dyn Start>,
    budget: Budget,
) -> Option<Shrunk> {
    let mut search = Search::begin(schedule, module, next_module, budget)?;
    loop {
        let before = search.successes();
        fewer_nodes(&mut search);
        fewer_workers(&mut search);
        simpler_options(&mut search);
        fewer_faults(&mut search);
        fewer_operations(&mut search);
        shorter_transactions(&mut search);
        faults::narrow(&mut search);
        time::shorten(&mut search);
        if search.successes() == before || search.is_spent() {
            return Some(search.end());
        }
    }
}

fn fewer_nodes(search: &mut Search<'_>) {
    let base = search.schedule().clone();
    without_needless(base.options.cluster.count, 1, |kept| {
        search.goes_on().then(|| {
            let mut smaller = nodes::keep(&base, kept).into_iter();
            smaller.any(|candidate| search.attempt(candidate))
        })
    });
}

fn fewer_workers(search: &mut Search<'_>) {
    let nodes = search.schedule().options.cluster.count;
    for workers in [1, nodes, 2 * nodes] {
        let mut candidate = search.schedule().clone();
        if workers < candidate.options.concurrency {
            candidate.options.concurrency = workers;
            for invocation in &mut candidate.script.operations {
                invocation.worker %= workers;
            }
            search.attempt(candidate);
        }
    }
}

fn simpler_options(search: &mut Search<'_>) {
    let simpler: [fn(&mut Schedule); 3] = [
        |schedule| schedule.options.swap_after_ns = None,
        |schedule| schedule.options.latency.distribution = Distribution::Constant,
        |schedule| schedule.options.latency.mean_ms = 0,
    ];
    for simplify in simpler {
        let mut candidate = search.schedule().clone();
        simplify(&mut candidate);
        search.attempt(candidate);
    }
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

fn only<T: Clone>(list: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().map(|index| list[*index].clone()).collect()
}
