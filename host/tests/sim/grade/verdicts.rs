//! Verdicts that no submission can cause.

use std::collections::BTreeMap;

use host_grade::Verdict;
use host_grade::run::SeedRun;
use host_grade::suite::read::read;
use host_guest::{Interrupt, Limits};
use host_sandbox::Sandbox;
use host_trial::shrink::Budget;
use test_support::built;
use test_support::class::SUITE;

#[test]
fn a_judge_that_panics_has_a_verdict_that_is_nobodys_fault() {
    let run = SeedRun::catching(|| panic!("no {}", 7)).unwrap();
    assert_eq!(
        run,
        SeedRun {
            verdict: Verdict::Internal,
            anomaly: vec!["the judge itself failed: no 7".to_owned()],
            anomalies: Vec::new(),
            backtrace: Vec::new(),
            trace: None,
            trace_may_be_shorter: false,
            only_missed_targets: false,
            evidence: None,
            has_too_few_samples: false,
            bound_flag: None,
            usage: BTreeMap::new(),
            measured: BTreeMap::new(),
            faults_touched_nothing: false,
            warnings: Vec::new(),
            proof: None,
        }
    );
}

#[test]
fn a_trace_whose_search_was_cut_short_says_so() {
    let suite = read("suite.toml", SUITE).unwrap();
    let cut = suite.challenges[2].official();
    let sandbox = Sandbox::new(None).unwrap();
    let module = sandbox.load(&built("broadcast-flood"), &Limits::default());
    let module = module.unwrap();
    let run = SeedRun::of(cut, &module, 1).unwrap();
    assert_eq!(run.verdict, Verdict::WrongAnswer);
    let explained = |budget| {
        let run = run.clone().explained(cut, &module, 1, budget);
        (
            run.trace.is_some_and(|it| !it.is_empty()),
            run.trace_may_be_shorter,
        )
    };
    assert_eq!(explained(Budget::default()), (true, false));
    let few = Budget {
        runs: 2,
        ..Budget::default()
    };
    assert_eq!(explained(few), (true, true));
    let little = Budget {
        units: 1,
        ..Budget::default()
    };
    assert_eq!(explained(little), (true, true));
}

/// What was interrupted says nothing about the module.
#[test]
fn a_run_that_is_interrupted_has_no_verdict() {
    let suite = read("suite.toml", SUITE).unwrap();
    let interrupt = Interrupt::default();
    let sandbox = Sandbox::new(None).unwrap().interrupted_by(&interrupt);
    let module = sandbox.load(&built("echo"), &Limits::default()).unwrap();
    let echo = suite.challenges[0].official();
    assert!(SeedRun::of(echo, &module, 1).is_some());
    interrupt.request();
    assert_eq!(SeedRun::of(echo, &module, 1), None);
}
