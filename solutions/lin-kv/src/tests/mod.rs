//! Events in, messages out. Whole messages are compared; what they should be was worked out
//! by hand from the papers.

mod clients;
mod election;
mod persistent;
mod recovery;
mod replication;

use std::time::Duration;

use guest_sdk::testing::{Sent, TestNode};
use serde_json::{Value, json};

use crate::Raft;

type Node = TestNode<Raft>;

const THREE: [&str; 3] = ["n1", "n2", "n3"];
const FIVE: [&str; 5] = ["n1", "n2", "n3", "n4", "n5"];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A node in its first life.
fn first_start(id: &str, nodes: &[&str]) -> Node {
    let (mut node, sent) = TestNode::start_and_see(Duration::ZERO, id, nodes);
    let key = format!("starts of {id}");
    let read = json!({"type": "read", "msg_id": 1, "key": key});
    assert_eq!(sent, [("seq-kv", read)]);
    let missing = json!({"type": "error", "in_reply_to": 1, "code": 20, "text": "missing"});
    assert_eq!(node.receive("seq-kv", missing), []);
    // Any message has it take part, which it has written down first.
    let sent = node.receive("n9", request_vote(false, 1, (0, 0)));
    let write = json!({"type": "write", "msg_id": 2, "key": key, "value": 1});
    assert_eq!(sent, [("seq-kv", write)]);
    assert_eq!(node.receive("n9", request_vote(false, 1, (0, 0))), []);
    let done = json!({"type": "write_ok", "in_reply_to": 2});
    assert_eq!(node.receive("seq-kv", done), []);
    node
}

/// n1 as the leader of term 1: it has sent its first entry to as many as it needs.
fn leader(nodes: &[&str]) -> Node {
    let mut node = first_start("n1", nodes);
    let others = nodes.len() / 2;
    node.advance(ms(25));
    for pre in [true, false] {
        for voter in &nodes[1..=others] {
            node.receive(voter, vote(pre, 1));
        }
    }
    node
}

/// n2 as a follower of n1 in term 1, with these entries, of which so many are committed.
fn follower(nodes: &[&str], entries: &Value, commit: u64) -> Node {
    let mut node = first_start("n2", nodes);
    let sent = node.receive("n1", append(1, 1, (0, 0), entries, commit));
    let count = entries.as_array().unwrap().len();
    assert_eq!(sent, [("n1", appended(1, 1, true, count as u64))]);
    node
}

fn request_vote(pre: bool, term: u64, last: (u64, u64)) -> Value {
    json!({"type": "request_vote", "pre": pre, "term": term, "life": 1,
        "last_index": last.0, "last_term": last.1})
}

fn granted(pre: bool, term: u64, granted: bool) -> Value {
    json!({"type": "vote", "pre": pre, "term": term, "granted": granted,
        "candidate_life": 1, "lives": {}})
}

fn vote(pre: bool, term: u64) -> Value {
    granted(pre, term, true)
}

fn append(term: u64, number: u64, prev: (u64, u64), entries: &Value, commit: u64) -> Value {
    json!({"type": "append", "term": term, "number": number, "prev_index": prev.0,
        "prev_term": prev.1, "entries": entries, "commit": commit})
}

fn appended(term: u64, number: u64, ok: bool, index: u64) -> Value {
    json!({"type": "appended", "term": term, "number": number, "ok": ok, "index": index})
}

/// An entry without a command.
fn empty(term: u64) -> Value {
    json!({"term": term, "command": null})
}

/// The entry of a write to x by the client of a node, the number-th.
fn write_x(term: u64, origin: &str, number: u64, value: &str) -> Value {
    json!({"term": term, "command": command(origin, number, &json!({
        "write": {"key": "\"x\"", "value": value}}))})
}

fn command(origin: &str, number: u64, operation: &Value) -> Value {
    json!({"id": id(origin, number), "waits_from": number, "operation": operation})
}

fn id(origin: &str, number: u64) -> Value {
    json!({"origin": origin, "process": {"life": 1, "start": 1}, "number": number})
}

/// What a client hears from n1 or n2 when it reads x, now or when the others have answered.
fn client_read(msg_id: u64) -> Value {
    json!({"type": "read", "msg_id": msg_id, "key": "x"})
}

fn client_write(msg_id: u64, value: i64) -> Value {
    json!({"type": "write", "msg_id": msg_id, "key": "x", "value": value})
}

fn error(in_reply_to: u64, code: u64, text: &str) -> Value {
    json!({"type": "error", "in_reply_to": in_reply_to, "code": code, "text": text})
}

/// The messages of one type among those sent, with the receivers.
fn of_type<'a>(sent: &'a [Sent], kind: &str) -> Vec<(&'a str, &'a Value)> {
    let sent = sent.iter().filter(|sent| sent.body["type"] == kind);
    sent.map(|sent| (sent.dest.as_str(), &sent.body)).collect()
}
