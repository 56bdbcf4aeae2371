//! Challenge {{id}}: transactions that read lists and append to them.
//!
//! This start keeps its lists to itself, which is right for one node only.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// What an operation of a transaction does.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    R,
    Append,
}

/// What an operation has beside the key: the value to append, or the list that was read.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Content {
    One(i64),
    List(Vec<i64>),
}

/// An operation of a transaction. A read that has not been done has null in place of the list.
type Op = (Kind, i64, Option<Content>);

/// The requests that arrive: a variant is a message's `type`, its fields are the message's. What
/// nodes tell each other is added here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn { txn: Vec<Op> },
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TxnOk { txn: Vec<Op> },
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    lists: BTreeMap<i64, Vec<i64>>,
}

impl State {
    fn apply(&mut self, (kind, key, content): Op) -> Op {
        match (kind, content) {
            (Kind::Append, Some(Content::One(value))) => {
                self.lists.entry(key).or_default().push(value);
                (kind, key, Some(Content::One(value)))
            }
            _ => (kind, key, self.lists.get(&key).cloned().map(Content::List)),
        }
    }
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State {
            lists: BTreeMap::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Txn { txn } = request;
        let txn = txn.into_iter().map(|op| self.apply(op)).collect();
        ctx.reply(from, &Reply::TxnOk { txn });
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
