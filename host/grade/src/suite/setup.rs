//! The run that a challenge asks for, and the command that makes the same one.

use std::path::Path;

use host_check::availability::Goal;
use host_check::txn::model::Model;
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload};
use host_guest::Limits;
use host_protocol::text::shell_quoted;
use host_sandbox::GuestModule;
use host_sim::workload::{Topology, TxnShape};
use host_sim::{Bound, Distribution, NetworkModel, RunOptions, seconds};
use host_trial::Trial;

/// A trial that lacks its module.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What clients do.
    pub workload: Workload,
    /// Who is whose neighbour.
    pub topology: Topology,
    /// What transactions are like.
    pub txn: TxnShape,
    /// The facts of the run.
    pub options: RunOptions,
    /// How it is judged.
    pub checks: CheckOptions,
}

impl Setup {
    /// The trial of a module.
    #[must_use]
    pub fn trial<'a>(&self, module: &'a GuestModule) -> Trial<'a> {
        Trial {
            module,
            next_module: None,
            workload: self.workload,
            topology: self.topology,
            txn: self.txn,
            options: self.options.clone(),
            checks: self.checks.clone(),
        }
    }

    /// The command that runs `module` with this seed as it was judged. `bound_flag` is that of
    /// the bound that the run went over: the others do not change it.
    #[must_use]
    pub fn replay(&self, module: &Path, seed: u64, bound_flag: Option<&str>) -> String {
        let module = module.to_string_lossy().into_owned();
        let mut words = vec!["host".to_owned(), "sim".to_owned()];
        words.extend(["--module".to_owned(), module]);
        words.extend(self.flags());
        words.extend(bound_flag.map(str::to_owned));
        words.extend(["--seed".to_owned(), seed.to_string()]);
        if !self.options.guest_args.is_empty() {
            words.push("--".to_owned());
            words.extend(self.options.guest_args.iter().cloned());
        }
        let quoted: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
        quoted.join(" ")
    }

    /// The flags of `host sim` that make these options, without those that are the default.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let mut flags = Flags::default();
        let (options, checks) = (&self.options, &self.checks);
        flags.add("-w", self.workload.name());
        flags.add("--node-count", options.cluster.count);
        if options.concurrency != options.cluster.count {
            flags.add("--concurrency", options.concurrency);
        }
        flags.add("--rate", options.rate);
        flags.add("--time-limit", seconds(options.time_limit_ns));
        let latency = options.latency;
        flags.unless_default("--latency", latency.mean_ms, 0);
        match latency.distribution {
            Distribution::Constant => {}
            Distribution::Uniform => flags.add("--latency-dist", "uniform"),
            Distribution::Exponential => flags.add("--latency-dist", "exponential"),
        }
        if self.topology != Topology::default() {
            flags.add("--topology", self.topology);
        }
        let (txn, usual) = (self.txn, TxnShape::default());
        flags.unless_default("--key-count", txn.key_count, usual.key_count);
        flags.unless_default("--max-txn-length", txn.max_txn_length, usual.max_txn_length);
        flags.unless_default(
            "--max-writes-per-key",
            txn.max_writes_per_key,
            usual.max_writes_per_key,
        );
        if !options.faults.is_empty() {
            flags.add("--nemesis", joined(&options.faults));
        }
        let interval = seconds(options.nemesis_interval_ns);
        flags.unless_default("--nemesis-interval", interval.as_str(), "10");
        match checks.availability {
            None => {}
            Some(Goal::Total) => flags.add("--availability", "total"),
            Some(Goal::AtLeast(part)) => flags.add("--availability", part),
        }
        if checks.consistency_models != CheckOptions::default().consistency_models {
            let models: Vec<&str> = checks
                .consistency_models
                .iter()
                .map(|it| Model::name(*it))
                .collect();
            flags.add("--consistency-models", models.join(","));
        }
        if checks.checks == Checks::Maelstrom {
            flags.add("--checks", "maelstrom");
        }
        if options.network == NetworkModel::Ideal {
            flags.add("--network", "ideal");
        }
        flags.add_limits(&options.limits);
        flags.0
    }
}

/// The flag of `host sim` that sets a bound to what it was.
#[must_use]
pub fn bound_flag(bound: Bound) -> String {
    match bound {
        Bound::Steps(limit) => format!("--max-steps={limit}"),
        Bound::Fuel(limit) => format!("--max-run-fuel={limit}"),
        Bound::Memory(limit) => format!("--max-run-memory-mib={}", limit >> 20),
        Bound::InFlight(limit) => format!("--max-in-flight={limit}"),
        Bound::InFlightBytes(limit) => format!("--max-in-flight-mib={}", limit >> 20),
        Bound::AnswerBytes(limit) => format!("--max-answers-mib={}", limit >> 20),
    }
}

/// The words of a command line.
#[derive(Default)]
struct Flags(Vec<String>);

impl Flags {
    fn add(&mut self, name: &str, value: impl ToString) {
        self.0.extend([name.to_owned(), value.to_string()]);
    }

    fn unless_default<T: PartialEq + ToString>(&mut self, name: &str, value: T, default: T) {
        if value != default {
            self.add(name, value);
        }
    }

    /// Those of the guest that a suite can set.
    fn add_limits(&mut self, limits: &Limits) {
        let usual = Limits::default();
        let mebibytes = |bytes: usize| bytes >> 20;
        self.unless_default(
            "--max-memory-mib",
            mebibytes(limits.memory_bytes),
            mebibytes(usual.memory_bytes),
        );
        self.unless_default("--max-fuel", limits.fuel, usual.fuel);
        self.unless_default(
            "--max-step-ms",
            limits.wall.as_millis(),
            usual.wall.as_millis(),
        );
        self.unless_default(
            "--max-output-bytes",
            limits.output_bytes,
            usual.output_bytes,
        );
        self.unless_default("--max-effects", limits.effects, usual.effects);
        self.unless_default("--max-timers", limits.timers, usual.timers);
        self.unless_default("--max-log-bytes", limits.log_bytes, usual.log_bytes);
    }
}

fn joined<T: ToString>(things: &[T]) -> String {
    let words: Vec<String> = things.iter().map(ToString::to_string).collect();
    words.join(",")
}
