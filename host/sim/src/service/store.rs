//! A bounded map from keys to values.

use std::collections::HashMap;

use host_protocol::message::{Error, ErrorCode};

use super::json::Json;

/// The most bytes that one store keeps: of keys and values, and 160 bytes more for each key.
/// Maelstrom has no bound; no correct solution comes near this one.
pub const STORE_BYTES_MAX: usize = 256 << 20;

/// What a key costs besides its text and its value's, in bytes: two blocks and a place in a table,
/// with room to grow.
const ENTRY_BYTES: usize = 160;

/// A map that never shrinks, and that is only iterated over in the order of its keys: the order of a
/// hash map must not leak into a run.
#[derive(Debug, Clone)]
pub(super) struct Store<V> {
    entries: HashMap<Json, V>,
    bytes: usize,
}

impl<V> Default for Store<V> {
    fn default() -> Self {
        Store {
            entries: HashMap::new(),
            bytes: 0,
        }
    }
}

/// A value of a store.
pub(super) trait Stored {
    /// The size of its text.
    fn bytes(&self) -> usize;
}

impl Stored for Json {
    fn bytes(&self) -> usize {
        self.text().len()
    }
}

impl<V: Stored> Store<V> {
    pub(super) fn get(&self, key: &Json) -> Option<&V> {
        self.entries.get(key)
    }

    /// Sets the value of `key`.
    pub(super) fn put(&mut self, key: Json, value: V) {
        let (key_bytes, value_bytes) = (key.bytes(), value.bytes());
        self.bytes += value_bytes;
        match self.entries.insert(key, value) {
            Some(old) => self.bytes -= old.bytes(),
            None => self.bytes += ENTRY_BYTES + key_bytes,
        }
    }

    /// Appends `key`, a tab, what `shown` makes of its value, and a line's end for each key, in the
    /// order of the keys' texts. Neither has tabs or ends of lines: JSON escapes them in strings.
    pub(super) fn write_state(&self, out: &mut Vec<u8>, shown: impl Fn(&V) -> String) {
        let mut entries: Vec<(&Json, &V)> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| key.text());
        for (key, value) in entries {
            out.extend_from_slice(key.text().as_bytes());
            out.push(b'\t');
            out.extend_from_slice(shown(value).as_bytes());
            out.push(b'\n');
        }
    }

    /// How much it keeps, in bytes as [`STORE_BYTES_MAX`] counts them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Checks whether a store that keeps `bytes` may take one more write.
///
/// # Errors
/// Error 14 (definite: the write did not happen) when the write would exceed [`STORE_BYTES_MAX`].
pub(super) fn has_room(service: &str, bytes: usize, key: &Json, value: &Json) -> Result<(), Error> {
    if bytes + entry_bytes(key, value) <= STORE_BYTES_MAX {
        return Ok(());
    }
    let text = format!("{service} is full: it keeps {STORE_BYTES_MAX} bytes at most");
    Err(Error::new(ErrorCode::Abort, text))
}

/// What a write may add to a store, in bytes.
pub(super) fn entry_bytes(key: &Json, value: &Json) -> usize {
    ENTRY_BYTES + key.bytes() + value.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::read(text).unwrap()
    }

    #[test]
    fn bytes_are_those_of_what_is_there() {
        let mut store = Store::default();
        store.put(json("1"), json("[1,2]"));
        assert_eq!(store.bytes(), 160 + 1 + 5);
        store.put(json("1"), json("7"));
        store.put(json("22"), json("null"));
        assert_eq!(store.bytes(), 160 + 1 + 1 + 160 + 2 + 4);
        assert_eq!(store.get(&json("1")), Some(&json("7")));
        assert_eq!(store.get(&json("1.0")), None);
    }

    #[test]
    fn a_write_beyond_the_bound_is_refused_and_says_so() {
        let (key, value) = (json("1"), json("[1,2]"));
        assert_eq!(
            has_room("lin-kv", STORE_BYTES_MAX - 166, &key, &value),
            Ok(())
        );
        assert_eq!(
            has_room("lin-kv", STORE_BYTES_MAX - 165, &key, &value),
            Err(Error::new(
                ErrorCode::Abort,
                "lin-kv is full: it keeps 268435456 bytes at most"
            ))
        );
    }
}
