//! Events that follow on each other for ever while no time passes end the run, with who goes round.

use host_check::workload::Workload;
use host_guest::{Event, EventKind, Guest, GuestError, GuestOptions, Start};
use host_sim::{Latency, RunOptions};
use serde_json::{Value as Json, json};

use crate::guest::Native;
use crate::runs::{options, run, stopped};

/// What a node does when it has been started, and with each message or answer of its disk then. Nobody
/// sends it anything but `init` and what follows from that.
#[derive(Clone, Copy)]
enum Loop {
    /// The first two nodes send each other `ping` and `pong`.
    PingPong,
    /// It sends itself `again`.
    Itself,
    /// It reads a key of lin-kv, whatever it gets.
    Service,
    /// It changes a file and syncs it, two times in each step.
    Sync,
    /// All nodes flood this many values: each sends each value on to all others when it is new.
    Flood(u64),
    /// The first node hands this many values over to the second, each when the one before is
    /// acknowledged.
    OneByOne(u64),
}

impl Start for Loop {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let kind = *self;
        let mut name = String::new();
        let mut nodes: Vec<String> = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        let react = move |event: &Event<'_>| {
            let message: Json = match event.kind {
                EventKind::Message(text) => serde_json::from_str(text).unwrap(),
                EventKind::Timer(_) => return String::new(),
                EventKind::Synced(_) => json!({"body": {"type": "synced"}}),
            };
            let (src, body) = (&message["src"], &message["body"]);
            let is_init = body["type"] == "init";
            let mut lines: Vec<Json> = Vec::new();
            if is_init {
                body["node_id"].as_str().unwrap().clone_into(&mut name);
                nodes = serde_json::from_value(body["node_ids"].clone()).unwrap();
                let ok = json!({"type": "init_ok", "in_reply_to": body["msg_id"]});
                lines.push(send(&name, src, &ok));
            }
            let is_first = name == nodes[0];
            match kind {
                Loop::PingPong if is_init && is_first => {
                    lines.push(send(&name, &json!("n1"), &json!({"type": "ping"})));
                }
                Loop::PingPong if !is_init => {
                    let answer = if body["type"] == "ping" {
                        "pong"
                    } else {
                        "ping"
                    };
                    lines.push(send(&name, src, &json!({"type": answer})));
                }
                Loop::Itself => {
                    lines.push(send(&name, &json!(name), &json!({"type": "again"})));
                }
                Loop::Service => {
                    let read = json!({"type": "read", "key": 1, "msg_id": 1});
                    lines.push(send(&name, &json!("lin-kv"), &read));
                }
                Loop::Sync => {
                    for _ in 0..2 {
                        lines.push(json!({"append": {"file": "log", "text": "x"}}));
                        lines.push(json!({"sync": {}}));
                    }
                }
                Loop::Flood(values) => {
                    let new: Vec<u64> = match body["type"].as_str().unwrap() {
                        "init" => {
                            let number: u64 = name[1..].parse().unwrap();
                            (0..values).map(|it| number * values + it).collect()
                        }
                        _ => vec![body["value"].as_u64().unwrap()],
                    };
                    for value in new.into_iter().filter(|it| known.insert(*it)) {
                        let value = json!({"type": "value", "value": value});
                        let others = nodes.iter().filter(|it| **it != name);
                        lines.extend(others.map(|it| send(&name, &json!(it), &value)));
                    }
                }
                Loop::OneByOne(values) => match body["type"].as_str().unwrap() {
                    "value" => lines.push(send(&name, src, &json!({"type": "value_ok"}))),
                    kind => {
                        let is_next = kind == "value_ok" || is_first;
                        if is_next && (known.len() as u64) < values {
                            known.insert(known.len() as u64);
                            lines.push(send(&name, &json!("n1"), &json!({"type": "value"})));
                        }
                    }
                },
                Loop::PingPong => {}
            }
            let lines: Vec<String> = lines.iter().map(Json::to_string).collect();
            lines.join("\n")
        };
        Ok(Native::start(react, &options))
    }
}

fn send(src: &str, dest: &Json, body: &Json) -> Json {
    json!({"send": {"src": src, "dest": dest, "body": body}})
}

/// How a run ends of nodes that nobody asks anything, where nothing takes time.
fn ends(kind: Loop, count: usize) -> String {
    let options = RunOptions {
        rate: 0.0,
        ..options(count, 1)
    };
    let (outcome, _) = run(&kind, Workload::Echo, &options, 1);
    match outcome.stopped {
        Some(_) => stopped(&outcome),
        None => format!("{} events", outcome.used.steps),
    }
}

fn standstill(round: &str) -> String {
    format!(
        "at 0 s, time stands still: 100000 events have followed on each other in less than 1 ms, \
         each caused by the one before; does this ever end: {round}? (messages take time with \
         --latency or --hop-time, syncs with --disk-latency)"
    )
}

#[test]
fn two_nodes_that_answer_each_answer() {
    let round = r#"n1 sends n0 "pong", n0 sends n1 "ping""#;
    assert_eq!(ends(Loop::PingPong, 3), standstill(round));
}

#[test]
fn a_node_that_sends_to_itself() {
    assert_eq!(
        ends(Loop::Itself, 1),
        standstill(r#"n0 sends itself "again""#)
    );
}

#[test]
fn a_node_that_asks_a_service_again_and_again() {
    let round = r#"lin-kv sends n0 "error", n0 sends lin-kv "read""#;
    assert_eq!(ends(Loop::Service, 1), standstill(round));
}

#[test]
fn a_node_that_syncs_again_and_again() {
    assert_eq!(ends(Loop::Sync, 1), standstill("n0 syncs its disk"));
}

/// Where they take time, virtual time bounds them.
#[test]
fn what_takes_time_does_not_stand_still() {
    let latency = |mean_ms| Latency {
        mean_ms,
        ..Latency::default()
    };
    for kind in [Loop::PingPong, Loop::Sync] {
        let options = RunOptions {
            rate: 0.0,
            latency: latency(1),
            disk_latency: latency(1),
            ..options(2, 1)
        };
        let (outcome, _) = run(&kind, Workload::Echo, &options, 1);
        assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
        assert!(
            (900..5000).contains(&outcome.used.steps),
            "{}",
            outcome.used.steps
        );
    }
}

/// 25 nodes with two values each: a value comes to each of the others from 24 nodes.
#[test]
fn much_may_happen_at_once() {
    let events = 25 + 2 * 25 * 25 * 24;
    assert_eq!(ends(Loop::Flood(2), 25), format!("{events} events"));
}

/// An event of the second node and one of the first for each value, and the two `init`.
#[test]
fn twenty_thousand_values_may_be_handed_over_one_by_one() {
    assert_eq!(ends(Loop::OneByOne(20_000), 2), "40002 events");
}
