//! Drives a node in a unit test: events in, messages out, no I/O, no waiting.
//!
//! ```
//! use guest_sdk::testing::TestNode;
//! # use guest_sdk::prelude::*;
//! # #[derive(Serialize, Deserialize)] #[serde(rename_all = "snake_case")]
//! # enum Request { Echo { echo: String } }
//! # #[derive(Serialize)] #[serde(rename_all = "snake_case")]
//! # enum Reply { EchoOk { echo: String } }
//! # #[derive(Serialize, Deserialize)] struct Echo;
//! # impl Node for Echo {
//! #   type Request = Request; type Call = (); type Timer = ();
//! #   fn init(_: &mut Ctx<Self>) -> Self { Echo }
//! #   fn request(&mut self, Request::Echo { echo }: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
//! #     ctx.reply(from, &Reply::EchoOk { echo }); Ok(()) } }
//! use serde_json::json;
//!
//! let mut node = TestNode::<Echo>::start("n1", &["n1", "n2"]);
//! let sent = node.receive("c1", json!({"type": "echo", "msg_id": 1, "echo": "hi"}));
//! assert_eq!(sent, [("c1", json!({"type": "echo_ok", "in_reply_to": 1, "echo": "hi"}))]);
//! ```

use std::time::Duration;

use serde_json::{Value, json};

use crate::node::Node;
use crate::options::StartOptions;
use crate::outbox::{Format, Outbox};
use crate::runtime::{RestoreError, Runtime};
use host_protocol::abi::nanos;
use host_protocol::abi::{Effect, Level};
use host_protocol::fields::FieldList;
use host_protocol::message::{Identity, Message};
use host_protocol::timers::Timers;

/// A message that the node sent. Compare it with `(dest, json!(body))`.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The receiver.
    pub dest: String,
    /// The body, with the fields that the protocol adds.
    pub body: Value,
}

impl PartialEq<(&str, Value)> for Sent {
    fn eq(&self, (dest, body): &(&str, Value)) -> bool {
        self.dest == *dest && self.body == *body
    }
}

/// A node under test, with a clock that only advances when the test says so.
///
/// [`Ctx::rng`](crate::Ctx::rng) gives the same numbers in every test. After every step the node
/// is restored from its own snapshot, so a test also proves that it survives a hot swap at any
/// time.
pub struct TestNode<N: Node> {
    runtime: Runtime<N>,
    identity: Identity,
    timers: Timers,
    now_ns: u64,
    log: Vec<(Level, String)>,
}

impl<N: Node> TestNode<N> {
    /// Starts a node named `id` in the cluster `nodes`. Checks the `init_ok`, and that the
    /// node sends nothing else.
    ///
    /// # Panics
    /// If the node does not start properly.
    #[must_use]
    pub fn start(id: &str, nodes: &[&str]) -> Self {
        Self::start_at(Duration::ZERO, id, nodes)
    }

    /// Like [`start`](TestNode::start), with the clock at `now`.
    ///
    /// # Panics
    /// If the node does not start properly.
    #[must_use]
    pub fn start_at(now: Duration, id: &str, nodes: &[&str]) -> Self {
        let (node, sent) = Self::start_and_see(now, id, nodes);
        assert_eq!(sent, [], "sent on init");
        node
    }

    /// Like [`start`](TestNode::start), with arguments for
    /// [`Ctx::options`](crate::Ctx::options).
    ///
    /// # Panics
    /// If the node does not start properly.
    #[must_use]
    pub fn start_with(arguments: &[&str], id: &str, nodes: &[&str]) -> Self {
        let (node, sent) = Self::begin(Duration::ZERO, arguments, id, nodes);
        assert_eq!(sent, [], "sent on init");
        node
    }

    /// Like [`start_at`](TestNode::start_at), for a node that sends messages at once. Returns
    /// them without the `init_ok`.
    ///
    /// # Panics
    /// If the node does not start properly.
    #[must_use]
    pub fn start_and_see(now: Duration, id: &str, nodes: &[&str]) -> (Self, Vec<Sent>) {
        Self::begin(now, &[], id, nodes)
    }

    /// The general way to start: with arguments, and with the clock at `now`. Returns what the
    /// node sends at once, without the `init_ok`.
    ///
    /// # Panics
    /// If the node does not start properly.
    #[must_use]
    pub fn begin(now: Duration, arguments: &[&str], id: &str, nodes: &[&str]) -> (Self, Vec<Sent>) {
        let arguments = arguments.iter().map(|&text| text.to_owned()).collect();
        // Each node has its own random numbers, the same in every test.
        let seed = id
            .bytes()
            .fold(0, |seed: u64, byte| seed << 8 | u64::from(byte));
        let mut node = TestNode {
            runtime: Runtime::New(
                Outbox::new(Format::Effects),
                Some(StartOptions { arguments, seed }),
            ),
            identity: Identity::default(),
            timers: Timers::default(),
            now_ns: nanos(now),
            log: Vec::new(),
        };
        let init = json!({"type": "init", "msg_id": 1, "node_id": id, "node_ids": nodes});
        let mut sent = node.receive("c0", init);
        assert!(!sent.is_empty(), "no answer to init");
        let init_ok = json!({"type": "init_ok", "in_reply_to": 1});
        assert_eq!(sent.remove(0), ("c0", init_ok));
        (node, sent)
    }

    /// Delivers a message and returns what the node sends because of it.
    ///
    /// # Panics
    /// If `body` is not a message body (it has no `type`), or the node panics.
    pub fn receive(&mut self, src: &str, body: Value) -> Vec<Sent> {
        let body = body.to_string();
        let message = Message {
            src: src.into(),
            dest: self.identity.id().unwrap_or_default().to_owned().into(),
            body: &body,
        };
        let header = message
            .header()
            .unwrap_or_else(|error| panic!("{body} is not a message body: {error}"));
        self.identity
            .admit(&message, &header)
            .unwrap_or_else(|error| panic!("{body} would not reach the node: {error}"));
        self.runtime
            .message(self.now_ns, &message, &header, &FieldList::default());
        self.collect()
    }

    /// Advances the clock and fires the timers that are due. Returns what the node sends
    /// meanwhile, in order.
    ///
    /// # Panics
    /// If the node panics.
    pub fn advance(&mut self, by: Duration) -> Vec<Sent> {
        let end_ns = self.now_ns + nanos(by);
        let mut sent = Vec::new();
        while let Some(deadline) = self.timers.next_deadline().filter(|at| *at <= end_ns) {
            self.now_ns = deadline;
            if let Some(timer) = self.timers.pop_due(deadline) {
                self.runtime.timer(self.now_ns, timer);
                sent.extend(self.collect());
            }
        }
        self.now_ns = end_ns;
        sent
    }

    /// What the node has logged so far.
    #[must_use]
    pub fn log(&self) -> &[(Level, String)] {
        &self.log
    }

    /// The whole state of the node, as in a snapshot.
    ///
    /// # Panics
    /// If the state cannot be written as JSON.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let snapshot = self
            .runtime
            .snapshot()
            .unwrap_or_else(|error| panic!("the state cannot be written as JSON: {error}"));
        serde_json::from_slice(&snapshot).expect("a snapshot is JSON")
    }

    /// Continues from a snapshot, perhaps of an older version of the node.
    ///
    /// # Errors
    /// Why the node refuses it; the node does not change then.
    pub fn restore(&mut self, snapshot: &Value) -> Result<(), RestoreError> {
        self.runtime.restore(snapshot.to_string().as_bytes())
    }

    fn collect(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let text =
            String::from_utf8(self.runtime.outbox().bytes().to_vec()).expect("JSON is UTF-8");
        self.runtime.outbox().clear();
        for line in text.lines() {
            match serde_json::from_str(line).expect("the SDK writes valid effects") {
                Effect::Send(message) => sent.push(Sent {
                    dest: message.dest.into_owned(),
                    body: serde_json::from_str(message.body).expect("a body is JSON"),
                }),
                Effect::SetTimer(timer) => self.timers.set(timer.id, self.now_ns + timer.after_ns),
                Effect::CancelTimer(timer) => self.timers.cancel(timer.id),
                Effect::Log(log) => self.log.push((log.level, log.text.into_owned())),
            }
        }
        let snapshot = self.snapshot();
        self.restore(&snapshot)
            .unwrap_or_else(|reason| panic!("the node cannot read its own snapshot: {reason}"));
        sent
    }
}
