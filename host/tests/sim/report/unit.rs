//! The simulator in a unit test, and the report that a failed test writes.

use std::path::Path;
use std::thread;

use guest_sdk::prelude::*;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_testing::Cluster;
use serde_json::json;
use test_support::{Browser, built};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: u64 },
}

/// Ids that are unique on each node only.
#[derive(Serialize, Deserialize)]
struct Careless {
    given: u64,
}

impl Node for Careless {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_: &mut Ctx<Self>) -> Self {
        Careless { given: 0 }
    }

    fn request(&mut self, _: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.given += 1;
        ctx.reply(from, &Reply::GenerateOk { id: self.given });
        Ok(())
    }
}

fn careless() -> Cluster {
    Cluster::of::<Careless>(Workload::UniqueIds)
        .nodes(2)
        .seconds(5)
        .rate(4.0)
}

#[test]
fn one_node_alone_is_right_and_its_last_state_counts() {
    let run = careless().nodes(1).run(1);
    run.assert_valid();
    let given = run.history().client_ops().count() as u64 / 2;
    assert_eq!(run.state("n0"), json!({"given": given}));
}

#[test]
fn a_test_that_fails_leaves_a_report_at_the_failure() {
    let failed = thread::Builder::new()
        .name("unit::careless_ids".to_owned())
        .spawn(|| careless().run(7).assert_valid())
        .unwrap();
    let panic = failed.join().unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.starts_with("with seed 7:\nunique-ids: INVALID\n"),
        "{text}"
    );

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let dir = root.join("target/reports/unit-careless_ids-7");
    let browser = Browser::start();
    browser.open(&dir.join("index.html"));
    assert_eq!(browser.text("h1"), "✗ invalid unique-ids, seed 7");
    assert_eq!(browser.text("header code"), "cargo test unit::careless_ids");
    // Both nodes have just given out the same id.
    let now = browser.text(".now");
    assert!(now.contains("receives generate_ok from n"), "{now}");
    assert!(dir.join("messages.svg").exists());
}

#[test]
fn a_module_is_tested_the_same_way() {
    let run = Cluster::of_module(&built("unique-ids"), Workload::UniqueIds)
        .nodes(3)
        .seconds(5)
        .fault(Fault::Partition)
        .run(3);
    run.assert_valid();
    assert!(run.state("n0")["Counter"]["count"].as_u64() > Some(0));
}
