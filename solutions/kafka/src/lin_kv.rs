//! Every log is one value in `lin-kv`, appended to by compare-and-set.
//!
//! - Costs: two messages for a send without conflict (nodes start from the log that they saw
//!   last), four more for each conflicting send of another node; two messages for
//!   each key of a poll, a commit, and a query of committed offsets. Messages grow with the log.
//! - Linearizable, because every operation is one of `lin-kv`'s.
//! - Nodes have no state that matters: a kill loses nothing. Nodes send each other no messages, so the
//!   network between them does not matter. If `lin-kv` does not answer, the client times out.
//!
//! Source: Maelstrom's `lin-kv` service and optimistic concurrency control: Kung and Robinson,
//! "On optimistic methods for concurrency control" (1981).

use guest_sdk::SortedMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service;

use crate::committed::{self, absent_is_default};
use crate::gather::Gathers;
use crate::log;
use crate::protocol::{Key, Message, Messages, Offset, Reply, Request, Send, not_supported};
use crate::{Call as AnyCall, Kafka};

/// A compare-and-set must not be sent twice: the second would refuse what the first has done.
const ONCE: Retry = Retry::never(Duration::from_secs(4));

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LinKv {
    /// Each log as it was when this node last saw it.
    seen: SortedMap<Key, Vec<Message>>,
    gathers: Gathers,
}

/// What a call is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Call {
    /// Appending behind a log of so many messages.
    Append {
        send: Send,
        len: usize,
    },
    /// Reading a log in order to append.
    ReadToAppend {
        send: Send,
    },
    Poll {
        gather: u64,
        key: Key,
        from: Offset,
    },
    Committed(committed::Call),
}

impl LinKv {
    pub(crate) fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<(), Error> {
        let wrap = |call| AnyCall::LinKv(Call::Committed(call));
        let gathers = &mut self.gathers;
        match request {
            Request::Send { key, msg } => self.append(Send { key, msg, client }, ctx),
            Request::Poll { offsets } => {
                let msgs = Messages::new();
                let gather = gathers.open(client, Reply::PollOk { msgs }, offsets.len(), ctx);
                for (key, from) in offsets {
                    let read = service::read(name(&key));
                    let call = AnyCall::LinKv(Call::Poll { gather, key, from });
                    ctx.call(service::LIN_KV, &read, call, ONCE);
                }
            }
            Request::CommitOffsets { offsets } => {
                committed::commit(offsets, client, gathers, wrap, ctx);
            }
            Request::ListCommittedOffsets { keys } => {
                committed::list(keys, client, gathers, wrap, ctx);
            }
            _ => return Err(not_supported()),
        }
        Ok(())
    }

    fn append(&mut self, send: Send, ctx: &mut Ctx<Kafka>) {
        let seen = self.seen.get_or_default(send.key.clone());
        let longer: Vec<Message> = seen.iter().copied().chain([send.msg]).collect();
        let cas = service::cas_or_create(name(&send.key), &*seen, &longer);
        let len = seen.len();
        let call = AnyCall::LinKv(Call::Append { send, len });
        ctx.call(service::LIN_KV, &cas, call, ONCE);
    }

    pub(crate) fn response(
        &mut self,
        call: Call,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Kafka>,
    ) {
        match call {
            Call::Committed(call) => committed::response(call, response, &mut self.gathers, ctx),
            Call::Append { send, len } => match response {
                Ok(_) => {
                    let seen = self.seen.get_or_default(send.key);
                    if seen.len() == len {
                        seen.push(send.msg);
                    }
                    let offset = log::offset(len);
                    ctx.reply(send.client, &Reply::SendOk { offset });
                }
                Err(error) if error.code == ErrorCode::PreconditionFailed => {
                    let read = service::read(name(&send.key));
                    let call = AnyCall::LinKv(Call::ReadToAppend { send });
                    ctx.call(service::LIN_KV, &read, call, ONCE);
                }
                Err(error) => ctx.reply_error(send.client, error),
            },
            Call::ReadToAppend { send } => match self.see(&send.key, response) {
                Ok(_) => self.append(send, ctx),
                Err(_) => {
                    let text = "lin-kv does not answer; nothing was appended";
                    let error = Error::new(ErrorCode::TemporarilyUnavailable, text);
                    ctx.reply_error(send.client, error);
                }
            },
            Call::Poll { gather, key, from } => {
                let part = self.see(&key, response).map(|log| {
                    let msgs = log::slice(log, from);
                    Reply::PollOk {
                        msgs: Messages::from([(key, msgs)]),
                    }
                });
                self.gathers.add(gather, part, ctx);
            }
        }
    }

    /// Takes in a log that was read. Answers the longest that was ever seen: logs only grow.
    fn see(
        &mut self,
        key: &str,
        response: Result<Response<'_>, Error>,
    ) -> Result<&[Message], Error> {
        let read = response.and_then(|response| service::value::<Vec<Message>>(&response));
        let log = absent_is_default(read)?;
        let seen = self.seen.get_or_default(key.to_owned());
        if log.len() > seen.len() {
            *seen = log;
        }
        Ok(seen)
    }
}

fn name(key: &str) -> String {
    format!("log/{key}")
}
