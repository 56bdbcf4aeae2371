use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

use super::*;

fn node() -> TestNode<Stored<Queues>> {
    TestNode::start("n1", &["n1", "n2"])
}

/// A client's request, with the fields of an object.
fn request(kind: &str, fields: Value) -> Value {
    let mut request = json!({"type": kind, "msg_id": 1, "queue": 3});
    let fields = fields.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    request
}

fn queue(ready: &[i64], deliveries: u64, received: Value) -> Value {
    json!({"ready": ready, "deliveries": deliveries, "received": received})
}

fn look(msg_id: u64) -> (&'static str, Value) {
    let read = json!({"type": "read", "msg_id": msg_id, "key": "queue/3"});
    ("lin-kv", read)
}

fn found(in_reply_to: u64, value: &Value) -> Value {
    json!({"type": "read_ok", "in_reply_to": in_reply_to, "value": value})
}

/// A client asks, lin-kv has `old`, the node makes `new` of it and answers.
#[track_caller]
fn check(request: &Value, old: &Value, new: &Value, answer: Value) {
    let mut node = node();
    assert_eq!(node.receive("c1", request.clone()), [look(1)]);
    let mut sent = node.receive("lin-kv", found(1, old));
    if new != old {
        let swap = json!({
            "type": "cas", "msg_id": 2, "key": "queue/3", "from": old, "to": new, "create_if_not_exists": true,
        });
        assert_eq!(sent, [("lin-kv", swap)]);
        sent = node.receive("lin-kv", json!({"type": "cas_ok", "in_reply_to": 2}));
    }
    assert_eq!(sent, [("c1", answer)]);
}

#[test]
fn elements_go_in_behind_and_out_in_front() {
    let none = json!({});
    check(
        &request("enqueue", json!({"value": 7})),
        &queue(&[5], 0, none.clone()),
        &queue(&[5, 7], 0, none.clone()),
        json!({"type": "enqueue_ok", "in_reply_to": 1}),
    );
    check(
        &request("dequeue", json!({})),
        &queue(&[5, 7], 0, none.clone()),
        &queue(&[7], 0, none.clone()),
        json!({"type": "dequeue_ok", "in_reply_to": 1, "value": 5}),
    );
    let empty = queue(&[], 0, none);
    let answer = json!({"type": "dequeue_ok", "in_reply_to": 1, "value": null});
    check(&request("dequeue", json!({})), &empty, &empty, answer);
}

#[test]
fn what_is_received_stays_until_it_is_acknowledged() {
    let out = json!({"4": {"value": 5, "lease_ms": 500}});
    check(
        &request("receive", json!({"lease_ms": 500})),
        &queue(&[5, 7], 3, json!({})),
        &queue(&[7], 4, out.clone()),
        json!({"type": "receive_ok", "in_reply_to": 1, "value": 5}),
    );
    let ack = request("ack", json!({"value": 5}));
    let answer = json!({"type": "ack_ok", "in_reply_to": 1});
    check(
        &ack,
        &queue(&[7], 4, out),
        &queue(&[7], 4, json!({})),
        answer.clone(),
    );
    // It was put back.
    check(
        &ack,
        &queue(&[5, 7], 4, json!({})),
        &queue(&[7], 4, json!({})),
        answer,
    );
}

#[test]
fn a_delivery_is_put_back_in_front_when_its_lease_is_over() {
    let mut node = node();
    let receive = || request("receive", json!({"lease_ms": 500}));
    let out = json!({"4": {"value": 5, "lease_ms": 500}});
    let answer = json!({"type": "receive_ok", "in_reply_to": 1, "value": null});
    for msg_id in [1, 2] {
        node.receive("c1", receive());
        let sent = node.receive("lin-kv", found(msg_id, &queue(&[], 4, out.clone())));
        assert_eq!(sent, [("c1", answer.clone())]);
    }
    assert_eq!(node.advance(Duration::from_millis(499)), []);
    assert_eq!(node.advance(Duration::from_millis(1)), [look(3)], "once");
    let swap = json!({
        "type": "cas", "msg_id": 4, "key": "queue/3",
        "from": queue(&[9], 4, out.clone()), "to": queue(&[5, 9], 4, json!({})),
        "create_if_not_exists": true,
    });
    let sent = node.receive("lin-kv", found(3, &queue(&[9], 4, out)));
    assert_eq!(sent, [("lin-kv", swap)]);
    let swapped = json!({"type": "cas_ok", "in_reply_to": 4});
    assert_eq!(node.receive("lin-kv", swapped), []);
}

#[test]
fn a_delivery_that_was_acknowledged_is_not_put_back() {
    let mut node = node();
    let out = json!({"4": {"value": 5, "lease_ms": 500}});
    node.receive("c1", request("receive", json!({"lease_ms": 500})));
    node.receive("lin-kv", found(1, &queue(&[], 4, out)));
    assert_eq!(node.advance(Duration::from_millis(500)), [look(2)]);
    let later = queue(&[9], 5, json!({"5": {"value": 8, "lease_ms": 500}}));
    assert_eq!(node.receive("lin-kv", found(2, &later)), []);
}
