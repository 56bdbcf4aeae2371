use guest_sdk::testing::TestNode;
use serde_json::json;

use super::State;

#[test]
fn a_transaction_reads_what_was_written() {
    let mut node = TestNode::<State>::start("n0", &["n0"]);
    let txn = json!([["r", 1, null], ["w", 1, 6], ["r", 1, null]]);
    let done = json!([["r", 1, null], ["w", 1, 6], ["r", 1, 6]]);
    assert_eq!(
        node.receive("c1", json!({"type": "txn", "msg_id": 1, "txn": txn})),
        [(
            "c1",
            json!({"type": "txn_ok", "in_reply_to": 1, "txn": done})
        )]
    );
}
