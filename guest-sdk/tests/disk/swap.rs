//! A node that has a log since a hot swap.

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;
use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add { element: u64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
}

/// It forgets all with its process.
#[derive(Serialize, Deserialize)]
struct Forgets {
    elements: Vec<u64>,
}

impl Node for Forgets {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_: &mut Ctx<Self>) -> Self {
        let elements = Vec::new();
        Forgets { elements }
    }

    fn request(
        &mut self,
        Request::Add { element }: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        self.elements.push(element);
        ctx.reply(from, &Reply::AddOk);
        Ok(())
    }
}

/// The next version.
#[derive(Serialize, Deserialize)]
struct Keeps {
    elements: Vec<u64>,
    #[serde(default)]
    log: Option<Log<u64>>,
}

impl Node for Keeps {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let (log, elements) = ctx.disk().open_log("elements");
        let log = Some(log);
        Keeps { elements, log }
    }

    fn request(
        &mut self,
        Request::Add { element }: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        self.elements.push(element);
        match &mut self.log {
            Some(log) => log.append(&element, ctx.disk()),
            None => self.log = Some(ctx.disk().put_log("elements", &self.elements)),
        }
        ctx.reply(from, &Reply::AddOk);
        Ok(())
    }
}

fn add(element: u64) -> Value {
    json!({"type": "add", "msg_id": 1, "element": element})
}

#[test]
fn a_log_that_the_version_before_did_not_have_begins_with_all_that_the_node_knows() {
    let mut old = TestNode::<Forgets>::start("n1", &["n1"]);
    old.receive("c1", add(1));
    old.receive("c1", add(2));

    let mut new = TestNode::<Keeps>::start("n1", &["n1"]);
    // What an earlier life left there is of no use any more.
    new.receive("c1", add(9));
    new.restore(&old.snapshot()).unwrap();
    for element in [3, 4] {
        let sent = new.receive("c1", add(element));
        let add_ok = json!({"type": "add_ok", "in_reply_to": 1});
        assert_eq!(sent, [("c1", add_ok)]);
    }
    new.restart(Crash::Power);
    assert_eq!(new.snapshot()["node"]["elements"], json!([1, 2, 3, 4]));
}
