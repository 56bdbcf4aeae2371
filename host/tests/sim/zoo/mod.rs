//! The zoo: wrong but plausible programs, and right ones of many designs (`*.txt`). The built-in
//! suite must refuse each wrong one at its default seeds, for one of the reasons that its author
//! expects, and accept each right one on the same runs.
//!
//! `docs/zoo.md` says which world and seed catches each.

mod judge;
mod schedules;
mod shrunk;
mod table;

use std::collections::BTreeSet;
use std::fmt::Write;

use host_check::workload::Workload;
use host_grade::{Suite, Verdict};
use host_trial::shrink::Budget;

use judge::grade;
use table::{Kind, Program, Table, suite};

/// One wrong program of so many is graded here, and one right program of so many with the first seed
/// of each world; `./runner.sh zoo` grades all, with all seeds.
const WRONG_SAMPLE: usize = 16;
const RIGHT_SAMPLE: usize = 6;

/// Shrinking is tested elsewhere.
const UNSHRUNK: Budget = Budget { runs: 1, units: 0 };

/// Grades some programs of a workload.
#[track_caller]
fn check(workload: Workload) {
    let table = Table::read();
    let of_workload = ids(workload);
    let of_kind = |kind: Kind, sample: usize| {
        let all = table.programs.iter();
        let own = all.filter(move |it| it.kind == kind);
        own.filter(|it| of_workload.contains(&it.challenge))
            .step_by(sample)
    };
    let wrong_ones = of_kind(Kind::Wrong, WRONG_SAMPLE);
    let right_ones = of_kind(Kind::Right, RIGHT_SAMPLE);
    let mut asked = suite(built_in(), right_ones.clone());
    for challenge in &mut asked.challenges {
        challenge.seeds.truncate(1);
        for world in &mut challenge.worlds {
            world.seeds.truncate(1);
        }
    }
    let all_seeds = suite(built_in(), wrong_ones.clone());
    asked.challenges.extend(all_seeds.challenges);
    let (graded, _) = grade(&asked, UNSHRUNK);
    let mut wrong = String::new();
    for program in wrong_ones.chain(right_ones) {
        let judgement = &graded[&program.id()];
        let verdict = judgement.verdict;
        let failure = judgement.failure.as_ref();
        let reported = failure.map_or(&[][..], |failure| &failure.anomalies);
        let is_expected = match program.kind {
            Kind::Right => verdict == Verdict::Accepted,
            _ => table.shown(program, reported).is_some(),
        };
        if !is_expected {
            writeln!(wrong, "{program:?}: found {verdict} {failure:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn built_in() -> Suite {
    Suite::built_in().unwrap()
}

/// The challenges of a workload.
fn ids(workload: Workload) -> BTreeSet<String> {
    let challenges = built_in().challenges.into_iter();
    let own = challenges.filter(|challenge| challenge.scenario.workload == workload);
    own.map(|challenge| challenge.id).collect()
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

/// The arguments without those that name a bug.
fn without_bug(args: &mut Vec<String>) {
    match args.iter().position(|arg| arg == "--bug") {
        Some(at) => drop(args.drain(at..at + 2)),
        None => args.clear(),
    }
}

/// How many different programs of a kind there are.
fn count(table: &Table, is_it: impl Fn(&Program) -> bool) -> usize {
    let programs = table.programs.iter().filter(|program| is_it(program));
    let different = programs.map(|it| (it.module.as_str(), it.name()));
    BTreeSet::from_iter(different).len()
}

#[test]
fn the_zoo_is_large_and_the_suite_misses_few() {
    let table = Table::read();
    assert!(count(&table, |it| it.kind == Kind::Right) >= 25);
    let wrong = count(&table, |it| it.kind != Kind::Right);
    assert!(wrong >= 150, "{wrong}");
    let rows = |is_durable: bool, is_missed: bool| {
        let rows = table.programs.iter().filter(|it| match it.kind {
            Kind::Right => false,
            Kind::Wrong => !is_missed,
            Kind::Missed => true,
        });
        rows.filter(|it| it.challenge.ends_with("-durable") == is_durable)
            .count()
    };
    let (wrong, missed) = (rows(false, false), rows(false, true));
    assert!(missed * 20 <= wrong, "{missed} of {wrong}");
    // What a disk must keep of an election shows in rare orders of events only.
    let (wrong, missed) = (rows(true, false), rows(true, true));
    assert!(missed * 3 <= wrong, "{missed} of {wrong}");
    for workload in Workload::ALL {
        let challenges = ids(*workload);
        let own = |it: &Program| it.kind == Kind::Wrong && challenges.contains(&it.challenge);
        assert!(count(&table, own) >= 4, "{workload}");
    }
}

#[test]
fn the_page_of_the_zoo_has_every_program() {
    let page = include_str!("../../../../docs/zoo.md");
    let told = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let told = told.filter_map(|line| line.split_once("` | "));
    let told = told.map(|(name, rest)| (name, rest.split(" | ").next().unwrap_or_default()));
    let told: BTreeSet<(&str, &str)> = told.collect();
    let table = Table::read();
    let names: Vec<String> = table.programs.iter().map(Program::full_name).collect();
    let programs = names.iter().zip(&table.programs);
    let programs = programs.map(|(name, it)| (name.as_str(), it.challenge.as_str()));
    assert_eq!(told, programs.collect(), "docs/zoo.md says how it is made");
}
