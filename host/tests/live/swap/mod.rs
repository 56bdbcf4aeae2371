//! Hot swap: a new version of a module replaces the old one in a running node.

mod guests;
mod languages;

use std::fs;

use guests::{Behaviour, count, guest, version};
use serde_json::json;
use test_support::{Node, bytes};

/// `swapped OLD -> NEW: gap TIME, STATE`, without the hashes and the time.
fn swapped(line: &str) -> Option<&str> {
    let (change, rest) = line.strip_prefix(" INFO swapped ")?.split_once(": gap ")?;
    let (old, new) = change.split_once(" -> ")?;
    assert_eq!((old.len(), new.len()), (12, 12), "{line}");
    Some(rest.split_once(", ")?.1)
}

/// The reason in `OLD -> NEW: the running module goes on: REASON`.
fn refused(line: &str) -> Option<&str> {
    let (change, reason) = line
        .strip_prefix("ERROR ")?
        .split_once(": the running module goes on: ")?;
    change.split_once(" -> ")?;
    Some(reason)
}

#[test]
fn a_file_that_is_replaced_is_taken_with_the_state_and_the_calls_in_flight() {
    let mut node = Node::start(&bytes("broadcast-retry"), &["--watch"]);
    node.init(&["n1", "n2"]);
    node.tell(
        "c1",
        json!({"type": "broadcast", "msg_id": 1, "message": 5}),
    );
    let gossip = node.hear();
    let msg_id = gossip.body["msg_id"].clone();
    assert_eq!(
        gossip,
        (
            "n2",
            json!({"type": "gossip", "message": 5, "msg_id": msg_id})
        )
    );
    assert_eq!(
        node.hear(),
        ("c1", json!({"type": "broadcast_ok", "in_reply_to": 1}))
    );
    node.replace(&version(&bytes("broadcast-retry"), 1));
    let line = node.log();
    let state = swapped(&line).expect(&line);
    assert!(state.ends_with(" bytes of state"), "{line}");
    // The new version sends again what the old one has sent without an answer.
    assert_eq!(node.hear(), ("n2", gossip.body));
    node.tell("c1", json!({"type": "read", "msg_id": 2}));
    let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": [5]});
    assert_eq!(node.hear_but_gossip(), ("c1", read_ok));
    node.end(0);
}

#[test]
fn a_file_that_is_rewritten_in_place_is_waited_out() {
    let mut node = Node::start(&bytes("broadcast-retry"), &["--watch"]);
    node.init(&["n1"]);
    node.tell(
        "c1",
        json!({"type": "broadcast", "msg_id": 1, "message": 5}),
    );
    node.hear();
    // The half file stays for longer than the host waits for a file to settle.
    let new = version(&bytes("broadcast-retry"), 1);
    fs::write(node.module(), &new[..new.len() / 2]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    fs::write(node.module(), &new).unwrap();
    let line = node.log();
    assert!(
        swapped(&line).expect(&line).ends_with(" bytes of state"),
        "{line}"
    );
    node.tell("c1", json!({"type": "read", "msg_id": 2}));
    let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": [5]});
    assert_eq!(node.hear(), ("c1", read_ok));
    node.end(0);
}

#[test]
fn sighup_takes_the_file_even_if_it_has_not_changed() {
    let mut node = Node::start(&guest(Behaviour::Counts), &["--watch"]);
    node.init(&["n1"]);
    assert_eq!(count(&mut node), 1);
    node.hang_up();
    let line = node.log();
    assert_eq!(swapped(&line), Some("4 bytes of state"), "{line}");
    assert_eq!(count(&mut node), 2);
    node.end(0);
}

#[test]
fn a_module_without_snapshot_starts_afresh_with_the_stored_init() {
    let mut node = Node::start(&guest(Behaviour::Counts), &["--watch"]);
    node.init(&["n1"]);
    assert_eq!((count(&mut node), count(&mut node)), (1, 2));
    node.replace(&guest(Behaviour::HasNoState));
    let line = node.log();
    let why = "no state: the new module has no restore; as after a restart";
    assert_eq!(swapped(&line), Some(why), "{line}");
    assert_eq!(
        count(&mut node),
        1,
        "the count is gone, the second init_ok is not sent"
    );
    node.replace(&guest(Behaviour::Counts));
    let line = node.log();
    let why = "no state: the running module has no snapshot; as after a restart";
    assert_eq!(swapped(&line), Some(why), "{line}");
    assert_eq!(count(&mut node), 1);
    node.end(0);
}

/// Asserts that the running module goes on, and that the log says why.
#[track_caller]
fn check_refused(new: &[u8], flags: &[&str], why: &[&str]) {
    let mut node = Node::start(&guest(Behaviour::Counts), &[&["--watch"], flags].concat());
    node.init(&["n1"]);
    assert_eq!(count(&mut node), 1);
    node.replace(new);
    let line = node.log();
    let reason = refused(&line).or_else(|| line.strip_prefix("ERROR the running module goes on: "));
    assert_eq!(reason, Some(why[0]), "{line}");
    for line in &why[1..] {
        assert_eq!(node.log(), *line);
    }
    assert_eq!(count(&mut node), 2);
    node.replace(&version(&guest(Behaviour::Counts), 1));
    let line = node.log();
    assert_eq!(swapped(&line), Some("4 bytes of state"), "{line}");
    assert_eq!(count(&mut node), 3);
    node.end(0);
}

const ADVICE: &str = "the new module does not take over the state; keep reading what the old one \
    writes (#[serde(default)], #[serde(alias)]), or raise STATE_VERSION and restart the node: ";

const NOTHING_DONE: &str = "  [NOTHING DONE]";

#[test]
fn a_module_that_is_not_valid_is_refused() {
    let problem = "  - this is not WebAssembly: it does not begin with the bytes \"\\0asm\"";
    check_refused(
        b"hello, world",
        &[],
        &["[MODULE] [CANNOT BE LOADED]", problem],
    );
}

#[test]
fn a_module_of_another_abi_version_is_refused() {
    let problem = "  - it speaks the guest ABI of maelstrom_abi_v2, this host that of \
         maelstrom_abi_v1; build it with a matching SDK";
    let other = guest(Behaviour::SpeaksAnotherVersion);
    check_refused(&other, &[], &["[MODULE] [CANNOT BE LOADED]", problem]);
}

#[test]
fn a_module_that_refuses_the_state_is_refused() {
    let why = format!("{ADVICE}the guest failed in restore: it refused the state (status 1)");
    check_refused(&guest(Behaviour::RefusesState), &[], &[&why, NOTHING_DONE]);
}

#[test]
fn a_module_that_traps_in_restore_is_refused() {
    let trap = "the guest failed in restore: trap: wasm `unreachable` instruction executed";
    let why = format!("{ADVICE}{trap}");
    let frame = "  in: give_up < restore";
    check_refused(
        &guest(Behaviour::TrapsInRestore),
        &[],
        &[&why, frame, NOTHING_DONE],
    );
}

#[test]
fn a_module_that_loops_in_restore_is_refused() {
    let fuel = "the guest failed in restore: out of fuel: a step may use 100000 units \
         (--max-fuel); does it loop for ever?";
    let why = format!("{ADVICE}{fuel}");
    let looping = guest(Behaviour::LoopsInRestore);
    let frame = "  in: restore";
    check_refused(
        &looping,
        &["--max-fuel", "100000"],
        &[&why, frame, NOTHING_DONE],
    );
}

#[test]
fn a_module_that_traps_at_its_start_is_refused() {
    let why = "the guest failed in its start: trap: wasm `unreachable` instruction executed";
    let frame = "  in: _initialize";
    check_refused(
        &guest(Behaviour::TrapsAtStart),
        &[],
        &[why, frame, NOTHING_DONE],
    );
}

#[test]
fn a_module_that_traps_when_it_is_asked_for_its_state_has_crashed() {
    let mut node = Node::start(&guest(Behaviour::TrapsInSnapshot), &["--watch"]);
    node.init(&["n1"]);
    assert_eq!((count(&mut node), count(&mut node)), (1, 2));
    node.replace(&guest(Behaviour::Counts));
    assert_eq!(
        node.log(),
        "ERROR the guest failed in snapshot: trap: wasm `unreachable` instruction executed"
    );
    let state = loop {
        let line = node.log();
        if let Some(state) = swapped(&line) {
            break state.to_owned();
        }
    };
    assert_eq!(state, "no state: the old module had crashed");
    assert_eq!(count(&mut node), 1, "the new version runs, from its start");
    node.end(0);
}

#[test]
fn without_state_a_module_is_refused_if_state_is_required() {
    let why = "the new module has no restore, and --require-state forbids to start without";
    check_refused(&guest(Behaviour::HasNoState), &["--require-state"], &[why]);
}

#[test]
fn after_a_crash_requests_are_answered_with_error_13_until_the_next_version_comes() {
    let mut node = Node::start(&guest(Behaviour::TrapsInHandle), &["--watch"]);
    node.init(&["n1"]);
    node.tell("c1", json!({"type": "count", "msg_id": 7}));
    let log = [
        "ERROR the guest failed in handle: trap: wasm `unreachable` instruction executed",
        "  in: give_up < handle",
        "  event: message {\"body\":{\"msg_id\":7,\"type\":\"count\"},\"dest\":\"n1\",\"src\":\"c1\"}",
        NOTHING_DONE,
        "  requests are answered with error 13 until the module changes",
    ];
    for line in log {
        assert_eq!(node.log(), line);
    }
    node.tell("c1", json!({"type": "count", "msg_id": 8}));
    let text = "the module of this node has crashed and waits for its next version";
    let error = json!({"type": "error", "in_reply_to": 8, "code": 13, "text": text});
    assert_eq!(node.hear(), ("c1", error));
    node.replace(&guest(Behaviour::Counts));
    let line = node.log();
    let why = "no state: the old module had crashed";
    assert_eq!(swapped(&line), Some(why), "{line}");
    assert_eq!(count(&mut node), 1);
    node.end(0);
}

#[test]
fn no_message_is_lost_doubled_or_reordered_by_twenty_swaps() {
    const MESSAGES: u64 = 50_000;
    let mut node = Node::start(&bytes("echo"), &["--watch"]);
    node.init(&["n1"]);
    let mut input = node.take_input();
    let writer = std::thread::spawn(move || {
        for i in 0..MESSAGES {
            input.tell("c1", &json!({"type": "echo", "msg_id": i, "echo": i}));
        }
        input
    });
    for i in 0..MESSAGES {
        if i % (MESSAGES / 20) == 0 {
            // The file stays as it is, so the poll does not swap as well if the signal is late.
            node.hang_up();
            let line = node.log();
            let state = swapped(&line).expect(&line);
            assert!(state.ends_with(" bytes of state"), "{line}");
        }
        let echo_ok = json!({"type": "echo_ok", "in_reply_to": i, "echo": i});
        assert_eq!(node.hear(), ("c1", echo_ok));
    }
    node.give_input(writer.join().unwrap());
    node.end(0);
}

#[test]
fn a_pipe_in_the_place_of_the_file_does_not_end_the_watch() {
    let mut node = Node::start(&bytes("broadcast-retry"), &["--watch"]);
    node.init(&["n1"]);
    node.replace_by_pipe();
    assert_eq!(
        node.log(),
        "ERROR the running module goes on: cannot read the module [MODULE]: it is not a regular \
         file, but a pipe or a device"
    );
    node.replace(&version(&bytes("broadcast-retry"), 1));
    let line = node.log();
    let state = swapped(&line).expect(&line);
    assert!(state.ends_with(" bytes of state"), "{line}");
    node.end(0);
}
