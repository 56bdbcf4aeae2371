//! Challenge {{id}}: give out ids that no node has given out before.
//!
//! This start counts, which is right for one node only: two nodes that count give the same ids.

use guest_sdk::prelude::*;

/// The requests that clients send: a variant is a message's `type`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate {},
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: u64 },
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    given: u64,
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State { given: 0 }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Generate {} = request;
        self.given += 1;
        ctx.reply(from, &Reply::GenerateOk { id: self.given });
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
