//! Hot swap of a program in Rust (`host/tests/programs`).

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
