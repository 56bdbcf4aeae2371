//! The logs that a node has.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::Variant;
use crate::protocol::{Reply, Request};

/// How many messages of a key a poll answers.
const POLL_MAX: usize = 10;

/// How many messages `retention` keeps.
const KEPT_MAX: usize = 8;

#[derive(Default, Serialize, Deserialize)]
struct Log {
    /// By offset.
    messages: BTreeMap<i64, i64>,
    next: i64,
    committed: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Logs {
    variant: Variant,
    logs: BTreeMap<String, Log>,
    send_count: u64,
    poll_count: u64,
}

impl Logs {
    pub(crate) fn new(variant: Variant) -> Self {
        Logs {
            variant,
            logs: BTreeMap::new(),
            send_count: 0,
            poll_count: 0,
        }
    }

    /// Executes a request and answers it.
    pub(crate) fn reply(&mut self, request: Request) -> Result<Reply, Error> {
        Ok(match request {
            Request::Send { key, msg } => Reply::SendOk {
                offset: self.send(&key, msg)?,
            },
            Request::Poll { offsets } => {
                self.poll_count += 1;
                let keys_max = match self.variant {
                    Variant::FirstKey => 1,
                    _ => usize::MAX,
                };
                let msgs = offsets.into_iter().take(keys_max);
                let msgs = msgs.map(|(key, from)| (self.poll(&key, from), key));
                Reply::PollOk {
                    msgs: msgs.map(|(msgs, key)| (key, msgs)).collect(),
                }
            }
            Request::CommitOffsets { offsets } => {
                for (key, offset) in offsets {
                    self.commit(&key, offset);
                }
                Reply::CommitOffsetsOk
            }
            Request::ListCommittedOffsets { keys } => {
                let offsets = keys.into_iter().filter_map(|key| {
                    let offset = self.committed(&key)?;
                    Some((key, offset))
                });
                Reply::ListCommittedOffsetsOk {
                    offsets: offsets.collect(),
                }
            }
            Request::Forward { .. } => {
                let text = "forwarded twice";
                return Err(Error::new(ErrorCode::NotSupported, text));
            }
        })
    }

    /// The name under which a log is kept.
    fn name(&self, key: &str) -> String {
        match key.parse::<u32>() {
            Ok(number) if self.variant == Variant::Wraps => (number % 256).to_string(),
            _ => key.to_owned(),
        }
    }

    fn send(&mut self, key: &str, msg: i64) -> Result<i64, Error> {
        let variant = self.variant;
        self.send_count += 1;
        let is_eighth = self.send_count.is_multiple_of(8);
        if variant == Variant::Refuses && !self.send_count.is_multiple_of(64) {
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, "busy"));
        }
        let log = self.logs.entry(self.name(key)).or_default();
        if is_eighth && variant == Variant::Overwrites {
            log.next = (log.next - 1).max(0);
        }
        let offset = log.next;
        log.next += 1;
        if !(is_eighth && variant == Variant::Loses) {
            log.messages.insert(offset, msg);
        }
        if is_eighth && variant == Variant::Twice {
            log.messages.insert(log.next, msg);
            log.next += 1;
        }
        if variant == Variant::Retention && log.messages.len() > KEPT_MAX {
            log.messages.pop_first();
        }
        if is_eighth && variant == Variant::Aborted {
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, "not really"));
        }
        Ok(offset)
    }

    fn poll(&self, key: &str, from: i64) -> Vec<(i64, i64)> {
        let Some(log) = self.logs.get(&self.name(key)) else {
            return Vec::new();
        };
        let from = from + i64::from(self.variant == Variant::Exclusive);
        let messages = log.messages.range(from..);
        let skipped = match self.variant {
            Variant::Newest => messages.clone().count().saturating_sub(POLL_MAX),
            _ => 0,
        };
        let messages = messages.skip(skipped).take(POLL_MAX);
        let mut messages: Vec<(i64, i64)> = messages.map(|(offset, msg)| (*offset, *msg)).collect();
        if self.variant == Variant::Reverses {
            messages.reverse();
        }
        if self.variant == Variant::Skips && self.poll_count.is_multiple_of(4) && messages.len() > 2
        {
            messages.remove(1);
        }
        messages
    }

    fn commit(&mut self, key: &str, offset: i64) {
        let committed = &mut self.logs.entry(self.name(key)).or_default().committed;
        *committed = match (self.variant, *committed) {
            (Variant::CommitAssigns | Variant::CommitRepeats, _) | (_, None) => Some(offset),
            (Variant::CommitLowest, Some(before)) => Some(before.min(offset)),
            (_, Some(before)) => Some(before.max(offset)),
        };
    }

    fn committed(&self, key: &str) -> Option<i64> {
        let log = self.logs.get(&self.name(key))?;
        match self.variant {
            Variant::CommitsEnd => Some(log.next),
            Variant::CommitOffByOne => log.committed.map(|offset| offset + 1),
            _ => log.committed,
        }
    }
}
