//! Programs, which have no snapshots: they are known by what they were told, and told it again.

use host_check::{Validity, Workload};
use host_explore::{Bounds, End};
use host_guest::Limits;
use test_support::program;

use crate::{Subject, explore_drawn};

fn gossip(args: &[&str]) -> Subject {
    let mut subject = Subject::of("broadcast-flood", args, Workload::Broadcast, 2);
    let wasm = std::fs::read(program("go-gossip")).expect("it is built");
    let loaded = subject.sandbox.load_bytes(&wasm, &Limits::default());
    subject.module = loaded.expect("it is a program");
    subject
}

fn bounds() -> Bounds {
    Bounds {
        operations: 2,
        fires: 1,
        drops: 1,
        ..Bounds::default()
    }
}

#[test]
fn a_retry_that_a_program_of_go_lacks_is_found() {
    let subject = gossip(&["no-retry"]);
    let explored = explore_drawn(&subject, &bounds());
    assert!(explored.mode.by_replay, "{:?}", explored.mode);
    let End::Failure(failure) = explored.end else {
        panic!("{explored:?}");
    };
    // A client tells a node a value, and the message to the other node is lost.
    assert_eq!(failure.moves, 2);
    let played = failure.schedule.play(&subject.module, None, Vec::new());
    assert_eq!(played.valid(), Validity::False);
}

#[test]
fn with_the_retry_no_schedule_fails() {
    let bounds = Bounds {
        operations: 1,
        ..bounds()
    };
    let explored = explore_drawn(&gossip(&[]), &bounds);
    assert!(matches!(explored.end, End::Complete), "{explored:?}");
}
