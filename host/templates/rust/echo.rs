//! Challenge {{id}}: answer every `echo` with its own payload.

use guest_sdk::prelude::*;

/// The requests that clients send: a variant is a message's `type`, its fields are the message's.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Echo { echo: Box<RawValue> },
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    EchoOk { echo: Box<RawValue> },
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State {}
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Echo { echo } = request;
        ctx.reply(from, &Reply::EchoOk { echo });
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
