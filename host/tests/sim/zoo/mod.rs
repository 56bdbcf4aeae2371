//! The zoo: wrong but plausible programs (`zoo.txt`). The grader must catch each with its
//! default seeds, with the verdict and the reason of the bug, and must accept the same
//! program without the bug on the same runs.
//!
//! `docs/zoo.md` lists the seeds and milliseconds that each takes.

mod shrunk;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use host_check::workload::Workload;
use host_grade::assemble::assemble;
use host_grade::grade::{ChallengeState, Judgement};
use host_grade::judge::{JudgeContext, guests_max, judge};
use host_grade::resume::Resume;
use host_grade::suite::read::read;
use host_grade::{Suite, Verdict, Work, submission};
use host_guest::Interrupt;
use host_sandbox::{CompileLimits, Compiler, Sandbox};
use host_trial::shrink::Budget;

use table::{Mutant, RIGHT, Reason, Table};

/// Grades all mutants of a workload, and the programs without their bugs.
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

/// Grades the workspace's modules as `host grade` does: a judgement for each challenge.
fn grade(suite: &Suite) -> Vec<(String, Judgement)> {
    let modules = suite.challenges.iter().map(|it| it.module.as_str());
    // Refuses modules that are older than their sources.
    for module in BTreeSet::from_iter(modules) {
        test_support::built(module);
    }
    let submissions = submission::find(&[test_support::guests()], suite).unwrap();
    let work = Work::of(suite, &submissions, None);
    let context = JudgeContext {
        sandbox: &Sandbox::pooled(None, guests_max(&work)).unwrap(),
        compiler: &Compiler::with_program(test_support::host().into(), CompileLimits::default()),
        resume: &Resume::default(),
        progress: &|_| {},
        // Shrinking is tested elsewhere.
        shrinking: Budget { runs: 1, units: 0 },
        interrupt: &Interrupt::default(),
    };
    let results = judge(&work, &context);
    let mut grade = assemble(&work, &results, 0);
    let submission = grade.submissions.remove(0);
    let judgement = |state| match state {
        ChallengeState::Judged(judgement) => *judgement,
        ChallengeState::Missing | ChallengeState::Pending => {
            panic!("a module is missing: run ./runner.sh build")
        }
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
    let mut all: Vec<&str> = Workload::ALL.iter().map(|it| it.name()).collect();
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
