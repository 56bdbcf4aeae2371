//! The right program passes each workload, whatever the faults.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Cluster, Latency, RunOptions, SECOND};
use host_trial::reference::Reference;
use host_trial::{Scenario, Trial};
use strum::VariantArray;

#[test]
fn it_passes_every_workload_under_all_faults_at_once() {
    for workload in Workload::ALL {
        let reference = Reference::new(*workload, None); // for several runs
        for seed in 1..4 {
            let options = RunOptions {
                cluster: Cluster::of(3),
                concurrency: 6,
                rate: 50.0,
                time_limit_ns: 20 * SECOND,
                nemesis_interval_ns: SECOND,
                faults: Fault::VARIANTS.to_vec(),
                latency: Latency {
                    mean_ms: 10,
                    ..Latency::default()
                },
                ..RunOptions::default()
            };
            let trial = Trial::of(&reference, Scenario::with(*workload, options));
            let report = trial.run(seed, Vec::new());
            let found = report.anomalies();
            assert_eq!(
                report.valid(),
                Validity::True,
                "{workload} {seed}: {found:?}"
            );
        }
    }
}
