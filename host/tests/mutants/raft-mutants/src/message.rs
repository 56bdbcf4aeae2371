//! What nodes and clients say. Entries are numbered from 1, terms too.

use guest_sdk::prelude::*;

use crate::log::Entry;
use crate::machine::{Command, Machine, RequestId};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    Read {
        key: i64,
    },
    Write {
        key: i64,
        value: i64,
    },
    Cas {
        key: i64,
        from: i64,
        to: i64,
    },
    Vote(Vote),
    Voted(Voted),
    Append(Append),
    Install(Install),
    Appended(Appended),
    /// To the leader: a client's operation.
    Forward {
        id: RequestId,
        command: Command,
    },
    /// To the leader: up to which entry must be applied to answer a read?
    ReadIndex {
        seq: u64,
    },
    /// The answer.
    ReadAt {
        seq: u64,
        index: usize,
    },
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Vote {
    pub(crate) term: u64,
    pub(crate) last_term: u64,
    pub(crate) last: usize,
    /// It only asks.
    pub(crate) on_trial: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Voted {
    pub(crate) term: u64,
    pub(crate) granted: bool,
    pub(crate) on_trial: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Append {
    pub(crate) term: u64,
    pub(crate) prev_term: u64,
    pub(crate) prev: usize,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: usize,
    pub(crate) stamp: Stamp,
}

/// A snapshot, up to the entry `last`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Install {
    pub(crate) term: u64,
    pub(crate) last: usize,
    pub(crate) last_term: u64,
    pub(crate) machine: Machine,
    pub(crate) stamp: Stamp,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Appended {
    pub(crate) term: u64,
    pub(crate) fits: bool,
    /// The last entry that matches the leader's; if it does not fit, the last of all.
    pub(crate) last: usize,
    pub(crate) stamp: Stamp,
}

/// When a leader spoke, which the answer repeats.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) round: u64,
    /// By the leader's clock.
    pub(crate) sent_ns: u64,
}
