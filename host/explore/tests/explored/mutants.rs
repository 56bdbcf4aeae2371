//! Mutants: what is found in them, with and without reductions, by one thread and by two, and that the simulator
//! finds the same when it replays the schedule.

use host_check::{Validity, Workload};
use host_explore::{Bounds, End, Explored};

use crate::{Subject, explore_drawn};

/// A wrong guest and bounds in which it fails.
pub(crate) struct Case {
    pub(crate) guest: &'static str,
    pub(crate) args: &'static [&'static str],
    pub(crate) drops: u8,
}

pub(crate) const CASES: [Case; 12] = [
    case("broadcast-flood", &[], 1),
    case("broadcast-mutants", &["--bug", "batch-forgotten"], 1),
    case("broadcast-mutants", &["--bug", "downhill"], 0),
    case("broadcast-mutants", &["--bug", "falsy"], 0),
    case("broadcast-mutants", &["--bug", "greatest"], 0),
    case("broadcast-mutants", &["--bug", "list"], 0),
    case("broadcast-mutants", &["--bug", "ring"], 1),
    case("broadcast-mutants", &["--bug", "unread"], 0),
    case(
        "spread-mutants",
        &["--object", "broadcast", "--bug", "by-count"],
        0,
    ),
    case(
        "spread-mutants",
        &["--object", "broadcast", "--bug", "hub-once"],
        1,
    ),
    case(
        "spread-mutants",
        &["--object", "broadcast", "--bug", "larger-wins"],
        0,
    ),
    case(
        "spread-mutants",
        &["--object", "broadcast", "--bug", "scatters-once"],
        1,
    ),
];

const fn case(guest: &'static str, args: &'static [&'static str], drops: u8) -> Case {
    Case { guest, args, drops }
}

fn bounds(case: &Case, reduces: bool) -> Bounds {
    Bounds {
        operations: 3,
        fires: 2,
        drops: case.drops,
        reduces,
        ..Bounds::default()
    }
}

fn failure(explored: &Explored) -> &host_explore::FailingSchedule {
    match &explored.end {
        End::Failure(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reductions_leave_out_no_failure_and_the_simulator_confirms_each() {
    for case in &CASES {
        let subject = Subject::of(case.guest, case.args, Workload::Broadcast, 2);
        let found = [true, false].map(|reduces| explore_drawn(&subject, &bounds(case, reduces)));
        let [reduced, whole] = found.each_ref().map(failure);
        assert_eq!(reduced.names, whole.names, "{} {:?}", case.guest, case.args);
        for failure in [reduced, whole] {
            let played = failure.schedule.play(&subject.module, None, Vec::new());
            let named: Vec<String> = played.anomalies().iter().map(ToString::to_string).collect();
            assert_eq!(
                played.valid(),
                Validity::False,
                "{} {:?}",
                case.guest,
                case.args
            );
            assert!(
                named.contains(&failure.names[0]),
                "{named:?} {:?}",
                failure.names
            );
        }
    }
}

/// Guests that fail where nodes are killed and lose power, links break and clients give up; also by stale reads of a service.
#[test]
fn the_simulator_confirms_what_faults_lead_to() {
    let cases: [(&str, &[&str], Workload); 7] = [
        ("counter-mutants", &["--bug", "stale"], Workload::GCounter),
        (
            "store-mutants",
            &["--object", "g-set", "--bug", "late-fence"],
            Workload::GSet,
        ),
        (
            "store-mutants",
            &["--object", "g-set", "--design", "seq-root"],
            Workload::GSet,
        ),
        (
            "store-mutants",
            &["--object", "counter", "--design", "seq-root"],
            Workload::PnCounter,
        ),
        (
            "durable-mutants",
            &["--bug", "answers-first"],
            Workload::Broadcast,
        ),
        ("broadcast-flood", &[], Workload::Broadcast),
        (
            "durable-mutants",
            &["--bug", "replays-twice"],
            Workload::Kafka,
        ),
    ];
    let bounds = Bounds {
        operations: 4,
        fires: 2,
        drops: 1,
        kills: 1,
        power: 1,
        partitions: 1,
        timeouts: 1,
        ..Bounds::default()
    };
    for (guest, args, workload) in cases {
        let subject = Subject::of(guest, args, workload, 2);
        let explored = explore_drawn(&subject, &bounds);
        let failure = failure(&explored);
        let played = failure.schedule.play(&subject.module, None, Vec::new());
        let named: Vec<String> = played.anomalies().iter().map(ToString::to_string).collect();
        let context = format!("{guest} {args:?} {named:?} {:?}", failure.names);
        assert_eq!(played.valid(), Validity::False, "{context}");
        assert!(named.contains(&failure.names[0]), "{context}");
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    for case in &CASES[..4] {
        let subject = Subject::of(case.guest, case.args, Workload::Broadcast, 2);
        let found = [1, 2].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| explore_drawn(&subject, &bounds(case, true)))
        });
        let [one, two] = found.each_ref();
        assert_eq!(one.progress, two.progress);
        assert_eq!(failure(one).schedule.write(), failure(two).schedule.write());
    }
}
