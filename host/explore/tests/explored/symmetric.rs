//! Nodes that are alike: fewer states, the same failures, and what is refused.

use host_check::{Validity, Workload};
use host_explore::{Bounds, End, Exploration, Explored, Impossible, Operations, TimerOrder};
use host_trial::schedule::Schedule;

use crate::mutants::CASES;
use crate::{Subject, flood};

fn exploration<'a>(subject: &'a Subject, bounds: &'a Bounds) -> Exploration<'a> {
    Exploration {
        module: &subject.module,
        scenario: &subject.scenario,
        bounds,
        budget: host_explore::Budget::default(),
        seed: 1,
        operations: Operations::Drawn,
    }
}

fn explore(subject: &Subject, bounds: &Bounds) -> Result<Explored, Impossible> {
    exploration(subject, bounds).search(&mut |_| ())
}

fn alike(operations: usize) -> Bounds {
    Bounds {
        operations,
        fires: 2,
        symmetric: true,
        ..Bounds::default()
    }
}

/// Why it is refused.
#[track_caller]
fn refusal(subject: &Subject, bounds: &Bounds) -> String {
    match explore(subject, bounds) {
        Err(Impossible::Scenario(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// What fails, or why it is refused.
fn outcome(subject: &Subject, bounds: &Bounds) -> Result<Vec<String>, String> {
    match explore(subject, bounds) {
        Ok(Explored {
            end: End::Failure(failing),
            ..
        }) => {
            let played = failing.schedule.play(&subject.module, None, Vec::new());
            assert_eq!(played.valid(), Validity::False);
            let read = Schedule::read(failing.schedule.write().as_bytes());
            assert_eq!(read.unwrap().scenario.options.same_draws, bounds.symmetric);
            Ok(failing.names)
        }
        Err(Impossible::Scenario(why)) => Err(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_mutants_fail_and_the_simulator_confirms_each() {
    let mut refused: Vec<&str> = Vec::new();
    for case in &CASES {
        let subject = Subject::of(case.guest, case.args, Workload::Broadcast, 2);
        let bounds = Bounds {
            drops: case.drops,
            ..alike(3)
        };
        let plain = Bounds {
            symmetric: false,
            ..bounds.clone()
        };
        let whole = outcome(&subject, &plain);
        match outcome(&subject, &bounds) {
            Err(why) => {
                let begins = "--symmetric: the guest does not treat nodes alike. n";
                assert!(why.starts_with(begins), "{why}");
                refused.extend(case.args.last());
            }
            names => assert_eq!(names, whole, "{} {:?}", case.guest, case.args),
        }
    }
    // They choose a node by its place among all.
    assert_eq!(refused, ["downhill", "hub-once", "scatters-once"]);
}

#[test]
fn both_searches_meet_as_many_states_on_one_thread_and_on_two() {
    let subject = flood(3);
    let bounds = Bounds {
        tries_ends: false,
        ..alike(2)
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| explore(&subject, &bounds).unwrap().progress)
    };
    let depth = exploration(&subject, &bounds).search_depth_first(&mut |_| ());
    let plain = Bounds {
        symmetric: false,
        ..bounds.clone()
    };
    let whole = explore(&subject, &plain).unwrap().progress.states;
    assert_eq!(on(1), on(2));
    assert_eq!(on(1).states, depth.unwrap().progress.states);
    assert!(on(1).states * 4 < whole, "{} of {whole}", on(1).states);
}

/// Without reductions nothing sleeps, so what sleeps leaves out no state of like nodes.
#[test]
fn what_commutes_leaves_out_no_state() {
    for (guest, workload, timers) in [
        ("broadcast-retry", Workload::Broadcast, TimerOrder::Any),
        ("broadcast-retry", Workload::Broadcast, TimerOrder::Ordered),
        ("g-counter", Workload::GCounter, TimerOrder::Ordered),
    ] {
        let subject = Subject::of(guest, &[], workload, 2);
        let bounds = Bounds {
            timers,
            drops: 1,
            tries_ends: false,
            ..alike(2)
        };
        let breadth = explore(&subject, &bounds).unwrap().progress;
        let depth = exploration(&subject, &bounds).search_depth_first(&mut |_| ());
        let depth = depth.unwrap().progress;
        assert_eq!(breadth.states, depth.states);
        assert!(breadth.transitions < depth.transitions);
    }
}

#[test]
fn what_is_not_alike_is_refused() {
    // Its requests have numbers in the order of nodes.
    let retry = Subject::of("broadcast-retry", &[], Workload::Broadcast, 3);
    says(
        &refusal(&retry, &alike(2)),
        "the guest does not treat nodes alike. n0 is told {\"src\":\"c6\",\"dest\":\"n0\",\"body\":{\"message\":0,\"type\":\"broadcast\",\
         \"msg_id\":1}}; with names exchanged (n0 as n2, n2 as n0), it asks for n0 {\"message\":0,\"msg_id\":1767304371374458,\
         \"type\":\"gossip\"}, where n0 {\"message\":0,\"msg_id\":1767304371374459,\"type\":\"gossip\"} was to be expected",
    );
    let delays = Bounds {
        delays: Some(1),
        ..alike(2)
    };
    says(
        &refusal(&flood(2), &delays),
        "nodes send to others in the order of their names, so with --delays they are not alike",
    );
    says(
        &refusal(&flood(6), &alike(2)),
        "6 nodes have too many permutations: at most 5",
    );
    let ids = Subject::of("unique-ids", &[], Workload::UniqueIds, 2);
    says(
        &refusal(&ids, &alike(2)),
        "an operation names nodes or clients: Str(\"n0-1886b9f651c5028f-1\") None []",
    );
    let args = ["--object", "counter"];
    let counter = Subject::of("store-mutants", &args, Workload::PnCounter, 2);
    says(
        &refusal(&counter, &alike(2)),
        "nodes ask the service lin-kv, and the answers of services may depend on who asks",
    );
    let mut three = flood(3);
    three.scenario.options.concurrency = 1;
    let one = Bounds {
        tries_ends: false,
        ..alike(1)
    };
    // The two nodes without a client are alike.
    assert!(explore(&three, &one).is_ok());
    let mut two = flood(2);
    two.scenario.options.concurrency = 1;
    says(
        &refusal(&two, &one),
        "no two nodes have as many clients, and the same operations",
    );
}

#[track_caller]
fn says(why: &str, expected: &str) {
    assert_eq!(
        why,
        format!("--symmetric: {expected}; leave --symmetric out")
    );
}
