//! What answers take while a run is made and judged: never more than the bound allows, whatever they
//! are made of.

mod flood;

use host_check::workload::Workload;
use host_sim::{Bound, Bounds, Cluster, ResourceUsage, RunOptions, SECOND, StopReason};
use host_trial::{Scenario, Trial};
use test_support::memory::{alone, peak_kib_since_last_call};

use flood::Flood;

/// How many times their cost answers may take: what a run is charged for them, and what
/// docs/grading.md says.
const TIMES_MAX: usize = 5;

/// What a run takes besides, with the copies of an answer inside the guest, which is in this process
/// here.
const ELSE_BYTES_MAX: usize = 24 << 20;

/// How many answers are large.
const LARGE: usize = 4;

/// Runs `workload` with a node that gives large answers, each with `piece` over and over in so many
/// bytes. How the run ended, and what it used.
fn run(workload: Workload, piece: &str, bytes: usize) -> (Option<Bound>, ResourceUsage) {
    let flood = Flood::new(piece, bytes, LARGE);
    let options = RunOptions {
        cluster: Cluster::of(1),
        concurrency: 2,
        rate: 100.0,
        time_limit_ns: 10 * SECOND,
        ..RunOptions::default()
    };
    let trial = Trial::of(&flood, Scenario::with(workload, options));
    trial.with(1, None, |result| match result.result {
        Ok(_) => (None, result.used),
        Err(stopped) => match stopped.reason {
            StopReason::Bound(bound) => (Some(bound), result.used),
            other => panic!("{other:?}"),
        },
    })
}

/// Judges answers that stay just below the bound, and looks at what they took.
#[track_caller]
fn judged_within_the_bound(test: &str, workload: Workload, piece: &str) {
    alone(test, || {
        let cost = |bytes| run(workload, piece, bytes).1.answer_bytes;
        let (small, more) = (cost(10_000), cost(20_000));
        let per_10_000 = more - small;
        let room = Bounds::default().answer_bytes * 9 / 10 - small;
        let before = peak_kib_since_last_call();
        let (bound, used) = run(workload, piece, 10_000 + room / per_10_000 * 10_000);
        let took =
            usize::try_from(peak_kib_since_last_call() - before).unwrap_or(usize::MAX >> 10) << 10;
        assert_eq!(bound, None);
        assert!(used.answer_bytes > Bounds::default().answer_bytes * 3 / 4);
        let allowed = TIMES_MAX * used.answer_bytes + ELSE_BYTES_MAX;
        assert!(took <= allowed, "{took} of {allowed} bytes");
    });
}

#[test]
fn echoes_of_floats() {
    judged_within_the_bound("echoes_of_floats", Workload::Echo, "1.5");
}

#[test]
fn registers_of_integers() {
    judged_within_the_bound("registers_of_integers", Workload::LinKv, "1");
}

#[test]
fn reads_of_elements_that_nobody_added() {
    let test = "reads_of_elements_that_nobody_added";
    judged_within_the_bound(test, Workload::Broadcast, "#");
}

#[test]
fn transactions_that_nobody_asked_for() {
    let test = "transactions_that_nobody_asked_for";
    judged_within_the_bound(test, Workload::TxnListAppend, r#"["append",#,#]"#);
}

#[test]
fn writes_that_nobody_asked_for() {
    let test = "writes_that_nobody_asked_for";
    judged_within_the_bound(test, Workload::TxnRwRegister, r#"["w",1,#]"#);
}

#[test]
fn polls_of_messages_that_nobody_sent() {
    let test = "polls_of_messages_that_nobody_sent";
    judged_within_the_bound(test, Workload::Kafka, "[#,#]");
}

#[test]
fn polls_of_objects_that_nobody_sent() {
    let test = "polls_of_objects_that_nobody_sent";
    judged_within_the_bound(test, Workload::Kafka, "[1,{}]");
}

/// 5 MB of `{}` are 200 MB of values.
#[test]
fn answers_that_are_small_as_text_and_large_as_values_are_never_made() {
    let test = "answers_that_are_small_as_text_and_large_as_values_are_never_made";
    alone(test, || {
        let before = peak_kib_since_last_call();
        for (workload, piece) in [
            (Workload::Echo, "{}"),
            (Workload::TxnRwRegister, r#"["r",1,{}]"#),
            (Workload::Kafka, "[1,{}]"),
        ] {
            let (bound, used) = run(workload, piece, 5_000_000);
            let allowed = Bounds::default().answer_bytes;
            assert_eq!(bound, Some(Bound::AnswerBytes(allowed)), "{workload}");
            assert!(used.answer_bytes > allowed);
        }
        let took =
            usize::try_from(peak_kib_since_last_call() - before).unwrap_or(usize::MAX >> 10) << 10;
        assert!(took <= 2 * ELSE_BYTES_MAX, "{took} bytes");
    });
}
