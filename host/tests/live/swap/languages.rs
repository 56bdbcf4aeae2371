//! Hot swap of a program in Rust (`host/tests/programs`), and of guests written with the SDKs of other languages.

use serde_json::json;
use test_support::{Node, program};

use crate::swap::guests::version;
use crate::swap::swapped;

#[test]
fn a_program_has_no_state_so_it_starts_afresh_with_the_stored_init() {
    let gossip = std::fs::read(program("rust-gossip")).unwrap();
    let mut node = Node::start(&gossip, &["--watch"]);
    node.init(&["n1"]);
    let reads = |node: &mut Node, messages: &[u64]| {
        node.tell("c1", json!({"type": "read", "msg_id": 2}));
        let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": messages});
        assert_eq!(node.hear(), ("c1", read_ok));
    };
    node.tell(
        "c1",
        json!({"type": "broadcast", "msg_id": 1, "message": 5}),
    );
    node.hear();
    reads(&mut node, &[5]);
    node.replace(&version(&gossip, 1));
    let line = node.log();
    let why = "no state: the new module has no restore; as after a restart";
    assert_eq!(swapped(&line), Some(why), "{line}");
    reads(&mut node, &[]);
    node.end(0);
}

#[test]
fn guests_in_c_go_and_assemblyscript_keep_their_state_and_their_calls() {
    for name in ["sdk-c-gossip", "sdk-go-gossip", "sdk-assemblyscript-gossip"] {
        let gossip = std::fs::read(program(name)).unwrap();
        let mut node = Node::start(&gossip, &["--watch"]);
        node.init(&["n1", "n2"]);
        node.tell(
            "c1",
            json!({"type": "broadcast", "msg_id": 1, "message": 5}),
        );
        let sent = node.hear();
        let msg_id = sent.body["msg_id"].clone();
        let call = json!({"type": "gossip", "message": 5, "msg_id": msg_id});
        assert_eq!(sent, ("n2", call.clone()), "{name}");
        let answer = json!({"type": "broadcast_ok", "in_reply_to": 1});
        assert_eq!(node.hear_but_gossip(), ("c1", answer), "{name}");
        node.replace(&version(&gossip, 1));
        let line = node.log();
        let state = swapped(&line).expect(&line);
        assert!(state.ends_with(" bytes of state"), "{name}: {line}");
        // The new version sends again what the old one has sent without an answer, until there is one.
        assert_eq!(node.hear(), ("n2", call), "{name}");
        node.tell("n2", json!({"type": "gossip_ok", "in_reply_to": msg_id}));
        node.tell("c1", json!({"type": "read", "msg_id": 2}));
        let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": [5]});
        assert_eq!(node.hear_but_gossip(), ("c1", read_ok), "{name}");
        node.end(0);
    }
}

#[test]
fn a_guest_in_go_does_not_continue_from_one_in_c() {
    let module = |name| std::fs::read(program(name)).unwrap();
    let mut node = Node::start(&module("sdk-c-gossip"), &["--watch"]);
    node.init(&["n1"]);
    node.replace(&module("sdk-go-gossip"));
    let line = node.log();
    let why = super::refused(&line).expect(&line);
    assert!(why.ends_with("it refused the state (status 1)"), "{line}");
    assert_eq!(
        node.log(),
        "  stderr: snapshot refused: it is not of this package"
    );
    assert_eq!(node.log(), super::NOTHING_DONE);
    node.tell("c1", json!({"type": "read", "msg_id": 2}));
    let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": []});
    assert_eq!(node.hear(), ("c1", read_ok));
    node.end(0);
}
