//! Objects in a store, which nodes change by compare-and-set, or try to. Other mutants use this file too.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, SEQ_KV};
use serde::de::DeserializeOwned;

const RETRY: Retry = Retry::never(Duration::from_secs(1));

/// Where objects are, and how they are changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Store {
    /// In lin-kv, by compare-and-set.
    #[default]
    Right,
    /// In seq-kv.
    Stale,
    /// In lin-kv, by writing what was read before and changed.
    Torn,
    /// By compare-and-set, after the client has been answered.
    Early,
    /// In each node for itself.
    Split,
}

/// What a node does with objects, and what it remembers of them.
pub(crate) trait Object: Serialize + DeserializeOwned + 'static {
    type Request: Serialize + DeserializeOwned;
    type Reply: Serialize + DeserializeOwned;
    type State: Clone + Default + PartialEq + Serialize + DeserializeOwned;

    fn new(ctx: &mut Ctx<Stored<Self>>) -> Self;

    fn store(&self) -> Store;

    fn key(request: &Self::Request) -> String;

    fn handle(
        &mut self,
        request: &Self::Request,
        state: &mut Self::State,
        ctx: &mut Ctx<Stored<Self>>,
    ) -> Self::Reply;

    /// The store has the new state.
    fn swapped(
        &mut self,
        request: &Self::Request,
        reply: &Self::Reply,
        ctx: &mut Ctx<Stored<Self>>,
    ) {
        let _ = (request, reply, ctx);
    }
}

/// A node.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Stored<O: Object> {
    object: O,
    own: BTreeMap<String, O::State>,
}

/// What the store has been asked, and by which client, if it is not for the node itself.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) enum Call<O: Object> {
    Look {
        request: O::Request,
        client: Option<Caller>,
    },
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
        Stored {
            object: O::new(ctx),
            own: BTreeMap::new(),
        }
    }

    fn request(
        &mut self,
        request: O::Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        self.look(request, Some(client), ctx);
        Ok(())
    }

    fn timer(&mut self, request: O::Request, ctx: &mut Ctx<Self>) {
        self.look(request, None, ctx);
    }

    fn response(
        &mut self,
        call: Call<O>,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match (call, response) {
            (Call::Look { request, client }, response) => {
                let found = response.and_then(|response| service::value(&response));
                self.change(request, found.unwrap_or_default(), client, ctx);
            }
            (
                Call::Swap {
                    request,
                    reply,
                    client,
                },
                Ok(_),
            ) => {
                self.object.swapped(&request, &reply, ctx);
                tell(client, &reply, ctx);
            }
            (
                Call::Swap {
                    request, client, ..
                },
                Err(error),
            ) => match client {
                Some(client) if error.code == ErrorCode::Timeout => ctx.reply_error(client, error),
                client => self.look(request, client, ctx),
            },
        }
    }
}

impl<O: Object> Stored<O> {
    fn service(&self) -> &'static str {
        match self.object.store() {
            Store::Stale => SEQ_KV,
            _ => LIN_KV,
        }
    }

    fn look(&mut self, request: O::Request, client: Option<Caller>, ctx: &mut Ctx<Self>) {
        let key = O::key(&request);
        if self.object.store() == Store::Split {
            let state = self.own.get(&key).cloned().unwrap_or_default();
            self.change(request, state, client, ctx);
        } else {
            let call = Call::Look { request, client };
            ctx.call(self.service(), &service::read(key), call, RETRY);
        }
    }

    fn change(
        &mut self,
        request: O::Request,
        old: O::State,
        mut client: Option<Caller>,
        ctx: &mut Ctx<Self>,
    ) {
        let mut new = old.clone();
        let key = O::key(&request);
        let reply = self.object.handle(&request, &mut new, ctx);
        let store = self.object.store();
        if new == old {
            return tell(client, &reply, ctx);
        }
        if store == Store::Split {
            self.own.insert(key, new);
            return tell(client, &reply, ctx);
        }
        if store == Store::Early {
            tell(client.take(), &reply, ctx);
        }
        let call = Call::Swap {
            request,
            reply,
            client,
        };
        let service = self.service();
        match store {
            Store::Torn => ctx.call(service, &service::write(key, new), call, RETRY),
            _ => ctx.call(service, &service::cas_or_create(key, old, new), call, RETRY),
        };
    }
}

fn tell<O: Object>(client: Option<Caller>, reply: &O::Reply, ctx: &mut Ctx<Stored<O>>) {
    if let Some(client) = client {
        ctx.reply(client, reply);
    }
}
