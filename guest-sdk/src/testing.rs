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
//!
//! A node with a [disk](crate::disk) can crash, and is started again with what its disk keeps:
//!
//! ```
//! use guest_sdk::testing::{Crash, TestNode};
//! # use guest_sdk::{disk::Log, prelude::*};
//! # #[derive(Deserialize)] #[serde(rename_all = "snake_case")]
//! # enum Request { Add { element: u64 } }
//! # #[derive(Serialize)] #[serde(rename_all = "snake_case")]
//! # enum Reply { AddOk }
//! # #[derive(Serialize, Deserialize)] struct Set { elements: Vec<u64>, log: Log<u64> }
//! # impl Node for Set {
//! #   type Request = Request; type Call = (); type Timer = ();
//! #   fn init(ctx: &mut Ctx<Self>) -> Self {
//! #     let (log, elements) = ctx.disk().open_log("elements"); Set { elements, log } }
//! #   fn request(&mut self, Request::Add { element }: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
//! #     self.elements.push(element); self.log.append(&element, ctx.disk());
//! #     ctx.reply(from, &Reply::AddOk); Ok(()) } }
//! use serde_json::json;
//!
//! let mut node = TestNode::<Set>::start("n1", &["n1"]);
//! let sent = node.receive("c1", json!({"type": "add", "msg_id": 1, "element": 7}));
//! assert_eq!((sent.len(), sent[0].syncs), (1, 1));
//! // Nobody waits for a reply, so nothing is synced.
//! node.receive("c1", json!({"type": "add", "element": 8}));
//! node.restart(Crash::Power);
//! assert_eq!(node.snapshot()["node"]["elements"], json!([7]));
//! ```

mod disk;

use std::time::Duration;

use serde_json::{Value, json};

use crate::disk::SyncFailure;
use crate::node::Node;
use crate::options::StartOptions;
use crate::outbox::{Format, Outbox};
use crate::runtime::{RestoreError, Runtime};
use host_protocol::abi::nanos;
use host_protocol::abi::{Effect, Level};
use host_protocol::fields::FieldList;
use host_protocol::message::{Identity, Message};
use host_protocol::timers::Timers;

pub use disk::{Crash, TestDisk};

/// A message that the node sent. Compare it with `(dest, json!(body))`.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The receiver.
    pub dest: String,
    /// The body, with the fields that the protocol adds.
    pub body: Value,
    /// How many syncs had succeeded before: see [`TestNode::syncs`].
    pub syncs: u64,
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
    /// The names of all nodes, and the arguments: what a restart needs again.
    nodes: Vec<String>,
    arguments: Vec<String>,
    disk: TestDisk,
    syncs: u64,
    /// How the next sync fails, if it does.
    failure: Option<SyncFailure>,
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
        Self::begin_with(TestDisk::default(), now, arguments, id, nodes)
    }

    /// Like [`begin`](TestNode::begin), with what is on the disk already.
    ///
    /// # Panics
    /// If the node does not start properly.
    #[must_use]
    pub fn begin_with(
        disk: TestDisk,
        now: Duration,
        arguments: &[&str],
        id: &str,
        nodes: &[&str],
    ) -> (Self, Vec<Sent>) {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let mut node = TestNode {
            runtime: Runtime::New(Outbox::new(Format::Effects), None),
            identity: Identity::default(),
            timers: Timers::default(),
            now_ns: nanos(now),
            log: Vec::new(),
            nodes: owned(nodes),
            arguments: owned(arguments),
            disk,
            syncs: 0,
            failure: None,
        };
        let sent = node.initialise(id);
        (node, sent)
    }

    /// Crashes the node, and starts it again with what its disk keeps. Returns what it sends at once, without the `init_ok`.
    ///
    /// The clock, the log and [`syncs`](TestNode::syncs) go on. A node that has panicked may be restarted too.
    ///
    /// # Panics
    /// If the node does not start properly.
    pub fn restart(&mut self, crash: Crash) -> Vec<Sent> {
        let id = self.identity.id().unwrap_or_default().to_owned();
        self.disk.crash(crash);
        self.failure = None;
        self.initialise(&id)
    }

    /// Makes a new process of the node, and sends it `init`.
    fn initialise(&mut self, id: &str) -> Vec<Sent> {
        // Each node has its own random numbers, the same in every test.
        let seed = id
            .bytes()
            .fold(0, |seed: u64, byte| seed << 8 | u64::from(byte));
        let arguments = self.arguments.clone();
        let options = StartOptions { arguments, seed };
        self.runtime = Runtime::New(Outbox::new(Format::Effects), Some(options));
        self.identity = Identity::default();
        self.timers = Timers::default();
        let init = json!({"type": "init", "msg_id": 1, "node_id": id, "node_ids": self.nodes});
        let mut sent = self.receive("c0", init);
        let init_ok = ("c0", json!({"type": "init_ok", "in_reply_to": 1}));
        let place = sent.iter().position(|sent| *sent == init_ok);
        let place = place.unwrap_or_else(|| panic!("no answer to init, but {sent:?}"));
        sent.remove(place);
        sent
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
        let disk = match &self.runtime {
            Runtime::New(..) => self.disk.member(),
            Runtime::Running(_) => None,
        };
        let (fields, disk) = (FieldList::default(), disk.as_deref());
        self.runtime
            .message(self.now_ns, &message, &header, &fields, disk);
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

    /// The node's disk.
    #[must_use]
    pub fn disk(&self) -> &TestDisk {
        &self.disk
    }

    /// The node's disk, to damage it. The node sees it when it is restarted.
    pub fn disk_mut(&mut self) -> &mut TestDisk {
        &mut self.disk
    }

    /// How many syncs have succeeded so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs
    }

    /// Makes the next sync fail: what is behind it in its step does not happen, and the node is told. By default it
    /// panics then; a test can go on behind `std::panic::catch_unwind`, with [`restart`](TestNode::restart).
    pub fn fail_next_sync(&mut self, reason: SyncFailure) {
        self.failure = Some(reason);
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
                    syncs: self.syncs,
                }),
                Effect::SetTimer(timer) => self.timers.set(timer.id, self.now_ns + timer.after_ns),
                Effect::CancelTimer(timer) => self.timers.cancel(timer.id),
                Effect::Log(log) => self.log.push((log.level, log.text.into_owned())),
                Effect::Sync(_) => match self.failure.take() {
                    None => {
                        self.disk.sync();
                        self.syncs += 1;
                    }
                    Some(reason) => {
                        self.disk.fail_sync(reason);
                        self.swap();
                        self.runtime.sync_failed(self.now_ns, reason);
                        sent.extend(self.collect());
                        return sent;
                    }
                },
                change => self.disk.perform(change),
            }
        }
        self.swap();
        sent
    }

    /// Continues from the node's own snapshot.
    fn swap(&mut self) {
        let snapshot = self.snapshot();
        self.restore(&snapshot)
            .unwrap_or_else(|reason| panic!("the node cannot read its own snapshot: {reason}"));
    }
}
