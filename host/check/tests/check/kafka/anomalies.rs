//! For each kind of error the smallest history that has it, and a near miss that has not.

use super::script::{judge, ok, poll, poll_map, send, send_ends, txn};

const VALID: &str = "true | true";

/// Three messages that process 9 polls as they are.
fn three() -> Vec<String> {
    vec![
        send(0, 1, 0),
        send(0, 2, 1),
        send(0, 3, 2),
        poll(9, "[0 1] [1 2] [2 3]"),
    ]
}

fn after_three(parts: &[String]) -> String {
    judge(&[three(), parts.to_vec()].concat())
}

#[test]
fn what_is_polled_as_it_was_sent_is_valid() {
    assert_eq!(
        after_three(&[poll(1, "[0 1] [1 2]"), poll(1, "[2 3]")]),
        VALID
    );
}

#[test]
fn a_message_at_two_offsets_is_a_duplicate() {
    assert_eq!(
        judge(&[send(0, 1, 0), poll(1, "[1 1]")]),
        "false duplicate×1 | false"
    );
    assert_eq!(
        judge(&[send(0, 1, 0), poll(1, "[0 1]"), poll(2, "[0 1]")]),
        VALID
    );
}

#[test]
fn an_offset_with_two_messages_is_inconsistent() {
    let polls = [poll(1, "[0 1]"), poll(2, "[0 2]")];
    let sends = [send(0, 1, 0), send(1, 2, 0)];
    assert_eq!(
        judge(&[&sends[..], &polls].concat()),
        "false inconsistent-offsets×1 | false"
    );
    // An open send that nobody saw may not have taken place, wherever it says it was put.
    let open = "3 invoke send [[:send \"k\" 2]]\n3 info send [[:send \"k\" [0 2]]]\n".to_owned();
    assert_eq!(judge(&[send(0, 1, 0), open, poll(1, "[0 1]")]), VALID);
}

#[test]
fn a_message_before_one_that_was_polled_must_be_polled() {
    let sends = [send(0, 1, 0), send(0, 2, 1)];
    let judge = |rest: &[String]| judge(&[&sends[..], rest].concat());
    assert_eq!(
        judge(&[poll(1, "[1 2]")]),
        "false lost-write×1 unseen×1 | false"
    );
    // It comes after what was read: it may only be late, for which it has until the end.
    assert_eq!(judge(&[poll(1, "[0 1]")]), "false unseen×1 | false");
    assert_eq!(judge(&[poll(1, "[0 1]"), poll(1, "[1 2]")]), VALID);
}

#[test]
fn how_far_was_read_is_bounded_by_the_first_place_of_a_message() {
    // 1 is at 0 and 2, of which only the former must have been read; 2 at 1 may be late.
    let parts = [
        send(0, 1, 0),
        send(3, 2, 1),
        poll(1, "[0 1]"),
        "2 invoke poll [[:poll]]\n2 fail poll [[:poll {\"k\" [[2 1]]}]]\n".to_owned(),
    ];
    assert_eq!(judge(&parts), "false duplicate×1 unseen×1 | false");
}

#[test]
fn an_open_send_is_lost_only_if_it_certainly_took_place() {
    let open = |second: &str| {
        format!(
            "3 invoke send [[:send \"k\" 1] [:send \"x\" 1]]\n\
             3 info send [[:send \"k\" [0 1]] {second}]\n"
        )
    };
    let (sent, shows) = (send(0, 2, 1), poll(1, "[1 2]"));
    assert_eq!(
        judge(&[open("[:send \"x\" 1]"), sent.clone(), shows.clone()]),
        VALID
    );
    let of_x = poll_map(2, "\"x\" [[0 1]]");
    assert_eq!(
        judge(&[open("[:send \"x\" 1]"), sent, shows, of_x]),
        "false lost-write×1 | false"
    );
}

#[test]
fn where_nothing_was_read_nothing_is_lost() {
    // Jepsen's checker fails on this with an index out of bounds.
    assert_eq!(
        judge(&[send(0, 1, 0), poll(1, "")]),
        "false unseen×1 | false"
    );
}

#[test]
fn an_acknowledged_message_must_be_polled() {
    let polled = [send(0, 1, 0), poll(1, "[0 1]")];
    let judge = |rest: String| judge(&[&polled[..], &[rest]].concat());
    assert_eq!(judge(send(0, 2, 1)), "false unseen×1 | false");
    assert_eq!(judge(send_ends(0, "info", 2)), VALID);
    assert_eq!(judge(send_ends(0, "fail", 2)), VALID);
}

#[test]
fn a_process_polls_on_from_where_it_was() {
    assert_eq!(
        after_three(&[poll(1, "[0 1]"), poll(1, "[2 3]")]),
        "false poll-skip×1 | false"
    );
    assert_eq!(
        after_three(&[poll(1, "[0 1]"), poll(1, "[0 1] [1 2]")]),
        "false nonmonotonic-poll×1 | false"
    );
    // Another process, or one that assigned itself the key anew.
    assert_eq!(after_three(&[poll(1, "[0 1]"), poll(2, "[2 3]")]), VALID);
    let assigned = |keys: &str| {
        after_three(&[
            ok(1, "assign [\"k\"]"),
            poll(1, "[0 1]"),
            ok(1, &format!("assign [{keys}]")),
            ok(1, "assign [\"k\"]"),
            poll(1, "[2 3]"),
        ])
    };
    let unasked = " not-asked-for@7[\"k\"]";
    assert_eq!(assigned("\"x\""), format!("true | false{unasked}"));
    assert_eq!(
        assigned("\"x\" \"k\""),
        format!("false poll-skip×1 | false{unasked}")
    );
}

#[test]
fn a_poll_that_did_not_succeed_is_judged_and_moves_nobody() {
    let fails = "1 invoke poll [[:poll]]\n1 fail poll [[:poll {\"k\" [[1 2]]}]]\n".to_owned();
    assert_eq!(
        after_three(&[poll(1, "[0 1]"), fails.clone(), poll(1, "[1 2]")]),
        VALID
    );
    assert_eq!(
        after_three(&[poll(1, "[0 1]"), fails, poll(1, "[2 3]")]),
        "false poll-skip×1 | false"
    );
}

#[test]
fn a_poll_goes_through_the_log_in_order() {
    assert_eq!(
        after_three(&[poll(1, "[0 1] [2 3]")]),
        "false int-poll-skip×1 | false"
    );
    assert_eq!(
        after_three(&[poll(1, "[1 2] [0 1]")]),
        "false int-nonmonotonic-poll×1 | false"
    );
    assert_eq!(
        after_three(&[poll(1, "[0 1] [0 1]")]),
        "false int-nonmonotonic-poll×1 | false"
    );
    // Unused offsets are no messages.
    let sparse = [send(0, 1, 0), send(0, 2, 700), poll(1, "[0 1] [700 2]")];
    assert_eq!(judge(&sparse), VALID);
}

#[test]
fn a_rebalanced_key_may_be_polled_in_any_order() {
    let log = ":rebalance-log [{:keys [\"k\"]}]";
    let rebalanced =
        format!("1 invoke poll [[:poll]]\n1 ok poll [[:poll {{\"k\" [[0 1] [2 3]]}}]] {log}\n");
    assert_eq!(after_three(&[rebalanced]), VALID);
}

#[test]
fn the_sends_of_a_process_go_forward() {
    let polled = poll(9, "[0 2] [1 1]");
    assert_eq!(
        judge(&[send(0, 1, 1), send(0, 2, 0), polled.clone()]),
        "false nonmonotonic-send×1 | false"
    );
    // Those of two processes may take their places in any order.
    assert_eq!(judge(&[send(0, 1, 1), send(1, 2, 0), polled]), VALID);
}

#[test]
fn the_sends_of_a_transaction_go_forward_and_may_have_others_in_between() {
    let asked = "[:send \"k\" 1] [:send \"k\" 2]";
    assert_eq!(
        judge(&[
            txn(0, asked, "[:send \"k\" [1 1]] [:send \"k\" [0 2]]"),
            poll(1, "[0 2] [1 1]")
        ]),
        "false int-nonmonotonic-send×1 | false"
    );
    let apart = "[:send \"k\" [0 1]] [:send \"k\" [2 2]]";
    let polled = poll(1, "[0 1] [1 3] [2 2]");
    assert_eq!(
        judge(&[txn(0, asked, apart), send(1, 3, 1), polled]),
        "true int-send-skip×1 | true"
    );
    assert_eq!(
        judge(&[txn(0, asked, apart), poll(1, "[0 1] [2 2]")]),
        VALID
    );
}

#[test]
fn a_refused_message_is_not_polled() {
    assert_eq!(
        judge(&[send_ends(0, "fail", 1), poll(1, "[0 1]")]),
        "false G1a×1 | false"
    );
    assert_eq!(judge(&[send_ends(0, "info", 1), poll(1, "[0 1]")]), VALID);
}

#[test]
fn a_transaction_does_not_poll_what_it_sends() {
    let own = txn(
        0,
        "[:send \"k\" 1] [:poll]",
        "[:send \"k\" [0 1]] [:poll {\"k\" [[0 1]]}]",
    );
    assert_eq!(
        judge(&[own, poll(1, "[0 1]")]),
        "false precommitted-read×1 | false"
    );
    let none = txn(
        0,
        "[:send \"k\" 1] [:poll]",
        "[:send \"k\" [0 1]] [:poll {}]",
    );
    assert_eq!(judge(&[none, poll(1, "[0 1]")]), VALID);
}

#[test]
fn two_transactions_that_poll_each_other_are_a_cycle() {
    let both = |shown_to_1: &str| {
        format!(
            "0 invoke txn [[:send \"k\" 1] [:poll]]\n\
             1 invoke txn [[:send \"x\" 1] [:poll]]\n\
             0 ok txn [[:send \"k\" [0 1]] [:poll {{\"x\" [[0 1]]}}]]\n\
             1 ok txn [[:send \"x\" [0 1]] [:poll {{{shown_to_1}}}]]\n"
        )
    };
    assert_eq!(
        judge(&[both("\"k\" [[0 1]]")]),
        "false G1c×1 PL-2-cycle-exists×1 | false"
    );
    assert_eq!(judge(&[both(""), poll(2, "[0 1]")]), VALID);
}

#[test]
fn a_poll_does_not_show_what_is_not_sent_yet() {
    assert_eq!(
        judge(&[poll(1, "[0 1]"), send(0, 1, 0)]),
        "false G1c-realtime×1 strong-PL-2-cycle-exists×1 | false"
    );
    let at_once = "1 invoke poll [[:poll]]\n0 invoke send [[:send \"k\" 1]]\n\
                   1 ok poll [[:poll {\"k\" [[0 1]]}]]\n0 ok send [[:send \"k\" [0 1]]]\n";
    assert_eq!(judge(&[at_once.to_owned(), poll(2, "[0 1]")]), VALID);
}

#[test]
fn a_cycle_may_take_several_transactions_and_real_time() {
    // Process 0's transaction sends to k and is still running when 1 polls that and sends to x; 2
    // polls x and ends; then 3 begins a transaction of which 0 polled the message.
    let until = "0 invoke txn [[:send \"k\" 1] [:poll]]\n\
                 1 invoke txn [[:poll] [:send \"x\" 1]]\n\
                 1 ok txn [[:poll {\"k\" [[0 1]]}] [:send \"x\" [0 1]]]\n\
                 2 invoke poll [[:poll]]\n2 ok poll [[:poll {\"x\" [[0 1]]}]]\n\
                 3 invoke send [[:send \"y\" 1]]\n3 ok send [[:send \"y\" [0 1]]]\n";
    let ends = |shown: &str| {
        let ends = format!("0 ok txn [[:send \"k\" [0 1]] [:poll {{{shown}}}]]\n");
        judge(&[until.to_owned(), ends, poll_map(4, "\"y\" [[0 1]]")])
    };
    assert_eq!(
        ends("\"y\" [[0 1]]"),
        "false G1c-realtime×1 strong-PL-2-cycle-exists×1 | false"
    );
    assert_eq!(ends(""), VALID);
}

#[test]
fn a_message_nobody_sent_is_an_error_by_name() {
    assert_eq!(
        judge(&[send(0, 1, 0), poll(1, "[0 1] [1 7]")]),
        "false no-writer-of-value×1 | false"
    );
    // A send that never ended, because the history does first, may have taken place.
    let pending = "2 invoke send [[:send \"k\" 7]]\n".to_owned();
    assert_eq!(
        judge(&[send(0, 1, 0), pending, poll(1, "[0 1] [1 7]")]),
        VALID
    );
}

#[test]
fn two_logs_for_one_key_are_inconsistent_and_no_exception() {
    // Two nodes that do not know of each other: each process sees what its own node has.
    assert_eq!(
        judge(&[
            send(0, 1, 0),
            send(1, 2, 0),
            poll(0, "[0 1]"),
            poll(1, "[0 2]"),
            poll_map(0, "\"x\" []"),
        ]),
        "false inconsistent-offsets×1 | false"
    );
}

#[test]
fn a_history_without_sends_and_polls_is_no_evidence() {
    let crash = "0 invoke crash nil\n0 info crash nil\n".to_owned();
    // Jepsen counts Elle's "too little to judge" as an error.
    assert_eq!(judge(&[crash]), "false empty-transaction-graph×1 | unknown");
    assert_eq!(judge(&[poll(0, ""), poll(1, "")]), "true | unknown");
    assert_eq!(judge(&[]), "true | unknown");
}
