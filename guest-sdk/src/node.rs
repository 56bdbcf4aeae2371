//! The trait that a solution implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body;
use crate::ctx::Ctx;
use crate::disk::SyncFailure;
use crate::name::Name;
use host_protocol::fields::FieldList;
use host_protocol::message::Error;

/// A node: plain state and what it does when something happens.
///
/// The whole state of a node is in `self` and, for calls in flight and timers, in values
/// of [`Call`](Node::Call) and [`Timer`](Node::Timer). All of it is serde data, so a
/// running node can be saved at any time, inspected, and continued by a newer version of
/// the same program.
///
/// A handler never waits: it asks for effects through [`Ctx`] and returns.
pub trait Node: Serialize + DeserializeOwned + 'static {
    /// The messages that the node understands: an enum with a variant for each
    /// `type`, the fields named as in the JSON.
    type Request: DeserializeOwned;
    /// What the node keeps for a call in flight; its response returns it. `()` for a node
    /// that makes no calls.
    type Call: Serialize + DeserializeOwned;
    /// What the node keeps for a timer, which returns it when it fires. `()` for a node that
    /// sets no timers.
    type Timer: Serialize + DeserializeOwned;

    /// The version of the state. Raise it when a newer program must not continue from an
    /// older one's snapshot. A field that is added or removed needs no new version: give it
    /// `#[serde(default)]`.
    const STATE_VERSION: u32 = 1;

    /// Starts the node. Its name and its peers are known: see [`Ctx::id`] and
    /// [`Ctx::nodes`]. What survived on its disk is read here, and only here:
    /// [`Disk::get`](crate::disk::Disk::get), [`Disk::open_log`](crate::disk::Disk::open_log). The SDK sends the reply to
    /// `init`, behind a sync if the disk is read or changed here.
    fn init(ctx: &mut Ctx<Self>) -> Self;

    /// Handles a message that is not the reply to a call.
    ///
    /// Reply with [`Ctx::reply`], now or later (keep `from` until then). An `Err` is sent as
    /// the reply.
    ///
    /// # Errors
    /// The error to reply with.
    fn request(
        &mut self,
        request: Self::Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error>;

    /// Handles the end of a call: its response, an error response, or a timeout
    /// ([`ErrorCode::Timeout`](crate::ErrorCode::Timeout)).
    fn response(
        &mut self,
        call: Self::Call,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        let _ = (call, response, ctx);
    }

    /// Handles a timer that fires.
    fn timer(&mut self, timer: Self::Timer, ctx: &mut Ctx<Self>) {
        let _ = (timer, ctx);
    }

    /// Handles a sync that failed. What was behind it in its step has not happened: messages were not sent, timers not
    /// set.
    ///
    /// By default the node panics, as databases do: what it has written since the last sync may be lost even if a later sync
    /// succeeds, and a restart recovers from what is durable.
    ///
    /// Whoever does something else has to know which messages, timers and changes are missing, and replaces a
    /// [`Log`](crate::disk::Log) before it is changed again if its end on the disk is in doubt: every log if `reason` is
    /// [`SyncFailure::Error`], and if it is [`SyncFailure::Full`], one that was changed behind the sync. The next message will be
    /// preceded by a sync again.
    fn sync_failed(&mut self, reason: SyncFailure, ctx: &mut Ctx<Self>) {
        let _ = ctx;
        give_up(reason)
    }
}

#[cold]
#[inline(never)]
fn give_up(reason: SyncFailure) -> ! {
    let reason: &str = reason.into();
    panic!(
        "a sync of the disk failed ({reason}): what was not durable may be lost, and a restart recovers from what is"
    )
}

/// The sender of a request, and the `msg_id` that the reply must repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Caller {
    pub(crate) node: Name,
    pub(crate) msg_id: Option<u64>,
}

impl Caller {
    /// The sender's name: a client (`c…`) or another node.
    #[must_use]
    pub fn node(&self) -> &str {
        self.node.as_str()
    }

    /// Whether the sender expects a reply.
    #[must_use]
    pub fn wants_reply(&self) -> bool {
        self.msg_id.is_some()
    }
}

/// The reply to a call.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    pub(crate) from: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a str,
    pub(crate) fields: &'a FieldList<'a>,
}

impl Response<'_> {
    /// The sender of the reply.
    #[must_use]
    pub fn from(&self) -> &str {
        self.from
    }

    /// The `type` of the reply, for example `write_ok`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.kind
    }

    /// Reads the reply as a `T`, by the rules of [`Node::Request`].
    ///
    /// # Errors
    /// Error 10 for a `type` that `T` has no variant for, error 12 for fields
    /// that do not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        body::decode(self.kind, self.body, self.fields)
    }
}
