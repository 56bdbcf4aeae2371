//! Numbers for keys and messages.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::json::json_key;
use crate::value::Value;

use super::operations::{KeyId, Message, MessageId};

/// Keys and messages in the order in which they were first met.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) keys: Vec<Value>,
    pub(super) messages: Vec<Message>,
    /// Keys by their text. JSON has only strings for a map's keys, so there a poll shows `"8"` of
    /// what a send calls `8`.
    key_ids: HashMap<Box<str>, KeyId>,
    int_ids: HashMap<(KeyId, i64), MessageId>,
    other_ids: HashMap<(KeyId, Value), MessageId>,
    /// By key, the one that a poll showed after it, and by message likewise. Polls show the same
    /// messages in the same order again and again, and to compare is cheaper than to look up.
    next_keys: Vec<Option<KeyId>>,
    next_messages: Vec<Option<MessageId>>,
}

impl Ids {
    /// The number of a key, of which a poll showed another just before.
    pub(super) fn key_after(&mut self, before: Option<KeyId>, key: &Value) -> KeyId {
        if let Some(guess) = before.and_then(|before| self.next_keys[before.at()])
            && self.keys[guess.at()] == *key
        {
            return guess;
        }
        let id = self.key(key);
        if let Some(before) = before {
            self.next_keys[before.at()] = Some(id);
        }
        id
    }

    /// The number of a message of a key, of which a poll showed another just before.
    pub(super) fn message_after(
        &mut self,
        key: KeyId,
        before: Option<MessageId>,
        value: Cow<'_, Value>,
    ) -> MessageId {
        if let Some(guess) = before.and_then(|before| self.next_messages[before.at()]) {
            let message = &self.messages[guess.at()];
            if message.key == key && message.value == *value {
                return guess;
            }
        }
        let id = self.message(key, value);
        if let Some(before) = before {
            self.next_messages[before.at()] = Some(id);
        }
        id
    }

    /// The number of a key.
    pub(super) fn key(&mut self, key: &Value) -> KeyId {
        let known = match key.as_name() {
            Some(name) => self.key_ids.get(name),
            None => self.key_ids.get(&*json_key(key)),
        };
        known.copied().unwrap_or_else(|| {
            let id = KeyId(number(self.keys.len()));
            self.keys.push(key.clone());
            self.next_keys.push(None);
            self.key_ids.insert(json_key(key).into(), id);
            id
        })
    }

    /// The number of a message of a key.
    pub(super) fn message(&mut self, key: KeyId, value: Cow<'_, Value>) -> MessageId {
        let known = match &*value {
            Value::Int(n) => self.int_ids.get(&(key, *n)),
            value => self.other_ids.get(&(key, value.clone())),
        };
        if let Some(known) = known {
            return *known;
        }
        let id = MessageId(number(self.messages.len()));
        match &*value {
            Value::Int(n) => self.int_ids.insert((key, *n), id),
            value => self.other_ids.insert((key, value.clone()), id),
        };
        self.next_messages.push(None);
        self.messages.push(Message {
            key,
            value: value.into_owned(),
            writer: None,
        });
        id
    }
}

/// A history that fits in memory has fewer keys and messages than 2^32: each takes an entry of 32
/// bytes and its text.
fn number(count: usize) -> u32 {
    u32::try_from(count).expect("a history has fewer than 2^32 messages")
}
