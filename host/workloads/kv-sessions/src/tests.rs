use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::workload::testing::TestRun;

use super::*;

/// Answers as a store does whose nodes share one state.
fn shared(store: &mut BTreeMap<u64, u64>, request: &Value) -> Value {
    let key = request["key"].as_u64();
    match request["type"].as_str() {
        Some("open") => json!({"type": "open_ok", "token": null}),
        Some("write") => {
            store.extend(key.zip(request["value"].as_u64()));
            json!({"type": "write_ok", "token": {"any": "thing"}})
        }
        _ => match store.get(&key.unwrap_or_default()) {
            Some(value) => json!({"type": "read_ok", "token": 7, "value": value}),
            None => json!({"type": "read_ok", "token": 7}),
        },
    }
}

#[test]
fn one_store_keeps_all_promises() {
    let mut store = BTreeMap::new();
    let run = TestRun::<KvSessions>::new().operations(500);
    let history = run.against(|_, request| shared(&mut store, &request));
    assert_eq!(history.problems(), [""; 0]);
    let last = history.records().iter();
    let last = last.filter(|it| matches!(it.operation, Operation::ReadAtLast { .. }));
    assert_eq!(last.count(), 3 * LAST_KEYS);
}

#[test]
fn stores_that_never_hear_of_each_other_lose_what_a_session_has_read_and_differ_at_last() {
    let mut stores = vec![BTreeMap::new(); 3];
    let run = TestRun::<KvSessions>::new().operations(300);
    let history = run.against(|node, request| shared(&mut stores[node], &request));
    let names = history
        .problems()
        .iter()
        .filter_map(|it| it.split(':').next());
    let names: BTreeSet<&str> = names.collect();
    let sure = BTreeSet::from(["monotonic-reads", "not-converged"]);
    assert!(names.is_superset(&sure), "{names:?}");
}

#[test]
fn they_are_right_while_no_session_moves_and_none_demands_convergence() {
    let mut stores = vec![BTreeMap::new(); 3];
    let run = TestRun::<KvSessions>::new()
        .operations(300)
        .options(Options {
            guarantees: "causal".to_owned(),
            move_percent: 0,
            ..Options::default()
        });
    let history = run.against(|node, request| shared(&mut stores[node], &request));
    assert_eq!(history.problems(), [""; 0]);
}

#[test]
fn a_node_that_forgets_is_told() {
    let (mut store, mut requests) = (BTreeMap::new(), 0);
    let run = TestRun::<KvSessions>::new().operations(100);
    let history = run.against(|_, request| {
        requests += 1;
        if requests == 100 {
            store.clear();
        }
        shared(&mut store, &request)
    });
    assert!(!history.problems().is_empty());
}

#[test]
#[should_panic(expected = "--guarantees: there is no \"linearizable\"; expected read-your-writes,")]
fn a_guarantee_that_there_is_not_is_refused() {
    let guarantees = "causal + linearizable".to_owned();
    let run = TestRun::<KvSessions>::new().options(Options {
        guarantees,
        ..Options::default()
    });
    let _ = run.against(|_, _| Value::Null);
}

#[test]
fn a_list_of_guarantees_is_read_in_any_order() {
    let mut all = ALL.to_vec();
    assert_eq!(guarantees("convergence+causal"), Ok(all.clone()));
    all.truncate(1);
    assert_eq!(guarantees("read-your-writes+read-your-writes"), Ok(all));
}

/// Makes a history of operations that follow each other: a session, `w` or `r`, a key, a value; 0 is none. Each session begins with
/// opening it, and all demand these guarantees. A session of number 0 reads at last, at the node 0, then 1, and so on.
fn found(demanded: &str, ops: &[(u64, char, u64, u64)]) -> Findings {
    let mut history: Vec<Record<Operation, Option<u64>>> = Vec::new();
    let mut open = BTreeSet::new();
    let mut at_last = 0;
    for &(session, kind, key, value) in ops {
        let at = 0;
        let mut all = Vec::new();
        if session > 0 && open.insert(session) {
            all.push((Operation::Open { session, at }, None));
        }
        all.push(match (session, kind) {
            (0, _) => {
                at_last += 1;
                (
                    Operation::ReadAtLast { at: at_last, key },
                    (value > 0).then_some(value),
                )
            }
            (_, 'w') => (
                Operation::Write {
                    session,
                    at,
                    key,
                    value,
                },
                None,
            ),
            _ => (
                Operation::Read { session, at, key },
                (value > 0).then_some(value),
            ),
        });
        for (operation, outcome) in all {
            let index = history.len() as u64 * 2;
            history.push(Record {
                index,
                process: 0,
                worker: 0,
                invoked: Duration::from_millis(index),
                completed: Some(Duration::from_millis(index + 1)),
                operation,
                end: End::Ok(outcome),
            });
        }
    }
    let options = Options {
        guarantees: demanded.to_owned(),
        ..Options::default()
    };
    KvSessions::check(&History {
        options,
        ..history.into()
    })
}

/// What is to be found: so many sessions, so great a share of reads that return what others have written, and one problem.
fn expected(sessions: u32, of_others: f64, problem: Option<(&str, &str, &[u64])>) -> Findings {
    let mut findings = Findings::default();
    findings.figure("sessions", f64::from(sessions));
    findings.figure("reads-of-others", of_others);
    if let Some((name, text, ops)) = problem {
        findings.problem(name, text, ops);
    }
    findings
}

const CAUSAL: &str = "causal+convergence";

#[test]
fn a_session_reads_its_writes() {
    let history = [(1, 'w', 5, 10), (1, 'r', 5, 0)];
    let text = "in session 1 a read of key 5 returned nothing, although the node must have executed the write of 10";
    let problem = ("read-your-writes", text, &[2, 4][..]);
    assert_eq!(found(CAUSAL, &history), expected(1, 0.0, Some(problem)));
    let others = "monotonic-reads+monotonic-writes+writes-follow-reads+convergence";
    assert_eq!(found(others, &history), expected(1, 0.0, None));
}

#[test]
fn a_later_write_of_the_session_counts_only_with_monotonic_writes() {
    let history = [(1, 'w', 5, 10), (1, 'w', 5, 11), (1, 'r', 5, 10)];
    let text = "in session 1 a read of key 5 returned 10, which was written before 11, although the node must have executed the write of 11";
    let problem = ("read-your-writes", text, &[4, 6][..]);
    assert_eq!(found(CAUSAL, &history), expected(1, 0.0, Some(problem)));
    assert_eq!(found("read-your-writes", &history), expected(1, 0.0, None));
}

#[test]
fn reads_do_not_go_back() {
    let history = [(1, 'w', 5, 10), (2, 'r', 5, 10), (2, 'r', 5, 0)];
    let text = "in session 2 a read of key 5 returned nothing, although the node must have executed the write of 10";
    let problem = ("monotonic-reads", text, &[2, 6, 8][..]);
    assert_eq!(found(CAUSAL, &history), expected(2, 0.5, Some(problem)));
    let others = "read-your-writes+monotonic-writes+writes-follow-reads+convergence";
    assert_eq!(found(others, &history), expected(2, 0.5, None));
}

#[test]
fn who_sees_a_write_sees_those_before_it_in_its_session() {
    let history = [
        (1, 'w', 5, 10),
        (1, 'w', 6, 11),
        (2, 'r', 6, 11),
        (2, 'r', 5, 0),
    ];
    let text = "in session 2 a read of key 5 returned nothing, although the node must have executed the write of 10";
    let problem = ("monotonic-writes", text, &[2, 4, 8, 10][..]);
    assert_eq!(found(CAUSAL, &history), expected(2, 0.5, Some(problem)));
    let others = "read-your-writes+monotonic-reads+writes-follow-reads+convergence";
    assert_eq!(found(others, &history), expected(2, 0.5, None));
}

#[test]
fn who_sees_an_answer_sees_the_question() {
    let history = [
        (1, 'w', 5, 10),
        (2, 'r', 5, 10),
        (2, 'w', 6, 11),
        (3, 'r', 6, 11),
        (3, 'r', 5, 0),
    ];
    let text = "in session 3 a read of key 5 returned nothing, although the node must have executed the write of 10";
    let problem = ("writes-follow-reads", text, &[2, 8, 12, 14][..]);
    let two_of_three = 2.0 / 3.0;
    assert_eq!(
        found(CAUSAL, &history),
        expected(3, two_of_three, Some(problem))
    );
    let others = "read-your-writes+monotonic-reads+monotonic-writes+convergence";
    assert_eq!(found(others, &history), expected(3, two_of_three, None));
}

#[test]
fn two_sessions_see_concurrent_writes_in_one_order() {
    let history = [
        (1, 'w', 5, 10),
        (2, 'w', 5, 11),
        (3, 'r', 5, 10),
        (3, 'r', 5, 11),
        (4, 'r', 5, 11),
        (4, 'r', 5, 10),
    ];
    let text = "reads show no single order of the writes to key 5";
    let problem = ("convergence", text, &[12, 18][..]);
    assert_eq!(found(CAUSAL, &history), expected(4, 1.0, Some(problem)));
    assert_eq!(found("causal", &history), expected(4, 1.0, None));
}

#[test]
fn nodes_agree_at_last_on_a_write_that_none_follows() {
    let differ = [
        (1, 'w', 5, 10),
        (1, 'r', 5, 10),
        (0, 'r', 5, 10),
        (0, 'r', 5, 0),
    ];
    let text = "after recovery a read of key 5 returned 10, one at another node nothing";
    let problem = ("not-converged", text, &[6, 8][..]);
    assert_eq!(found(CAUSAL, &differ), expected(1, 0.0, Some(problem)));

    let lost = [
        (1, 'w', 5, 10),
        (1, 'w', 5, 11),
        (1, 'r', 5, 11),
        (0, 'r', 5, 10),
        (0, 'r', 5, 10),
    ];
    let text = "after recovery reads of key 5 returned 10; the write of 11, which was acknowledged, is lost";
    let problem = ("lost-write", text, &[4, 8][..]);
    assert_eq!(found(CAUSAL, &lost), expected(1, 0.0, Some(problem)));
}

#[test]
fn a_value_that_nobody_wrote_to_the_key_is_told() {
    let history = [(1, 'w', 5, 10), (1, 'r', 6, 10)];
    let text = "a read of key 6 returned 10, which nobody has written to it";
    let problem = ("thin-air", text, &[4][..]);
    assert_eq!(found(CAUSAL, &history), expected(1, 0.0, Some(problem)));
}
