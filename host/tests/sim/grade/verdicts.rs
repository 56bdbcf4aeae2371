//! Verdicts that no submission can cause.

use std::collections::BTreeMap;

use host_grade::Verdict;
use host_grade::run::SeedRun;

#[test]
fn a_judge_that_panics_has_a_verdict_that_is_nobodys_fault() {
    let run = SeedRun::catching(|| panic!("no {}", 7)).unwrap();
    assert_eq!(
        run,
        SeedRun {
            verdict: Verdict::Internal,
            anomaly: vec!["the judge itself failed: no 7".to_owned()],
            backtrace: Vec::new(),
            trace: None,
            trace_may_be_shorter: false,
            bound_flag: None,
            usage: BTreeMap::new(),
            measured: BTreeMap::new(),
        }
    );
}
