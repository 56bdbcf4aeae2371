//! A shard: values, and the last request of each client, which go with it.

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

/// A request that changes a key. Serials of a client grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Write {
    pub(crate) key: u64,
    pub(crate) value: u64,
    pub(crate) client: u64,
    pub(crate) serial: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shard {
    values: SortedMap<u64, Vec<u64>>,
    /// The serial of the last request of each client.
    done: SortedMap<u64, u64>,
}

impl Shard {
    pub(crate) fn get(&self, key: u64) -> Vec<u64> {
        self.values.get(&key).cloned().unwrap_or_default()
    }

    /// Replaces a value, unless the request was done before. Returns whether it was done now.
    pub(crate) fn put(&mut self, write: &Write) -> Result<bool, Error> {
        let is_new = self.is_new(write)?;
        if is_new {
            self.values.insert(write.key, vec![write.value]);
        }
        Ok(is_new)
    }

    /// Appends to a value, unless the request was done before. Returns whether it was done now.
    pub(crate) fn append(&mut self, write: &Write) -> Result<bool, Error> {
        let is_new = self.is_new(write)?;
        if is_new {
            self.values.get_or_default(write.key).push(write.value);
        }
        Ok(is_new)
    }

    fn is_new(&mut self, write: &Write) -> Result<bool, Error> {
        let last = self.done.get(&write.client).copied().unwrap_or(0);
        if write.serial < last {
            let text = "the client has gone on to a later request";
            return Err(Error::new(ErrorCode::Timeout, text));
        }
        self.done.insert(write.client, write.serial);
        Ok(write.serial > last)
    }
}
