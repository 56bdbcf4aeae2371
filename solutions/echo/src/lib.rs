//! Challenge 1, echo: answer every `echo` with its own payload.
//!
//! The payload stays JSON text: it is neither parsed nor copied more than needed.
//! One answer for each request, and no messages between nodes.

use guest_sdk::prelude::*;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Echo { echo: Box<RawValue> },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    EchoOk { echo: Box<RawValue> },
}

#[derive(Serialize, Deserialize)]
struct Echo;

impl Node for Echo {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        Echo
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

guest_sdk::export!(Echo);

#[cfg(test)]
mod tests {
    use host_check::workload::Workload;
    use host_sim::nemesis::Fault;
    use host_testing::Cluster;

    use super::*;

    #[test]
    fn every_client_hears_its_own_echo_whatever_the_network_does() {
        let run = Cluster::of::<Echo>(Workload::Echo)
            .nodes(3)
            .seconds(10)
            .fault(Fault::Partition)
            .fault(Fault::Loss)
            .run(1);
        run.assert_valid();
        let stats = &run.report().result.as_ref().unwrap().stats;
        assert_eq!(stats.counts.ok_count, stats.counts.count);
    }
}
