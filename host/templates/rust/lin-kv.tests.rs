use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

use super::State;

/// Sends a request and returns the answer's type, and its value or its code.
fn ask(node: &mut TestNode<State>, mut request: Value) -> (String, Value) {
    request["msg_id"] = json!(7);
    let sent = node.receive("c1", request);
    let [answer] = &sent[..] else {
        panic!("one answer, not {sent:?}");
    };
    let body = &answer.body;
    assert_eq!(body["in_reply_to"], 7);
    let result = body.get("value").or(body.get("code"));
    let result = result.cloned().unwrap_or_default();
    (body["type"].as_str().unwrap().to_owned(), result)
}

#[test]
fn a_register_is_written_read_and_compared() {
    let mut node = TestNode::start("n0", &["n0"]);
    let read = json!({"type": "read", "key": 0});
    let steps = [
        (read.clone(), "error", json!(20)),
        (
            json!({"type": "write", "key": 0, "value": 3}),
            "write_ok",
            Value::Null,
        ),
        (read.clone(), "read_ok", json!(3)),
        (
            json!({"type": "cas", "key": 0, "from": 3, "to": 4}),
            "cas_ok",
            Value::Null,
        ),
        (
            json!({"type": "cas", "key": 0, "from": 1, "to": 2}),
            "error",
            json!(22),
        ),
        (read, "read_ok", json!(4)),
    ];
    for (request, kind, result) in steps {
        assert_eq!(ask(&mut node, request), (kind.to_owned(), result));
    }
}
