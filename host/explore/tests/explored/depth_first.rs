//! Depth first: the same states as breadth first, and the same guests fail.

use host_check::{Validity, Workload};
use host_explore::{Bounds, Budget, End, Exploration, Explored, Operations, Spent, TimerOrder};

use crate::mutants::CASES;
use crate::{Subject, flood};

fn both(subject: &Subject, bounds: &Bounds, budget: &Budget) -> [Explored; 2] {
    let exploration = Exploration {
        module: &subject.module,
        scenario: &subject.scenario,
        bounds,
        budget: budget.clone(),
        seed: 1,
        operations: Operations::Drawn,
    };
    [
        exploration.search(&mut |_| ()).unwrap(),
        exploration.search_depth_first(&mut |_| ()).unwrap(),
    ]
}

/// Both meet the same number of states. Returns it, and how many moves each has tried.
#[track_caller]
fn same(subject: &Subject, bounds: &Bounds) -> (usize, [u64; 2]) {
    let [breadth, depth] = both(subject, bounds, &Budget::default());
    for explored in [&breadth, &depth] {
        match bounds.depth {
            None => assert!(matches!(explored.end, End::Complete), "{explored:?}"),
            Some(_) => assert!(matches!(explored.end, End::Depth), "{explored:?}"),
        }
    }
    let counts = [&breadth, &depth].map(|it| (it.progress.states, it.progress.frontier, it.mode));
    assert_eq!(counts[0], counts[1], "{bounds:?}");
    let moves = [breadth, depth].map(|it| it.progress.transitions);
    (counts[0].0, moves)
}

fn few(operations: usize, fires: u32) -> Bounds {
    Bounds {
        operations,
        fires,
        tries_ends: false,
        ..Bounds::default()
    }
}

#[test]
fn the_same_states_are_met_whatever_the_order_of_timers() {
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    let orders = [
        (TimerOrder::Any, 0),
        (TimerOrder::Bursts, 0),
        (TimerOrder::Ordered, 0),
        (TimerOrder::Bounded, 100_000),
    ];
    for (timers, drift_ppm) in orders {
        let bounds = Bounds {
            timers,
            drift_ppm,
            drops: 1,
            ..few(3, 2)
        };
        let (states, moves) = same(&subject, &bounds);
        assert!(states > 500, "{states}");
        // Sleep sets leave out as much as they do breadth first, or little less.
        assert!(moves[1] < 2 * moves[0], "{moves:?}");
        let whole = Bounds {
            reduces: false,
            ..Bounds {
                operations: 2,
                ..bounds
            }
        };
        same(&subject, &whole);
    }
}

#[test]
fn the_same_states_are_met_with_each_fault() {
    let subject = Subject::of("broadcast", &["--strategy", "star"], Workload::Broadcast, 3);
    let bounds = Bounds {
        timers: TimerOrder::Any,
        ..few(2, 1)
    };
    let faults: [fn(&mut Bounds); 6] = [
        |it| it.drops = 1,
        |it| it.duplicates = 1,
        |it| it.kills = 1,
        |it| it.power = 1,
        |it| it.partitions = 1,
        |it| it.timeouts = 1,
    ];
    for fault in faults {
        let mut bounds = bounds.clone();
        fault(&mut bounds);
        same(&subject, &bounds);
    }
}

#[test]
fn the_same_states_are_met_with_services_and_delays() {
    let service = Subject::of(
        "g-counter",
        &["--strategy", "seq-kv"],
        Workload::GCounter,
        2,
    );
    same(&service, &few(3, 1));
    let delays = Bounds {
        delays: Some(2),
        ..few(3, 2)
    };
    let retry = Subject::of("broadcast-retry", &[], Workload::Broadcast, 3);
    same(&retry, &delays);
}

#[test]
fn up_to_a_depth_each_state_is_as_near_as_it_is() {
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    for depth in [0, 1, 5, 8] {
        for reduces in [true, false] {
            let bounds = Bounds {
                depth: Some(depth),
                reduces,
                drops: 1,
                ..few(3, 2)
            };
            same(&subject, &bounds);
        }
    }
    // Beyond the longest it is no bound.
    let bounds = Bounds {
        depth: Some(1000),
        ..few(2, 1)
    };
    let [breadth, depth] = both(&subject, &bounds, &Budget::default());
    for explored in [&breadth, &depth] {
        assert!(matches!(explored.end, End::Complete), "{explored:?}");
    }
    assert_eq!(breadth.progress.states, depth.progress.states);
}

#[test]
fn failures_are_found_shortened_and_confirmed() {
    for case in &CASES {
        let subject = Subject::of(case.guest, case.args, Workload::Broadcast, 2);
        let bounds = Bounds {
            drops: case.drops,
            tries_ends: true,
            ..few(3, 2)
        };
        let [breadth, depth] = both(&subject, &bounds, &Budget::default());
        let (End::Failure(shortest), End::Failure(found)) = (&breadth.end, &depth.end) else {
            panic!("{:?} {:?}", breadth.end, depth.end);
        };
        let what = format!("{} {:?}", case.guest, case.args);
        // Nothing can be spared from it, and no other is shorter by more than one move.
        assert!(
            (shortest.moves..=shortest.moves + 1).contains(&found.moves),
            "{what}: {} {}",
            shortest.moves,
            found.moves
        );
        let played = found.schedule.play(&subject.module, None, Vec::new());
        assert_eq!(played.valid(), Validity::False, "{what}");
        let named: Vec<String> = played.anomalies().iter().map(ToString::to_string).collect();
        assert!(named.contains(&found.names[0]), "{what}: {named:?}");
    }
}

#[test]
fn ends_are_judged() {
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 2);
    let bounds = Bounds {
        drops: 1,
        tries_ends: true,
        ..few(3, 2)
    };
    same(&subject, &bounds);
}

#[test]
fn a_program_is_known_by_what_it_was_told() {
    let mut subject = flood(2);
    let wasm = std::fs::read(test_support::program("c-echo")).unwrap();
    let module = subject.sandbox.load_bytes(&wasm, &Default::default());
    subject.module = module.expect("it is a guest");
    subject.scenario.workload = Workload::Echo.into();
    subject.scenario.options.concurrency = 2;
    let (states, _) = same(&subject, &few(4, 0));
    assert!(states > 4, "{states}");
}

#[test]
fn budgets_stop_it() {
    let subject = flood(3);
    let bounds = Bounds {
        drops: 1,
        ..few(3, 0)
    };
    let states = Budget {
        states: 100,
        ..Budget::default()
    };
    let [_, stopped] = both(&subject, &bounds, &states);
    assert!(matches!(stopped.end, End::States), "{stopped:?}");
    assert_eq!(stopped.progress.states, 100);
    // Two instances of a guest have 17 pages each.
    let memory = Budget {
        bytes: 2 * 17 * (64 << 10) + (100 << 10),
        ..Budget::default()
    };
    let [_, stopped] = both(&subject, &bounds, &memory);
    let is_spent = matches!(stopped.end, End::Spent(Spent::Memory));
    assert!(is_spent && stopped.progress.states > 100, "{stopped:?}");
}

#[test]
fn nothing_depends_on_threads() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
    let subject = flood(2);
    let bounds = Bounds {
        drops: 1,
        tries_ends: true,
        ..few(3, 0)
    };
    let told = |explored: Explored| match explored.end {
        End::Failure(found) => (explored.progress, found.schedule.write()),
        end => panic!("{end:?}"),
    };
    let [_, here] = both(&subject, &bounds, &Budget::default());
    let there = pool.build().unwrap();
    let [_, there] = there.install(|| both(&subject, &bounds, &Budget::default()));
    assert_eq!(told(here), told(there));
}
