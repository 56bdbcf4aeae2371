//! What only strict checking finds wrong, each with a near miss.

use super::script::{judge, ok, poll, poll_map, send, send_ends};

const VALID: &str = "true | true";

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
fn a_poll_without_messages_moves_nobody() {
    let paused = |next: &str| after_three(&[poll(1, "[0 1]"), poll(1, ""), poll(1, next)]);
    assert_eq!(paused("[2 3]"), "true | false skipped-after-pause@13[[2]]");
    assert_eq!(
        paused("[0 1]"),
        "true | false went-back-after-pause@13[[1]]"
    );
    assert_eq!(paused("[1 2]"), VALID);
    // An open or failed poll may have moved its process, and with it what comes next.
    let fails = "1 invoke poll [[:poll]]\n1 fail poll [[:poll]]\n".to_owned();
    assert_eq!(
        after_three(&[
            ok(1, "assign [\"k\"]"),
            poll(1, "[0 1]"),
            poll(1, ""),
            fails,
            poll(1, ""),
            poll(1, "[2 3]")
        ]),
        "true | false not-asked-for@7[\"k\"]"
    );
}

/// Three messages that were sent, and polled by a process that asked for them.
fn three_asked_for() -> Vec<String> {
    let mut parts = vec![ok(9, "assign [\"k\"]")];
    parts.extend(three());
    parts
}

#[test]
fn a_seek_to_the_beginning_shows_the_beginning() {
    let seek = ok(1, "assign [\"k\"] :seek-to-beginning? true");
    let shows =
        |pairs: &str| judge(&[three_asked_for(), vec![seek.clone(), poll(1, pairs)]].concat());
    assert_eq!(shows("[2 3]"), "true | false started-too-late@13[[1],[2]]");
    assert_eq!(shows("[0 1]"), VALID);
    // Jepsen asks nothing of the order of offsets across a seek of the same process either.
    let again = [poll(1, "[0 1] [1 2]"), seek.clone(), poll(1, "[2 3]")];
    assert_eq!(
        judge(&[three_asked_for(), vec![seek], again.to_vec()].concat()),
        "true | false started-too-late@17[[1],[2]]"
    );
}

#[test]
fn a_process_begins_no_further_than_what_was_consumed() {
    let begins = |consumed: String, pairs: &str| {
        judge(&[
            ok(9, "assign [\"k\"]"),
            ok(8, "assign [\"k\"]"),
            send(0, 1, 0),
            send(0, 2, 1),
            send(0, 3, 2),
            consumed,
            ok(1, "assign [\"k\"]"),
            poll(1, pairs),
            poll(9, "[0 1] [1 2] [2 3]"),
        ])
    };
    let first = || poll(8, "[0 1]");
    assert_eq!(
        begins(first(), "[2 3]"),
        "true | false started-too-late@15[[2]]"
    );
    // What was committed is polled again or not, and committed offsets may be behind.
    assert_eq!(begins(first(), "[1 2]"), VALID);
    assert_eq!(begins(first(), "[0 1]"), VALID);
    // A poll that was left open may have committed anything.
    let open = "8 invoke poll [[:poll]]\n8 info poll [[:poll]]\n".to_owned();
    assert_eq!(begins(open, "[2 3]"), VALID);
    // So may one that is under way.
    let judged = judge(&[
        ok(8, "assign [\"k\"]"),
        send(0, 1, 0),
        send(0, 2, 1),
        "8 invoke poll [[:poll]]\n".to_owned(),
        ok(1, "assign [\"k\"]"),
        poll(1, "[1 2]"),
        "8 ok poll [[:poll {\"k\" [[0 1] [1 2]]}]]\n".to_owned(),
    ]);
    assert_eq!(judged, VALID);
}

#[test]
fn with_subscriptions_the_system_chooses_where_polls_begin() {
    let parts = [
        ok(1, "subscribe [\"k\"]"),
        ok(9, "assign [\"k\"]"),
        send(0, 1, 0),
        send(0, 2, 1),
        ok(2, "assign [\"k\"]"),
        poll(2, "[1 2]"),
        poll(9, "[0 1] [1 2]"),
    ];
    assert_eq!(judge(&parts), VALID);
}

#[test]
fn a_log_grows_at_its_end() {
    let sends = |first: &str, then: &str| {
        judge(&[
            send(0, 2, 1),
            first.to_owned(),
            poll(1, "[1 2]"),
            then.to_owned(),
            poll(2, "[0 1] [1 2]"),
        ])
    };
    let (begins, ends) = (
        "3 invoke send [[:send \"k\" 1]]\n",
        "3 ok send [[:send \"k\" [0 1]]]\n",
    );
    assert_eq!(
        sends("", &format!("{begins}{ends}")),
        "true | false sent-behind-poll@5[[1]]"
    );
    assert_eq!(sends(begins, ends), VALID);
    // Nobody had polled the later message: its offset may have been handed out in advance.
    assert_eq!(
        judge(&[send(0, 2, 1), send(3, 1, 0), poll(2, "[0 1] [1 2]")]),
        VALID
    );
}

#[test]
fn an_assignment_does_not_let_sends_go_back() {
    let sends = |second: i64, assigned: &str| {
        judge(&[
            ok(9, "assign [\"k\"]"),
            send(0, 1, 1),
            ok(0, &format!("assign [{assigned}]")),
            send(second, 2, 0),
            poll(9, "[0 2] [1 1]"),
        ])
    };
    assert_eq!(sends(0, "\"x\""), "true | false sent-back@7[[2]]");
    assert_eq!(sends(1, "\"x\""), VALID);
    assert_eq!(sends(0, "\"k\""), "false nonmonotonic-send×1 | false");
}

#[test]
fn offsets_are_not_below_zero() {
    assert_eq!(
        judge(&[send(0, 1, -1), poll(1, "[-1 1]")]),
        "true | false negative-offset@1[[1]] negative-offset@3[[-1]]"
    );
    assert_eq!(judge(&[send(0, 1, 0), poll(1, "[0 1]")]), VALID);
}

#[test]
fn a_poll_shows_only_keys_that_its_process_asked_for() {
    let of_x = "0 invoke send [[:send \"x\" 1]]\n0 ok send [[:send \"x\" [0 1]]]\n".to_owned();
    let shows = |assigned: &str| {
        judge(&[
            of_x.clone(),
            send(0, 1, 0),
            ok(1, &format!("assign [{assigned}]")),
            poll_map(1, "\"k\" [[0 1]], \"x\" [[0 1]]"),
        ])
    };
    assert_eq!(shows("\"k\""), "true | false not-asked-for@7[\"x\"]");
    assert_eq!(shows("\"k\" \"x\""), VALID);
    // Where nothing is ever assigned, the history does not tell what is asked for.
    assert_eq!(judge(&[send(0, 1, 0), poll(1, "[0 1]")]), VALID);
}

#[test]
fn polls_that_fail_show_no_refused_messages_either() {
    let polled = [send(0, 1, 0), poll(1, "[0 1]")];
    let fails = |sent: &str| {
        let fails = "2 invoke poll [[:poll]]\n2 fail poll [[:poll {\"k\" [[1 2]]}]]\n".to_owned();
        judge(&[&polled[..], &[send_ends(3, sent, 2), fails]].concat())
    };
    assert_eq!(fails("fail"), "true | false refused-yet-polled@7[[2]]");
    assert_eq!(fails("info"), VALID);
}
