use std::time::Duration;

use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

use super::*;

fn node() -> TestNode<Stored<Bank>> {
    TestNode::start("n1", &["n1", "n2"])
}

fn transfer(amount: i64) -> Value {
    json!({"type": "transfer", "msg_id": 1, "bank": 7, "from": "0", "to": "3", "amount": amount})
}

fn look(msg_id: u64) -> Value {
    json!({"type": "read", "msg_id": msg_id, "key": "bank/7"})
}

fn nothing(in_reply_to: u64) -> Value {
    json!({"type": "error", "in_reply_to": in_reply_to, "code": 20})
}

fn found(in_reply_to: u64, value: Value) -> Value {
    json!({"type": "read_ok", "in_reply_to": in_reply_to, "value": value})
}

fn swap(msg_id: u64, from: Value, to: Value) -> Value {
    json!({
        "type": "cas", "msg_id": msg_id, "key": "bank/7", "from": from, "to": to, "create_if_not_exists": true,
    })
}

fn opening() -> Value {
    json!({"0": 10, "1": 10, "2": 10, "3": 10, "4": 10})
}

#[test]
fn a_transfer_is_a_compare_and_set_of_the_whole_bank() {
    let mut node = node();
    assert_eq!(node.receive("c1", transfer(4)), [("lin-kv", look(1))]);
    let after = json!({"0": 6, "1": 10, "2": 10, "3": 14, "4": 10});
    let asked = node.receive("lin-kv", nothing(1));
    assert_eq!(asked, [("lin-kv", swap(2, opening(), after))]);
    let done = json!({"type": "transfer_ok", "in_reply_to": 1, "done": true});
    let swapped = json!({"type": "cas_ok", "in_reply_to": 2});
    assert_eq!(node.receive("lin-kv", swapped), [("c1", done)]);
}

#[test]
fn it_begins_again_if_another_node_was_faster() {
    let mut node = node();
    node.receive("c1", transfer(4));
    node.receive("lin-kv", nothing(1));
    let refused = json!({"type": "error", "in_reply_to": 2, "code": 22});
    assert_eq!(node.receive("lin-kv", refused), [("lin-kv", look(3))]);
    let poor = json!({"0": 3, "1": 17, "2": 10, "3": 10, "4": 10});
    let answer = json!({"type": "transfer_ok", "in_reply_to": 1, "done": false});
    assert_eq!(node.receive("lin-kv", found(3, poor)), [("c1", answer)]);
}

#[test]
fn a_swap_without_an_answer_may_have_taken_place_and_a_read_without_one_has_not() {
    let mut node = node();
    node.receive("c1", transfer(4));
    node.receive("lin-kv", nothing(1));
    let [error] = &node.advance(Duration::from_secs(1))[..] else {
        panic!("one answer is due");
    };
    assert_eq!(
        (error.dest.as_str(), &error.body["code"]),
        ("c1", &json!(0))
    );
    node.receive("c1", transfer(4));
    let sent = node.advance(Duration::from_secs(4));
    let [_again, error] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert_eq!(
        (error.dest.as_str(), &error.body["code"]),
        ("c1", &json!(11))
    );
}

#[test]
fn a_read_has_all_accounts() {
    let mut node = node();
    let read = json!({"type": "read", "msg_id": 1, "bank": 7});
    assert_eq!(node.receive("c1", read), [("lin-kv", look(1))]);
    let answer = json!({"type": "read_ok", "in_reply_to": 1, "accounts": opening()});
    assert_eq!(node.receive("lin-kv", nothing(1)), [("c1", answer)]);
}

#[test]
fn arguments_say_what_is_in_a_new_bank() {
    let arguments = ["--accounts", "2", "--opening", "7"];
    let mut node = TestNode::<Stored<Bank>>::start_with(&arguments, "n1", &["n1"]);
    let read = json!({"type": "read", "msg_id": 1, "bank": 7});
    node.receive("c1", read);
    let accounts = json!({"0": 7, "1": 7});
    let answer = json!({"type": "read_ok", "in_reply_to": 1, "accounts": accounts});
    assert_eq!(node.receive("lin-kv", nothing(1)), [("c1", answer)]);
}

#[test]
fn what_cannot_be_moved_is_told() {
    for (from, amount, code) in [("0", 0, 12), ("9", 1, 20)] {
        let mut node = node();
        let mut request = transfer(amount);
        request["from"] = json!(from);
        node.receive("c1", request);
        let [error] = &node.receive("lin-kv", nothing(1))[..] else {
            panic!("one answer is due");
        };
        assert_eq!(error.body["code"], code);
    }
}
