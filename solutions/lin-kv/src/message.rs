//! Messages between clients and nodes, and between nodes.

use guest_sdk::prelude::*;

use crate::log::Entry;
use crate::machine::{Command, Operation, Outcome, RequestId};
use crate::recovery::Lives;
use crate::replication::Snapshot;

/// Everything that a node understands.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    // From clients.
    Read {
        key: Box<RawValue>,
    },
    Write {
        key: Box<RawValue>,
        value: Box<RawValue>,
    },
    Cas {
        key: Box<RawValue>,
        from: Box<RawValue>,
        to: Box<RawValue>,
    },

    // Elections (election.rs).
    RequestVote(RequestVote),
    Vote(Vote),

    // Replication (replication.rs).
    Append(Append),
    InstallSnapshot {
        term: u64,
        number: u64,
        snapshot: Snapshot,
    },
    Appended(Appended),

    // Operations on their way to the leader and back (clients.rs).
    Forward {
        command: Command,
    },
    Done {
        id: RequestId,
        outcome: Outcome,
    },

    // A node that has lost its memory (recovery.rs).
    Recover {
        life: u64,
    },
    Recovered(Recovered),
}

/// The paper's `RequestVote`, figure 2; with `pre` it only asks what the answer would be.
#[derive(Serialize, Deserialize)]
pub(crate) struct RequestVote {
    pub(crate) pre: bool,
    pub(crate) term: u64,
    /// The candidate's.
    pub(crate) life: u64,
    pub(crate) last_index: u64,
    pub(crate) last_term: u64,
}

/// The answer to a [`RequestVote`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Vote {
    pub(crate) pre: bool,
    /// The one that was asked for if it is granted, the voter's otherwise.
    pub(crate) term: u64,
    pub(crate) granted: bool,
    /// The candidate's life, as it gave it.
    pub(crate) candidate_life: u64,
    /// What the voter knows of everybody's lives, its own included.
    pub(crate) lives: Lives,
}

/// The paper's `AppendEntries`, figure 2.
#[derive(Serialize, Deserialize)]
pub(crate) struct Append {
    pub(crate) term: u64,
    /// The sender numbers its messages; the answer has the same number.
    pub(crate) number: u64,
    pub(crate) prev_index: u64,
    pub(crate) prev_term: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: u64,
}

/// The answer to an [`Append`] or a snapshot.
#[derive(Serialize, Deserialize)]
pub(crate) struct Appended {
    pub(crate) term: u64,
    pub(crate) number: u64,
    pub(crate) ok: bool,
    /// Up to here the follower's log is surely the leader's.
    pub(crate) index: u64,
}

/// The answer to a `recover`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Recovered {
    /// The life of the node that asked, as it gave it.
    pub(crate) asked_by: u64,
    pub(crate) term: u64,
    pub(crate) lives: Lives,
    /// All that there is, if a leader answers.
    pub(crate) state: Option<Snapshot>,
}

/// What a client hears.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    ReadOk { value: Box<RawValue> },
    WriteOk {},
    CasOk {},
}

impl Operation {
    /// The operation that a client asks for; a message between nodes is none.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let text = |json: &RawValue| json.get().to_owned();
        Some(match message {
            Message::Read { key } => Operation::Read { key: text(key) },
            Message::Write { key, value } => Operation::Write {
                key: text(key),
                value: text(value),
            },
            Message::Cas { key, from, to } => Operation::Cas {
                key: text(key),
                from: text(from),
                to: text(to),
            },
            _ => return None,
        })
    }
}
