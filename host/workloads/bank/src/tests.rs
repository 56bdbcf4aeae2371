use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

/// What a node does with the accounts that it has, by bank.
fn against(mut node: impl FnMut(&mut BTreeMap<String, i64>, &Value) -> Value) -> TestHistory<Bank> {
    let mut banks: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    TestRun::new().operations(300).against(|_, request| {
        let bank = banks.entry(request["bank"].as_i64().unwrap());
        node(
            bank.or_insert_with(|| opening(&Options::default())),
            &request,
        )
    })
}

fn add(accounts: &mut BTreeMap<String, i64>, account: &Value, amount: i64) {
    *accounts.get_mut(account.as_str().unwrap()).unwrap() += amount;
}

/// Moves money whatever there is.
fn move_money(accounts: &mut BTreeMap<String, i64>, request: &Value) {
    let amount = request["amount"].as_i64().unwrap();
    add(accounts, &request["from"], -amount);
    add(accounts, &request["to"], amount);
}

#[test]
fn a_perfect_node_is_right_and_refuses_sometimes() {
    let run = TestRun::<Bank>::new().operations(200);
    let history = run.against_a_perfect_node();
    assert_eq!(history.problems(), [""; 0]);
    let refused = |record: &&Record<_, _>| record.outcome() == Some(&Outcome::Done(false));
    let refused = history.records().iter().filter(refused).count();
    assert!(refused > 10, "{refused}");
    // 200 operations, 150 for three banks: six banks, each read at last.
    let last = history.records()[200..].iter();
    let last: Vec<Operation> = last.map(|record| record.operation.clone()).collect();
    let reads = (0..6).map(|bank| Operation::Read { bank });
    assert_eq!(last, reads.collect::<Vec<_>>());
}

#[test]
fn a_node_that_forgets_is_found() {
    let history = TestRun::<Bank>::new().against_a_node_that_forgets(50);
    assert_eq!(history.problems().len(), 1);
}

#[test]
fn money_that_is_lost_on_its_way_is_a_wrong_total() {
    let mut transfers = 0;
    let history = against(|accounts, request| {
        if request["type"] == "read" {
            return json!({"type": "read_ok", "accounts": accounts});
        }
        transfers += 1;
        if transfers == 1 {
            let amount = request["amount"].as_i64().unwrap();
            add(accounts, &request["from"], -amount);
        }
        json!({"type": "error", "code": 11})
    });
    let transfer = |record: &&Record<_, _>| matches!(record.operation, Operation::Transfer(_));
    let first = history.records().iter().find(transfer);
    let Operation::Transfer(first) = &first.unwrap().operation else {
        unreachable!();
    };
    let (bank, left) = (first.bank, 50 - first.amount);
    let totals = history.problems().iter();
    let totals = totals.filter(|problem| problem.starts_with("wrong-total"));
    let totals: Vec<&String> = totals.collect();
    assert!(totals.len() > 10, "{totals:?}");
    for total in totals {
        let text = format!("a read of bank {bank} shows {left} in all; it is always 50");
        assert_eq!(*total, format!("wrong-total: {text}"));
    }
}

#[test]
fn more_than_there_is_may_not_be_moved() {
    let history = against(|accounts, request| match request["type"].as_str() {
        Some("read") => json!({"type": "read_ok", "accounts": accounts}),
        _ => {
            move_money(accounts, request);
            json!({"type": "transfer_ok", "done": true})
        }
    });
    let names = history.problems().iter();
    let names = names.filter_map(|problem| problem.split_once(": "));
    let names: Vec<&str> = names.map(|(name, _)| name).collect();
    assert!(names.contains(&"negative-balance"), "{names:?}");
    assert!(!names.contains(&"wrong-total"), "{names:?}");
}

#[test]
fn a_refusal_without_a_reason_is_wrong() {
    let history = against(|accounts, request| match request["type"].as_str() {
        Some("read") => json!({"type": "read_ok", "accounts": accounts}),
        _ => json!({"type": "transfer_ok", "done": false}),
    });
    let [problem] = history.problems() else {
        panic!("{:?}", history.problems());
    };
    assert!(problem.ends_with("completed with Done(false); expected Done(true)"));
}

fn cluster() -> Cluster {
    Cluster {
        nodes: vec!["n0".to_owned()],
        workers: 1,
        topology: BTreeMap::new(),
    }
}

#[test]
fn what_a_replay_has_used_is_read_at_last() {
    let mut bank = Bank::new(&cluster(), Options::default()).unwrap();
    let transfer = Operation::Transfer(Transfer {
        bank: 7,
        from: "0".to_owned(),
        to: "1".to_owned(),
        amount: 1,
    });
    let _ = bank.begin(0, &transfer);
    let turn = &mut Turn {
        now: std::time::Duration::ZERO,
        worker: 0,
        process: 0,
        draws: &mut Draws::of_seed(1),
    };
    assert_eq!(bank.last(turn), Next::Invoke(Operation::Read { bank: 7 }));
    assert_eq!(bank.last(turn), Next::Done);
}

#[test]
fn what_cannot_be_run_is_refused() {
    let of = |accounts, opening, ops_per_bank| Options {
        accounts,
        opening,
        ops_per_bank,
        max_transfer: 1,
    };
    for (options, expected) in [
        (
            of(5, 10, 0),
            "ops-per-bank and max-transfer have to be at least 1",
        ),
        (of(1, 10, 5), "a bank has 2 to 1000 accounts, not 1"),
        (of(2, -1, 5), "an account begins with 0 to 1000000, not -1"),
    ] {
        assert_eq!(Bank::new(&cluster(), options).unwrap_err(), expected);
    }
}

#[test]
fn a_history_is_judged_by_the_accounts_of_its_options() {
    let options = || Options {
        accounts: 3,
        opening: 7,
        ..Options::default()
    };
    let run = TestRun::<Bank>::new().options(options());
    assert_eq!(run.against_a_perfect_node().problems(), [""; 0]);
    let run = TestRun::<Bank>::new().options(options()).operations(20);
    let five = opening(&Options::default());
    let history = run.against(|_, request| match request["type"].as_str() {
        Some("read") => json!({"type": "read_ok", "accounts": five}),
        _ => json!({"type": "error", "code": 11}),
    });
    let total = "shows 50 in all; it is always 21";
    assert!(history.problems().iter().any(|it| it.ends_with(total)));
}
