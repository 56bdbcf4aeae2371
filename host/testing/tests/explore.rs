//! Explorations in a unit test, of a node that is right until it is killed.

use std::panic::catch_unwind;

use guest_sdk::prelude::*;
use host_check::workload::Workload;
use host_testing::{Bounds, Cluster, Proved};

/// Numbers its ids, and forgets how far it was.
#[derive(Serialize, Deserialize)]
struct Ids {
    next: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate {},
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: u64 },
}

impl Node for Ids {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_: &mut Ctx<Self>) -> Self {
        Ids { next: 0 }
    }

    fn request(&mut self, _: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.next += 1;
        ctx.reply(from, &Reply::GenerateOk { id: self.next });
        Ok(())
    }
}

fn explore(bounds: &Bounds) -> Proved {
    let cluster = Cluster::of::<Ids>(Workload::UniqueIds).nodes(1);
    cluster.explore(bounds)
}

#[test]
fn a_client_that_asks_one_node_twice_makes_three_states() {
    let bounds = Bounds {
        operations: 2,
        ..Bounds::default()
    };
    let proved = explore(&bounds);
    assert_eq!((proved.is_complete, proved.states), (true, 3));
    proved.assert_complete();
    assert_eq!(proved.to_string(), "all 3 states");
    let first = explore(&Bounds {
        depth: Some(1),
        ..bounds
    });
    assert_eq!(
        first.to_string(),
        "2 states, every schedule of up to 1 move"
    );
    let panic = catch_unwind(|| first.assert_complete()).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "not everything was tried: 2 states, every schedule of up to 1 move; take less of something"
    );
}

#[test]
fn the_shortest_schedule_that_fails_is_the_message_of_the_panic() {
    let bounds = Bounds {
        operations: 3,
        kills: 1,
        ..Bounds::default()
    };
    let panic = catch_unwind(|| explore(&bounds)).unwrap_err();
    let expected = "\
a schedule of 4 moves fails (duplicate-ids):
0      op 0: client 0 asks n0 to generate an id
0      op 1: n0 answers client 0: 1  <-- contradicts op 7
0      n0 is killed: only what is on disk is left
0.001  n0 starts again
0.001  op 6: client 0 asks n0 to generate an id
0.001  op 7: n0 answers client 0: 1  <-- shows duplicate-ids
- the id 1 was given 2 times";
    assert_eq!(panic.downcast_ref::<String>().unwrap(), expected);
}
