use guest_sdk::testing::TestNode;
use serde_json::json;

use super::State;

#[test]
fn an_echo_is_answered_with_its_payload() {
    let mut node = TestNode::<State>::start("n0", &["n0"]);
    let sent = node.receive("c1", json!({"type": "echo", "msg_id": 7, "echo": "hi"}));
    assert_eq!(
        sent,
        [(
            "c1",
            json!({"type": "echo_ok", "in_reply_to": 7, "echo": "hi"})
        )]
    );
}
