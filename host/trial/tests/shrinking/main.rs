//! Shrinking, with guests in this process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod moves;
mod native;
mod reference;
mod touches;

use host_check::evidence::{Evidence, evidence};
use host_check::history::Kind;
use host_check::validity::{Checks, Validity};
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Cluster, Hops, RunOptions, SECOND};
use host_trial::reference::Reference;
use host_trial::schedule::Schedule;
use host_trial::shrink::{Budget, Kept, Shrunk, cost, shrink};
use host_trial::{Scenario, Trial, TrialResult};

use native::Native;

fn options(nodes: usize, rate: f64, seconds: u64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(nodes),
        concurrency: 2 * nodes,
        rate,
        time_limit_ns: seconds * SECOND,
        hops: Some(Hops::of(0)), // times are round
        ..RunOptions::default()
    }
}

/// The run with seed 1 and its schedule.
fn record(module: &Native, scenario: Scenario) -> (Schedule, TrialResult) {
    let trial = Trial::of(module, scenario);
    let (report, script) = trial.record(1, Vec::new());
    assert_eq!(report.valid(), Validity::False);
    (Schedule::of(&trial, 1, script), report)
}

fn shrunk(module: &Native, scenario: Scenario, budget: Budget) -> (Schedule, Shrunk) {
    let (schedule, report) = record(module, scenario);
    let shrunk = shrink(schedule.clone(), report, module, None, budget).unwrap();
    (schedule, shrunk)
}

fn right_program_passes(schedule: &Schedule) -> bool {
    let reference = Reference::new(schedule.scenario.workload.built_in().unwrap(), None);
    let report = schedule.play(&reference, None, Vec::new());
    report.valid() != Validity::False
}

/// The regression: it ended in one compare-and-set on one node at time 0, which nobody can do.
#[test]
fn that_no_cas_succeeded_keeps_all_attempts_the_nodes_the_faults_and_the_time() {
    let options = RunOptions {
        faults: vec![Fault::Partition],
        ..options(3, 60.0, 20)
    };
    let scenario = Scenario::with(Workload::LinKv, options);
    let (whole, shrunk) = shrunk(&Native::Refusing, scenario, Budget::default());
    assert_eq!(shrunk.anomaly.to_string(), "no-cas-succeeded");
    assert_eq!(shrunk.kept, Kept::Attempts);
    let attempts = |schedule: &Schedule| {
        let operations = schedule.script.operations.iter();
        operations.filter(|it| it.operation.f == "cas").count()
    };
    assert!(attempts(&whole) > 50);
    assert_eq!(attempts(&shrunk.schedule), attempts(&whole));
    assert_eq!(shrunk.schedule.script.faults, whole.script.faults);
    let of = |schedule: &Schedule| {
        let options = &schedule.scenario.options;
        (options.cluster, options.concurrency, options.time_limit_ns)
    };
    assert_eq!(of(&shrunk.schedule), of(&whole));
    assert!(right_program_passes(&shrunk.schedule));
    // A right program needs a value to compare with, so some write stays.
    let others = shrunk.schedule.script.operations.len() - attempts(&whole);
    assert!((1..attempts(&whole)).contains(&others), "{others}");
}

/// A value is better evidence than a lack, and stays evidence in the shortest run.
#[test]
fn a_lost_element_is_kept_rather_than_that_no_read_succeeded() {
    let scenario = Scenario::with(Workload::GSet, options(2, 50.0, 10));
    let (_, shrunk) = shrunk(&Native::Alone, scenario, Budget::default());
    assert_eq!(shrunk.anomaly.to_string(), "lost-elements");
    assert_eq!((shrunk.kept, shrunk.is_minimal), (Kept::Evidence, true));
    assert_eq!(shrunk.schedule.script.operations.len(), 1);
    assert!(right_program_passes(&shrunk.schedule));
}

/// The regression: nothing was tried of a run that cost more than the budget.
#[test]
fn a_run_that_costs_more_than_the_budget_is_shrunk() {
    let mut scenario = Scenario::with(Workload::LinKv, options(1, 1000.0, 20));
    scenario.checks.checks = Checks::Maelstrom; // no reads long after the last change
    let module = Native::StaleFrom(15 * SECOND);
    let (schedule, report) = record(&module, scenario);
    assert!(schedule.script.operations.len() > 19_000);
    let budget = Budget {
        runs: 1_000,
        units: cost(&report.used) * 9 / 10,
    };
    let shrunk = shrink(schedule, report, &module, None, budget).unwrap();
    assert_eq!(shrunk.anomaly.to_string(), "not-linearizable");
    // Two changes of a register and a read.
    assert_eq!(shrunk.schedule.script.operations.len(), 3);
    assert!(shrunk.schedule.scenario.options.time_limit_ns > 14 * SECOND);
    assert!(shrunk.runs < 100, "{}", shrunk.runs);
    assert!(right_program_passes(&shrunk.schedule));
}

/// What needs many operations is not cut below them, and its trace has the operations that matter.
#[test]
fn a_long_trace_has_the_operations_that_show_the_anomaly_and_what_they_contradict() {
    let scenario = Scenario::with(Workload::LinKv, options(1, 200.0, 20));
    let module = Native::StaleFrom(10 * SECOND);
    let (schedule, report) = record(&module, scenario);
    let budget = Budget {
        runs: 1,
        ..Budget::default()
    };
    let shrunk = shrink(schedule, report, &module, None, budget).unwrap();
    assert_eq!((shrunk.runs, shrunk.is_minimal), (1, false));
    assert!(shrunk.schedule.script.operations.len() > 3_000);
    let trace = shrunk.trace(&module, None);
    assert_eq!(trace.len(), 60);
    let again = shrunk.schedule.play(&module, None, Vec::new());
    let (history, checks) = (again.history.unwrap(), &shrunk.schedule.scenario.checks);
    let found = evidence(&again.result.unwrap(), &history, checks);
    let found = found.iter().find(|it| it.name == shrunk.anomaly).unwrap();
    let Evidence::Operations(contradiction) = &found.evidence else {
        panic!("{found:?}");
    };
    assert!(!contradiction.against.is_empty());
    let has = |at: usize, mark: &str| {
        let words = format!("  op {}: ", history.ops()[at].index);
        trace
            .iter()
            .any(|line| line.contains(&words) && line.ends_with(mark))
    };
    let shown_by = contradiction.shown_by;
    assert!(has(shown_by, "  <-- shows not-linearizable"), "{trace:#?}");
    for &at in &contradiction.against {
        let mark = format!("  <-- contradicts op {}", history.ops()[shown_by].index);
        assert!(has(at, &mark), "{trace:#?}");
        assert_ne!(history.ops()[at].kind, Kind::Invoke);
        assert!(has(history.pairs().partner(at).unwrap(), ""), "{trace:#?}");
    }
}

#[test]
fn the_search_is_the_same_each_time() {
    let search = || {
        let scenario = Scenario::with(Workload::LinKv, options(3, 50.0, 20));
        let (_, shrunk) = shrunk(&Native::StaleFrom(0), scenario, Budget::default());
        (shrunk.schedule.write(), shrunk.runs)
    };
    assert_eq!(search(), search());
}
