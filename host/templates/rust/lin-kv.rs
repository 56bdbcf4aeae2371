//! Challenge {{id}}: linearizable registers.
//!
//! This start keeps its registers to itself, which is right for one node only.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// The requests that arrive: a variant is a message's `type`, its fields are the message's. What
/// nodes tell each other is added here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    ReadOk { value: i64 },
    WriteOk {},
    CasOk {},
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    registers: BTreeMap<i64, i64>,
}

impl State {
    fn value(&self, key: i64) -> Result<i64, Error> {
        let value = self.registers.get(&key).copied();
        value.ok_or_else(|| {
            let text = format!("there is no key {key}");
            Error::new(ErrorCode::KeyDoesNotExist, text)
        })
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

    /// An error that is returned is the answer.
    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let reply = match request {
            Request::Read { key } => Reply::ReadOk {
                value: self.value(key)?,
            },
            Request::Write { key, value } => {
                self.registers.insert(key, value);
                Reply::WriteOk {}
            }
            Request::Cas { key, from, to } => {
                let value = self.value(key)?;
                if value != from {
                    let text = format!("the value is {value}, not {from}");
                    return Err(Error::new(ErrorCode::PreconditionFailed, text));
                }
                self.registers.insert(key, to);
                Reply::CasOk {}
            }
        };
        ctx.reply(from, &reply);
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
