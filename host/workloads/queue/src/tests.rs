use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

type Queues = BTreeMap<i64, VecDeque<i64>>;

fn run(delivery: Delivery) -> TestRun<Queue> {
    let options = Options {
        delivery,
        ..Options::default()
    };
    TestRun::new().operations(300).options(options)
}

/// Runs against queues that `take` takes elements out of.
fn against(mut take: impl FnMut(&mut VecDeque<i64>) -> Option<i64>) -> TestHistory<Queue> {
    let mut queues = Queues::new();
    run(Delivery::AtMostOnce).against(|_, request| {
        let queue = queues
            .entry(request["queue"].as_i64().unwrap())
            .or_default();
        if request["type"] == "enqueue" {
            queue.push_back(request["value"].as_i64().unwrap());
            return json!({"type": "enqueue_ok"});
        }
        json!({"type": "dequeue_ok", "value": take(queue)})
    })
}

#[track_caller]
fn check_one(history: &TestHistory<Queue>, ends_with: &str) {
    let [problem] = history.problems() else {
        panic!("{:?}", history.problems());
    };
    assert!(problem.ends_with(ends_with), "{problem}");
}

#[test]
fn a_perfect_node_is_right_and_is_emptied() {
    for delivery in [Delivery::AtMostOnce, Delivery::AtLeastOnce] {
        let history = run(delivery).against_a_perfect_node();
        assert_eq!(history.problems(), [""; 0]);
        let mut enqueued: Vec<i64> = Vec::new();
        let mut taken: Vec<i64> = Vec::new();
        for record in history.records() {
            match &record.operation {
                Operation::Enqueue(element) => enqueued.push(element.value),
                _ => taken.extend(record.outcome().unwrap()),
            }
        }
        taken.sort_unstable();
        assert_eq!(taken, enqueued);
        assert!(taken.len() > 80, "{}", taken.len());
    }
}

#[test]
fn some_elements_are_never_acknowledged() {
    let history = run(Delivery::AtLeastOnce).against_a_perfect_node();
    let count = |is: fn(&Operation) -> bool| {
        let operations = history.records().iter().map(|record| &record.operation);
        operations.filter(|operation| is(operation)).count()
    };
    let received = count(|it| matches!(it, Operation::Receive { last: false, .. }));
    let acknowledged = count(|it| matches!(it, Operation::Ack(_)));
    assert!(acknowledged > 20 && acknowledged + 20 < received);
}

#[test]
fn a_node_that_forgets_is_found() {
    for delivery in [Delivery::AtMostOnce, Delivery::AtLeastOnce] {
        let history = run(delivery).against_a_node_that_forgets(150);
        assert_eq!(history.problems().len(), 1);
    }
}

#[test]
fn the_last_may_not_come_out_first() {
    let history = against(VecDeque::pop_back);
    assert_eq!(history.problems().len(), 1);
}

#[test]
fn nothing_is_taken_twice() {
    let mut first = None;
    let history = against(|queue| {
        // The first element comes out once more, the next time.
        let value = queue.pop_front();
        if first.is_none() {
            first = value;
            queue.extend(value);
        }
        value
    });
    assert_eq!(history.problems().len(), 1);
}

#[test]
fn nothing_is_invented() {
    check_one(
        &against(|queue| queue.pop_front().or(Some(-1))),
        "completed with Some(-1); expected None",
    );
}

/// An operation of a queue, by its place in the history.
fn record(
    index: u64,
    operation: Operation,
    outcome: Option<i64>,
) -> Record<Operation, Option<i64>> {
    Record {
        index,
        process: 0,
        worker: 0,
        invoked: Duration::from_secs(index),
        completed: Some(Duration::from_secs(index)),
        operation,
        end: End::Ok(outcome),
    }
}

fn receive(index: u64, last: bool, outcome: Option<i64>) -> Record<Operation, Option<i64>> {
    let (queue, lease_ms) = (1, 500);
    record(
        index,
        Operation::Receive {
            queue,
            lease_ms,
            last,
        },
        outcome,
    )
}

#[test]
fn what_is_not_acknowledged_is_delivered_again() {
    let empty = (3..8).map(|index| receive(index, true, None));
    let mut history = vec![receive(0, false, Some(7)), receive(1, false, Some(8))];
    let ack = Operation::Ack(Element { queue: 1, value: 7 });
    history.push(record(2, ack, None));
    history.extend(empty);
    let mut expected = Findings::default();
    let text = "element 8 of queue 1 was received, not acknowledged, and not delivered again";
    expected.problem("never-redelivered", text, &[1]);
    assert_eq!(Queue::check(&history), expected);
    // It is still to come.
    assert_eq!(Queue::check(&history[..7]), Findings::default());
    history[3] = receive(3, true, Some(8));
    history.push(receive(8, true, None));
    assert_eq!(Queue::check(&history), Findings::default());
}

#[test]
fn it_may_be_received_again_until_it_is_acknowledged() {
    let element = Element { queue: 1, value: 7 };
    let receive = receive(0, false, None).operation;
    let mut state = State::default();
    for (operation, outcome, expected) in [
        (&Operation::Enqueue(element), None, Ok(())),
        (&receive, Some(7), Ok(())),
        (&receive, Some(7), Ok(())),
        (&receive, None, Ok(())),
        (&Operation::Ack(element), None, Ok(())),
        (&receive, Some(7), Err(None)),
    ] {
        assert_eq!(Queue::accept(&mut state, operation, &outcome), expected);
    }
}
