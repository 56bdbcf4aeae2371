use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

use super::State;

fn generate(node: &mut TestNode<State>) -> Value {
    let sent = node.receive("c1", json!({"type": "generate", "msg_id": 7}));
    let [answer] = &sent[..] else {
        panic!("one answer, not {sent:?}");
    };
    assert_eq!(answer.body["type"], "generate_ok");
    answer.body["id"].clone()
}

#[test]
fn a_node_gives_no_id_twice() {
    let mut node = TestNode::start("n0", &["n0"]);
    assert_ne!(generate(&mut node), generate(&mut node));
}
