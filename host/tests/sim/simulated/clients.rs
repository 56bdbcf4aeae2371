//! Clients of a cluster that works.

use host_check::workload::Workload;
use host_sim::RunOptions;

use crate::simulated::runs::{options, run};

#[test]
fn without_a_rate_there_are_no_operations_but_the_last() {
    let options = RunOptions {
        rate: 0.0,
        ..options(3, 4)
    };
    let (report, _) = run(
        crate::simulated::runs::broadcast(),
        Workload::Broadcast,
        &options,
        1,
    );
    let ops = report.history.as_ref().unwrap().ops();
    let finals = ops.iter().filter(|op| op.is_final()).count();
    assert_eq!((ops.len(), finals), (6, 6));
    assert_eq!(ops[0].time_ns, 14_000_000_000); // the time limit, and ten seconds
}
