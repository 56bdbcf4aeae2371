//! Challenge {{id}}: a set that only grows.
//!
//! This start keeps its elements to itself, which is right for one node only.

use std::collections::BTreeSet;

use guest_sdk::prelude::*;

/// The requests that arrive: a variant is a message's `type`, its fields are the message's. What
/// nodes tell each other is added here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add { element: i64 },
    Read {},
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    AddOk {},
    ReadOk { value: &'a BTreeSet<i64> },
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    elements: BTreeSet<i64>,
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State {
            elements: BTreeSet::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { element } => {
                self.elements.insert(element);
                ctx.reply(from, &Reply::AddOk {});
            }
            Request::Read {} => {
                let value = &self.elements;
                ctx.reply(from, &Reply::ReadOk { value });
            }
        }
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
