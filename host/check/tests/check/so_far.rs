//! What the beginning of a history shows: of a run that was stopped.

use crate::kafka::script::{poll, send};
use crate::recorded::cases;
use crate::script::history;
use host_check::anomalies::anomalies;
use host_check::history::{History, Kind};
use host_check::so_far::check_so_far;
use host_check::text::render_problems;
use host_check::validity::{Checks, Validity};
use host_check::workload::{CheckOptions, Workload, check};

/// The anomalies that a history shows if it is whole, and if it breaks off.
fn named(workload: Workload, history: &History) -> [Vec<String>; 2] {
    let options = CheckOptions::default();
    let whole = check(workload, history, None, &options).unwrap();
    let so_far = check_so_far(workload.into(), history, &options);
    let names = |result| {
        let names = anomalies(result).into_iter();
        names.map(|name| name.to_string()).collect()
    };
    [
        names(&whole),
        so_far.as_ref().map(names).unwrap_or_default(),
    ]
}

#[test]
fn what_no_continuation_mends_is_wrong_already() {
    let inconsistent = [
        send(0, 1, 0),
        send(1, 2, 0),
        poll(1, "[0 1]"),
        poll(2, "[0 2]"),
    ];
    let cases = [
        (
            Workload::Kafka,
            inconsistent.concat(),
            "inconsistent-offsets",
        ),
        (
            Workload::UniqueIds,
            "0 invoke generate nil\n0 ok generate 1\n0 invoke generate nil\n0 ok generate 1"
                .to_owned(),
            "duplicate-ids",
        ),
        (
            Workload::LinKv,
            "0 invoke read [0 nil]\n0 ok read [0 1]".to_owned(),
            "not-linearizable",
        ),
        (
            Workload::GSet,
            "0 invoke read nil\n0 ok read [7]".to_owned(),
            "never-added",
        ),
        (
            Workload::GCounter,
            "0 invoke read nil\n0 ok read 7".to_owned(),
            "out-of-reach",
        ),
        (
            Workload::TxnRwRegister,
            "0 invoke txn [[:r 1 nil]]\n0 ok txn [[:r 1 7]]".to_owned(),
            "unwritten-read",
        ),
    ];
    for (workload, script, anomaly) in cases {
        let [_, so_far] = named(workload, &history(&script));
        assert_eq!(so_far, [anomaly], "{workload}");
    }
}

#[test]
fn what_could_still_be_mended_is_not_blamed() {
    // The add may reach the node before its next read; nobody has polled the message yet.
    let set = "0 invoke broadcast 1\n0 ok broadcast 1\n1 invoke read nil\n1 ok read []\n\
               0 invoke read nil\n0 ok read [1]\nwait 10\n1 invoke read nil\n1 ok read []";
    let [whole, so_far] = named(Workload::Broadcast, &history(set));
    assert_eq!((whole, so_far), (vec!["lost-elements".to_owned()], vec![]));
    let log = [send(0, 1, 0), send(0, 2, 1), poll(1, "[1 2]")].concat();
    let [whole, so_far] = named(Workload::Kafka, &history(&log));
    assert_eq!(
        (whole, so_far),
        (vec!["lost-write".to_owned(), "unseen".to_owned()], vec![])
    );
    let pending = "0 invoke echo \"a\"";
    assert_eq!(
        named(Workload::Echo, &history(pending))[1],
        Vec::<String>::new()
    );
}

#[test]
fn the_text_has_what_was_wrong_and_nothing_else() {
    let log = [
        send(0, 1, 0),
        send(0, 9, 1),
        send(1, 2, 0),
        poll(1, "[0 1]"),
        poll(2, "[0 2]"),
    ];
    let history = history(&log.concat());
    let result = check_so_far(Workload::Kafka.into(), &history, &CheckOptions::default()).unwrap();
    let text = render_problems(&result);
    assert_eq!(
        text,
        "- 1 × inconsistent-offsets: the offset 0 of \"k\" has 1 2"
    );
}

/// A right program that is stopped at any moment is not blamed.
#[test]
fn no_beginning_of_a_valid_run_is_wrong() {
    for case in cases().iter().filter(|case| case.is_judged()) {
        let workload: Workload = case.workload.parse().unwrap();
        if case.check(Checks::Strict).valid != Validity::True {
            continue;
        }
        let ops = case.history().ops().to_vec();
        for part in 1..8 {
            let mut until = ops.len() * part / 8;
            while until > 0 && ops[until - 1].kind != Kind::Ok {
                until -= 1;
            }
            let history = History::new(ops[..until].to_vec()).unwrap();
            let found = check_so_far(workload.into(), &history, &CheckOptions::default());
            assert_eq!(found, None, "{}: {until} operations", case.name);
        }
    }
}
