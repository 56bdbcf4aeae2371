//! The options of a run, by their names on the command line.

use host_trial::Scenario;
use host_trial::scenario::option;

/// Name and value of each option that the workload and the faults use, and of the seed.
#[must_use]
pub fn options(scenario: &Scenario, seed: u64) -> Vec<(&'static str, String)> {
    let run = &scenario.options;
    let shown = |option: &option::ScenarioOption| (option.name, option.shown(scenario));
    let (latency, mean) = shown(&option::LATENCY);
    let distribution = option::LATENCY_DIST.shown(scenario);
    let mut options = vec![
        shown(&option::WORKLOAD),
        // In numbers, also where the option has a default without one.
        (option::NODE_COUNT.name, run.cluster.count.to_string()),
        (option::CONCURRENCY.name, run.concurrency.to_string()),
        shown(&option::RATE),
        shown(&option::TIME_LIMIT),
        (latency, format!("{mean}, {distribution}")),
        shown(&option::TOPOLOGY),
        shown(&option::NETWORK),
        ("seed", seed.to_string()),
    ];
    if !run.faults.is_empty() {
        let (nemesis, faults) = shown(&option::NEMESIS);
        options.push((nemesis, faults.replace(',', ", ")));
        options.push(shown(&option::NEMESIS_INTERVAL));
    }
    if run.swap_after_ns.is_some() {
        options.push(shown(&option::SWAP_AT));
    }
    if !run.guest_args.is_empty() {
        options.push(("guest arguments", run.guest_args.join(" ")));
    }
    options
}
