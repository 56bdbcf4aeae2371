//! The length of a log is in `lin-kv`; its records are in `seq-kv`, each under its offset.
//!
//! A send takes the next offset with a compare-and-set on the log's length, and then creates the
//! record. A poll reads the length and the records that its node has not seen yet, and returns those
//! before the first missing one. A record may be missing because `seq-kv` may answer from the past,
//! because its writer is not done, or because its writer died. So a reader that misses a record for
//! long creates a void there. Records are only created, and `seq-kv` orders creations: either the
//! void is first, and the writer takes another offset, or the record is first, and the refusal
//! brings the reader up to date. So a poll never skips a message, and no log gets stuck.
//!
//! - Costs: four messages for a send, two more and four for each conflicting send of another
//!   node; two for each key of a poll and each record that the node sees for the first
//!   time. Unlike in `lin-kv`, messages do not grow with the log.
//! - A kill loses nothing that was acknowledged. Nodes send each other no messages, so the network between
//!   them does not matter. A send that cannot get an offset fails definitely; one whose record is
//!   not confirmed is a timeout to the client.
//!
//! Source: the two-step append is that of Balakrishnan and others, "CORFU: a shared log design for
//! flash clusters" (2012): a sequencer, write-once records, and filling of holes.

use guest_sdk::SortedMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service;

use crate::committed::{self, absent_is_default};
use crate::gather::Gathers;
use crate::protocol::not_supported;
use crate::protocol::{Key, Message, Messages, Offset, Offsets, POLL_MAX, Reply, Request, Send};
use crate::{Call as AnyCall, Kafka};

/// What must not be sent twice, or need not be.
const ONCE: Retry = Retry::never(Duration::from_secs(1));

/// Creating the same record again does nothing.
const CREATE: Retry = Retry::times(3, Duration::from_secs(1));

/// How long a record may be missing before its offset is made void.
const MISSING_MAX: Duration = Duration::from_secs(1);

/// What stands at an offset: one message, or none if it is void. (Not null, which services
/// take for a missing key.)
type Record = Vec<Message>;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Split {
    logs: SortedMap<Key, Log>,
    gathers: Gathers,
    next_poll: u64,
    polls: SortedMap<u64, Poll>,
}

/// What this node knows of a log.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Log {
    len: Offset,
    records: SortedMap<Offset, Record>,
    /// The first record that a poll missed, and since when it is missing.
    missing: Option<(Offset, Duration)>,
}

/// A client's poll, while this node reads what it needs for it.
#[derive(Debug, Serialize, Deserialize)]
struct Poll {
    client: Caller,
    offsets: Offsets,
    calls: usize,
}

/// What a call is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Call {
    /// Taking an offset.
    Take(Taken),
    /// Reading a length in order to take an offset.
    ReadToTake {
        send: Send,
    },
    Create(Taken),
    /// For a poll: a log's length, a record.
    Length {
        poll: u64,
        key: Key,
    },
    Record {
        poll: u64,
        key: Key,
        offset: Offset,
    },
    Void {
        key: Key,
        offset: Offset,
    },
    Committed(committed::Call),
}

/// A send, and the offset that it takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    send: Send,
    offset: Offset,
}

impl Split {
    pub(crate) fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<(), Error> {
        let wrap = |call| AnyCall::Split(Call::Committed(call));
        match request {
            Request::Send { key, msg } => self.take(Send { key, msg, client }, ctx),
            Request::Poll { offsets } => self.poll(offsets, client, ctx),
            Request::CommitOffsets { offsets } => {
                committed::commit(offsets, client, &mut self.gathers, wrap, ctx);
            }
            Request::ListCommittedOffsets { keys } => {
                committed::list(keys, client, &mut self.gathers, wrap, ctx);
            }
            _ => return Err(not_supported()),
        }
        Ok(())
    }

    fn take(&mut self, send: Send, ctx: &mut Ctx<Kafka>) {
        let offset = self.log(&send.key).len;
        let cas = service::cas_or_create(length(&send.key), offset, offset + 1);
        let call = AnyCall::Split(Call::Take(Taken { send, offset }));
        ctx.call(service::LIN_KV, &cas, call, ONCE);
    }

    fn poll(&mut self, offsets: Offsets, client: Caller, ctx: &mut Ctx<Kafka>) {
        let poll = self.next_poll;
        self.next_poll += 1;
        for key in offsets.keys().cloned() {
            let read = service::read(length(&key));
            let call = AnyCall::Split(Call::Length { poll, key });
            ctx.call(service::LIN_KV, &read, call, ONCE);
        }
        // One more than there are calls, for the call that would have ended here.
        let calls = offsets.len() + 1;
        let state = Poll {
            client,
            offsets,
            calls,
        };
        self.polls.insert(poll, state);
        self.end_part(poll, ctx);
    }

    pub(crate) fn response(
        &mut self,
        call: Call,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Kafka>,
    ) {
        match call {
            Call::Committed(call) => committed::response(call, response, &mut self.gathers, ctx),
            Call::Take(Taken { send, offset }) => match response {
                Ok(_) => {
                    let log = self.log(&send.key);
                    log.len = log.len.max(offset + 1);
                    let record: Record = vec![send.msg];
                    let cas = service::cas_or_create(name(&send.key, offset), &record, &record);
                    let call = AnyCall::Split(Call::Create(Taken { send, offset }));
                    ctx.call(service::SEQ_KV, &cas, call, CREATE);
                }
                Err(error) if error.code == ErrorCode::PreconditionFailed => {
                    let read = service::read(length(&send.key));
                    let call = AnyCall::Split(Call::ReadToTake { send });
                    ctx.call(service::LIN_KV, &read, call, ONCE);
                }
                Err(_) => give_up(send, ctx),
            },
            Call::ReadToTake { send } => match self.see_length(&send.key, response) {
                Ok(()) => self.take(send, ctx),
                Err(_) => give_up(send, ctx),
            },
            Call::Create(Taken { send, offset }) => match response {
                Ok(_) => {
                    let records = &mut self.log(&send.key).records;
                    records.insert(offset, vec![send.msg]);
                    ctx.reply(send.client, &Reply::SendOk { offset });
                }
                Err(error) if error.code == ErrorCode::PreconditionFailed => self.take(send, ctx),
                Err(error) => ctx.reply_error(send.client, error),
            },
            Call::Length { poll, key } => {
                if self.see_length(&key, response).is_ok() {
                    self.read_records(poll, key, ctx);
                }
                self.end_part(poll, ctx);
            }
            Call::Record { poll, key, offset } => {
                if let Ok(record) = response.and_then(|found| service::value::<Record>(&found)) {
                    self.log(&key).records.insert(offset, record);
                }
                self.end_part(poll, ctx);
            }
            Call::Void { key, offset } => {
                let log = self.log(&key);
                log.missing = None;
                if response.is_ok() {
                    log.records.insert(offset, Record::new());
                }
            }
        }
    }

    fn see_length(
        &mut self,
        key: &str,
        response: Result<Response<'_>, Error>,
    ) -> Result<(), Error> {
        let read = response.and_then(|found| service::value::<Offset>(&found));
        let len = absent_is_default(read)?;
        let log = self.log(key);
        log.len = len.max(log.len);
        Ok(())
    }

    /// Reads what a poll would show of a log and this node has not seen.
    fn read_records(&mut self, poll: u64, key: Key, ctx: &mut Ctx<Kafka>) {
        let Some(waiting) = self.polls.get_mut(&poll) else {
            return;
        };
        let Some(log) = self.logs.get_mut(&key) else {
            return;
        };
        let from = waiting.offsets.get(&key).map_or(0, |from| *from.max(&0));
        let unseen = (from..log.len).take(POLL_MAX);
        let unseen = unseen.filter(|offset| !log.records.contains_key(offset));
        for offset in unseen {
            let read = service::read(name(&key, offset));
            let key = key.clone();
            let call = AnyCall::Split(Call::Record { poll, key, offset });
            ctx.call(service::SEQ_KV, &read, call, ONCE);
            waiting.calls += 1;
        }
    }

    /// One of a poll's calls has ended; after the last one the client gets its answer.
    fn end_part(&mut self, poll: u64, ctx: &mut Ctx<Kafka>) {
        let Some(waiting) = self.polls.get_mut(&poll) else {
            return;
        };
        waiting.calls -= 1;
        if waiting.calls > 0 {
            return;
        }
        if let Some(poll) = self.polls.remove(&poll) {
            let mut msgs = Messages::new();
            for (key, from) in poll.offsets {
                let from = from.max(0);
                let log = self.logs.get_or_default(key.clone());
                let shown = log.from(from);
                log.fill_hole(&key, from, ctx);
                msgs.insert(key, shown);
            }
            ctx.reply(poll.client, &Reply::PollOk { msgs });
        }
    }

    fn log(&mut self, key: &str) -> &mut Log {
        self.logs.get_or_default(key.to_owned())
    }
}

impl Log {
    /// The offset of the first record from `from` on that this node lacks.
    fn first_missing(&self, from: Offset) -> Offset {
        let mut known = self.records.iter_from(&from).zip(from..);
        let gap = known.find(|((offset, _), expected)| *offset != expected);
        gap.map_or_else(
            || {
                self.records
                    .last_key_value()
                    .map_or(from, |(last, _)| from.max(last + 1))
            },
            |(_, expected)| expected,
        )
    }

    fn from(&self, from: Offset) -> Vec<(Offset, Message)> {
        let missing = self.first_missing(from);
        let records = self.records.iter_from(&from);
        let records = records.take_while(|(offset, _)| **offset < missing);
        let messages = records.filter_map(|(offset, record)| Some((*offset, *record.first()?)));
        messages.take(POLL_MAX).collect()
    }

    /// Makes an offset void that was taken long ago and has no record still.
    fn fill_hole(&mut self, key: &str, from: Offset, ctx: &mut Ctx<Kafka>) {
        let offset = self.first_missing(from);
        if offset >= self.len {
            return;
        }
        match self.missing {
            Some((missing, since)) if missing == offset => {
                if ctx.now().saturating_sub(since) >= MISSING_MAX {
                    let void = Record::new();
                    let cas = service::cas_or_create(name(key, offset), &void, &void);
                    let key = key.to_owned();
                    let call = AnyCall::Split(Call::Void { key, offset });
                    ctx.call(service::SEQ_KV, &cas, call, CREATE);
                    self.missing = None;
                }
            }
            _ => self.missing = Some((offset, ctx.now())),
        }
    }
}

fn give_up(send: Send, ctx: &mut Ctx<Kafka>) {
    let text = "lin-kv gives no offset; nothing was appended";
    let error = Error::new(ErrorCode::TemporarilyUnavailable, text);
    ctx.reply_error(send.client, error);
}

fn length(key: &str) -> String {
    format!("length/{key}")
}

fn name(key: &str, offset: Offset) -> String {
    format!("record/{key}/{offset}")
}
