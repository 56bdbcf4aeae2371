use guest_sdk::testing::TestNode;
use serde_json::json;

use super::State;

#[test]
fn the_sum_is_read() {
    let mut node = TestNode::<State>::start("n0", &["n0"]);
    for msg_id in 1..=2 {
        assert_eq!(
            node.receive("c1", json!({"type": "add", "msg_id": msg_id, "delta": 3})),
            [("c1", json!({"type": "add_ok", "in_reply_to": msg_id}))]
        );
    }
    let read_ok = json!({"type": "read_ok", "in_reply_to": 3, "value": 6});
    assert_eq!(
        node.receive("c1", json!({"type": "read", "msg_id": 3})),
        [("c1", read_ok)]
    );
}
