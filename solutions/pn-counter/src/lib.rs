//! Challenge 4, g-counter, and pn-counter: a sum that converges on all nodes.
//!
//! | `--strategy` | idea | server messages | an operation of challenge 4 |
//! |---|---|---|---|
//! | `state` (default) | a state-based CRDT: nodes exchange sums and keep the newer ones | n (n - 1) per window | 0.08 |
//! | `op` | an operation-based CRDT: every addition reaches every node exactly once | 2 n (n - 1) per window | 0.10 to 0.12 |
//! | `seq-kv` | a key for each node in `seq-kv`; reads force recency | 2 per add, 2 n + 2 per read | 6.1 |
//!
//! Each file describes its strategy, the faults it tolerates and its source. `--window-ms` (800)
//! sets how long the first two batch changes. `Share` is all that a strategy knows of a counter;
//! `g-set` has its own.

mod op;
mod replica;
mod seq_kv;
mod state;

use guest_sdk::prelude::*;

use replica::{Call, Replica, not_supported};
use state::Counts;

/// How long news wait for company, unless `--window-ms` says otherwise.
const WINDOW_MS: u64 = 800;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add {
        #[serde(rename = "delta")]
        operation: i64,
    },
    Read,

    /// `state`: all that the sender knows.
    Gossip {
        counts: Counts,
        /// The sender does not know that the receiver has all of this.
        wants_answer: bool,
    },
    /// `state`: a node that knows nothing asks for everything.
    Hello,

    /// `op`: additions that the sender's clients made, from a number on.
    Operations {
        from: u64,
        operations: Vec<i64>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: i64 },
    OperationsOk,
}

/// What one node has added: of two states of it the one with more additions is the newer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Share {
    adds: u64,
    sum: i64,
}

impl Share {
    fn add(&mut self, delta: i64) {
        self.adds += 1;
        self.sum += delta;
    }
}

/// The answer to a read, from the shares of all nodes.
fn read_ok<'a>(shares: impl Iterator<Item = &'a Share>) -> Reply {
    let value = shares.map(|share| share.sum).sum();
    Reply::ReadOk { value }
}

guest_sdk::export!(Replica);

#[cfg(test)]
mod tests;
