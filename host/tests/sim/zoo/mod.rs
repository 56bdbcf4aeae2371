//! The zoo: wrong but plausible programs (`zoo.txt`). The grader has to catch each at its own
//! seeds, with the verdict and the reason that belong to the bug, while the same program
//! without its bug is accepted on the same runs.
//!
//! How many seeds and milliseconds each takes is in docs/zoo.md.

mod table;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use host_check::workload::Workload;
use host_grade::assemble::assemble;
use host_grade::judge::{Bench, guests_max, judge};
use host_grade::report::{Judgement, State};
use host_grade::resume::Resume;
use host_grade::suite::read::read;
use host_grade::{Suite, Verdict, Work, submission};
use host_sandbox::{CompileLimits, Compiler, Sandbox};
use host_trial::shrink::Budget;

use table::{Mutant, RIGHT, Reason, Table};

/// Grades all mutants of a workload, and the programs that they are made from.
#[track_caller]
fn check(workload: Workload) {
    let table = Table::read();
    let mutants: BTreeMap<String, &Mutant> = table.mutants.iter().map(|it| (it.id(), it)).collect();
    let mut suite = suite(&table);
    suite
        .challenges
        .retain(|challenge| challenge.scenario.workload == workload);
    let mut wrong = String::new();
    let mut caught = 0;
    for (id, judgement) in grade(&suite) {
        let verdict = judgement.verdict.abbreviation();
        let said = judgement.failure.map(|failure| failure.anomaly.join("\n"));
        let said = said.unwrap_or_default();
        let accepted = Reason {
            verdict: Verdict::Accepted.to_string(),
            words: String::new(),
        };
        let reason = mutants
            .get(&id)
            .map_or(&accepted, |mutant| table.reason(mutant));
        if !reason.is(verdict, &said) {
            writeln!(wrong, "{id}: expected {reason:?}, found {verdict} {said}").unwrap();
        }
        caught += usize::from(verdict != accepted.verdict);
    }
    assert!(caught > 0 && wrong.is_empty(), "{wrong}");
}

fn suite(table: &Table) -> Suite {
    read("zoo.toml", &table.suite()).unwrap()
}

/// What `host grade` makes of this workspace's modules: a judgement for each challenge.
fn grade(suite: &Suite) -> Vec<(String, Judgement)> {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm32-wasip1/release");
    let submissions = submission::find(&[guests]).expect("run ./runner.sh build");
    let work = Work::of(suite, &submissions, None);
    let bench = Bench {
        sandbox: &Sandbox::pooled(None, guests_max(&work)).unwrap(),
        compiler: &Compiler::with_program(
            env!("CARGO_BIN_EXE_host").into(),
            CompileLimits::default(),
        ),
        resume: &Resume::default(),
        progress: &|_| {},
        // How short a failure can be made is tested elsewhere.
        shrinking: Budget { runs: 1, fuel: 0 },
        interrupted: &AtomicBool::new(false),
    };
    let outcomes = judge(&work, &bench);
    let mut grade = assemble(&work, &outcomes, 0);
    let submission = grade.submissions.remove(0);
    let judgement = |state| match state {
        State::Judged(judgement) => *judgement,
        State::Missing | State::Pending => panic!("a module is missing: run ./runner.sh build"),
    };
    let challenges = submission.challenges.into_iter();
    challenges
        .map(|challenge| (challenge.id, judgement(challenge.state)))
        .collect()
}

#[test]
fn echo() {
    check(Workload::Echo);
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
fn g_counter() {
    check(Workload::GCounter);
}

#[test]
fn pn_counter() {
    check(Workload::PnCounter);
}

#[test]
fn kafka() {
    check(Workload::Kafka);
}

#[test]
fn txn_list_append() {
    check(Workload::TxnListAppend);
}

#[test]
fn txn_rw_register() {
    check(Workload::TxnRwRegister);
}

#[test]
fn lin_kv() {
    check(Workload::LinKv);
}

#[test]
fn every_workload_has_its_mutants_and_there_are_forty_at_least() {
    let table = Table::read();
    let suite = suite(&table);
    let wrong = suite
        .challenges
        .iter()
        .filter(|challenge| !challenge.id.ends_with(RIGHT));
    let mut of: Vec<&str> = wrong
        .map(|challenge| challenge.scenario.workload.name())
        .collect();
    of.sort_unstable();
    of.dedup();
    let mut all = Workload::ALL.map(Workload::name);
    all.sort_unstable();
    assert_eq!(of, all);
    let bugs = table.bugs().len();
    assert!(bugs >= 40, "{bugs}");
}

#[test]
fn the_page_of_the_zoo_has_every_mutant() {
    let page = include_str!("../../../../docs/zoo.md");
    let told = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: Vec<&str> = told.filter_map(|line| line.split('`').next()).collect();
    let mutants: Vec<String> = Table::read().mutants.iter().map(|it| it.id()).collect();
    assert_eq!(told, mutants, "docs/zoo.md says how it is made");
}
