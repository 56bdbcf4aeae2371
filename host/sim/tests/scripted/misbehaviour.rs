//! A node that misbehaves ends the run, at once and with its name.

use host_check::workload::Workload;
use host_guest::Start;
use host_sim::{Bounds, RunOptions};

use crate::guest::{INIT_OK, Scripted};
use crate::runs::{options, run, stopped};

/// A run of one node whose first operation comes at 0 s.
#[track_caller]
fn check(program: &dyn Start, expected: &str) {
    check_with(program, &options(1, 5), expected);
}

#[track_caller]
fn check_with(program: &dyn Start, options: &RunOptions, expected: &str) {
    let (outcome, _) = run(program, Workload::Echo, options, 1);
    assert_eq!(stopped(&outcome), expected);
}

const ECHO: &str =
    r#"message {"src":"c2","dest":"n0","body":{"echo":"Please echo 68","type":"echo","msg_id":1}}"#;

#[test]
fn a_message_to_nobody_is_no_loss_of_the_network() {
    for dest in ["n1", "n00", "c3", "kv", ""] {
        let effect =
            format!(r#"{{"send":{{"src":"n0","dest":"{dest}","body":{{"type":"hello"}}}}}}"#);
        check(
            &Scripted::new(&[effect]),
            &format!(
                "at 0 s, node n0: it sent a message to \"{dest}\", which does not exist\n  \
                 body: {{\"type\":\"hello\"}}\n  event: {ECHO}\n  \
                 nothing that this step asked for was done"
            ),
        );
    }
}

#[test]
fn a_malformed_body_is_named() {
    let effect = r#"{"send":{"src":"n0","dest":"c2","body":["echo_ok"]}}"#;
    check(
        &Scripted::new(&[effect]),
        &format!(
            "at 0 s, node n0: the guest failed in handle: effect 1 cannot be understood: the body \
             of a message is a JSON object\n  effect: {effect}\n  event: {ECHO}\n  \
             nothing that this step asked for was done"
        ),
    );
}

#[test]
fn silence_after_init_ends_after_ten_seconds() {
    check(
        &Scripted::from_the_start::<&str>(&[]),
        "at 10 s, node n0: it did not answer init within 10 s",
    );
}

#[test]
fn init_has_one_right_answer() {
    let effect = r#"{"send":{"src":"n0","dest":"c0","body":{"type":"error","in_reply_to":1,"code":11,"text":"no"}}}"#;
    check(
        &Scripted::from_the_start(&[effect]),
        "at 0 s, node n0: it answered init with \
         {\"type\":\"error\",\"in_reply_to\":1,\"code\":11,\"text\":\"no\"}: its type is \"error\"; \
         expected \"init_ok\"",
    );
}

#[test]
fn the_workloads_own_preparation_is_needed_too() {
    let silent = Scripted::new::<&str>(&[]);
    let (outcome, _) = run(&silent, Workload::Broadcast, &options(1, 5), 1);
    assert_eq!(
        stopped(&outcome),
        "at 5 s, node n0: it did not answer topology within 5 s"
    );
}

#[test]
fn nothing_of_a_step_is_done_that_sends_to_nobody() {
    let effects = concat!(
        r#"{"send":{"src":"n0","dest":"c2","body":{"type":"echo_ok","in_reply_to":1}}}"#,
        "\n",
        r#"{"send":{"src":"n0","dest":"n7","body":{"type":"hello"}}}"#,
    );
    let guest = Scripted::new(&[effects]);
    let (_, journal) = run(&guest, Workload::Echo, &options(1, 5), 1);
    assert!(!journal.contains("echo_ok"), "{journal}");
}

#[test]
fn a_node_that_never_rests_meets_the_bound_of_the_run() {
    // Every event sends a message to itself: without latency, time stands still.
    let to_itself = concat!(
        r#"{"send":{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}"#,
        "\n",
        r#"{"send":{"src":"n0","dest":"n0","body":{"type":"again"}}}"#,
    );
    let again = r#"{"send":{"src":"n0","dest":"n0","body":{"type":"again"}}}"#;
    let steps: Vec<&str> = std::iter::once(to_itself)
        .chain(std::iter::repeat_n(again, 200))
        .collect();
    let options = RunOptions {
        bounds: Bounds {
            steps: 100,
            ..Bounds::default()
        },
        ..options(1, 5)
    };
    check_with(
        &Scripted::from_the_start(&steps),
        &options,
        "at 0 s, the nodes have handled more than 100 events (--max-steps); do they send or set \
         timers without end?",
    );
}

#[test]
fn a_node_that_sets_timers_for_ever_is_bounded_by_virtual_time() {
    let timer = r#"{"set_timer":{"id":1,"after_ns":0}}"#;
    let first = format!("{INIT_OK}\n{timer}");
    let steps: Vec<&str> = std::iter::once(first.as_str())
        .chain(std::iter::repeat_n(timer, 1100))
        .collect();
    let options = RunOptions {
        rate: 0.0,
        ..options(1, 1)
    };
    let (outcome, _) = run(
        &Scripted::from_the_start(&steps),
        Workload::Echo,
        &options,
        1,
    );
    // init, and a timer at each of 999 or 1000 milliseconds.
    assert!(
        (1000..=1001).contains(&outcome.used.steps),
        "{}",
        outcome.used.steps
    );
}
