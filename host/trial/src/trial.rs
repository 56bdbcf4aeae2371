//! A trial: one run of a workload in the simulator, judged.

use host_check::anomalies::{AnomalyName, anomalies};
use host_check::history::{History, Kind};
use host_check::text::closing_line;
use host_check::validity::Validity;
use host_check::workload::{CheckOptions, CheckResult, Workload as WorkloadKind, check};
use host_guest::Start;
use host_sim::journal::Observer;
use host_sim::service;
use host_sim::workload::{Topology, TxnShape, WorkloadOptions, make};
use host_sim::{Outcome, ResourceUsage, RunOptions, Script, Simulation, StopReason, Stopped, run};

/// What is tried, whatever the seed.
pub struct Trial<'a> {
    /// The program of every node.
    pub module: &'a dyn Start,
    /// The version that nodes change to under [`RunOptions::swap_after_ns`] or the fault
    /// `swap`; the same one if there is none.
    pub next_module: Option<&'a dyn Start>,
    /// What clients do.
    pub workload: WorkloadKind,
    /// Who is whose neighbour.
    pub topology: Topology,
    /// What transactions are like.
    pub txn: TxnShape,
    /// The facts of the run.
    pub options: RunOptions,
    /// How it is judged.
    pub checks: CheckOptions,
}

/// A run and its verdict.
#[derive(Debug)]
pub struct TrialResult {
    /// The seed.
    pub seed: u64,
    /// What clients and nemesis did, unless that is the simulator's own mistake.
    pub history: Option<History>,
    /// What the checkers say, or why the run stopped before there was anything to say.
    pub result: Result<CheckResult, Stopped>,
    /// How long it was, in virtual nanoseconds.
    pub end_ns: u64,
    /// How many messages were sent.
    pub messages: u64,
    /// The most that it used of what is bounded.
    pub used: ResourceUsage,
}

impl TrialResult {
    /// The verdict: a run that had to stop is invalid.
    #[must_use]
    pub fn valid(&self) -> Validity {
        match &self.result {
            Ok(result) => result.valid,
            Err(_) => Validity::False,
        }
    }

    /// What is wrong, by name, the gravest first; nothing if it is not invalid.
    #[must_use]
    pub fn anomalies(&self) -> Vec<AnomalyName> {
        match &self.result {
            Ok(result) => anomalies(result),
            Err(stopped) => vec![AnomalyName(stopped.reason.name().to_owned())],
        }
    }

    /// Maelstrom's last words.
    #[must_use]
    pub fn closing_line(&self) -> &'static str {
        closing_line(self.valid())
    }
}

impl Trial<'_> {
    /// Runs it with one seed; `observers` see everything that happens.
    #[must_use]
    pub fn run<'o>(
        &'o self,
        seed: u64,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> TrialResult {
        self.run_as(seed, None, false, observers).0
    }

    /// The same, and what clients began and what went wrong, spelled out.
    #[must_use]
    pub fn record<'o>(
        &'o self,
        seed: u64,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> (TrialResult, Script) {
        let (report, script) = self.run_as(seed, None, true, observers);
        (report, script.unwrap_or_default())
    }

    /// Runs what a script says instead of what would be drawn; rate, faults and their interval
    /// do not matter then.
    #[must_use]
    pub fn play<'o>(
        &'o self,
        seed: u64,
        script: &'o Script,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> TrialResult {
        self.run_as(seed, Some(script), false, observers).0
    }

    fn run_as<'o>(
        &'o self,
        seed: u64,
        script: Option<&'o Script>,
        records: bool,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> (TrialResult, Option<Script>) {
        let workload = match make(self.workload, &self.settings()) {
            Ok(workload) => workload,
            Err(why) => return (impossible(seed, why.to_string()), None),
        };
        let mut outcome = run(Simulation {
            module: self.module,
            next_module: self.next_module,
            options: &self.options,
            seed,
            workload,
            services: service::all(),
            observers,
            script,
            records,
        });
        let written = outcome.script.take();
        (self.judge(seed, outcome), written)
    }

    /// What the workload is made from.
    fn settings(&self) -> WorkloadOptions {
        WorkloadOptions {
            cluster: self.options.cluster,
            concurrency: self.options.concurrency,
            topology: self.topology,
            txn: self.txn,
            mean_latency_ms: self.options.latency.mean_ms,
        }
    }

    fn judge(&self, seed: u64, outcome: Outcome) -> TrialResult {
        let end_ns = outcome.end_ns;
        let broken = |why: String| Stopped {
            at_ns: end_ns,
            node: None,
            reason: StopReason::Internal(why),
        };
        let (history, result) = match History::new(outcome.ops) {
            Err(why) => (None, Err(broken(format!("the history is broken: {why}")))),
            Ok(history) => {
                let invoked = history
                    .client_ops()
                    .filter(|(_, op)| op.kind == Kind::Invoke);
                let net = outcome.net.result(invoked.count() as u64);
                let result = match outcome.stopped {
                    Some(stopped) => Err(stopped),
                    None => check(self.workload, &history, Some(net), &self.checks)
                        .map_err(|misfit| broken(misfit.to_string())),
                };
                (Some(history), result)
            }
        };
        TrialResult {
            seed,
            history,
            result,
            end_ns,
            messages: outcome.messages,
            used: outcome.used,
        }
    }
}

/// The report on a workload that cannot be made from these settings.
fn impossible(seed: u64, why: String) -> TrialResult {
    TrialResult {
        seed,
        history: None,
        result: Err(Stopped {
            at_ns: 0,
            node: None,
            reason: StopReason::Internal(why),
        }),
        end_ns: 0,
        messages: 0,
        used: ResourceUsage::default(),
    }
}
