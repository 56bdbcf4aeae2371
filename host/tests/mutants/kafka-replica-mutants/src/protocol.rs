//! The messages of clients and between nodes.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::Entry;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Send {
        key: String,
        msg: i64,
    },
    Poll {
        offsets: BTreeMap<String, i64>,
    },
    CommitOffsets {
        offsets: BTreeMap<String, i64>,
    },
    ListCommittedOffsets {
        keys: Vec<String>,
    },
    /// A node asks for the entries from the one with the number `from` on.
    Pull {
        from: usize,
    },
    Push {
        entries: Vec<Entry>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    SendOk {
        offset: i64,
    },
    PollOk {
        msgs: BTreeMap<String, Vec<(i64, i64)>>,
    },
    CommitOffsetsOk,
    ListCommittedOffsetsOk {
        offsets: BTreeMap<String, i64>,
    },
    PullOk {
        entries: Vec<Entry>,
    },
    PushOk,
}
