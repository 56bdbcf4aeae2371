//! Challenge {{id}}: transactions that read and write registers.
//!
//! This start keeps its registers to itself, which is right for one node only.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// What an operation of a transaction does.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    R,
    W,
}

/// An operation of a transaction: what it does, the key, and the value, null in a read that has
/// not been done.
type Op = (Kind, i64, Option<i64>);

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
    registers: BTreeMap<i64, i64>,
}

impl State {
    fn apply(&mut self, (kind, key, value): Op) -> Op {
        match (kind, value) {
            (Kind::W, Some(value)) => {
                self.registers.insert(key, value);
                (kind, key, Some(value))
            }
            _ => (kind, key, self.registers.get(&key).copied()),
        }
    }
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State {
            registers: BTreeMap::new(),
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
