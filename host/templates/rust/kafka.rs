//! Challenge {{id}}: logs that clients send to and poll, and the offsets that they commit.
//!
//! This start keeps its logs to itself, which is right for one node only.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// The requests that arrive: a variant is a message's `type`, its fields are the message's. What
/// nodes tell each other is added here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Send { key: String, msg: i64 },
    Poll { offsets: BTreeMap<String, usize> },
    CommitOffsets { offsets: BTreeMap<String, usize> },
    ListCommittedOffsets { keys: Vec<String> },
}

/// The answers. A message is a pair of its offset and itself.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    SendOk {
        offset: usize,
    },
    PollOk {
        msgs: BTreeMap<String, Vec<(usize, i64)>>,
    },
    CommitOffsetsOk {},
    ListCommittedOffsetsOk {
        offsets: BTreeMap<String, usize>,
    },
}

/// The most messages of a log in one answer.
const POLLED_MAX: usize = 20;

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    logs: BTreeMap<String, Vec<i64>>,
    committed: BTreeMap<String, usize>,
}

impl State {
    fn poll(&self, key: &str, from: usize) -> Vec<(usize, i64)> {
        let log = self.logs.get(key).into_iter().flatten();
        let messages = log.copied().enumerate();
        messages.skip(from).take(POLLED_MAX).collect()
    }
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State {
            logs: BTreeMap::new(),
            committed: BTreeMap::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let reply = match request {
            Request::Send { key, msg } => {
                let log = self.logs.entry(key).or_default();
                log.push(msg);
                let offset = log.len() - 1;
                Reply::SendOk { offset }
            }
            Request::Poll { offsets } => {
                let offsets = offsets.into_iter();
                let msgs = offsets.map(|(key, from)| {
                    let polled = self.poll(&key, from);
                    (key, polled)
                });
                Reply::PollOk {
                    msgs: msgs.collect(),
                }
            }
            Request::CommitOffsets { offsets } => {
                for (key, offset) in offsets {
                    let committed = self.committed.entry(key).or_default();
                    *committed = offset.max(*committed);
                }
                Reply::CommitOffsetsOk {}
            }
            Request::ListCommittedOffsets { keys } => {
                let committed = |key: String| {
                    let offset = *self.committed.get(&key)?;
                    Some((key, offset))
                };
                Reply::ListCommittedOffsetsOk {
                    offsets: keys.into_iter().filter_map(committed).collect(),
                }
            }
        };
        ctx.reply(from, &reply);
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
