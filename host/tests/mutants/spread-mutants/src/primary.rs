//! The first node has the object; the others forward their clients' requests to it.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::known::Additions;
use crate::options::Bug;
use crate::{Call, RETRY, Replica, Request};

impl Replica {
    pub(crate) fn is_primary(&self, ctx: &Ctx<Self>) -> bool {
        ctx.id() == ctx.nodes()[0]
    }

    pub(crate) fn forward(&mut self, additions: Additions, client: Caller, ctx: &mut Ctx<Self>) {
        if self.is_primary(ctx) {
            self.known.learn(additions);
            self.reply_added(client, ctx);
            return;
        }
        let primary = ctx.nodes()[0].clone();
        let tell = Request::Tell {
            additions,
            msg_id: 0,
        };
        if self.bug == Bug::PrimaryAcks {
            self.reply_added(client, ctx);
            let patience = Duration::from_millis(500);
            ctx.call(&primary, &tell, Call::Forward(None), Retry::never(patience));
        } else {
            ctx.call(&primary, &tell, Call::Forward(Some(client)), RETRY);
        }
    }

    pub(crate) fn forward_read(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        let primary = ctx.nodes()[0].clone();
        ctx.call(&primary, &Request::Read, Call::Read(client), RETRY);
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    ReadOk { value: Box<RawValue> },
}

/// The primary has answered a read.
pub(crate) fn read(client: Caller, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Replica>) {
    match response.and_then(|response| response.decode::<Shown>()) {
        Ok(shown) => ctx.reply(client, &shown),
        Err(error) => ctx.reply_error(client, error),
    }
}
