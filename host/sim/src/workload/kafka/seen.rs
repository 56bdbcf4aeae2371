//! The offsets that clients have sent and polled, over all clients.
//!
//! Keys are numbers here, as in the generator; the protocol's are their decimal digits.
//! What a node makes up is not tracked: only keys that a client has been
//! assigned or has sent to.

use std::collections::{BTreeMap, BTreeSet};

use host_check::value::{Map, Value};

/// Highest offsets, by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The keys that clients have been assigned or sent to, whatever came of it.
    begun: BTreeSet<i64>,
    /// Sent or polled.
    highest: BTreeMap<i64, i64>,
    /// Of keys that have more sent than polled.
    unseen: BTreeMap<i64, Unseen>,
}

/// The highest offsets of a key that has more sent than polled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unseen {
    sent: i64,
    /// -1 if nothing.
    polled: i64,
}

impl Seen {
    /// A client is assigned this key or sends to it.
    pub(super) fn begun(&mut self, key: &str) {
        self.begun.extend(key.parse::<i64>());
    }

    /// A client has sent a message and knows its offset.
    pub(super) fn sent(&mut self, key: &str, offset: i64) {
        let Ok(key) = key.parse() else { return };
        self.begun.insert(key);
        let offset = offset.max(0);
        self.reach(key, offset);
        let unseen = self.unseen.entry(key).or_insert(Unseen {
            sent: offset,
            polled: -1,
        });
        unseen.sent = unseen.sent.max(offset);
    }

    /// A client has polled up to these offsets.
    pub(super) fn polled<'a>(&mut self, highest: impl Iterator<Item = (&'a str, i64)>) {
        for (key, offset) in highest {
            let Ok(key) = key.parse() else { continue };
            if !self.begun.contains(&key) {
                continue;
            }
            self.reach(key, offset);
            if let Some(unseen) = self.unseen.get_mut(&key) {
                unseen.polled = unseen.polled.max(offset);
                if unseen.polled >= unseen.sent {
                    self.unseen.remove(&key);
                }
            }
        }
    }

    fn reach(&mut self, key: i64, offset: i64) {
        let highest = self.highest.entry(key).or_insert(offset);
        *highest = offset.max(*highest);
    }

    /// The highest offset of each key that anybody has sent to or polled.
    pub(super) fn highest(&self) -> &BTreeMap<i64, i64> {
        &self.highest
    }

    /// The keys that have more sent than polled.
    pub(super) fn unseen(&self) -> impl Iterator<Item = (i64, Unseen)> {
        self.unseen.iter().map(|(key, unseen)| (*key, *unseen))
    }

    /// `{7 {:polled -1, :sent 8}}`
    pub(super) fn as_value(&self) -> Value {
        let entries = self.unseen().map(|(key, unseen)| {
            let offsets: Map = [
                (Value::Keyword("polled".into()), Value::Int(unseen.polled)),
                (Value::Keyword("sent".into()), Value::Int(unseen.sent)),
            ]
            .into_iter()
            .collect();
            (Value::Int(key), Value::Map(Box::new(offsets)))
        });
        Value::Map(Box::new(entries.collect()))
    }
}
