//! Logs that one node keeps for all. Without an argument it is correct; with an argument it
//! has the bug of that name.
//!
//! | argument | what is wrong |
//! |---|---|
//! | `aborted` | every eighth message is kept although its send fails |
//! | `loses` | every eighth message gets an offset, but is not kept |
//! | `overwrites` | every eighth message takes the offset of the one before |
//! | `reverses` | polls answer the newest messages first |
//! | `skips` | every fourth poll leaves a message out |
//! | `split` | every node has logs of its own |
//! | `twice` | every eighth message is kept twice |

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

const RETRY: Retry = Retry::never(Duration::from_secs(1));

/// How many messages of a key a poll answers.
const POLL_MAX: usize = 10;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Send { key: String, msg: i64 },
    Poll { offsets: BTreeMap<String, i64> },
    CommitOffsets { offsets: BTreeMap<String, i64> },
    ListCommittedOffsets { keys: Vec<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Bug {
    None,
    Aborted,
    Loses,
    Overwrites,
    Reverses,
    Skips,
    Split,
    Twice,
}

impl Bug {
    fn of_args() -> Bug {
        match std::env::args().nth(1).as_deref() {
            None => Bug::None,
            Some("aborted") => Bug::Aborted,
            Some("loses") => Bug::Loses,
            Some("overwrites") => Bug::Overwrites,
            Some("reverses") => Bug::Reverses,
            Some("skips") => Bug::Skips,
            Some("split") => Bug::Split,
            Some("twice") => Bug::Twice,
            Some(other) => panic!("there is no bug {other}"),
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Log {
    /// By offset.
    messages: BTreeMap<i64, i64>,
    next: i64,
    committed: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Leader {
    bug: Bug,
    logs: BTreeMap<String, Log>,
    send_count: u64,
    poll_count: u64,
}

impl Node for Leader {
    type Request = Request;
    type Call = Caller;
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        Leader {
            bug: Bug::of_args(),
            logs: BTreeMap::new(),
            send_count: 0,
            poll_count: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let leader = ctx.nodes()[0].clone();
        if ctx.id() == leader || self.bug == Bug::Split {
            let reply = self.reply(request)?;
            ctx.reply(client, &reply);
        } else {
            ctx.call(&leader, &request, client, RETRY);
        }
        Ok(())
    }

    fn response(
        &mut self,
        client: Caller,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match response.and_then(|response| response.decode::<Reply>()) {
            Ok(reply) => ctx.reply(client, &reply),
            Err(error) => ctx.reply_error(client, error),
        }
    }
}

impl Leader {
    fn reply(&mut self, request: Request) -> Result<Reply, Error> {
        Ok(match request {
            Request::Send { key, msg } => Reply::SendOk {
                offset: self.send(key, msg)?,
            },
            Request::Poll { offsets } => {
                self.poll_count += 1;
                let msgs = offsets.into_iter();
                let msgs = msgs.map(|(key, from)| (self.poll(&key, from), key));
                Reply::PollOk {
                    msgs: msgs.map(|(msgs, key)| (key, msgs)).collect(),
                }
            }
            Request::CommitOffsets { offsets } => {
                for (key, offset) in offsets {
                    let committed = &mut self.logs.entry(key).or_default().committed;
                    *committed = (*committed).max(Some(offset));
                }
                Reply::CommitOffsetsOk
            }
            Request::ListCommittedOffsets { keys } => {
                let committed = |key: &String| self.logs.get(key)?.committed;
                let offsets = keys.into_iter().filter_map(|key| {
                    let offset = committed(&key)?;
                    Some((key, offset))
                });
                Reply::ListCommittedOffsetsOk {
                    offsets: offsets.collect(),
                }
            }
        })
    }

    fn send(&mut self, key: String, msg: i64) -> Result<i64, Error> {
        self.send_count += 1;
        let is_eighth = self.send_count.is_multiple_of(8);
        let log = self.logs.entry(key).or_default();
        if is_eighth && self.bug == Bug::Overwrites {
            log.next = (log.next - 1).max(0);
        }
        let offset = log.next;
        log.next += 1;
        if !(is_eighth && self.bug == Bug::Loses) {
            log.messages.insert(offset, msg);
        }
        if is_eighth && self.bug == Bug::Twice {
            log.messages.insert(log.next, msg);
            log.next += 1;
        }
        if is_eighth && self.bug == Bug::Aborted {
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, "not really"));
        }
        Ok(offset)
    }

    fn poll(&self, key: &str, from: i64) -> Vec<(i64, i64)> {
        let Some(log) = self.logs.get(key) else {
            return Vec::new();
        };
        let messages = log.messages.range(from..).take(POLL_MAX);
        let mut messages: Vec<(i64, i64)> = messages.map(|(offset, msg)| (*offset, *msg)).collect();
        if self.bug == Bug::Reverses {
            messages.reverse();
        }
        if self.bug == Bug::Skips && self.poll_count.is_multiple_of(4) && messages.len() > 2 {
            messages.remove(1);
        }
        messages
    }
}

guest_sdk::export!(Leader);
