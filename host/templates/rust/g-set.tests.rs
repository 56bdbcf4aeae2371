use guest_sdk::testing::TestNode;
use serde_json::json;

use super::State;

#[test]
fn what_is_added_is_read() {
    let mut node = TestNode::<State>::start("n0", &["n0"]);
    assert_eq!(
        node.receive("c1", json!({"type": "add", "msg_id": 1, "element": 5})),
        [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]
    );
    let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "value": [5]});
    assert_eq!(
        node.receive("c1", json!({"type": "read", "msg_id": 2})),
        [("c1", read_ok)]
    );
}
