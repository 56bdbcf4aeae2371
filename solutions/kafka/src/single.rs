//! One node keeps all logs. The others reject requests: for challenge 5a.
//!
//! - Costs: no message between nodes.
//! - Linearizable, since there is one copy.
//! - Tolerates any fault of the network between nodes; fails with the one node, and goes on where
//!   that was when it is started again, since its logs are on its disk.

use guest_sdk::prelude::*;

use crate::Kafka;
use crate::answers::Answers;
use crate::log::Logs;
use crate::protocol::Request;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Single {
    logs: Logs,
    pub(crate) answers: Answers,
}

impl Single {
    pub(crate) fn new(ctx: &mut Ctx<Kafka>) -> Self {
        Single {
            logs: Logs::open(ctx),
            answers: Answers::default(),
        }
    }

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
        let reply = self.logs.answer(request, &mut self.answers, ctx)?;
        self.answers.send(from, Ok(reply), ctx);
        Ok(())
    }
}
