//! The messages of clients, and answers that are made of parts.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Send { key: String, msg: i64 },
    Poll { offsets: BTreeMap<String, i64> },
    CommitOffsets { offsets: BTreeMap<String, i64> },
    ListCommittedOffsets { keys: Vec<String> },
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
}

/// An answer that waits for parts.
#[derive(Serialize, Deserialize)]
pub(crate) struct Gather {
    pub(crate) client: Caller,
    pub(crate) reply: Reply,
    pub(crate) waiting: usize,
}

impl Reply {
    pub(crate) fn no_messages() -> Self {
        Reply::PollOk {
            msgs: BTreeMap::new(),
        }
    }

    pub(crate) fn no_offsets() -> Self {
        Reply::ListCommittedOffsetsOk {
            offsets: BTreeMap::new(),
        }
    }

    /// Adds a part of the same kind.
    pub(crate) fn add(&mut self, part: Reply) {
        match (self, part) {
            (Reply::PollOk { msgs }, Reply::PollOk { msgs: part }) => msgs.extend(part),
            (
                Reply::ListCommittedOffsetsOk { offsets },
                Reply::ListCommittedOffsetsOk { offsets: part },
            ) => offsets.extend(part),
            _ => {}
        }
    }
}
