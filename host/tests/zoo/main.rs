//! The zoo: wrong but plausible programs (`zoo.txt`), each of which has to be caught with the
//! anomaly that it has, while the same program without its bug passes the same runs.
//!
//! Each test also says, for whoever wants to see (`--no-capture`), how many seeds and
//! milliseconds it took to catch each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod table;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use host::check::validity::Validity;
use host::check::workload::Workload;
use host::guest::{GuestModule, Limits, Sandbox};
use host::trial::{Report, Trial};
use host::workload::{Topology, TxnShape};

use table::{Challenge, Mutant, Table};

/// The seeds that everything is tried with, in this order.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;

/// Tries all mutants of a workload, and the programs that they are made from.
#[track_caller]
fn check(workload: Workload) {
    let table = Table::read();
    let sandbox = Sandbox::new(None).unwrap();
    let mut modules: BTreeMap<&str, GuestModule> = BTreeMap::new();
    let mut wrong = String::new();
    let of_workload = |it: &&Mutant| table.challenges[&it.challenge].workload == workload;
    let mutants: Vec<&Mutant> = table.mutants.iter().filter(of_workload).collect();
    let mut bases: Vec<(&str, &str)> = Vec::new();
    for mutant in &mutants {
        let challenge = &table.challenges[&mutant.challenge];
        let module = modules.entry(&mutant.module).or_insert_with(|| {
            let path = built(&mutant.module);
            sandbox.load(&path, &Limits::default()).unwrap()
        });
        let begun = Instant::now();
        let mut reports = SEEDS.map(|seed| run(module, challenge, &mutant.args, seed));
        let failure = reports.find(|report| report.valid() != Validity::True);
        let found = failure.as_ref().map(caught_with);
        let (name, anomaly) = (mutant.name(), &mutant.anomaly);
        if let Some(failure) = failure {
            let ms = begun.elapsed().as_millis();
            let seeds = failure.seed;
            println!("{name:<44} {anomaly:<24} seeds {seeds:>2}, {ms:>5} ms");
        }
        if !found.as_ref().is_some_and(|found| found.contains(anomaly)) {
            writeln!(wrong, "{name}: expected {anomaly}, found {found:?}").unwrap();
        }
        let base = (mutant.module.as_str(), mutant.challenge.as_str());
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    for (module, challenge) in bases {
        for seed in SEEDS {
            let report = run(&modules[module], &table.challenges[challenge], &[], seed);
            if report.valid() != Validity::True {
                let found = caught_with(&report);
                writeln!(
                    wrong,
                    "{module} itself, {challenge}, seed {seed}: {found:?}"
                )
                .unwrap();
            }
        }
    }
    assert!(!mutants.is_empty() && wrong.is_empty(), "{wrong}");
}

/// A run's anomalies.
fn caught_with(report: &Report) -> Vec<String> {
    let anomalies = report.anomalies();
    anomalies.iter().map(ToString::to_string).collect()
}

fn run(module: &GuestModule, challenge: &Challenge, args: &[String], seed: u64) -> Report {
    let mut options = challenge.options.clone();
    options.guest_args = args.to_vec();
    let trial = Trial {
        module,
        next_module: None,
        workload: challenge.workload,
        topology: Topology::default(),
        txn: TxnShape::default(),
        options,
        checks: challenge.checks.clone(),
    };
    trial.run(seed, Vec::new())
}

/// The module of a package of this workspace.
fn built(name: &str) -> PathBuf {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm32-wasip1/release");
    let path = guests.join(format!("{name}.wasm"));
    let shown = path.display();
    assert!(path.exists(), "{shown} is missing: run ./runner.sh build");
    path
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
    let mut of: Vec<&str> = table
        .mutants
        .iter()
        .map(|mutant| table.challenges[&mutant.challenge].workload.name())
        .collect();
    of.sort_unstable();
    of.dedup();
    let mut all = Workload::ALL.map(Workload::name);
    all.sort_unstable();
    assert_eq!(of, all);
    let mut bugs: Vec<(&str, &[String])> = table
        .mutants
        .iter()
        .map(|mutant| (mutant.module.as_str(), mutant.args.as_slice()))
        .collect();
    bugs.sort_unstable();
    bugs.dedup();
    assert!(bugs.len() >= 40, "{}", bugs.len());
}
