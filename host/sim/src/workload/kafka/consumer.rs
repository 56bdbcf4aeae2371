//! A client's offsets in the logs that it polls.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use host_check::value::{Map, Value};

/// The keys that a client is assigned, and the next offset to poll of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Consumer {
    offsets: BTreeMap<String, i64>,
    /// What it has polled and is committing.
    poll: Option<Polled>,
}

impl Consumer {
    pub(super) fn offsets(&self) -> &BTreeMap<String, i64> {
        &self.offsets
    }

    /// Assigns these keys and no others, all from offset 0.
    pub(super) fn seek_to_beginning(&mut self, keys: &[String]) {
        self.offsets = keys.iter().map(|key| (key.clone(), 0)).collect();
    }

    /// Assigns these keys and no others: from the client's own offset, or else from the
    /// committed one, or else from 0.
    pub(super) fn assign(&mut self, keys: &[String], committed: &IndexMap<String, i64>) {
        let offset = |key| self.offsets.get(key).or(committed.get(key)).copied();
        let offsets = keys.iter().map(|key| (key, offset(key).unwrap_or(0)));
        self.offsets = offsets.map(|(key, offset)| (key.clone(), offset)).collect();
    }

    /// Takes in a poll. Offsets move behind what was polled, and never back.
    pub(super) fn poll(&mut self, msgs: IndexMap<String, Option<Vec<(i64, Value)>>>) -> Polled {
        let msgs = msgs.into_iter();
        let polled = Polled(
            msgs.map(|(key, msgs)| (key, msgs.unwrap_or_default()))
                .collect(),
        );
        for (key, highest) in polled.highest() {
            let next = highest.saturating_add(1);
            let offset = self.offsets.entry(key.to_owned()).or_insert(next);
            *offset = next.max(*offset);
        }
        polled
    }

    /// Remembers what was polled until it is committed.
    pub(super) fn keep_poll(&mut self, polled: Polled) {
        self.poll = Some(polled);
    }

    pub(super) fn take_poll(&mut self) -> Option<Polled> {
        self.poll.take()
    }

    /// The commit did not succeed.
    pub(super) fn forget_poll(&mut self) {
        self.poll = None;
    }
}

/// The offsets and messages of each key that an answer had. A key without a list counts
/// as one with an empty list, as in Maelstrom.
#[derive(Debug, Clone)]
pub(super) struct Polled(IndexMap<String, Vec<(i64, Value)>>);

impl Polled {
    /// The highest offset of each key, -1 if there are no messages.
    pub(super) fn highest(&self) -> impl Iterator<Item = (&str, i64)> {
        let highest = |msgs: &[(i64, Value)]| msgs.iter().map(|(offset, _)| *offset).max();
        self.0
            .iter()
            .map(move |(key, msgs)| (key.as_str(), highest(msgs).unwrap_or(-1).max(-1)))
    }

    /// The offsets to commit: of keys with messages.
    pub(super) fn to_commit(&self) -> BTreeMap<&str, i64> {
        let offsets = self.highest().filter(|(key, _)| !self.0[*key].is_empty());
        offsets.map(|(key, offset)| (key, offset.max(0))).collect()
    }

    /// `{"k" [[0 message] [1 message]]}`
    pub(super) fn as_value(&self) -> Value {
        let pair =
            |(offset, msg): &(i64, Value)| Value::from(vec![Value::Int(*offset), msg.clone()]);
        let pairs = |msgs: &[(i64, Value)]| Value::from(msgs.iter().map(pair).collect::<Vec<_>>());
        let entries = self.0.iter();
        let entries: Map = entries
            .map(|(key, msgs)| (Value::from(key.as_str()), pairs(msgs)))
            .collect();
        Value::Map(Box::new(entries))
    }
}
