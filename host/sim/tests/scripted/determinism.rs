//! A run is a function of its program, its options and its seed.

use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Hops, Latency, NetworkModel, RunOptions, SECOND};
use sha2::{Digest, Sha256};

use crate::guest::Echo;
use crate::runs::{options, run};

/// The hash is the one that the same test of the program has, with the solution itself.
#[test]
fn this_very_run_is_the_same_everywhere() {
    let options = RunOptions {
        rate: 50.0,
        faults: Fault::PLAIN.to_vec(),
        nemesis_interval_ns: SECOND,
        latency: Latency {
            mean_ms: 20,
            distribution: Distribution::Exponential,
        },
        network: NetworkModel::Ideal,
        hops: Some(Hops::of(300_000)),
        ..options(5, 8)
    };
    let (_, journal) = run(&Echo, Workload::Echo, &options, 1);
    let hash: String = Sha256::digest(journal)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hash,
        "8d3db5b691feb223fbf8674956241d8986c2ea35d3ef7ac7683be57d086935e6"
    );
}
