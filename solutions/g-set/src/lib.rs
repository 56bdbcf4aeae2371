//! g-set: a grow-only set that converges on all nodes.
//!
//! | `--strategy` | idea | server messages |
//! |---|---|---|
//! | `state` (default) | a delta-state CRDT: nodes send each other missing elements | n (n - 1) per window |
//! | `op` | an operation-based CRDT: every add reaches every node exactly once | 2 n (n - 1) per window |
//! | `seq-kv` | a key for each node in `seq-kv`; reads force recency | 2 per add, 2 n + 2 per read |
//!
//! Each file describes its strategy, the faults it tolerates and its source. `--window-ms` (400)
//! sets how long the first two batch changes. `Share` is all that a strategy knows of a set;
//! the counters have their own, and use the same files except `state`.

#[path = "../../pn-counter/src/op.rs"]
mod op;
#[path = "../../pn-counter/src/replica.rs"]
mod replica;
#[path = "../../pn-counter/src/seq_kv.rs"]
mod seq_kv;
mod state;

use std::collections::BTreeSet;

use guest_sdk::prelude::*;

use replica::{Call, Replica, not_supported};
use state::{Known, News};

/// How long news wait for company, unless `--window-ms` says otherwise.
const WINDOW_MS: u64 = 400;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add {
        #[serde(rename = "element")]
        operation: i64,
    },
    Read,

    /// `state`: what the receiver may lack.
    Gossip {
        /// How many elements of each author the sender knows.
        knows: Known,
        news: News,
    },

    /// `op`: elements that the sender's clients added, from a number on.
    Operations {
        from: u64,
        operations: Vec<i64>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: BTreeSet<i64> },
    OperationsOk,
}

/// The elements that one node has taken in, in order: of two states of it the longer is the newer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Share(Vec<i64>);

impl Share {
    fn add(&mut self, element: i64) {
        self.0.push(element);
    }
}

/// The answer to a read, from the shares of all nodes.
fn read_ok<'a>(shares: impl Iterator<Item = &'a Share>) -> Reply {
    let value = shares.flat_map(|share| &share.0).copied().collect();
    Reply::ReadOk { value }
}

guest_sdk::export!(Replica);

#[cfg(test)]
mod tests;
