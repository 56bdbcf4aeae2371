//! The logs that a node keeps in its own memory, without gaps.

use guest_sdk::SortedMap;

use guest_sdk::prelude::*;

use crate::protocol::not_supported;
use crate::protocol::{Key, Message, Messages, Offset, Offsets, POLL_MAX, Reply, Request};

/// Logs and how far each has been consumed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logs {
    logs: SortedMap<Key, Vec<Message>>,
    committed: Offsets,
}

impl Logs {
    /// Does what a client asks for.
    pub(crate) fn answer(&mut self, request: Request) -> Result<Reply, Error> {
        Ok(match request {
            Request::Send { key, msg } => Reply::SendOk {
                offset: self.append(key, msg),
            },
            Request::Poll { offsets } => Reply::PollOk {
                msgs: self.poll(offsets),
            },
            Request::CommitOffsets { offsets } => {
                commit(&mut self.committed, offsets);
                Reply::CommitOffsetsOk
            }
            Request::ListCommittedOffsets { keys } => Reply::ListCommittedOffsetsOk {
                offsets: committed(&self.committed, keys),
            },
            _ => return Err(not_supported()),
        })
    }

    /// Puts a message at the end of a log.
    pub(crate) fn append(&mut self, key: Key, msg: Message) -> Offset {
        let log = self.logs.get_or_default(key);
        log.push(msg);
        offset(log.len() - 1)
    }

    fn poll(&self, offsets: Offsets) -> Messages {
        let polled = offsets.into_iter().map(|(key, from)| {
            let log = self.logs.get(&key).map_or(&[][..], Vec::as_slice);
            let msgs = slice(log, from);
            (key, msgs)
        });
        polled.collect()
    }
}

/// What a poll shows of a log from an offset on.
pub(crate) fn slice(log: &[Message], from: Offset) -> Vec<(Offset, Message)> {
    let messages = (0..).zip(log.iter().copied());
    let from = usize::try_from(from).unwrap_or(0);
    messages.skip(from).take(POLL_MAX).collect()
}

/// An index as an offset.
pub(crate) fn offset(index: usize) -> Offset {
    Offset::try_from(index).unwrap_or(Offset::MAX)
}

/// Notes how far clients have got: consumption goes forwards only.
pub(crate) fn commit(committed: &mut Offsets, offsets: Offsets) {
    for (key, offset) in offsets {
        let known = committed.get_or_insert_with(key, || offset);
        *known = offset.max(*known);
    }
}

/// How far the keys have been consumed that have been at all.
pub(crate) fn committed(committed: &Offsets, keys: Vec<Key>) -> Offsets {
    let known = keys.into_iter().filter_map(|key| {
        let offset = *committed.get(&key)?;
        Some((key, offset))
    });
    known.collect()
}
