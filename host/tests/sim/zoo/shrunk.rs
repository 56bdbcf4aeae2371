//! What the mutants of the zoo are shrunk to: runs that a right program passes, with traces that fit
//! on a page and have the operations that show the anomaly.

use std::fmt::Write;

use host_check::evidence::Evidence;
use host_check::history::Op;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_grade::suite::{Challenge, PlannedRun};
use host_guest::Limits;
use host_sandbox::{Cache, GuestModule, Sandbox};
use host_trial::Trial;
use host_trial::reference::Reference;
use host_trial::schedule::Schedule;
use host_trial::shrink::{Budget, Kept, Shrunk, shrink};

use super::judge::is_message;
use super::table::{Kind, Program, Table, suite};
use super::without_bug;

/// The most lines of a trace.
const LINES_MAX: usize = 60;

/// The most messages in half of all traces of a workload. Among the five nodes of a Raft cluster an
/// election takes eight messages and each change eight more, and a wrong read needs two leaders.
fn messages_median(workload: Workload) -> usize {
    match workload {
        Workload::LinKv => 40, // a Raft that loses its power has an election for each start
        _ => 20,
    }
}

/// One wrong program of so many is tried.
const SAMPLE: usize = 16;

/// Shrinks the first run that fails of some wrong programs of a workload.
#[track_caller]
fn check(workload: Workload) {
    let cache = Cache::open(test_support::compiled()).unwrap();
    let sandbox = Sandbox::new(Some(cache)).unwrap();
    let mut wrong = String::new();
    let mut messages = Vec::new();
    let of_workload = super::ids(workload);
    let is_wrong = |it: &&Program| it.kind == Kind::Wrong && of_workload.contains(&it.challenge);
    let table = Table::read();
    let wrong_programs = table.programs.iter().filter(is_wrong).step_by(SAMPLE);
    let mutants = suite(super::built_in(), wrong_programs).challenges;
    for challenge in &mutants {
        let module = test_support::built(&challenge.module);
        let module = sandbox.load(&module, &Limits::default()).unwrap();
        let Some(shrunk) = first_shrunk(challenge, &module) else {
            continue; // a target is missed, or the run exceeds a bound
        };
        if shrunk.kept == Kept::Attempts {
            continue; // that something never happened has no operation that shows it
        }
        let trace = shrunk.trace(&module, None);
        messages.push(trace.iter().filter(|line| is_message(line)).count());
        for problem in problems(&shrunk, &module, &trace) {
            let id = &challenge.id;
            writeln!(wrong, "{id}: {problem}\n{}", trace.join("\n")).unwrap();
        }
    }
    messages.sort_unstable();
    let median = messages[messages.len() / 2];
    assert!(median <= messages_median(workload), "{messages:?}");
    assert!(wrong.is_empty(), "{wrong}");
}

fn first_shrunk(challenge: &Challenge, module: &GuestModule) -> Option<Shrunk> {
    let fails = |planned: PlannedRun<'_>| {
        let trial = Trial::of(module, planned.setting.scenario().clone());
        let (report, script) = trial.record(planned.seed, Vec::new());
        let is_wrong = report.valid() == Validity::False && report.result.is_ok();
        is_wrong.then(|| {
            let schedule = Schedule::of(&trial, planned.seed, script);
            shrink(schedule, report, module, None, Budget::ONE_SECOND)
        })
    };
    challenge.runs().find_map(fails).flatten()
}

fn problems(shrunk: &Shrunk, module: &GuestModule, trace: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    let schedule = &shrunk.schedule;
    if trace.len() > LINES_MAX {
        problems.push(format!("{} lines", trace.len()));
    }
    // The module without its bug, and one that needs no network.
    let mut right = schedule.clone();
    without_bug(&mut right.scenario.options.guest_args);
    let reference = Reference::new(schedule.scenario.workload.built_in().unwrap(), None);
    let right = [
        right.play(module, None, Vec::new()),
        schedule.play(&reference, None, Vec::new()),
    ];
    for (report, who) in right.iter().zip(["the right module", "the reference"]) {
        if report.valid() == Validity::False {
            problems.push(format!("{who} fails it: {:?}", report.anomalies()));
        }
    }
    let again = schedule.play(module, None, Vec::new());
    let found = again.evidence(&schedule.scenario.checks);
    let Some(found) = found.iter().find(|it| it.name == shrunk.anomaly) else {
        problems.push(format!("{} does not show", shrunk.anomaly));
        return problems;
    };
    let Evidence::Operations(contradiction) = &found.evidence else {
        problems.push(format!("{} has no operation", found.name));
        return problems;
    };
    let history = again.history.as_ref().unwrap();
    let line = |op: &Op| {
        let words = format!("  op {}: ", op.index);
        trace.iter().find(|line| line.contains(&words))
    };
    let named = |at: usize| line(&history.ops()[at]);
    let is_marked = |at: usize, mark: &str| named(at).is_some_and(|line| line.contains(mark));
    if !is_marked(contradiction.shown_by, "  <-- shows ") {
        problems.push(format!("op {} is missing", contradiction.shown_by));
    }
    for at in &contradiction.against {
        if !is_marked(*at, "  <-- contradicts ") {
            problems.push(format!("op {at}, which it contradicts, is missing"));
        }
    }
    problems
}

#[test]
fn unique_ids() {
    check(Workload::UniqueIds);
}

#[test]
fn broadcast() {
    check(Workload::Broadcast);
}

#[test]
fn g_set() {
    check(Workload::GSet);
}

#[test]
fn counters() {
    check(Workload::GCounter);
    check(Workload::PnCounter);
}

#[test]
fn kafka() {
    check(Workload::Kafka);
}

#[test]
fn transactions() {
    check(Workload::TxnListAppend);
    check(Workload::TxnRwRegister);
}

#[test]
fn lin_kv() {
    check(Workload::LinKv);
}
