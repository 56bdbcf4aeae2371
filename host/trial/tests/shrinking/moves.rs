//! Fewer moves.

use host_check::value::{Name, Value};
use host_check::workload::Workload;
use host_sim::{MessageRef, Move, MoveKind, Operation, Script};
use host_trial::schedule::Schedule;
use host_trial::shrink::{Budget, Kept, shrink, size};
use host_trial::{Scenario, Trial};

use crate::native::Native;
use crate::{options, right_program_passes};

pub(crate) fn add(element: i64) -> MoveKind {
    MoveKind::Invoke {
        worker: 0,
        operation: Operation::new(&Name::from("add"), Value::Int(element)),
    }
}

pub(crate) fn message(src: &str, dest: &str, number: u64) -> MessageRef {
    MessageRef {
        src: src.to_owned(),
        dest: dest.to_owned(),
        number,
    }
}

/// Client `c4` adds the elements 0 to 9, one after the other; all that n0 tells n1 arrives but the sixth.
/// Time goes on.
fn one_is_lost() -> Schedule {
    let mut moves = vec![MoveKind::Heal, MoveKind::Synced { node: 1 }];
    for element in 0..10 {
        let number = u64::try_from(element).unwrap() + 1;
        moves.push(add(element));
        let message = |src, dest| message(src, dest, number);
        moves.extend([
            MoveKind::Deliver {
                message: message("c4", "n0"),
            },
            MoveKind::Deliver {
                message: message("n0", "c4"),
            },
        ]);
        let message = message("n0", "n1");
        moves.push(match element {
            5 => MoveKind::Lose { message },
            _ => MoveKind::Deliver { message },
        });
    }
    let moves = moves.into_iter().zip(1..).map(|(what, at)| Move {
        at_ns: at * 1_000_000,
        what,
    });
    let script = Script {
        moves: moves.collect(),
        ..Script::default()
    };
    let scenario = Scenario::with(Workload::GSet, options(2, 0.0, 1));
    let trial = Trial::of(&Native::Tells, scenario);
    Schedule::of(&trial, 1, script)
}

#[test]
fn only_the_moves_of_the_message_that_is_lost_are_left_with_its_new_numbers() {
    let schedule = one_is_lost();
    assert_eq!(
        size(&schedule),
        "2 nodes, 4 clients, 10 operations and 1 fault in 42 moves"
    );
    let report = schedule.play(&Native::Tells, None, Vec::new());
    assert_eq!(
        report.warnings(),
        ["2 moves were not possible and were skipped: moves[0], moves[1]"]
    );
    let shrunk = shrink(schedule, report, &Native::Tells, None, Budget::default()).unwrap();
    assert_eq!(shrunk.anomaly.to_string(), "lost-elements");
    assert_eq!((shrunk.kept, shrunk.is_minimal), (Kept::Evidence, true));
    let what: Vec<MoveKind> = shrunk
        .schedule
        .script
        .moves
        .iter()
        .map(|it| it.what.clone())
        .collect();
    let expected = [
        add(5),
        MoveKind::Deliver {
            message: message("c4", "n0", 1),
        },
        MoveKind::Lose {
            message: message("n0", "n1", 1),
        },
    ];
    assert_eq!(what, expected);
    assert!(shrunk.schedule.script.moves.iter().all(|it| it.at_ns == 0));
    assert!(shrunk.runs < 60, "{}", shrunk.runs);
    assert!(right_program_passes(&shrunk.schedule));
    let again = Schedule::read(shrunk.schedule.write().as_bytes()).unwrap();
    let story = shrunk.story(&Native::Tells, None);
    expect_test::expect![[r#"
        0   op 0: client 0 asks n0 to add 5
        0   n0 tells n1: tell {"element":5}, but the network loses it, and n0 never tries again
        0   op 1: n0 answers client 0: ok  <-- contradicts op 8
        10  op 2: client 0 asks n0 to read
        10  op 3: client 1 asks n1 to read
        10  op 4: client 2 asks n0 to read
        10  op 5: client 3 asks n1 to read
        10  op 6: n0 answers client 0: [5]
        10  op 7: n0 answers client 2: [5]  <-- contradicts op 8
        10  op 8: n1 answers client 1: []  <-- shows lost-elements

        - 1 known element lost, not in the last reads: 5
    "#]]
    .assert_eq(&story);
    let replayed = again.play(&Native::Tells, None, Vec::new());
    assert_eq!(replayed.anomalies(), [shrunk.anomaly]);
    assert!(replayed.warnings().is_empty());
}
