//! The disk of a node under test, and its crashes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use guest_sdk::disk::SyncFailure;
use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

use super::scripted::{Scripted, node, request, survived};

fn steps(node: &mut TestNode<Scripted>, steps: Value) -> Vec<(String, Value, u64)> {
    let sent = node.receive("c1", request(steps));
    let sent = sent.into_iter();
    sent.map(|sent| (sent.dest, sent.body, sent.syncs))
        .collect()
}

fn do_ok(syncs: u64) -> (String, Value, u64) {
    let body = json!({"type": "do_ok", "in_reply_to": 7});
    ("c1".to_owned(), body, syncs)
}

fn hello(syncs: u64) -> (String, Value, u64) {
    ("n2".to_owned(), json!({"type": "hello"}), syncs)
}

/// All files and their texts.
fn texts(node: &TestNode<Scripted>) -> Vec<(&str, &str)> {
    let disk = node.disk();
    let names = disk.names();
    names
        .map(|name| (name, disk.text(name).unwrap_or("?")))
        .collect()
}

#[test]
fn each_message_says_how_many_syncs_were_before_it() {
    let mut node = node();
    let sent = steps(
        &mut node,
        json!(["send", {"append": 1}, "reply", "send", {"append": 2}, "send"]),
    );
    assert_eq!(sent, [hello(0), do_ok(1), hello(1), hello(2)]);
    assert_eq!(node.syncs(), 2);
    assert_eq!(
        steps(&mut node, json!([{"lazy_append": 3}, "reply"])),
        [do_ok(2)]
    );
    assert_eq!(steps(&mut node, json!([{"append": 4}])), []);
    assert_eq!(steps(&mut node, json!(["reply"])), [do_ok(3)]);
}

#[test]
fn changes_are_seen_at_once_and_durable_after_a_sync() {
    let mut node = node();
    let changes = json!([
        {"put_bytes": ["a", [104, 105]]},
        {"append_bytes": ["b", [104]]},
        {"append_bytes": ["b", [105]]},
        {"write_bytes": ["c", 1, [104, 105]]},
        {"write_bytes": ["c", 2, [111]]},
        {"write_bytes": ["empty", 5, []]},
        {"truncate": ["d", 2]},
        {"put_bytes": ["e", [104, 105]]},
        {"truncate": ["e", 1]},
        {"put_bytes": ["f", [102]]},
        {"rename": ["f", "g"]},
        {"put_bytes": ["h", [104]]},
        {"remove": "h"},
        {"remove": "nothing"},
    ]);
    let expected = [
        ("a", "hi"),
        ("b", "hi"),
        ("c", "\0ho"),
        ("d", "\0\0"),
        ("e", "h"),
        ("empty", ""),
        ("g", "f"),
    ];
    steps(&mut node, changes);
    assert_eq!(texts(&node), expected);
    assert_eq!(node.disk().unsynced(), 14);
    assert_eq!(node.disk().durable("a"), None);
    steps(&mut node, json!(["sync"]));
    assert_eq!(texts(&node), expected);
    assert_eq!(node.disk().unsynced(), 0);
    assert_eq!(node.disk().durable("a"), Some(&b"hi"[..]));
    node.restart(Crash::Power);
    assert_eq!(texts(&node), expected);
}

#[test]
fn a_crash_keeps_all_or_what_was_synced_or_tears_the_last_change() {
    let synced = json!([{"put_bytes": ["a", [49]]}, "sync"]);
    let unsynced = json!([
        {"put_bytes": ["a", [50]]},
        {"append_bytes": ["b", [49, 50, 51, 52, 53]]},
    ]);
    for (crash, last, expected) in [
        (Crash::Kill, json!([]), vec![("a", "2"), ("b", "12345")]),
        (Crash::Power, json!([]), vec![("a", "1")]),
        (Crash::Torn, json!([]), vec![("a", "2"), ("b", "12")]),
        (
            Crash::Torn,
            json!([{"write_bytes": ["b", 1, [120, 121]]}]),
            vec![("a", "2"), ("b", "1x345")],
        ),
        (
            Crash::Torn,
            json!([{"put_bytes": ["b", [120, 121]]}]),
            vec![("a", "2"), ("b", "12345")],
        ),
    ] {
        let mut node = node();
        steps(&mut node, synced.clone());
        steps(&mut node, unsynced.clone());
        steps(&mut node, last);
        assert_eq!(node.restart(crash), []);
        assert_eq!(texts(&node), expected, "{crash:?}");
        // What it has found is durable.
        node.restart(Crash::Power);
        assert_eq!(texts(&node), expected, "{crash:?}");
    }
}

#[test]
fn a_restarted_node_has_its_arguments_and_none_of_its_timers() {
    let arguments = ["--steps", r#"["send",{"append":1}]"#];
    let (mut node, sent) =
        TestNode::<Scripted>::begin(Duration::from_secs(1), &arguments, "n1", &["n1", "n2"]);
    let hello = || ("n2", json!({"type": "hello"}));
    assert_eq!(sent, [hello()]);
    steps(&mut node, json!(["set_timer"]));
    assert_eq!(node.restart(Crash::Kill), [hello()]);
    assert_eq!(survived(&node), json!([[1], null, ["log"]]));
    assert_eq!(node.advance(Duration::from_secs(60)), []);
}

#[test]
fn what_is_behind_a_failed_sync_does_not_happen() {
    let arguments = ["--goes-on", "true"];
    let mut node = TestNode::<Scripted>::start_with(&arguments, "n1", &["n1", "n2"]);
    node.fail_next_sync(SyncFailure::Full);
    let script = json!([{"append": 1}, "send", "set_timer", {"append": 2}]);
    // The node says hello behind another sync.
    assert_eq!(steps(&mut node, script), [hello(1)]);
    assert_eq!(node.advance(Duration::from_secs(60)), []);
    // A full disk keeps what was before the sync for the next one.
    assert_eq!(node.disk().durable("log"), Some(&b"83dcefb7 1\n"[..]));
}

#[test]
fn after_an_error_of_the_disk_a_later_sync_makes_nothing_durable() {
    let arguments = ["--goes-on", "true"];
    let mut node = TestNode::<Scripted>::start_with(&arguments, "n1", &["n1", "n2"]);
    node.fail_next_sync(SyncFailure::Error);
    assert_eq!(
        steps(&mut node, json!([{"append": 1}, "reply"])),
        [hello(1)]
    );
    assert_eq!(texts(&node), [("log", "83dcefb7 1\n")]);
    node.restart(Crash::Power);
    assert_eq!(survived(&node), json!([[], null, []]));
}

#[test]
fn a_node_that_panics_on_a_failed_sync_recovers_by_a_restart() {
    let mut node = node();
    steps(&mut node, json!([{"append": 1}, "reply"]));
    node.fail_next_sync(SyncFailure::Error);
    let step = || steps(&mut node, json!([{"append": 2}, "reply"]));
    let panic = catch_unwind(AssertUnwindSafe(step)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "Error");
    assert_eq!(node.restart(Crash::Power), []);
    assert_eq!(survived(&node), json!([[1], null, ["log"]]));
    assert_eq!(node.syncs(), 2, "one when it recovered");
    assert_eq!(
        steps(&mut node, json!([{"append": 3}, "reply"])),
        [do_ok(3)]
    );
}

#[test]
fn what_a_killed_node_finds_is_durable_before_it_speaks_of_it() {
    let mut node = node();
    steps(&mut node, json!([{"append": 1}]));
    node.restart(Crash::Kill);
    assert_eq!(survived(&node), json!([[1], null, ["log"]]));
    assert_eq!((node.syncs(), node.disk().unsynced()), (1, 0));
    node.restart(Crash::Power);
    assert_eq!(survived(&node), json!([[1], null, ["log"]]));

    // A test may damage a disk; changes before that are durable then.
    steps(&mut node, json!([{"append": 2}]));
    node.disk_mut().set("v", "no record");
    node.restart(Crash::Power);
    let damaged = "the file \"v\" is damaged";
    assert_eq!(survived(&node), json!([[1, 2], damaged, ["log", "v"]]));
}
