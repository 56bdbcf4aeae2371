//! Who does the next operation, and when.

use host_check::history::{Kind, Process};
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Hops, RunOptions, SECOND};

use crate::guest::Echo;
use crate::runs::{options, run};

/// The processes that begin operations, in order.
fn invokers(options: &RunOptions) -> Vec<i64> {
    let (outcome, _) = run(&Echo, Workload::Echo, options, 1);
    let invocations = outcome.ops.iter().filter(|op| op.kind == Kind::Invoke);
    let processes = invocations.map(|op| match op.process {
        Process::Client(process) => process,
        Process::Nemesis => panic!("the nemesis invokes nothing"),
    });
    processes.collect()
}

/// Jepsen's rule by hand: with n workers the threads are 0 to n, of which n is the nemesis; the
/// next operation is for the first free worker from the counter on, or else for worker 0; the
/// counter goes on by one, modulo n + 1.
#[test]
fn workers_take_turns_and_the_first_has_the_turn_of_the_idle_nemesis_too() {
    let invokers = invokers(&RunOptions {
        rate: 10.0,
        ..options(3, 10)
    });
    assert!(invokers.len() > 80);
    let expected: Vec<i64> = [0, 1, 2, 0]
        .into_iter()
        .cycle()
        .take(invokers.len())
        .collect();
    assert_eq!(invokers, expected);
}

#[test]
fn a_fault_takes_a_turn() {
    let invokers = invokers(&RunOptions {
        rate: 10.0,
        faults: vec![Fault::Partition],
        nemesis_interval_ns: 5 * SECOND,
        ..options(3, 20)
    });
    // Each start or stop of the partition moves the counter on by one.
    let expected = [0, 1, 2, 0].into_iter().cycle();
    let mut counter = expected.clone();
    let mut shifts = 0;
    for worker in invokers {
        let mut next = counter.next();
        while next != Some(worker) {
            shifts += 1;
            next = counter.next();
        }
    }
    let faults = 20 / 5;
    assert!(
        (faults - 3..=faults + 5).contains(&shifts),
        "{shifts} shifts"
    );
}

#[test]
fn operations_come_a_tenth_of_a_millisecond_late_unless_hops_are_instant() {
    let count = |hops| {
        let options = RunOptions {
            rate: 1000.0,
            hops,
            ..options(3, 10)
        };
        invokers(&options).len()
    };
    // 10 s of gaps of 1 ms, or of 1.112 ms; three standard deviations (of a gap 0.58 ms) of the
    // count are 173 and 148. Maelstrom: 27,201 in 30 s, which is 9,067 in 10 s.
    let (instant, measured) = (count(Some(Hops::of(0))), count(None));
    assert!((9_827..=10_173).contains(&instant), "{instant}");
    assert!((8_845..=9_141).contains(&measured), "{measured}");
}
