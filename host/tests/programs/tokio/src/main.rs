//! A broadcast as one writes it with tokio: a task for each message, one for stdout, one for
//! each neighbour. A neighbour's task sends what has gathered with every tick and waits for the
//! answer; without one it waits a little longer and sends it again. With the argument
//! `no-retry` it does not, and a partition makes it lose values. With `blocks` a task sleeps as a
//! thread does, and never lets its worker do anything else.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{self, AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

const TICK: Duration = Duration::from_millis(20);
const ANSWER_WITHIN: Duration = Duration::from_millis(300);
const BACK_OFF: Duration = Duration::from_millis(50);

struct Node {
    id: String,
    stdout: mpsc::Sender<Value>,
    next_id: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    known: Mutex<BTreeSet<u64>>,
    neighbours: Vec<mpsc::UnboundedSender<u64>>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1);
    let retry = argument.as_deref() != Some("no-retry");
    if argument.as_deref() == Some("blocks") {
        tokio::spawn(async {
            loop {
                std::thread::sleep(BACK_OFF);
            }
        });
    }
    let (stdout, messages) = mpsc::channel(32);
    tokio::spawn(write(messages));
    let mut lines = BufReader::new(io::stdin()).lines();
    let mut node: Option<Arc<Node>> = None;
    while let Some(line) = lines.next_line().await? {
        let message: Value = serde_json::from_str(&line)?;
        match &node {
            Some(node) => drop(tokio::spawn(Arc::clone(node).handle(message))),
            None => {
                let started = Node::start(&message["body"], stdout.clone(), retry);
                started.reply(&message, json!({"type": "init_ok"})).await;
                node = Some(started);
            }
        }
    }
    Ok(())
}

async fn write(mut messages: mpsc::Receiver<Value>) -> io::Result<()> {
    let mut stdout = io::stdout();
    while let Some(message) = messages.recv().await {
        stdout.write_all(format!("{message}\n").as_bytes()).await?;
        stdout.flush().await?;
    }
    Ok(())
}

impl Node {
    fn start(init: &Value, stdout: mpsc::Sender<Value>, retry: bool) -> Arc<Self> {
        let id = init["node_id"].as_str().unwrap_or_default().to_owned();
        let ids = init["node_ids"].as_array().into_iter().flatten();
        let others = ids.filter_map(Value::as_str).filter(|it| *it != id);
        let (neighbours, tasks): (Vec<_>, Vec<_>) = others
            .map(|other| {
                let (news, received) = mpsc::unbounded_channel();
                (news, (other.to_owned(), received))
            })
            .unzip();
        let node = Arc::new(Node {
            id,
            stdout,
            next_id: AtomicU64::new(1),
            waiting: Mutex::default(),
            known: Mutex::default(),
            neighbours,
        });
        for (other, received) in tasks {
            tokio::spawn(Arc::clone(&node).gossip(other, received, retry));
        }
        node
    }

    async fn handle(self: Arc<Self>, message: Value) {
        let body = &message["body"];
        if let Some(id) = body["in_reply_to"].as_u64() {
            if let Some(waiting) = self.waiting.lock().await.remove(&id) {
                // Whoever asked may have given up.
                let _ = waiting.send(message);
            }
            return;
        }
        let answer = match body["type"].as_str().unwrap_or_default() {
            "topology" => json!({"type": "topology_ok"}),
            "read" => json!({"type": "read_ok", "messages": *self.known.lock().await}),
            "broadcast" => {
                let value = body["message"].as_u64().unwrap_or_default();
                if self.known.lock().await.insert(value) {
                    for neighbour in &self.neighbours {
                        neighbour
                            .send(value)
                            .expect("a neighbour's task never ends");
                    }
                }
                json!({"type": "broadcast_ok"})
            }
            "gossip" => {
                let values = body["values"].as_array().into_iter().flatten();
                let values = values.filter_map(Value::as_u64);
                self.known.lock().await.extend(values);
                json!({"type": "gossip_ok"})
            }
            other => json!({"type": "error", "code": 10, "text": format!("no {other:?} here")}),
        };
        self.reply(&message, answer).await;
    }

    /// Sends to `other` what comes from `news`, together what arrives within a tick.
    async fn gossip(
        self: Arc<Self>,
        other: String,
        mut news: mpsc::UnboundedReceiver<u64>,
        retry: bool,
    ) {
        let mut missing = BTreeSet::new();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                Some(value) = news.recv() => {
                    missing.insert(value);
                    continue;
                }
                _ = ticks.tick(), if !missing.is_empty() => {}
            }
            let body = json!({"type": "gossip", "values": missing});
            let answer = timeout(ANSWER_WITHIN, self.call(&other, body)).await;
            if answer.is_ok() || !retry {
                missing.clear();
            } else {
                sleep(BACK_OFF).await;
            }
        }
    }

    async fn call(&self, dest: &str, mut body: Value) -> Value {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        body["msg_id"] = id.into();
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().await.insert(id, answer);
        self.send(dest, body).await;
        answered.await.expect("nobody drops it without an answer")
    }

    async fn reply(&self, request: &Value, mut body: Value) {
        body["in_reply_to"] = request["body"]["msg_id"].clone();
        let src = request["src"].as_str().unwrap_or_default();
        self.send(src, body).await;
    }

    async fn send(&self, dest: &str, body: Value) {
        let message = json!({"src": self.id, "dest": dest, "body": body});
        let sent = self.stdout.send(message).await;
        sent.expect("the task for stdout ends last");
    }
}
