//! Registers, and which of two writes wins.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use crate::{Bug, Design, Mop, Options};

/// When a register was written, and by which node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Stamp(u64, usize);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Write {
    key: i64,
    value: Option<i64>,
    stamp: Stamp,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Registers {
    options: Options,
    own: usize,
    clock: u64,
    by_key: BTreeMap<i64, Write>,
}

impl Registers {
    pub(crate) fn new(options: Options, own: usize) -> Self {
        Registers {
            options,
            own,
            clock: 0,
            by_key: BTreeMap::new(),
        }
    }

    pub(crate) fn all(&self) -> Vec<Write> {
        self.by_key.values().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.by_key.clear();
    }

    /// Takes in what another node has written.
    pub(crate) fn merge(&mut self, writes: Vec<Write>) {
        let newest = writes.iter().map(|write| write.stamp.0).max();
        if self.options.bug == Bug::OlderIgnored && newest <= Some(self.clock) {
            return;
        }
        for write in writes {
            if self.options.bug != Bug::OwnStamps {
                self.clock = self.clock.max(write.stamp.0);
            }
            let before = self.by_key.get(&write.key).map(|before| before.stamp);
            let wins = match self.options.bug {
                Bug::Arrival => true,
                Bug::MergeMissing => before.is_none(),
                _ => Some(write.stamp) > before,
            };
            if wins {
                self.by_key.insert(write.key, write);
            }
        }
    }

    /// Executes a transaction, and returns it with what it has read, and what to tell others.
    pub(crate) fn execute(&mut self, txn: Vec<Mop>, now: Duration) -> (Vec<Mop>, Vec<Write>) {
        let mut written: Vec<Write> = Vec::new();
        let mut done = txn;
        for (f, key, value) in &mut done {
            if f == "w" {
                let write = Write {
                    key: *key,
                    value: *value,
                    stamp: self.stamp(now),
                };
                if self.options.bug != Bug::OpByOp {
                    written.retain(|before| before.key != *key);
                }
                written.push(write);
                continue;
            }
            let mut own = written.iter().rev();
            let own = own
                .find(|write| write.key == *key)
                .filter(|_| self.options.bug != Bug::NoOwnWrites);
            let read = own.or_else(|| self.by_key.get(key));
            *value = read.and_then(|write| write.value);
        }
        if self.options.bug != Bug::Forgets {
            let writes = written.iter().cloned();
            self.by_key.extend(writes.map(|write| (write.key, write)));
        }
        (done, written)
    }

    /// The stamp of a new write, which wins over all that this node knows.
    fn stamp(&mut self, now: Duration) -> Stamp {
        let ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        if self.options.bug == Bug::Ties {
            return Stamp(ms, 0);
        }
        self.clock += 1;
        if self.options.design == Design::Clock {
            self.clock = self.clock.max(1000 * ms);
        }
        Stamp(self.clock, self.own)
    }
}
