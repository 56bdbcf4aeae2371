use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

use super::*;

fn node() -> TestNode<Stored<Locks>> {
    TestNode::start("n1", &["n1", "n2"])
}

/// A client asks, lin-kv has this, and the node does that.
#[track_caller]
fn check(
    node: &mut TestNode<Stored<Locks>>,
    request: &Value,
    msg_id: u64,
    has: &Value,
    sent: (&str, Value),
) {
    let read = json!({"type": "read", "msg_id": msg_id, "key": "lock/3"});
    assert_eq!(node.receive("c1", request.clone()), [("lin-kv", read)]);
    let found = json!({"type": "read_ok", "in_reply_to": msg_id, "value": has});
    assert_eq!(node.receive("lin-kv", found), [sent]);
}

fn acquire() -> Value {
    json!({"type": "acquire", "msg_id": 1, "lock": 3, "lease_ms": 500})
}

fn refused() -> (&'static str, Value) {
    (
        "c1",
        json!({"type": "acquire_ok", "in_reply_to": 1, "token": null}),
    )
}

fn swap(msg_id: u64, from: &Value, to: &Value) -> (&'static str, Value) {
    let swap = json!({
        "type": "cas", "msg_id": msg_id, "key": "lock/3", "from": from, "to": to, "create_if_not_exists": true,
    });
    ("lin-kv", swap)
}

#[test]
fn a_free_lock_is_granted_with_the_next_token() {
    let mut node = node();
    let free = json!({"token": 6, "lease_ms": null});
    let granted = json!({"token": 7, "lease_ms": 500});
    check(&mut node, &acquire(), 1, &free, swap(2, &free, &granted));
    let answer = json!({"type": "acquire_ok", "in_reply_to": 1, "token": 7});
    let swapped = json!({"type": "cas_ok", "in_reply_to": 2});
    assert_eq!(node.receive("lin-kv", swapped), [("c1", answer)]);
}

#[test]
fn a_grant_is_taken_back_two_leases_after_it_was_found() {
    let mut node = node();
    let granted = json!({"token": 7, "lease_ms": 500});
    check(&mut node, &acquire(), 1, &granted, refused());
    node.advance(Duration::from_millis(400));
    check(&mut node, &acquire(), 2, &granted, refused());
    assert_eq!(node.advance(Duration::from_millis(599)), []);
    let read = json!({"type": "read", "msg_id": 3, "key": "lock/3"});
    assert_eq!(node.advance(Duration::from_millis(1)), [("lin-kv", read)]);
    let found = json!({"type": "read_ok", "in_reply_to": 3, "value": granted});
    let free = json!({"token": 7, "lease_ms": null});
    assert_eq!(node.receive("lin-kv", found), [swap(4, &granted, &free)]);
    let swapped = json!({"type": "cas_ok", "in_reply_to": 4});
    assert_eq!(node.receive("lin-kv", swapped), []);
}

#[test]
fn what_is_granted_meanwhile_is_not_taken_back() {
    let mut node = node();
    let granted = |token: u64| json!({"token": token, "lease_ms": 500});
    check(&mut node, &acquire(), 1, &granted(7), refused());
    node.advance(Duration::from_millis(600));
    check(&mut node, &acquire(), 2, &granted(8), refused());
    let read = |msg_id: u64| json!({"type": "read", "msg_id": msg_id, "key": "lock/3"});
    assert_eq!(
        node.advance(Duration::from_millis(400)),
        [("lin-kv", read(3))]
    );
    let found = json!({"type": "read_ok", "in_reply_to": 3, "value": granted(8)});
    assert_eq!(node.receive("lin-kv", found), []);
    assert_eq!(
        node.advance(Duration::from_millis(600)),
        [("lin-kv", read(4))]
    );
}

#[test]
fn it_is_tried_again_until_lin_kv_has_answered() {
    let mut node = node();
    let granted = json!({"token": 7, "lease_ms": 500});
    check(&mut node, &acquire(), 1, &granted, refused());
    let read = |msg_id: u64| {
        (
            "lin-kv",
            json!({"type": "read", "msg_id": msg_id, "key": "lock/3"}),
        )
    };
    assert_eq!(node.advance(Duration::from_secs(1)), [read(2)]);
    // It is sent again after one second, and given up after two more.
    assert_eq!(node.advance(Duration::from_secs(1)), [read(2)]);
    assert_eq!(node.advance(Duration::from_secs(3)), [read(3)]);
}

#[test]
fn only_the_last_grant_can_be_released_and_once() {
    let release = json!({"type": "release", "msg_id": 1, "lock": 3, "token": 7});
    let granted = |token: u64| json!({"token": token, "lease_ms": 500});
    let free = json!({"token": 7, "lease_ms": null});
    check(
        &mut node(),
        &release,
        1,
        &granted(7),
        swap(2, &granted(7), &free),
    );
    let denied = json!({"type": "release_ok", "in_reply_to": 1, "released": false});
    for other in [granted(8), free] {
        check(&mut node(), &release, 1, &other, ("c1", denied.clone()));
    }
}
