use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

/// A node that never ends a lease, since no time passes here.
#[derive(Default)]
struct Node {
    token: i64,
    is_held: bool,
}

fn against(mut node: impl FnMut(&mut Node, &Value) -> Value) -> TestHistory<Lock> {
    let mut locks: BTreeMap<i64, Node> = BTreeMap::new();
    TestRun::new().operations(200).against(|_, request| {
        let lock = request["lock"].as_i64().unwrap();
        node(locks.entry(lock).or_default(), &request)
    })
}

fn perfect(node: &mut Node, request: &Value) -> Value {
    if request["type"] == "acquire" {
        let token = (!node.is_held).then_some(node.token + 1);
        node.token = token.unwrap_or(node.token);
        node.is_held = true;
        return json!({"type": "acquire_ok", "token": token});
    }
    let released = node.is_held && request["token"] == node.token;
    node.is_held &= !released;
    json!({"type": "release_ok", "released": released})
}

/// An operation of a worker, from one second to another.
fn record(
    worker: usize,
    (invoked, completed): (f64, f64),
    operation: Operation,
    end: End<Outcome>,
) -> Record<Operation, Outcome> {
    Record {
        index: worker as u64,
        process: 0,
        worker,
        invoked: Duration::from_secs_f64(invoked),
        completed: Some(Duration::from_secs_f64(completed)),
        operation,
        end,
    }
}

fn acquire(last: bool) -> Operation {
    let (lock, lease_ms) = (1, 1000);
    Operation::Acquire {
        lock,
        lease_ms,
        last,
    }
}

fn granted(worker: usize, time: (f64, f64), token: u64) -> Record<Operation, Outcome> {
    let end = End::Ok(Outcome::Token(Some(token)));
    record(worker, time, acquire(false), end)
}

#[test]
fn a_perfect_node_is_right_and_grants_and_refuses() {
    let history = against(perfect);
    assert_eq!(history.problems(), [""; 0]);
    let count = |is: fn(&Outcome) -> bool| {
        let outcomes = history.records().iter().filter_map(Record::outcome);
        outcomes.filter(|outcome| is(outcome)).count()
    };
    assert!(count(|it| matches!(it, Outcome::Token(Some(_)))) > 30);
    assert!(count(|it| matches!(it, Outcome::Token(None))) > 30);
    assert!(count(|it| *it == Outcome::Released(true)) > 30);
}

#[test]
fn a_node_that_forgets_its_tokens_is_found() {
    let mut answers = 0;
    let history = against(|node, request| {
        answers += 1;
        if answers == 100 {
            *node = Node::default();
        }
        perfect(node, request)
    });
    let [problem, ..] = history.problems() else {
        panic!("nothing is wrong");
    };
    assert!(problem.starts_with("operation "), "{problem}");
}

#[test]
fn a_free_lock_may_not_be_refused() {
    let history = against(|_, request| match request["type"].as_str() {
        Some("acquire") => json!({"type": "acquire_ok", "token": null}),
        _ => unreachable!("nobody has anything to release"),
    });
    let first = &history.records()[0].operation;
    let wrong =
        format!("operation 0, {first:?}, completed with Token(None); expected Token(Some(1))");
    assert_eq!(history.problems(), [wrong]);
}

fn check(records: &[Record<Operation, Outcome>]) -> Findings {
    Lock::check(&records.to_vec().into())
}

#[test]
fn anybodys_token_may_not_release_a_lock() {
    // Each grant ends the one before.
    let history = against(|node, request| {
        if request["type"] == "acquire" {
            node.token += 1;
            return json!({"type": "acquire_ok", "token": node.token});
        }
        json!({"type": "release_ok", "released": true})
    });
    let [problem, ..] = history.problems() else {
        panic!("nothing is wrong");
    };
    assert!(problem.ends_with("completed with Released(true); expected Released(false)"));
}

#[test]
fn two_have_a_lock_from_the_second_answer_to_the_end_of_the_first_lease() {
    // The first lease is over at 1.0.
    let found = |second: (f64, f64)| check(&[granted(0, (0.0, 0.1), 1), granted(1, second, 2)]);
    let mut expected = Findings::default();
    let text = "workers 0 and 1 both had lock 1 for 250ms";
    expected.problem("held-twice", text, &[0, 1]);
    assert_eq!(found((0.2, 0.75)), expected);
    assert_eq!(
        found((0.2, 1.0)),
        Findings::default(),
        "the answer comes after the lease"
    );
}

#[test]
fn a_lease_ends_with_the_release_and_an_answer_may_come_too_late() {
    let release = Operation::Release { lock: 1, token: 1 };
    let released = record(0, (0.3, 0.5), release, End::Unknown);
    let history = [
        granted(0, (0.0, 0.1), 1),
        released,
        granted(1, (0.2, 0.4), 2),
    ];
    assert_eq!(check(&history), Findings::default());
    let history = [granted(0, (0.0, 2.0), 1), granted(1, (1.9, 2.1), 2)];
    assert_eq!(check(&history), Findings::default());
}

#[test]
fn whoever_releases_a_lock_ends_the_hold_also_if_that_was_asked_before() {
    let release = |worker: usize, time: (f64, f64)| {
        let operation = Operation::Release { lock: 1, token: 1 };
        record(worker, time, operation, End::Ok(Outcome::Released(true)))
    };
    for time in [(0.2, 0.3), (0.0, 0.15)] {
        let history = [
            granted(0, (0.05, 0.1), 1),
            release(2, time),
            granted(1, (0.4, 0.5), 2),
        ];
        assert_eq!(check(&history), Findings::default());
    }
    // That token was another's.
    let history = [
        release(2, (0.0, 0.01)),
        granted(0, (0.05, 0.1), 1),
        granted(1, (0.4, 0.5), 2),
    ];
    assert_eq!(check(&history).names(), ["held-twice"]);
}

#[test]
fn what_a_replay_has_used_is_asked_for_at_last() {
    let mut lock = new_lock();
    let release = Operation::Release { lock: 7, token: 1 };
    let _ = lock.begin(0, &release);
    let mut draws = Draws::of_seed(1);
    let mut last = |seconds: u64| {
        let turn = &mut Turn {
            now: Duration::from_secs(seconds),
            worker: 0,
            process: 0,
            draws: &mut draws,
        };
        lock.last(turn)
    };
    let (lock, lease_ms, is_last) = (7, 500, true);
    let acquire = Operation::Acquire {
        lock,
        lease_ms,
        last: is_last,
    };
    for seconds in 0..10 {
        assert_eq!(last(seconds), Next::Invoke(acquire.clone()));
        if seconds < 9 {
            assert_eq!(last(seconds), Next::Later(Duration::from_secs(seconds + 1)));
        }
    }
    assert_eq!(last(100), Next::Done);
}

fn new_lock() -> Lock {
    let cluster = Cluster {
        nodes: vec!["n0".to_owned()],
        workers: 1,
        topology: BTreeMap::new(),
    };
    Lock::new(&cluster, Options::default()).unwrap()
}

#[test]
fn ten_refusals_at_last_are_too_many() {
    let refused = |worker: usize| {
        let at = 2.0 * worker as f64;
        record(
            worker,
            (at, at + 0.1),
            acquire(true),
            End::Ok(Outcome::Token(None)),
        )
    };
    let refused: Vec<_> = (0..10).map(refused).collect();
    let mut expected = Findings::default();
    let text = "lock 1 was refused 10 times after faults had ended";
    expected.problem("never-granted", text, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(check(&refused), expected);
    assert_eq!(check(&refused[1..]), Findings::default());
}
