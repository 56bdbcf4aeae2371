//! Strategies: what each finds in mutants, that the simulator finds the same when it replays the schedule, and that
//! nothing depends on threads.

use host_check::{Validity, Workload};
use host_explore::{
    Bounds, Budget, End, Exploration, FailingSchedule, Guidance, Guided, Strategy, TimerOrder,
};
use strum::VariantArray;

use crate::mutants::{CASES, Case};
use crate::{Subject, explore_drawn};

fn guide(subject: &Subject, bounds: &Bounds, strategy: Strategy, runs: u64) -> Guided {
    let exploration = Exploration {
        module: &subject.module,
        scenario: &subject.scenario,
        bounds,
        budget: Budget::default(),
        seed: 1,
        operations: host_explore::Operations::Drawn,
    };
    let guidance = Guidance {
        strategy,
        runs,
        ..Guidance::default()
    };
    exploration
        .guide(guidance, &mut |_| ())
        .expect("the cluster begins")
}

fn failure(guided: &Guided) -> &FailingSchedule {
    match &guided.end {
        End::Failure(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn of(case: &Case) -> Subject {
    Subject::of(case.guest, case.args, Workload::Broadcast, 2)
}

fn bounds(case: &Case) -> Bounds {
    Bounds {
        operations: 3,
        fires: 2,
        drops: case.drops,
        ..Bounds::default()
    }
}

#[test]
fn every_strategy_finds_what_is_found_by_trying_all() {
    for case in &CASES {
        let subject = of(case);
        let all = explore_drawn(&subject, &bounds(case));
        let End::Failure(shortest) = all.end else {
            panic!("{all:?}");
        };
        for strategy in Strategy::VARIANTS {
            let guided = guide(&subject, &bounds(case), *strategy, 1000);
            let found = failure(&guided);
            let what = format!("{strategy} {} {:?}", case.guest, case.args);
            // Nothing can be spared from it. It may be longer than the shortest of all: operations begin in one order, so
            // none of them can be left out in the middle.
            assert!(
                (shortest.moves..=shortest.moves + 4).contains(&found.moves),
                "{what}: {} {}",
                found.moves,
                shortest.moves
            );
            let played = found.schedule.play(&subject.module, None, Vec::new());
            assert_eq!(played.valid(), Validity::False, "{what}");
            let named: Vec<String> = played.anomalies().iter().map(ToString::to_string).collect();
            assert!(named.contains(&found.names[0]), "{what}: {named:?}");
        }
    }
}

#[test]
fn what_is_right_passes() {
    let subject = Subject::of("broadcast-retry", &[], Workload::Broadcast, 5);
    let bounds = Bounds {
        operations: 6,
        fires: 60,
        drops: 2,
        duplicates: 1,
        partitions: 1,
        ..Bounds::default()
    };
    for strategy in Strategy::VARIANTS {
        let guided = guide(&subject, &bounds, *strategy, 300);
        assert!(matches!(guided.end, End::Runs), "{strategy}: {guided:?}");
        assert_eq!((guided.tried.runs, guided.failed_run), (300, None));
    }
}

#[test]
fn a_right_raft_passes() {
    let subject = Subject::of("raft-mutants", &[], Workload::LinKv, 3);
    let bounds = Bounds {
        operations: 6,
        fires: 120,
        drops: 2,
        partitions: 1,
        warm_up_ns: 3_000_000_000,
        ..Bounds::default()
    };
    for strategy in Strategy::VARIANTS {
        let guided = guide(&subject, &bounds, *strategy, 33);
        assert!(matches!(guided.end, End::Runs), "{strategy}: {guided:?}");
    }
}

#[test]
fn half_of_the_nodes_as_a_majority_is_found_in_raft() {
    let subject = Subject::of("raft-mutants", &["--bug", "half"], Workload::LinKv, 3);
    let bounds = Bounds {
        operations: 8,
        fires: 12,
        drops: 2,
        partitions: 1,
        timers: TimerOrder::Bursts,
        tries_ends: false,
        ..Bounds::default()
    };
    for strategy in [Strategy::Pct, Strategy::Pos] {
        let guided = guide(&subject, &bounds, strategy, 2000);
        assert_eq!(failure(&guided).names, ["not-linearizable"], "{strategy}");
    }
}

/// For a Raft that counts ticks: an election is a move.
fn elections() -> Bounds {
    Bounds {
        operations: 6,
        fires: 30,
        drops: 2,
        partitions: 2,
        timers: TimerOrder::Bursts,
        tries_ends: false,
        ..Bounds::default()
    }
}

/// Two nodes lead in one term: seeds of the built-in suite do not find it.
#[test]
fn votes_of_an_earlier_term_are_found_in_raft() {
    let subject = Subject::of("raft-mutants", &["--bug", "old-votes"], Workload::LinKv, 3);
    let guided = guide(&subject, &elections(), Strategy::Pct, 2000);
    assert_eq!(failure(&guided).names, ["not-linearizable"]);
}

/// Values of `lin-kv` are from 0 to 4, so one write in five would write what the one before has written.
#[test]
fn what_was_just_written_is_hardly_written_again() {
    let subject = Subject::of("raft-mutants", &[], Workload::LinKv, 3);
    let bounds = Bounds {
        operations: 20,
        ..elections()
    };
    let (mut writes, mut repeats) = (0, 0);
    for seed in 1..=20 {
        let exploration = Exploration {
            module: &subject.module,
            scenario: &subject.scenario,
            bounds: &bounds,
            budget: Budget::default(),
            seed,
            operations: host_explore::Operations::Drawn,
        };
        let planned = exploration.planned().expect("the workload has operations");
        assert_eq!(planned.len(), 20);
        let written = planned.iter().filter(|it| it.starts_with("write "));
        let written: Vec<&String> = written.collect();
        writes += written.len();
        repeats += written.windows(2).filter(|pair| pair[0] == pair[1]).count();
    }
    assert!(repeats * 20 <= writes, "{repeats} of {writes}");
}

/// Two nodes lead in one term, and a majority hears both; or one still leads for itself and answers a read.
#[test]
fn what_takes_several_leaders_is_found_in_phases() {
    let bounds = Bounds {
        operations: 20,
        ..elections()
    };
    for args in [
        &["--bug", "votes-twice"][..],
        &["--bug", "vote-reset"],
        &["--design", "read-index", "--bug", "read-joins-round"],
    ] {
        let subject = Subject::of("raft-mutants", args, Workload::LinKv, 3);
        let guided = guide(&subject, &bounds, Strategy::Phases, 1000);
        assert_eq!(failure(&guided).names, ["not-linearizable"], "{args:?}");
    }
}

/// A vote is not in the snapshot of this Raft. Nodes that are restored from it may vote twice, and those of a run do not.
#[test]
fn what_only_restored_guests_do_is_no_failure() {
    let args = ["--bug", "forgets-vote"];
    let subject = Subject::of("raft-mutants", &args, Workload::LinKv, 3);
    let guided = guide(&subject, &elections(), Strategy::Pct, 128);
    assert!(matches!(guided.end, End::Runs), "{guided:?}");
    assert_eq!((guided.tried.runs, guided.failed_run), (128, None));
}

#[test]
fn no_strategy_depends_on_the_number_of_threads() {
    let case = &CASES[0];
    let subject = of(case);
    let right = Subject::of("broadcast-retry", &[], Workload::Broadcast, 3);
    for strategy in Strategy::VARIANTS {
        let found = [1, 2].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| {
                let wrong = guide(&subject, &bounds(case), *strategy, 1000);
                let right = guide(&right, &bounds(case), *strategy, 200);
                (
                    failure(&wrong).schedule.write(),
                    wrong.failed_run,
                    wrong.tried,
                    right.tried,
                )
            })
        });
        assert_eq!(found[0], found[1], "{strategy}");
    }
}

#[test]
fn no_strategy_depends_on_threads_where_guests_go_on() {
    let subject = Subject::of("raft-mutants", &[], Workload::LinKv, 3);
    let bounds = Bounds {
        operations: 12,
        fires: 45,
        drops: 2,
        partitions: 1,
        timeouts: 2,
        warm_up_ns: 1_000_000_000,
        ..Bounds::default()
    };
    for strategy in [Strategy::Pct, Strategy::Novelty] {
        let found = [1, 2].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().expect("threads start");
            // The second round has what the first has found.
            pool.install(|| guide(&subject, &bounds, strategy, 66).tried)
        });
        assert_eq!(found[0], found[1], "{strategy}");
        assert_eq!(found[0].runs, 66, "{strategy}");
    }
}
