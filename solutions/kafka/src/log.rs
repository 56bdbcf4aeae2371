//! The logs that a node keeps by itself, without gaps: in its memory, and as a log of changes on its disk.

use guest_sdk::SortedMap;
use guest_sdk::disk::Log;

use guest_sdk::prelude::*;

use crate::Kafka;
use crate::answers::Answers;
use crate::protocol::not_supported;
use crate::protocol::{Key, Message, Messages, Offset, Offsets, POLL_MAX, Reply, Request};

/// Logs and how far each has been consumed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Logs {
    logs: SortedMap<Key, Vec<Message>>,
    committed: Offsets,
    /// What others have forwarded, by sender.
    served: SortedMap<String, Served>,
    disk: Log<Change>,
}

/// What is on the disk.
#[derive(Debug, Serialize, Deserialize)]
enum Change {
    Send {
        key: Key,
        msg: Message,
        forwarded: Option<Forwarded>,
    },
    Commit(Offsets),
}

/// Which of a node's forwarded sends one is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Forwarded {
    pub(crate) by: String,
    pub(crate) number: u64,
    /// Nobody asks about smaller numbers any more.
    pub(crate) settled: u64,
}

/// The offsets of forwarded sends, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Served {
    offsets: SortedMap<u64, Offset>,
    /// Smaller numbers are forgotten.
    settled: u64,
}

impl Logs {
    /// Those on the disk.
    pub(crate) fn open(ctx: &mut Ctx<Kafka>) -> Self {
        let (mut disk, changes): (Log<Change>, Vec<Change>) = ctx.disk().open_log("logs");
        if !changes.is_empty() {
            // Some of it may never have been synced, and after a sync that failed it may be here though no later one
            // makes it durable.
            disk.replace(&changes, ctx.disk());
        }
        let mut logs = Logs {
            logs: SortedMap::new(),
            committed: Offsets::new(),
            served: SortedMap::new(),
            disk,
        };
        for change in changes {
            logs.make(change);
        }
        logs
    }

    /// Does what a client asks for.
    pub(crate) fn answer(
        &mut self,
        request: Request,
        answers: &mut Answers,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<Reply, Error> {
        Ok(match request {
            Request::Send { key, msg } => Reply::SendOk {
                offset: self.append(key, msg, None, answers, ctx),
            },
            Request::Poll { offsets } => Reply::PollOk {
                msgs: self.poll(offsets),
            },
            Request::CommitOffsets { offsets } => {
                self.change(Change::Commit(offsets), answers, ctx);
                Reply::CommitOffsetsOk
            }
            Request::ListCommittedOffsets { keys } => Reply::ListCommittedOffsetsOk {
                offsets: committed(&self.committed, keys),
            },
            _ => return Err(not_supported()),
        })
    }

    /// Appends what a node has forwarded, unless it was before. Answers its offset; nothing if nobody
    /// asks any more, and it may have been forgotten.
    pub(crate) fn append_once(
        &mut self,
        key: Key,
        msg: Message,
        forwarded: Forwarded,
        answers: &mut Answers,
        ctx: &mut Ctx<Kafka>,
    ) -> Option<Offset> {
        if let Some(served) = self.served.get_mut(&forwarded.by) {
            served.settle(forwarded.settled);
            if forwarded.number < served.settled {
                return None;
            }
            if let Some(offset) = served.offsets.get(&forwarded.number) {
                return Some(*offset);
            }
        }
        Some(self.append(key, msg, Some(forwarded), answers, ctx))
    }

    /// Puts a message at the end of a log.
    pub(crate) fn append(
        &mut self,
        key: Key,
        msg: Message,
        forwarded: Option<Forwarded>,
        answers: &mut Answers,
        ctx: &mut Ctx<Kafka>,
    ) -> Offset {
        let change = Change::Send {
            key,
            msg,
            forwarded,
        };
        self.change(change, answers, ctx)
    }

    /// Makes a change, on the disk too.
    fn change(&mut self, change: Change, answers: &mut Answers, ctx: &mut Ctx<Kafka>) -> Offset {
        self.disk.append(&change, ctx.disk());
        answers.changed();
        self.make(change)
    }

    /// Makes a change in memory. Answers the offset of a message.
    fn make(&mut self, change: Change) -> Offset {
        match change {
            Change::Send {
                key,
                msg,
                forwarded,
            } => {
                let log = self.logs.get_or_default(key);
                log.push(msg);
                let offset = offset(log.len() - 1);
                if let Some(Forwarded {
                    by,
                    number,
                    settled,
                }) = forwarded
                {
                    let served = self.served.get_or_default(by);
                    served.settle(settled);
                    served.offsets.insert(number, offset);
                }
                offset
            }
            Change::Commit(offsets) => {
                commit(&mut self.committed, offsets);
                0
            }
        }
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

impl Served {
    /// Nobody asks about smaller numbers any more.
    fn settle(&mut self, settled: u64) {
        if settled > self.settled {
            self.settled = settled;
            self.offsets.remove_before(&settled);
        }
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
