//! The messages of clients and between nodes.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

#[derive(Clone, Serialize, Deserialize)]
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
    /// Another node's request. That node has the answers to all requests before `oldest`.
    Forward {
        id: u64,
        oldest: u64,
        request: Box<Request>,
    },
}

#[derive(Clone, Serialize, Deserialize)]
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

impl Request {
    pub(crate) fn is_about_commits(&self) -> bool {
        matches!(
            self,
            Request::CommitOffsets { .. } | Request::ListCommittedOffsets { .. }
        )
    }

    /// The answer if there are no logs.
    pub(crate) fn nothing(&self) -> Reply {
        match self {
            Request::Send { .. } | Request::Forward { .. } => Reply::SendOk { offset: 0 },
            Request::Poll { .. } => Reply::PollOk {
                msgs: BTreeMap::new(),
            },
            Request::CommitOffsets { .. } => Reply::CommitOffsetsOk,
            Request::ListCommittedOffsets { .. } => Reply::ListCommittedOffsetsOk {
                offsets: BTreeMap::new(),
            },
        }
    }

    /// What each owner of keys has to answer.
    pub(crate) fn parts(self, owner: impl Fn(&str) -> String) -> BTreeMap<String, Request> {
        let split = |offsets: BTreeMap<String, i64>| {
            let mut parts: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
            for (key, offset) in offsets {
                parts.entry(owner(&key)).or_default().insert(key, offset);
            }
            parts.into_iter()
        };
        match self {
            Request::Send { key, msg } => {
                BTreeMap::from([(owner(&key), Request::Send { key, msg })])
            }
            Request::Poll { offsets } => split(offsets)
                .map(|(node, offsets)| (node, Request::Poll { offsets }))
                .collect(),
            Request::CommitOffsets { offsets } => split(offsets)
                .map(|(node, offsets)| (node, Request::CommitOffsets { offsets }))
                .collect(),
            Request::ListCommittedOffsets { keys } => {
                split(keys.into_iter().map(|key| (key, 0)).collect())
                    .map(|(node, keys)| {
                        let keys = keys.into_keys().collect();
                        (node, Request::ListCommittedOffsets { keys })
                    })
                    .collect()
            }
            Request::Forward { .. } => BTreeMap::new(),
        }
    }
}

impl Reply {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Reply::SendOk { .. } => "send",
            Reply::PollOk { .. } => "poll",
            Reply::CommitOffsetsOk => "commit",
            Reply::ListCommittedOffsetsOk { .. } => "list",
        }
    }

    /// The answer of which these are parts.
    pub(crate) fn and(self, part: Reply) -> Reply {
        match (self, part) {
            (Reply::PollOk { mut msgs }, Reply::PollOk { msgs: part }) => {
                msgs.extend(part);
                Reply::PollOk { msgs }
            }
            (
                Reply::ListCommittedOffsetsOk { mut offsets },
                Reply::ListCommittedOffsetsOk { offsets: part },
            ) => {
                offsets.extend(part);
                Reply::ListCommittedOffsetsOk { offsets }
            }
            (_, part) => part,
        }
    }
}
