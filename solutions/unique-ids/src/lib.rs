//! Challenge 2, unique ids: hand out ids that no node ever hands out again.
//!
//! An id is the node's name, the time at which this life of the node began, and a
//! counter. Names differ between nodes, the counter within one life, and the time
//! between the lives of a node that lost its memory and was started again. Nobody
//! has to be asked, so the service is totally available: it answers at once, in
//! every partition.
//!
//! It fails if a node is started twice at the same nanosecond, or if its clock is
//! set back between two lives to exactly an earlier start.

use guest_sdk::prelude::*;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: String },
}

#[derive(Serialize, Deserialize)]
struct UniqueIds {
    started_ns: u128,
    count: u64,
}

impl Node for UniqueIds {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        UniqueIds {
            started_ns: ctx.now().as_nanos(),
            count: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Generate = request;
        self.count += 1;
        let id = format!("{}-{:x}-{}", ctx.id(), self.started_ns, self.count);
        ctx.reply(from, &Reply::GenerateOk { id });
        Ok(())
    }
}

guest_sdk::export!(UniqueIds);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use guest_sdk::testing::TestNode;
    use serde_json::json;

    use super::*;

    fn generate(node: &mut TestNode<UniqueIds>) -> String {
        let sent = node.receive("c1", json!({"type": "generate", "msg_id": 7}));
        let [answer] = &sent[..] else {
            panic!("one answer, not {sent:?}");
        };
        let id = answer.body["id"].as_str().unwrap().to_owned();
        let expected = json!({"type": "generate_ok", "in_reply_to": 7, "id": id});
        assert_eq!(*answer, ("c1", expected));
        id
    }

    #[test]
    fn no_id_comes_twice_from_several_nodes_and_lives() {
        let mut ids = BTreeSet::new();
        for life in 0..3 {
            for name in ["n1", "n2", "n11"] {
                let started = Duration::from_millis(life);
                let mut node = TestNode::start_at(started, name, &["n1", "n2", "n11"]);
                for _ in 0..100 {
                    assert!(ids.insert(generate(&mut node)));
                }
            }
        }
    }
}
