//! What a handler can do: send, call, reply, set timers, write to the disk, log.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::body::{self, Ids};
use crate::disk::{Disk, Doubts, Survived, SyncFailure};
use crate::node::{Caller, Node};
use crate::numbered::Numbered;
use crate::options::{self, StartOptions};
use crate::outbox::Outbox;
use crate::retry::Retry;
use host_protocol::abi::{Level, TIMER_MIN_NS, nanos};
use host_protocol::data::JsonError;
use host_protocol::message::{Error, ErrorCode};

/// What a handler uses to act, and what the SDK keeps for the node: its name, its calls in
/// flight, its timers.
///
/// Effects take place after the handler has returned. If it panics, none does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Ctx<N: Node> {
    id: String,
    nodes: Vec<String>,
    next_msg_id: u64,
    next_timer: u64,
    calls: Numbered<Pending<N::Call>>,
    timers: Numbered<Alarm<N::Timer>>,
    #[serde(with = "rng_state")]
    rng: fastrand::Rng,
    /// How many changes to the disk have to be durable before the next message.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) unsynced: u64,
    #[serde(default, skip_serializing_if = "Doubts::is_none")]
    doubts: Doubts,
    /// What was on the disk when the node was started; only while it is.
    #[serde(skip)]
    pub(crate) survived: Option<Box<Survived>>,
    /// The arguments of this process, which are not part of the state.
    #[serde(skip, default = "options::arguments")]
    pub(crate) arguments: Vec<String>,
    #[serde(skip)]
    now_ns: u64,
    #[serde(skip)]
    pub(crate) outbox: Outbox,
}

/// A call in flight.
#[derive(Debug, Serialize, Deserialize)]
struct Pending<C> {
    dest: String,
    /// The text of the request, if it may be sent again.
    body: Option<String>,
    call: C,
    retry: Retry,
    attempt: u32,
    timer: u64,
}

/// What a timer is for.
#[derive(Debug, Serialize, Deserialize)]
enum Alarm<T> {
    /// A timer of the solution.
    User(T),
    /// The timeout of the call with this `msg_id`.
    Call(u64),
}

/// Identifies a timer, for [`Ctx::cancel_timer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimerId(u64);

/// What to do after a timer has fired.
pub(crate) enum Fired<N: Node> {
    User(N::Timer),
    GaveUp(N::Call, Error),
    Nothing,
}

impl<N: Node> Ctx<N> {
    pub(crate) fn new(
        id: String,
        nodes: Vec<String>,
        options: StartOptions,
        now_ns: u64,
        outbox: Outbox,
    ) -> Self {
        Ctx {
            id,
            nodes,
            // A node that was killed may still receive replies to calls from before its restart.
            // They must not be taken for replies to new calls.
            next_msg_id: 1 + now_ns / 1_000,
            next_timer: 1,
            calls: Numbered::new(),
            timers: Numbered::new(),
            rng: fastrand::Rng::with_seed(options.seed),
            unsynced: 0,
            doubts: Doubts::default(),
            survived: None,
            arguments: options.arguments,
            now_ns,
            outbox,
        }
    }

    /// A step begins, because a sync has failed or for another reason.
    pub(crate) fn begin_step(&mut self, now_ns: u64, failed: Option<SyncFailure>) {
        self.now_ns = now_ns;
        self.doubts.settle(failed);
    }

    /// The name of this node.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The names of all nodes, including this one, in the same order on each node.
    #[must_use]
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// The names of all other nodes.
    pub fn peers(&self) -> impl Iterator<Item = &str> {
        let nodes = self.nodes.iter().map(String::as_str);
        nodes.filter(|node| *node != self.id)
    }

    /// Reads the arguments that the node was started with, pairs of `--name value` after
    /// `--` on the host's command line, as a type of the solution. Each field is an option.
    /// A value that is a number or a boolean in JSON is read as that, any other as text.
    /// Call it in [`Node::init`] and keep the result in the state. The type should have
    /// `#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]`.
    ///
    /// Invalid arguments end the program with a message on stderr and exit code 2.
    #[must_use]
    pub fn options<T: DeserializeOwned>(&self) -> T {
        options::read(&self.arguments).unwrap_or_else(|problem| {
            eprintln!("wrong arguments: {problem}");
            std::process::exit(2)
        })
    }

    /// The time of the node's clock. It does not advance while a handler runs and never goes
    /// backwards. Live nodes count from the Unix epoch, simulated nodes from the start of
    /// the run.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now_ns)
    }

    /// The node's random numbers. In the simulator they come from the seed of the run.
    pub fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    /// The node's disk. Messages that follow a change wait until it is durable: see
    /// [`disk`](crate::disk).
    #[must_use]
    pub fn disk(&mut self) -> Disk<'_> {
        Disk {
            outbox: &mut self.outbox,
            node: &self.id,
            unsynced: &mut self.unsynced,
            syncs: true,
            doubts: &mut self.doubts,
            survived: self.survived.as_deref_mut(),
        }
    }

    /// Sends a message that expects no reply.
    ///
    /// # Panics
    /// If `body` cannot be a message body, as in [`call`](Ctx::call).
    pub fn send<B: Serialize + ?Sized>(&mut self, dest: &str, body: &B) {
        self.write(dest, Ids::default(), body);
    }

    /// Replies to a request. Does nothing if its sender expects no reply.
    ///
    /// # Panics
    /// If `body` cannot be a message body, as in [`call`](Ctx::call).
    pub fn reply<B: Serialize + ?Sized>(&mut self, to: Caller, body: &B) {
        let ids = Ids {
            msg_id: None,
            in_reply_to: to.msg_id,
        };
        if to.wants_reply() {
            self.write(to.node(), ids, body);
        }
    }

    /// Replies to a request with an error. Within [`Node::request`], return the error
    /// instead.
    pub fn reply_error(&mut self, to: Caller, error: Error) {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Body {
            Error(Error),
        }
        self.reply(to, &Body::Error(error));
    }

    /// Sends a request and keeps `call` until [`Node::response`] receives it with the reply,
    /// an error or a timeout.
    ///
    /// # Panics
    /// If `body` cannot be a message body: it must be an enum variant with
    /// named fields (or a struct or map with a `type`) that JSON can express.
    pub fn call<B: Serialize + ?Sized>(
        &mut self,
        dest: &str,
        body: &B,
        call: N::Call,
        retry: Retry,
    ) {
        let msg_id = self.next_msg_id;
        self.next_msg_id += 1;
        let ids = Ids {
            msg_id: Some(msg_id),
            in_reply_to: None,
        };
        let body = self.write(dest, ids, body);
        self.begin_call(msg_id, dest, body, call, retry);
    }

    /// Keeps what belongs to a call whose request has been written.
    #[inline(never)]
    fn begin_call(
        &mut self,
        msg_id: u64,
        dest: &str,
        body: Range<usize>,
        call: N::Call,
        retry: Retry,
    ) {
        let body = retry.may_follow(0).then(|| self.sent(body));
        let wait_ns = retry.wait_ns(0, &mut self.rng);
        let timer = self.start_timer(wait_ns, Alarm::Call(msg_id));
        let pending = Pending {
            dest: dest.to_owned(),
            body,
            call,
            retry,
            attempt: 0,
            timer,
        };
        self.calls.insert(msg_id, pending);
    }

    /// The calls in flight, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &N::Call> {
        self.calls.values().map(|pending| &pending.call)
    }

    /// Sets a timer: [`Node::timer`] receives `timer` after the time `after`, at least 1 ms.
    pub fn set_timer(&mut self, after: Duration, timer: N::Timer) -> TimerId {
        TimerId(self.start_timer(nanos(after), Alarm::User(timer)))
    }

    /// Cancels a timer. Has no effect if it has fired already.
    pub fn cancel_timer(&mut self, timer: TimerId) {
        if self.timers.remove(timer.0).is_some() {
            self.outbox.cancel_timer(timer.0);
        }
    }

    /// Writes a line to the node's log. Lines printed with `eprintln!` go to the log too.
    pub fn log(&mut self, level: Level, text: impl fmt::Display) {
        self.outbox.log(level, &self.id, &text.to_string());
    }

    /// Sends a message and returns the range of its body in the outbox.
    fn write<B: Serialize + ?Sized>(&mut self, dest: &str, ids: Ids, body: &B) -> Range<usize> {
        self.sync_if_due();
        self.outbox
            .send(&self.id, dest, |out| body::encode(out, ids, body))
            .unwrap_or_else(|error| cannot_send(dest, &error))
    }

    /// Makes what the disk has to keep durable before a message that may tell of it.
    #[inline]
    pub(crate) fn sync_if_due(&mut self) {
        if self.unsynced > 0 {
            self.unsynced = 0;
            self.outbox.sync();
        }
    }

    fn sent(&self, body: Range<usize>) -> String {
        String::from_utf8_lossy(&self.outbox.bytes()[body]).into_owned()
    }

    fn start_timer(&mut self, after_ns: u64, alarm: Alarm<N::Timer>) -> u64 {
        let id = self.next_timer;
        self.next_timer += 1;
        self.timers.insert(id, alarm);
        self.outbox.set_timer(id, after_ns.max(TIMER_MIN_NS));
        id
    }

    /// Ends the call that `msg_id` names, if it is still in flight.
    ///
    /// Error 11 means that a retry is safe and may succeed: while attempts are left, the call
    /// stays in flight and its timer starts the next attempt.
    pub(crate) fn end_call(&mut self, msg_id: u64, error: Option<&Error>) -> Option<N::Call> {
        let pending = self.calls.get(msg_id)?;
        let unavailable = error.is_some_and(|e| e.code == ErrorCode::TemporarilyUnavailable);
        if unavailable && pending.retry.may_follow(pending.attempt) {
            return None;
        }
        let pending = self.calls.remove(msg_id)?;
        self.cancel_timer(TimerId(pending.timer));
        Some(pending.call)
    }

    /// Handles a timer that has fired.
    pub(crate) fn fire(&mut self, timer: u64) -> Fired<N> {
        match self.timers.remove(timer) {
            Some(Alarm::User(timer)) => Fired::User(timer),
            Some(Alarm::Call(msg_id)) => self.next_attempt(msg_id),
            None => Fired::Nothing,
        }
    }

    fn next_attempt(&mut self, msg_id: u64) -> Fired<N> {
        let Some(mut pending) = self.calls.remove(msg_id) else {
            return Fired::Nothing;
        };
        let Some(body) = pending
            .body
            .as_deref()
            .filter(|_| pending.retry.may_follow(pending.attempt))
        else {
            let text = format!("no answer from {}", pending.dest);
            return Fired::GaveUp(pending.call, Error::new(ErrorCode::Timeout, text));
        };
        self.sync_if_due();
        let resent = self.outbox.send(&self.id, &pending.dest, |out| {
            out.extend_from_slice(body.as_bytes());
            Ok(())
        });
        resent.expect("copying bytes cannot fail");
        pending.attempt = pending.attempt.saturating_add(1);
        let wait_ns = pending.retry.wait_ns(pending.attempt, &mut self.rng);
        pending.timer = self.start_timer(wait_ns, Alarm::Call(msg_id));
        self.calls.insert(msg_id, pending);
        Fired::Nothing
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cold]
#[inline(never)]
fn cannot_send(dest: &str, error: &JsonError) -> ! {
    panic!("cannot send a message to {dest}: {error}")
}

/// The generator's state as a number.
mod rng_state {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        rng: &fastrand::Rng,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(rng.get_seed())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<fastrand::Rng, D::Error> {
        u64::deserialize(deserializer).map(fastrand::Rng::with_seed)
    }
}
