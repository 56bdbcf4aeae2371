//! What happens before the first move.

use host_check::workload::Workload;
use host_sim::{MS, MoveKind, NetworkModel, RunOptions, SECOND, Script};

use super::guests::{Round, Ticks};
use super::{at, at_once, deliver, short, ticks, two_nodes};
use crate::guest::{INIT_OK, Scripted};
use crate::runs::{options, play, stopped};

#[test]
fn nodes_warm_up_by_their_timers_and_the_first_move_comes_after_that() {
    let mut script = at(&[(300, MoveKind::Fire { node: 1, timer: 1 })]);
    script.warm_up_ns = 300 * MS;
    let (outcome, journal) = play(&Ticks, Workload::UniqueIds, &two_nodes(), 1, &script);
    let expected = [
        ("n0", 100),
        ("n1", 100),
        ("n0", 200),
        ("n1", 200),
        ("n0", 300),
        ("n1", 300),
        ("n1", 300),
    ];
    assert_eq!(
        ticks(&journal),
        expected.map(|(node, at)| (node.to_owned(), at))
    );
    assert_eq!(outcome.end_ns, 300 * MS);
}

#[test]
fn messages_of_the_warm_up_arrive_in_the_order_of_sending() {
    // What a client asked in a move arrives in none.
    let answer = |dest: &str, body: &str| {
        format!(r#"{{"send":{{"src":"n0","dest":"{dest}","body":{body}}}}}"#)
    };
    let steps = [
        answer("c0", r#"{"type":"init_ok","in_reply_to":1}"#)
            + "\n"
            + &answer("n0", r#"{"type":"a"}"#)
            + "\n"
            + &answer("n0", r#"{"type":"b"}"#),
        answer("n0", r#"{"type":"c"}"#),
    ];
    let mut script = at(&[(5, MoveKind::Heal)]);
    script.warm_up_ns = 2 * MS;
    let guest = Scripted::from_the_start(&steps);
    let one = RunOptions {
        network: NetworkModel::Ideal,
        ..options(1, 1)
    };
    let (outcome, journal) = play(&guest, Workload::Echo, &one, 1, &script);
    let lines = short(&journal);
    let received = lines.iter().filter(|it| it.contains("recv"));
    let received: Vec<&str> = received.map(String::as_str).collect();
    assert_eq!(
        received,
        [
            "0 recv c0 n0 init",
            "0 recv n0 c0 init_ok",
            "0 recv n0 n0 a",
            "0 recv n0 n0 b",
            "0 recv n0 n0 c"
        ]
    );
    assert_eq!((outcome.skipped_moves(), outcome.end_ns), (vec![0], 2 * MS));
}

#[test]
fn a_node_that_never_answers_init_is_waited_for_as_ever() {
    let script = at_once(&[MoveKind::Heal]);
    let guest = Scripted::from_the_start::<&str>(&[]);
    let (outcome, _) = play(&guest, Workload::Echo, &options(1, 1), 1, &script);
    let why = "did not answer init within 10 s";
    assert!(stopped(&outcome).contains(why), "{}", stopped(&outcome));
    assert_eq!(outcome.stopped.unwrap().at_ns, 10 * SECOND);
}

#[test]
fn a_node_may_need_a_timer_to_answer_init() {
    let timer = r#"{"set_timer":{"id":1,"after_ns":5000000}}"#;
    let guest = Scripted::from_the_start(&[timer, INIT_OK]);
    let script = at_once(&[MoveKind::Heal]);
    let (outcome, journal) = play(&guest, Workload::Echo, &options(1, 1), 1, &script);
    assert!(outcome.stopped.is_none());
    assert_eq!(short(&journal).last().unwrap(), "5 recv n0 c0 init_ok");
}

#[test]
fn time_may_stand_still_for_any_number_of_moves_but_not_in_the_warm_up() {
    let moves: Vec<MoveKind> = (1..=100_500)
        .map(|number| deliver(&format!("n0 n0 {number}")))
        .collect();
    let one = options(1, 1);
    let (outcome, _) = play(&Round, Workload::UniqueIds, &one, 1, &at_once(&moves));
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!((outcome.skipped_moves(), outcome.end_ns), (vec![], 0));
    let script = Script {
        warm_up_ns: 1,
        ..at_once(&moves[..1])
    };
    let (outcome, _) = play(&Round, Workload::UniqueIds, &one, 1, &script);
    assert!(
        stopped(&outcome).contains(r#"n0 sends itself "ping""#),
        "{}",
        stopped(&outcome)
    );
}
