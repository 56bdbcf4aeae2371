//! A broadcast with three threads, for `wasm32-wasip1-threads`: one reads stdin, one sends
//! each value to every node until it is acknowledged, the first answers. With the argument
//! `no-retry` a value is sent once only, which a partition makes it lose.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_programs::Node;

const RETRY_EVERY: Duration = Duration::from_millis(200);

/// The values that each node has not acknowledged, shared by the two that change it.
type Missing = Mutex<BTreeMap<String, BTreeSet<u64>>>;

struct Values {
    known: BTreeSet<u64>,
    missing: Arc<Missing>,
    /// Tells the thread that sends of a new value.
    news: Sender<u64>,
}

fn main() -> io::Result<()> {
    let retry = std::env::args().nth(1).as_deref() != Some("no-retry");
    let (reader, lines) = mpsc::channel();
    thread::spawn(move || {
        let read = |line| reader.send(line).expect("the first thread never ends");
        io::stdin().lines().for_each(read);
    });
    let mut values = None;
    Node::serve(lines, |node, message| {
        let values = values.get_or_insert_with(|| Values::new(node, retry));
        values.handle(node, message)
    })
}

impl Values {
    fn new(node: &Node, retry: bool) -> Self {
        let (news, received) = mpsc::channel();
        let others = node.ids.iter().filter(|id| **id != node.id);
        let missing = others.map(|id| (id.clone(), BTreeSet::new())).collect();
        let missing = Arc::new(Mutex::new(missing));
        let (node, shared) = (node.clone(), Arc::clone(&missing));
        thread::spawn(move || repeat(&node, &shared, &received, retry).expect("stdout is open"));
        Values {
            known: BTreeSet::new(),
            missing,
            news,
        }
    }

    fn handle(&mut self, node: &Node, message: &Value) -> io::Result<()> {
        let body = &message["body"];
        match body["type"].as_str().unwrap_or_default() {
            "topology" => node.reply(message, json!({"type": "topology_ok"})),
            "read" => node.reply(message, json!({"type": "read_ok", "messages": self.known})),
            "broadcast" => {
                let value = body["message"].as_u64().unwrap_or_default();
                if self.known.insert(value) {
                    for missing in lock(&self.missing).values_mut() {
                        missing.insert(value);
                    }
                    let told = self.news.send(value);
                    told.expect("the thread that sends never ends");
                }
                node.reply(message, json!({"type": "broadcast_ok"}))
            }
            "gossip" => {
                self.known.extend(numbers(&body["values"]));
                let ok = json!({"type": "gossip_ok", "values": body["values"]});
                node.send(&message["src"], ok)
            }
            "gossip_ok" => {
                let from = message["src"].as_str().unwrap_or_default();
                if let Some(missing) = lock(&self.missing).get_mut(from) {
                    for value in numbers(&body["values"]) {
                        missing.remove(&value);
                    }
                }
                Ok(())
            }
            other => Err(io::Error::other(format!("nobody handles {other:?}"))),
        }
    }
}

/// Sends what is new at once, and every 200 ms what is still missing.
fn repeat(node: &Node, missing: &Missing, news: &Receiver<u64>, retry: bool) -> io::Result<()> {
    let mut next = Instant::now() + RETRY_EVERY;
    loop {
        match news.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(value) => {
                for id in lock(missing).keys() {
                    gossip(node, id, &BTreeSet::from([value]))?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                next += RETRY_EVERY;
                for (id, values) in lock(missing).iter() {
                    if retry && !values.is_empty() {
                        gossip(node, id, values)?;
                    }
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn gossip(node: &Node, id: &str, values: &BTreeSet<u64>) -> io::Result<()> {
    node.send(&json!(id), json!({"type": "gossip", "values": values}))
}

fn numbers(values: &Value) -> impl Iterator<Item = u64> {
    let values = values.as_array().into_iter().flatten();
    values.filter_map(Value::as_u64)
}

fn lock(missing: &Missing) -> MutexGuard<'_, BTreeMap<String, BTreeSet<u64>>> {
    missing.lock().unwrap_or_else(PoisonError::into_inner)
}
