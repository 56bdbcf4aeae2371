//! Maelstrom's workloads: the operations of clients, their requests, and the responses that are
//! valid.
//!
//! The checkers of their histories are in [`host_check`]; the simulator knows
//! workloads only as [`WorkloadClient`]s.

mod answer;
mod any;
mod broadcast;
mod counter;
mod echo;
mod g_set;
mod inspection;
mod kafka;
mod last_reads;
mod lin_kv;
mod mops;
mod options;
#[cfg(test)]
mod testing;
mod topology;
mod txn;
mod unique_ids;
mod writes_and_reads;

pub use answer::take_ints;
pub use any::{AnyWorkload, CustomWorkload};
pub use mops::TxnShape;
pub use options::{UnsuitableOptions, WorkloadOptions};
pub use topology::{Topology, UnknownTopology};

use crate::client::WorkloadClient;
use host_check::workload::Workload;

/// Makes the client side of a workload, at its beginning.
///
/// # Errors
/// When the workload does not allow these options: what to change.
pub fn make(
    workload: Workload,
    options: &WorkloadOptions,
) -> Result<Box<dyn WorkloadClient>, UnsuitableOptions> {
    let concurrency = options.concurrency;
    Ok(match workload {
        Workload::Echo => Box::new(echo::Echo::new()),
        Workload::UniqueIds => Box::new(unique_ids::UniqueIds::new()),
        Workload::Broadcast => Box::new(broadcast::Broadcast::workload(options)),
        Workload::GSet => Box::new(g_set::GSet::workload(concurrency)),
        Workload::GCounter => Box::new(counter::Counter::growing(concurrency)),
        Workload::PnCounter => Box::new(counter::Counter::any(concurrency)),
        Workload::TxnListAppend => Box::new(txn::Txn::list_append(options)),
        Workload::TxnRwRegister => Box::new(txn::Txn::rw_register(options)),
        Workload::Kafka => Box::new(kafka::Kafka::new(options)),
        Workload::LinKv => Box::new(lin_kv::LinKv::new(options)?),
    })
}

#[cfg(test)]
mod tests {
    use super::testing::Turns;
    use super::*;
    use crate::client::{Operation, Step};
    use crate::options::Cluster;

    /// The next operations, each with its worker and what it begins with.
    fn next(
        workload: &mut dyn WorkloadClient,
        turns: &mut Turns,
        count: usize,
    ) -> Vec<(usize, Operation, String)> {
        let mut next = || {
            let (worker, operation) = turns.invoke(workload);
            let step = workload.begin(worker, &operation);
            let text = match step {
                Step::Call(body) | Step::CallAt { body, .. } => body,
                Step::Done(done) => done.value.to_string(),
            };
            (worker, operation, text)
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn a_copy_goes_on_as_the_original_does() {
        let options = WorkloadOptions {
            cluster: Cluster::of(2),
            concurrency: 4,
            ..WorkloadOptions::default()
        };
        for workload in Workload::ALL {
            let mut original = make(*workload, &options).unwrap();
            let mut turns = Turns::new(4);
            next(original.as_mut(), &mut turns, 30);
            let mut copy = original.boxed_clone();
            let mut other = turns.clone();
            let expected = next(original.as_mut(), &mut turns, 30);
            assert_eq!(next(copy.as_mut(), &mut other, 30), expected, "{workload}");
        }
    }
}
