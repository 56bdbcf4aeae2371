//! Objects in lin-kv, which nodes change by compare-and-set.
//!
//! A node reads the object, computes what the request makes of it, and swaps the old state for the new one. If another
//! node was faster, it begins again. Nothing of an object is kept in a node, so nodes may be killed or wiped at any time.
//!
//! - Linearizable: a request takes place when lin-kv swaps, or, if it changes nothing, when lin-kv answers the read.
//! - Costs: two messages for a request that changes nothing, four for one that does, and four more each time
//!   another node was faster.
//! - A swap is sent once: sent again, it might fail because it has succeeded. Without an answer to it the client gets error 0, and
//!   the request may have taken place. Without an answer to the read it gets error 11: it has not.
//! - lin-kv can always be reached, so nothing that happens between nodes matters.

use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV};
use serde::de::DeserializeOwned;

/// Clients wait for five seconds: twice for a read, once for a swap.
const LOOK: Retry = Retry::times(2, Duration::from_secs(1));
const SWAP: Retry = Retry::never(Duration::from_secs(1));

/// What a node does with objects, and what it remembers of them.
pub(crate) trait Object: Serialize + DeserializeOwned + 'static {
    /// A client's request, or what a timer asks for: the node does that for itself, until it has succeeded.
    type Request: Serialize + DeserializeOwned;
    type Reply: Serialize + DeserializeOwned;
    type State: Clone + Default + PartialEq + Serialize + DeserializeOwned;

    fn new(ctx: &Ctx<Stored<Self>>) -> Self;

    /// An object that is not there yet.
    fn initial(&self) -> Self::State {
        Self::State::default()
    }

    /// The key of the object that a request is about.
    fn key(request: &Self::Request) -> String;

    /// Does what a request asks for, and returns the answer. Nothing has happened if lin-kv then refuses the new state.
    fn handle(
        &mut self,
        request: &Self::Request,
        state: &mut Self::State,
        ctx: &mut Ctx<Stored<Self>>,
    ) -> Result<Self::Reply, Error>;
}

/// A node.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Stored<O: Object>(O);

/// What lin-kv has been asked, and by which client, if it is not for the node itself.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) enum Call<O: Object> {
    /// For the object.
    Look {
        request: O::Request,
        client: Option<Caller>,
    },
    /// To change it; then this is the answer.
    Swap {
        request: O::Request,
        reply: O::Reply,
        client: Option<Caller>,
    },
}

impl<O: Object> Node for Stored<O> {
    type Request = O::Request;
    type Call = Call<O>;
    type Timer = O::Request;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Stored(O::new(ctx))
    }

    fn request(
        &mut self,
        request: O::Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        look(request, Some(client), ctx);
        Ok(())
    }

    fn timer(&mut self, request: O::Request, ctx: &mut Ctx<Self>) {
        look(request, None, ctx);
    }

    fn response(
        &mut self,
        call: Call<O>,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match call {
            Call::Look { request, client } => match found(response) {
                Ok(state) => {
                    let state = state.unwrap_or_else(|| self.0.initial());
                    self.handle(request, state, client, ctx);
                }
                Err(error) => refuse(request, client, error, ctx),
            },
            Call::Swap {
                request,
                reply,
                client,
            } => match response {
                Ok(_) => tell(client, &reply, ctx),
                Err(error) if error.code == ErrorCode::PreconditionFailed => {
                    look(request, client, ctx);
                }
                Err(error) => refuse(request, client, error, ctx),
            },
        }
    }
}

impl<O: Object> Stored<O> {
    fn handle(
        &mut self,
        request: O::Request,
        old: O::State,
        client: Option<Caller>,
        ctx: &mut Ctx<Self>,
    ) {
        let mut new = old.clone();
        match (self.0.handle(&request, &mut new, ctx), client) {
            (Err(error), Some(client)) => ctx.reply_error(client, error),
            (Err(_), None) => {}
            (Ok(reply), client) if new == old => tell(client, &reply, ctx),
            (Ok(reply), client) => {
                let swap = service::cas_or_create(O::key(&request), old, new);
                let call = Call::Swap {
                    request,
                    reply,
                    client,
                };
                ctx.call(LIN_KV, &swap, call, SWAP);
            }
        }
    }
}

fn look<O: Object>(request: O::Request, client: Option<Caller>, ctx: &mut Ctx<Stored<O>>) {
    let read = service::read(O::key(&request));
    ctx.call(LIN_KV, &read, Call::Look { request, client }, LOOK);
}

fn tell<O: Object>(client: Option<Caller>, reply: &O::Reply, ctx: &mut Ctx<Stored<O>>) {
    if let Some(client) = client {
        ctx.reply(client, reply);
    }
}

/// Tells a client that lin-kv has not answered; without one the node begins again.
fn refuse<O: Object>(
    request: O::Request,
    client: Option<Caller>,
    error: Error,
    ctx: &mut Ctx<Stored<O>>,
) {
    match client {
        Some(client) => ctx.reply_error(client, error),
        None => look(request, None, ctx),
    }
}

/// The object that lin-kv has; none if it is not there yet.
fn found<S: DeserializeOwned>(response: Result<Response<'_>, Error>) -> Result<Option<S>, Error> {
    match response.and_then(|response| service::value(&response)) {
        Err(error) if error.code == ErrorCode::KeyDoesNotExist => Ok(None),
        Err(error) => Err(Error::new(
            ErrorCode::TemporarilyUnavailable,
            format!("lin-kv cannot be read: {error}"),
        )),
        Ok(found) => Ok(Some(found)),
    }
}
