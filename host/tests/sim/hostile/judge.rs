//! Judges one submission, from the file to the verdict.

use std::path::{Path, PathBuf};
use std::time::Duration;

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_grade::Verdict;
use host_guest::Limits;
use host_sandbox::{Cache, CompileLimits, Compiler, GuestModule, LoadError, Sandbox};
use host_sim::{Bounds, Cluster, Hops, RunOptions, SECOND};
use host_trial::{Scenario, Trial, TrialResult};

/// What a case is judged with, and what has to come of it.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The fact that it shows.
    pub(crate) shows: String,
    /// The verdict's abbreviation.
    pub(crate) verdict: String,
    /// Part of what the student is told, unless all is well.
    pub(crate) message: Option<String>,
    /// Where the module comes from, if there is no `guest.wat`.
    pub(crate) recipe: Option<String>,
    /// The workload, unless it is echo.
    workload: Option<String>,
    nodes: Option<usize>,
    /// Whether the nodes change to another copy of the module after a second.
    #[serde(default)]
    swap: u8,
    time_limit_s: Option<u64>,
    compile_cpu_s: Option<u64>,
    max_steps: Option<u64>,
    max_run_fuel: Option<u64>,
    max_in_flight: Option<usize>,
    max_run_memory_mib: Option<usize>,
    /// Fuel of a step, unless it is a few milliseconds.
    max_fuel: Option<u64>,
    /// Faults, by their names.
    #[serde(default)]
    faults: Vec<String>,
}

/// Less fuel than usual, so that using it up takes moments; and so much time that a busy
/// machine does not decide.
fn limits(case: &Case) -> Limits {
    Limits {
        fuel: case.max_fuel.unwrap_or(130_000_000),
        wall: Duration::from_secs(600),
        ..Limits::default()
    }
}

/// A grader, as far as it matters here.
pub(crate) struct Judge {
    sandbox: Sandbox,
}

impl Judge {
    /// With its cache in the directory `cache`, for so many submissions at a time.
    pub(crate) fn new(cache: PathBuf, at_a_time: usize) -> Self {
        let cache = Cache::open(cache).unwrap();
        // Two nodes at most, and their next versions.
        let sandbox = Sandbox::pooled(Some(cache), 4 * at_a_time).unwrap();
        Judge { sandbox }
    }

    /// The verdict on the module in the file `path`, with what the student is told.
    pub(crate) fn judge(&self, path: &Path, case: &Case) -> String {
        match self.load(path, case) {
            Err(error) => {
                let verdict = match error {
                    LoadError::Rejected { .. } => Verdict::Compile,
                    LoadError::Unreadable { .. }
                    | LoadError::Internal { .. }
                    | LoadError::Interrupted { .. } => Verdict::Internal,
                };
                format!("{verdict} {error}")
            }
            Ok(module) => verdict(&run(&module, case)),
        }
    }

    /// All that came of a run of the module in the file `path`.
    pub(crate) fn result(&self, path: &Path, case: &Case) -> String {
        let report = run(&self.load(path, case).unwrap(), case);
        let figures = (
            report.end_ns,
            report.messages,
            report.used.steps,
            report.used.fuel,
        );
        format!("{figures:?} {:?} {:?}", report.result, report.history)
    }

    fn load(&self, path: &Path, case: &Case) -> Result<GuestModule, LoadError> {
        let compiler = Compiler::with_program(
            test_support::host().into(),
            CompileLimits {
                // Enough for any module here that is none of the bombs.
                cpu_s: case.compile_cpu_s.unwrap_or(2),
                wall: Duration::from_secs(120),
                ..CompileLimits::default()
            },
        );
        self.sandbox.load_untrusted(path, &limits(case), &compiler)
    }
}

/// Five echoes a second for two seconds, unless the case says otherwise.
fn run(module: &GuestModule, case: &Case) -> TrialResult {
    let nodes = case.nodes.unwrap_or(1);
    let bounds = Bounds::default();
    let workload = case.workload.as_deref().map(str::parse);
    let workload = workload.unwrap_or(Ok(Workload::Echo)).expect("a workload");
    let faults = case.faults.iter();
    let faults = faults.map(|name| name.parse().expect("a fault"));
    let trial = Trial {
        next_module: Some(module),
        ..Trial::of(
            module,
            Scenario::with(
                workload,
                RunOptions {
                    cluster: Cluster::of(nodes),
                    concurrency: nodes,
                    rate: 5.0,
                    hops: Some(Hops::of(0)), // the worst: nodes are busy without time passing
                    time_limit_ns: case.time_limit_s.unwrap_or(2) * SECOND,
                    limits: limits(case),
                    faults: faults.collect(),
                    nemesis_interval_ns: SECOND / 2,
                    swap_after_ns: (case.swap > 0).then_some(SECOND),
                    bounds: Bounds {
                        fuel: case.max_run_fuel.unwrap_or(bounds.fuel),
                        steps: case.max_steps.unwrap_or(100_000),
                        in_flight: case.max_in_flight.unwrap_or(bounds.in_flight),
                        memory_bytes: case
                            .max_run_memory_mib
                            .map_or(bounds.memory_bytes, |mebibytes| mebibytes << 20),
                        ..bounds
                    },
                    ..RunOptions::default()
                },
            ),
        )
    };
    trial.run(1, Vec::new())
}

fn verdict(report: &TrialResult) -> String {
    match &report.result {
        Ok(result) if result.valid == Validity::True => Verdict::Accepted.to_string(),
        Ok(_) => format!("{} {}", Verdict::WrongAnswer, report.closing_line()),
        Err(stopped) => format!("{} {stopped}", Verdict::of_stop(&stopped.reason)),
    }
}
