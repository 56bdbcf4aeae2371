//! Challenge {{id}}: a counter of the whole cluster.
//!
//! This start counts what it is told itself, which is right for one node only.

use guest_sdk::prelude::*;

/// The requests that arrive: a variant is a message's `type`, its fields are the message's. What
/// nodes tell each other is added here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add { delta: i64 },
    Read {},
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk {},
    ReadOk { value: i64 },
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    sum: i64,
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State { sum: 0 }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { delta } => {
                self.sum += delta;
                ctx.reply(from, &Reply::AddOk {});
            }
            Request::Read {} => ctx.reply(from, &Reply::ReadOk { value: self.sum }),
        }
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
