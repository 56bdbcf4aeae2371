//! What nodes and clients say, and what is in a log.

use guest_sdk::prelude::*;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    // From clients.
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

    /// A candidate's.
    RequestVote {
        term: u64,
        last_index: usize,
        last_term: u64,
    },
    /// The answer to it.
    Vote {
        term: u64,
        granted: bool,
    },
    Append(Append),
    /// The answer to an [`Append`].
    Appended {
        term: u64,
        ok: bool,
        /// Up to here the follower's log is the leader's; 0 unless it is `ok`.
        index: usize,
        /// That of the append.
        round: u64,
    },
}

/// The paper's `AppendEntries`; a heartbeat if there are no entries.
#[derive(Serialize, Deserialize)]
pub(crate) struct Append {
    pub(crate) term: u64,
    pub(crate) prev_index: usize,
    pub(crate) prev_term: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: usize,
    /// The leader numbers what it says to all.
    pub(crate) round: u64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) term: u64,
    pub(crate) command: Command,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Of a leader that begins.
    Nothing,
    Write {
        key: i64,
        value: i64,
    },
    Cas {
        key: i64,
        from: i64,
        to: i64,
    },
}

/// What a client hears.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    ReadOk { value: i64 },
    WriteOk,
    CasOk,
}
