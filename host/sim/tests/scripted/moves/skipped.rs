//! Moves that are not possible where they stand.

use host_check::workload::Workload;
use host_sim::nemesis::Grudges;
use host_sim::{MoveKind, RunOptions, Survival};

use super::guests::Gossip;
use super::{ADD, NONE, add, at_once, copy, deliver, lose, run, two_nodes};
use crate::disk::Keeper;
use crate::runs::play;

/// Moves that are not possible where they stand change nothing.
#[test]
fn what_is_not_possible_is_skipped() {
    let start = |node| MoveKind::Start { node };
    let kill = |node| MoveKind::Kill { node };
    let power = |node| MoveKind::Power {
        node,
        survival: Survival::All,
    };
    let fire = |node, timer| MoveKind::Fire { node, timer };
    let cut = MoveKind::Cut {
        grudges: Grudges::new(vec![vec![1], vec![]]),
    };
    let time_out = |worker| MoveKind::TimeOut { worker };
    let plain = [
        add(0, 5),
        deliver(ADD),
        deliver("n0 n1 1"),
        deliver("n1 n0 1"),
        deliver("n0 c4 1"),
        kill(1),
        cut.clone(),
        add(1, 6),
    ];
    // Before the moves of `plain` with these positions.
    let impossible: [(usize, MoveKind); 26] = [
        (0, deliver(ADD)),
        (0, time_out(0)),
        (0, fire(0, 7)),
        (0, MoveKind::Synced { node: 0 }),
        (0, start(0)),
        (0, MoveKind::Heal),
        (0, add(2, 9)),
        (0, kill(2)),
        (0, power(2)),
        (0, start(2)),
        (0, fire(2, 7)),
        (0, time_out(2)),
        (0, MoveKind::Synced { node: 2 }),
        (0, deliver("n0 nobody 1")),
        (1, add(0, 9)),
        (1, lose(ADD)),
        (1, copy(ADD)),
        (1, deliver("c4 n0 2")),
        (1, deliver("c4 n0 0")),
        (2, deliver(ADD)),
        (3, lose("n0 n1 1")),
        (3, fire(0, 8)),
        (5, time_out(0)),
        (6, kill(1)),
        (6, power(1)),
        (7, cut),
    ];
    let gossip = Gossip { tries_again: true };
    let (expected, journal) = run(&gossip, &at_once(&plain));
    assert_eq!(expected.skipped_moves(), NONE);
    for (before, what) in &impossible {
        let mut moves = plain.to_vec();
        moves.insert(*before, what.clone());
        let mut script = at_once(&moves);
        script.moves[*before].at_ns = 77;
        let (outcome, with) = run(&gossip, &script);
        assert_eq!(outcome.skipped_moves(), [*before], "{what:?}");
        assert!(with == journal && outcome.ops == expected.ops, "{what:?}");
    }
}

#[test]
fn nothing_reaches_a_node_that_waits_for_a_sync() {
    let plain = vec![add(0, 5), deliver("c4 n0 1"), add(1, 6)];
    let options = two_nodes();
    let workers = RunOptions {
        concurrency: 3,
        ..options
    };
    let play =
        |moves: &[MoveKind]| play(&Keeper::Syncs, Workload::GSet, &workers, 1, &at_once(moves));
    // The third worker asks n0 too.
    let mut asks = plain.clone();
    asks.push(add(2, 7));
    let (expected, journal) = play(&asks);
    let mut more = asks.clone();
    more.push(deliver("c6 n0 1"));
    let (outcome, with) = play(&more);
    assert_eq!((outcome.skipped_moves(), with), (vec![4], journal));
    assert_eq!(expected.skipped_moves(), NONE);
}
