//! The resident memory of a node is bounded.

use test_support::{Dir, GO, INIT};

#[test]
fn what_many_timers_send_at_once_does_not_pile_up_in_memory() {
    let dir = Dir::new();
    let mut node = dir.node(dir.guest("timers_at_once")).start();
    node.send(format!("{INIT}{GO}"));
    node.next_line();
    for _ in 0..200 {
        assert_eq!(node.next_line().len(), 1_048_635);
    }
    let peak = node.peak_memory_kib();
    assert!(peak < 150_000, "{peak} KiB resident for 200 MiB of output");
}
