//! Requests and answers, and what is on the disk.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

pub(crate) type Key = String;
pub(crate) type Offset = i64;
pub(crate) type Offsets = BTreeMap<Key, Offset>;
pub(crate) type Messages = BTreeMap<Key, Vec<(Offset, i64)>>;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Send { key: Key, msg: i64 },
    Poll { offsets: Offsets },
    CommitOffsets { offsets: Offsets },
    ListCommittedOffsets { keys: Vec<Key> },
    Broadcast { message: i64 },
    Read {},
    Topology {},
    Gossip { messages: BTreeSet<i64> },
    GossipOk { messages: BTreeSet<i64> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    SendOk { offset: Offset },
    PollOk { msgs: Messages },
    CommitOffsetsOk {},
    ListCommittedOffsetsOk { offsets: Offsets },
    BroadcastOk {},
    ReadOk { messages: BTreeSet<i64> },
    TopologyOk {},
}

/// Something that was taken in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Record {
    Message { key: Key, msg: i64 },
    Commit { key: Key, offset: Offset },
    Value { value: i64 },
}

impl Record {
    /// As a line without a checksum.
    pub(crate) fn line(&self) -> String {
        match self {
            Record::Message { key, msg } => format!("m {key} {msg}\n"),
            Record::Commit { key, offset } => format!("c {key} {offset}\n"),
            Record::Value { value } => format!("v - {value}\n"),
        }
    }

    /// Reads a line, whole or not.
    pub(crate) fn parse(line: &str) -> Option<Record> {
        let mut words = line.split(' ');
        let (kind, key) = (words.next()?, words.next()?.to_owned());
        let number: i64 = words.next()?.parse().ok()?;
        match kind {
            "m" => Some(Record::Message { key, msg: number }),
            "c" => Some(Record::Commit {
                key,
                offset: number,
            }),
            "v" => Some(Record::Value { value: number }),
            _ => None,
        }
    }
}
