//! What the last operations of a run show: that nodes recover, come to agree, and keep what was
//! committed.

use host_check::Clients;
use host_check::validity::Validity;
use host_check::workload::{CheckOptions, Workload, check};

use crate::script::{history, json};

/// The verdict by strict rules, and what is wrong: shortfalls in words, and complaints by name with
/// their elements.
fn judge(workload: Workload, nodes: usize, script: &str) -> (Validity, Vec<String>) {
    let options = CheckOptions {
        clients: Some(Clients {
            workers: nodes,
            nodes,
            first_node: 0,
        }),
        consistency_models: vec!["read-uncommitted".parse().unwrap()],
        ..CheckOptions::default()
    };
    let result = check(workload, &history(script), None, &options).unwrap();
    let mut found: Vec<String> = result
        .shortfalls
        .list
        .iter()
        .map(|it| format!("{}: {}", it.what, it.text))
        .collect();
    let complaints = json(&result)["workload"]["maelstrom-missed"].clone();
    for complaint in complaints.as_array().into_iter().flatten() {
        let what = complaint["what"].as_str().unwrap();
        found.push(format!("{what} {}", complaint["elements"]));
    }
    (result.valid, found)
}

/// Two transactions write key 5, of which the second is not known to have taken place.
const WRITTEN: &str = "
    0 invoke txn [[:w 5 3]]
    0 ok txn [[:w 5 3]]
    1 invoke txn [[:r 5 nil] [:w 5 7]]
    1 info txn [[:r 5 nil] [:w 5 7]]
    0 invoke txn [[:r 5 nil]]
    0 ok txn [[:r 5 3]]
";

/// `WRITTEN`, and after so many seconds what the nodes read.
fn reads(seconds: usize, n0: &str, n1: &str) -> (Validity, Vec<String>) {
    let script = format!(
        "{WRITTEN}
        wait {seconds}
        0 invoke txn [[:r 5 nil]] final
        0 ok txn [[:r 5 {n0}]] final
        3 invoke txn [[:r 5 nil]] final
        3 ok txn [[:r 5 {n1}]] final"
    );
    judge(Workload::TxnRwRegister, 2, &script)
}

#[test]
fn nodes_come_to_agree_on_what_was_written() {
    let right = (Validity::True, Vec::new());
    assert_eq!(reads(10, "3", "3"), right);
    assert_eq!(reads(10, "7", "7"), right);
    assert_eq!(
        reads(10, "3", "7"),
        (
            Validity::False,
            vec![
                "nodes-disagree: n0 reads 3 of key 5 and n1 reads 7, 11.000 s after faults and \
                 transactions ended (ops 7 and 9): all nodes have to come to the same value"
                    .to_owned()
            ]
        )
    );
    // They had no time to.
    assert_eq!(reads(8, "3", "7"), right);
    assert_eq!(
        reads(10, "nil", "nil"),
        (
            Validity::False,
            vec![
                "value-vanished: n0 reads nil of key 5, 11.000 s after faults and transactions ended \
                 (op 7), although op 1 (txn, process 0, 1.000 s) wrote it and was acknowledged: what \
                 was acknowledged must not be lost"
                    .to_owned()
            ]
        )
    );
    assert_eq!(
        reads(10, "8", "8"),
        (
            Validity::False,
            vec![
                "never-written: n0 reads 8 of key 5, 11.000 s after faults and transactions ended \
                 (op 7), which no transaction wrote that may have taken place"
                    .to_owned()
            ]
        )
    );
}

/// Three nodes of a register, and how the last requests to each end.
fn last_requests(ends: [&str; 3]) -> Vec<String> {
    last_requests_after(&[0], ends)
}

/// The same, after these processes read one after the other without any fault.
fn last_requests_after(readers: &[usize], ends: [&str; 3]) -> Vec<String> {
    let mut script = "
        0 invoke write [5 3]
        0 ok write [5 3]"
        .to_owned();
    for reader in readers {
        script.push_str(&format!(
            "\n{reader} invoke read [5 nil]
            {reader} ok read [5 3]"
        ));
    }
    script.push_str(
        "
        nemesis info start-partition nil
        nemesis info stop-partition nil
        wait 10",
    );
    for (process, end) in ends.iter().enumerate() {
        script.push_str(&format!(
            "\n{process} invoke read [5 nil] :final? true
            {process} {end}, :final? true"
        ));
    }
    let (_, found) = judge(Workload::LinKv, 3, &script);
    found
}

#[test]
fn who_served_beside_others_does_so_again() {
    let ok = "ok read [5 3] :x 1";
    let refused = "fail read [5 nil] :error [:temporarily-unavailable \"no\"]";
    let none = Vec::<String>::new();
    let by_turns = [1, 2].repeat(8);
    assert_eq!(
        last_requests_after(&by_turns, [ok, refused, refused]),
        ["n1", "n2"].map(|node| format!(
            "node-never-recovers: of the last 1 requests to {node}, 10 s or more after the last \
             fault, all were refused: every node has to recover"
        ))
    );
    assert_eq!(last_requests_after(&by_turns, [ok, ok, ok]), none);
    // Each of them may have been the leader for a while.
    assert_eq!(
        last_requests_after(&[[1; 8], [2; 8]].concat(), [ok, refused, refused]),
        none
    );
    assert_eq!(
        last_requests_after(&[1, 2].repeat(7), [ok, refused, refused]),
        none
    );
}

#[test]
fn every_node_recovers_from_faults() {
    let ok = "ok read [5 3] :x 1";
    let refused = "fail read [5 nil] :error [:temporarily-unavailable \"no\"]";
    let silent = "info read [5 nil] :error :net-timeout";
    let none = Vec::<String>::new();
    assert_eq!(last_requests([ok, ok, ok]), none);
    // Only the leader serves.
    assert_eq!(last_requests([ok, refused, refused]), none);
    // Who leads may have changed meanwhile.
    assert_eq!(last_requests([ok, ok, refused]), none);
    assert_eq!(
        last_requests([ok, refused, silent]),
        [
            "node-never-recovers: of the last 1 requests to n2, 10 s or more after the last fault, \
             none got an answer: every node has to recover"
        ]
    );
    assert_eq!(
        last_requests([refused, refused, silent]),
        [
            "no-progress: of the last 3 operations, 10 s or more after the last fault, none \
             succeeded, 2 were refused and 1 got no answer: a cluster has to recover"
        ]
    );
}

/// Node 0 acknowledges that offset 4 of key k is consumed; later both nodes are asked.
fn told(n0: &str, n1: &str) -> Vec<String> {
    let mut script = "
        0 invoke send [[:send \"k\" 1]]
        0 ok send [[:send \"k\" [2 1]]]
        0 invoke send [[:send \"k\" 2]]
        0 ok send [[:send \"k\" [4 2]]]
        0 invoke assign [\"k\"]
        0 ok assign [\"k\"] :committed {}
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {\"k\" [[2 1]]}]]
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {\"k\" [[4 2]]}]]
        wait 10"
        .to_owned();
    for (process, committed) in [(0, n0), (1, n1)] {
        script.push_str(&format!(
            "\n{process} invoke assign [\"k\"] :final? true
            {process} ok assign [\"k\"] :committed {committed}, :final? true"
        ));
    }
    judge(Workload::Kafka, 2, &script).1
}

#[test]
fn committed_offsets_are_those_that_were_committed_last() {
    let none = Vec::<String>::new();
    assert_eq!(told(r#"{"k" 4}"#, r#"{"k" 4}"#), none);
    // What another node is told may be stale, or kept by the first node alone.
    assert_eq!(told(r#"{"k" 4}"#, r#"{"k" 2}"#), none);
    assert_eq!(told(r#"{"k" 4}"#, "{}"), none);
    assert_eq!(
        told(r#"{"k" 2}"#, r#"{"k" 4}"#),
        [r#"commit-went-back [["k",2,4]]"#]
    );
    assert_eq!(told("{}", "{}"), [r#"commit-forgotten [["k",4]]"#]);
    assert_eq!(
        told(r#"{"k" 5}"#, r#"{"k" 3}"#),
        [
            r#"never-committed [["k",5]]"#,
            r#"never-committed [["k",3]]"#
        ]
    );
}

/// Node 0 acknowledges offset 4 of key k, node 1 so much later offset 0 of key j; later node 1 is
/// asked for k.
fn told_after_own_commit(seconds: u64, committed: &str) -> Vec<String> {
    let script = format!(
        "
        0 invoke send [[:send \"k\" 1]]
        0 ok send [[:send \"k\" [2 1]]]
        0 invoke send [[:send \"k\" 2]]
        0 ok send [[:send \"k\" [4 2]]]
        0 invoke assign [\"k\"]
        0 ok assign [\"k\"] :committed {{}}
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {{\"k\" [[2 1]]}}]]
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {{\"k\" [[4 2]]}}]]
        wait {seconds}
        1 invoke send [[:send \"j\" 1]]
        1 ok send [[:send \"j\" [0 1]]]
        1 invoke assign [\"j\"]
        1 ok assign [\"j\"] :committed {{}}
        1 invoke poll [[:poll]]
        1 ok poll [[:poll {{\"j\" [[0 1]]}}]]
        wait {seconds}
        1 invoke assign [\"k\"] :final? true
        1 ok assign [\"k\"] :committed {committed}, :final? true"
    );
    judge(Workload::Kafka, 2, &script).1
}

#[test]
fn what_a_node_commits_later_shows_it_what_others_had_committed() {
    let none = Vec::<String>::new();
    assert_eq!(told_after_own_commit(2, r#"{"k" 4}"#), none);
    assert_eq!(
        told_after_own_commit(2, r#"{"k" 2}"#),
        [r#"commit-went-back [["k",2,4]]"#]
    );
    assert_eq!(
        told_after_own_commit(2, "{}"),
        [r#"commit-forgotten [["k",4]]"#]
    );
    assert_eq!(told_after_own_commit(0, r#"{"k" 2}"#), none);
    assert_eq!(told_after_own_commit(0, "{}"), none);
}

/// A message is acknowledged; then process 1 polls from the beginning so many times and gets
/// nothing.
fn empty_polls(count: usize) -> Vec<String> {
    let mut script = "
        0 invoke send [[:send \"k\" 1]]
        0 ok send [[:send \"k\" [0 1]]]
        0 invoke assign [\"k\"] :seek-to-beginning? true
        0 ok assign [\"k\"] :seek-to-beginning? true
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {\"k\" [[0 1]]}]]
        1 invoke assign [\"k\"] :seek-to-beginning? true
        1 ok assign [\"k\"] :seek-to-beginning? true"
        .to_owned();
    for _ in 0..count {
        script.push_str("\n1 invoke poll [[:poll]]\n1 ok poll [[:poll {}]]");
    }
    // What it asks for later changes nothing about what it never got.
    script.push_str("\n1 invoke assign [\"k\"] final\n1 ok assign [\"k\"] final");
    judge(Workload::Kafka, 2, &script).1
}

#[test]
fn each_client_gets_what_was_acknowledged() {
    assert_eq!(empty_polls(9), Vec::<String>::new());
    assert_eq!(empty_polls(10), [r#"never-caught-up [["k",1]]"#]);
}
