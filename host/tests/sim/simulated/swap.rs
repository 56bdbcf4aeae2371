//! Rolling upgrades of a cluster under load.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_guest::Limits;
use host_sandbox::Sandbox;
use host_sim::nemesis::Fault;
use host_sim::{RunOptions, SECOND};
use serde_json::{Value as Json, json};
use test_support::wat::assemble;

use crate::simulated::runs::{batched, broadcast, echo, of_kind, options, run_with_next};

fn busy(options: RunOptions) -> RunOptions {
    RunOptions {
        rate: 20.0,
        nemesis_interval_ns: 3 * SECOND,
        ..options
    }
}

fn swaps(journal: &str) -> Vec<Json> {
    let mut faults = of_kind(journal, "fault");
    faults.retain(|fault| fault["f"] == "swap");
    faults.iter().map(|fault| fault["value"].clone()).collect()
}

#[test]
fn a_cluster_under_partition_is_upgraded_node_by_node_to_another_strategy() {
    for seed in 0..10 {
        let options = busy(RunOptions {
            faults: vec![Fault::Partition],
            swap_after_ns: Some(6 * SECOND),
            ..options(5, 20)
        });
        let next = Some(batched());
        let (report, journal) =
            run_with_next(broadcast(), next, Workload::Broadcast, &options, seed);
        assert_eq!(report.valid(), Validity::True, "seed {seed}");
        let nodes = ["n0", "n1", "n2", "n3", "n4"];
        let expected = nodes.map(|node| json!({node: "swapped"}));
        assert_eq!(swaps(&journal), expected, "seed {seed}");
        let batches = of_kind(&journal, "send")
            .iter()
            .any(|send| send["body"]["type"] == "gossip_batch");
        assert!(batches, "the new strategy is at work");
    }
}

#[test]
fn as_a_fault_versions_change_forth_and_back_in_turn_and_nothing_is_lost() {
    let options = busy(RunOptions {
        faults: vec![Fault::Partition, Fault::Swap],
        nemesis_interval_ns: SECOND,
        ..options(3, 20)
    });
    let (report, journal) = run_with_next(broadcast(), None, Workload::Broadcast, &options, 1);
    assert_eq!(report.valid(), Validity::True);
    let swaps = swaps(&journal);
    assert!(swaps.len() > 3, "{swaps:?}");
    for (i, swap) in swaps.iter().enumerate() {
        let node = format!("n{}", i % 3);
        assert_eq!(*swap, json!({node: "swapped"}));
    }
}

#[test]
fn a_version_that_refuses_the_state_leaves_the_old_one_at_work() {
    let options = busy(RunOptions {
        swap_after_ns: Some(2 * SECOND),
        ..options(2, 5)
    });
    let (report, journal) =
        run_with_next(broadcast(), Some(echo()), Workload::Broadcast, &options, 1);
    assert_eq!(report.valid(), Validity::True);
    assert_eq!(
        swaps(&journal),
        [json!({"n0": "refused"}), json!({"n1": "refused"})]
    );
    let logs = of_kind(&journal, "log");
    let text = logs[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("swap refused: the new module does not take over the state"),
        "{text}"
    );
}

#[test]
fn a_version_that_fails_at_its_start_leaves_the_old_one_at_work() {
    let text = "(module
       (memory (export \"memory\") 1)
       (func (export \"maelstrom_abi_v1\") unreachable)
       (func (export \"alloc\") (param i32) (result i32) (i32.const 0))
       (func (export \"handle\") (param i32 i32) (result i64) (i64.const 0))
       (func (export \"_initialize\") unreachable))";
    let sandbox = Sandbox::new(None).unwrap();
    let next = sandbox
        .load_bytes(&assemble(text), &Limits::default())
        .unwrap();
    let options = busy(RunOptions {
        swap_after_ns: Some(2 * SECOND),
        ..options(1, 5)
    });
    let (report, journal) =
        run_with_next(broadcast(), Some(&next), Workload::Broadcast, &options, 1);
    assert_eq!(report.valid(), Validity::True);
    assert_eq!(swaps(&journal), [json!({"n0": "refused"})]);
    let logs = of_kind(&journal, "log");
    let text = logs[0]["text"].as_str().unwrap();
    let why =
        "swap refused: the new module fails at its start: the guest failed in its start: trap";
    assert!(text.starts_with(why), "{text}");
}
