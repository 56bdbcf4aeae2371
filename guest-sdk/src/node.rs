//! What a solution implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body;
use crate::ctx::Ctx;
use host_protocol::message::Error;

/// A node: plain state and what it does when something happens.
///
/// Everything a node knows lives in `self` and, for calls in flight and timers,
/// in values of [`Call`](Node::Call) and [`Timer`](Node::Timer). All of it is
/// serde data, so a running node can be written down at any moment, looked at,
/// and continued by a newer version of the same program.
///
/// A handler never waits: it asks for effects through [`Ctx`] and returns.
pub trait Node: Serialize + DeserializeOwned + 'static {
    /// The messages that the node understands: an enum with a variant for each
    /// `type`, the fields named as in the JSON.
    type Request: DeserializeOwned;
    /// What to remember about a call in flight; comes back with its response.
    /// `()` for a node that makes none.
    type Call: Serialize + DeserializeOwned;
    /// What to remember about a timer; comes back when it fires. `()` for a node
    /// that sets none.
    type Timer: Serialize + DeserializeOwned;

    /// The version of the state's meaning. Raise it when a newer program must
    /// not continue from an older one's snapshot. A field that is added or gone
    /// needs no new version: give it `#[serde(default)]`.
    const STATE_VERSION: u32 = 1;

    /// Starts the node. Its name and its peers are known: see [`Ctx::id`] and
    /// [`Ctx::nodes`]. The answer to `init` is sent for you.
    fn init(ctx: &mut Ctx<Self>) -> Self;

    /// A message arrived that is not the answer to a call.
    ///
    /// Answer with [`Ctx::reply`], now or later (keep `from` until then). An
    /// `Err` is sent as the answer.
    ///
    /// # Errors
    /// Whatever the sender should hear instead of an answer.
    fn request(
        &mut self,
        request: Self::Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error>;

    /// A call ended: with its response, an error response, or a timeout
    /// ([`ErrorCode::Timeout`](crate::ErrorCode::Timeout)).
    fn response(
        &mut self,
        call: Self::Call,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        let _ = (call, response, ctx);
    }

    /// A timer fired.
    fn timer(&mut self, timer: Self::Timer, ctx: &mut Ctx<Self>) {
        let _ = (timer, ctx);
    }
}

/// Who sent a request, and under which number it waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Caller {
    pub(crate) node: String,
    pub(crate) msg_id: Option<u64>,
}

impl Caller {
    /// The sender's name: a client (`c…`) or another node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Whether the sender wants an answer.
    #[must_use]
    pub fn wants_reply(&self) -> bool {
        self.msg_id.is_some()
    }
}

/// The answer to a call.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    pub(crate) from: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a str,
}

impl Response<'_> {
    /// Who answered.
    #[must_use]
    pub fn from(&self) -> &str {
        self.from
    }

    /// The answer's `type`, for example `write_ok`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.kind
    }

    /// The answer as a type of yours, by the rules of [`Node::Request`].
    ///
    /// # Errors
    /// Error 10 for a `type` that `T` has no variant for, error 12 for fields
    /// that do not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        body::decode(self.kind, self.body)
    }
}
