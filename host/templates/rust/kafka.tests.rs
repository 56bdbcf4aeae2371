use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

use super::State;

/// Sends a request and returns the answer, without `in_reply_to`.
fn ask(node: &mut TestNode<State>, mut request: Value) -> Value {
    request["msg_id"] = json!(7);
    let sent = node.receive("c1", request);
    let [answer] = &sent[..] else {
        panic!("one answer, not {sent:?}");
    };
    let mut body = answer.body.clone();
    let id = body.as_object_mut().unwrap().remove("in_reply_to");
    assert_eq!(id, Some(json!(7)));
    body
}

#[test]
fn what_is_sent_is_polled_from_any_offset() {
    let mut node = TestNode::start("n0", &["n0"]);
    for (offset, msg) in [5, 6, 7].into_iter().enumerate() {
        assert_eq!(
            ask(&mut node, json!({"type": "send", "key": "k", "msg": msg})),
            json!({"type": "send_ok", "offset": offset})
        );
    }
    assert_eq!(
        ask(&mut node, json!({"type": "poll", "offsets": {"k": 1}})),
        json!({"type": "poll_ok", "msgs": {"k": [[1, 6], [2, 7]]}})
    );
}

#[test]
fn committed_offsets_are_listed() {
    let mut node = TestNode::start("n0", &["n0"]);
    let commit = json!({"type": "commit_offsets", "offsets": {"k": 1}});
    assert_eq!(ask(&mut node, commit), json!({"type": "commit_offsets_ok"}));
    let list = json!({"type": "list_committed_offsets", "keys": ["k", "other"]});
    assert_eq!(
        ask(&mut node, list),
        json!({"type": "list_committed_offsets_ok", "offsets": {"k": 1}})
    );
}
