//! The options of a run, by the names that the command line has for them.

use host_sim::{Distribution, Latency, NetworkModel, RunOptions};
use host_trial::Trial;

/// What a run was asked for: name and value of each option that its workload and faults use.
pub(super) fn options(trial: &Trial<'_>, seed: u64) -> Vec<(&'static str, String)> {
    let RunOptions {
        cluster,
        concurrency,
        rate,
        time_limit_ns,
        latency,
        network,
        faults,
        nemesis_interval_ns,
        swap_after_ns,
        limits: _,
        guest_args,
        bounds: _,
    } = &trial.options;
    let Latency {
        mean_ms,
        distribution,
    } = latency;
    let distribution = match distribution {
        Distribution::Constant => "constant",
        Distribution::Uniform => "uniform",
        Distribution::Exponential => "exponential",
    };
    let network = match network {
        NetworkModel::Maelstrom => "maelstrom",
        NetworkModel::Ideal => "ideal",
    };
    let seconds = |ns: u64| format!("{} s", host_sim::seconds(ns));
    let mut options = vec![
        ("workload", trial.workload.to_string()),
        ("node-count", cluster.count.to_string()),
        ("concurrency", concurrency.to_string()),
        ("rate", format!("{rate} a second")),
        ("time-limit", seconds(*time_limit_ns)),
        ("latency", format!("{mean_ms} ms, {distribution}")),
        ("topology", trial.topology.to_string()),
        ("network", network.to_owned()),
        ("seed", seed.to_string()),
    ];
    if !faults.is_empty() {
        let names: Vec<String> = faults.iter().map(ToString::to_string).collect();
        options.push(("nemesis", names.join(", ")));
        options.push(("nemesis-interval", seconds(*nemesis_interval_ns)));
    }
    if let Some(after_ns) = swap_after_ns {
        options.push(("swap-at", seconds(*after_ns)));
    }
    if !guest_args.is_empty() {
        options.push(("guest arguments", guest_args.join(" ")));
    }
    options
}
