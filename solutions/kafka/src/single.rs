//! One node keeps all logs in its memory. The others reject requests: for challenge 5a.
//!
//! - Costs: no message between nodes.
//! - Linearizable, since there is one copy.
//! - Tolerates any fault of the network between nodes; fails with the one node.
//!   After a kill its logs are lost and begin again at offset 0.

use guest_sdk::prelude::*;

use crate::Kafka;
use crate::log::Logs;
use crate::protocol::Request;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Single {
    logs: Logs,
}

impl Single {
    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<(), Error> {
        let owner = &ctx.nodes()[0];
        if ctx.id() != owner {
            let text = format!("only {owner} keeps logs");
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        let reply = self.logs.answer(request)?;
        ctx.reply(from, &reply);
        Ok(())
    }
}
