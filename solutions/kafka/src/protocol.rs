//! Requests and answers of clients, and messages between nodes.

use guest_sdk::SortedMap;

use guest_sdk::prelude::*;

use crate::merge::News;

pub(crate) type Key = String;
pub(crate) type Offset = i64;
pub(crate) type Message = i64;
pub(crate) type Offsets = SortedMap<Key, Offset>;
pub(crate) type Messages = SortedMap<Key, Vec<(Offset, Message)>>;

/// How many messages of a key a poll answers at most.
pub(crate) const POLL_MAX: usize = 64;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Send {
        key: Key,
        msg: Message,
    },
    Poll {
        offsets: Offsets,
    },
    CommitOffsets {
        offsets: Offsets,
    },
    ListCommittedOffsets {
        keys: Vec<Key>,
    },

    /// To a key's leader: a send of the sender's clients. It takes place once.
    Forward {
        key: Key,
        msg: Message,
        /// Counts what the sender forwards to this leader.
        number: u64,
        /// Nobody waits for the answers to smaller numbers any more.
        settled: u64,
    },

    /// Between merging nodes: what is new.
    Gossip {
        /// When the sender's life began, and the receiver's as far as the sender knows.
        life: u64,
        to_life: u64,
        /// How much the sender has of each node's journal.
        has: Vec<usize>,
        news: Vec<News>,
        /// Whether the sender waits to hear how much the receiver has.
        asks: bool,
    },
    /// Between merging nodes: one that has lost its memory asks for everything.
    Hello {
        life: u64,
    },
}

/// A client's send, while calls are made for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Send {
    pub(crate) key: Key,
    pub(crate) msg: Message,
    pub(crate) client: Caller,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    SendOk { offset: Offset },
    PollOk { msgs: Messages },
    CommitOffsetsOk,
    ListCommittedOffsetsOk { offsets: Offsets },
}

/// What this strategy does not understand.
pub(crate) fn not_supported() -> Error {
    let text = "a message of another strategy: all nodes need the same arguments";
    Error::new(ErrorCode::NotSupported, text)
}
