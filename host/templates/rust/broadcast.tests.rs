use guest_sdk::testing::TestNode;
use serde_json::json;

use super::State;

#[test]
fn what_is_broadcast_is_read() {
    let mut node = TestNode::<State>::start("n0", &["n0"]);
    let topology = json!({"type": "topology", "msg_id": 1, "topology": {"n0": []}});
    assert_eq!(
        node.receive("c1", topology),
        [("c1", json!({"type": "topology_ok", "in_reply_to": 1}))]
    );
    let broadcast = json!({"type": "broadcast", "msg_id": 2, "message": 1000});
    assert_eq!(
        node.receive("c1", broadcast),
        [("c1", json!({"type": "broadcast_ok", "in_reply_to": 2}))]
    );
    let read_ok = json!({"type": "read_ok", "in_reply_to": 3, "messages": [1000]});
    assert_eq!(
        node.receive("c1", json!({"type": "read", "msg_id": 3})),
        [("c1", read_ok)]
    );
}
