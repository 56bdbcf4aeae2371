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

/// The names of the problems, each once.
fn names(history: &TestHistory<Queue>) -> Vec<&str> {
    let names = history.problems().iter();
    let mut names: Vec<&str> = names
        .filter_map(|it| Some(it.split_once(": ")?.0))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
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
fn a_node_that_forgets_has_lost_what_it_had() {
    for delivery in [Delivery::AtMostOnce, Delivery::AtLeastOnce] {
        let history = run(delivery).against_a_node_that_forgets(150);
        assert_eq!(names(&history), ["lost"]);
    }
}

#[test]
fn the_last_may_not_come_out_first() {
    assert_eq!(names(&against(VecDeque::pop_back)), ["out-of-order"]);
}

#[test]
fn nothing_is_taken_twice() {
    let mut first = None;
    let history = against(|queue| {
        // The first element comes out once more, at last.
        let value = queue.pop_front();
        if first.is_none() {
            first = value;
            queue.extend(value);
        }
        value
    });
    assert_eq!(names(&history), ["taken-twice"]);
}

#[test]
fn nothing_is_invented() {
    let mut next = 0;
    let history = against(|queue| {
        next -= 1;
        queue.pop_front().or(Some(next))
    });
    assert_eq!(names(&history), ["invented"]);
}

/// An operation of queue 1.
type Case = (u64, u64, Operation, Option<Option<i64>>);

/// Operations from one second to another: what was asked, and what came of it. `None` is an unknown outcome.
fn history(operations: &[Case]) -> Vec<Record<Operation, Option<i64>>> {
    let record = |(index, (invoked, completed, operation, outcome)): (usize, &Case)| Record {
        index: index as u64,
        process: 0,
        worker: 0,
        invoked: Duration::from_secs(*invoked),
        completed: Some(Duration::from_secs(*completed)),
        operation: operation.clone(),
        end: outcome.map_or(End::Unknown, End::Ok),
    };
    operations.iter().enumerate().map(record).collect()
}

fn element(value: i64) -> Element {
    Element { queue: 1, value }
}

fn enqueue(value: i64) -> Operation {
    Operation::Enqueue(element(value))
}

fn ack(value: i64) -> Operation {
    Operation::Ack(element(value))
}

const DEQUEUE: Operation = Operation::Dequeue { queue: 1 };

fn receive(last: bool) -> Operation {
    let (queue, lease_ms) = (1, 500);
    Operation::Receive {
        queue,
        lease_ms,
        last,
    }
}

const NOTHING: Option<Option<i64>> = Some(None);

/// The only problem of a history, if it has one.
#[track_caller]
fn check_one(operations: &[Case], problem: Option<(&str, &str, &[u64])>) {
    let mut expected = Findings::default();
    if let Some((name, text, ops)) = problem {
        expected.problem(name, text, ops);
    }
    assert_eq!(Queue::check(&history(operations).into()), expected);
}

#[test]
fn what_was_taken_at_the_same_time_is_in_any_order() {
    let taken = |second: u64| {
        [
            (0, 1, enqueue(7), NOTHING),
            (2, 3, enqueue(8), NOTHING),
            (4, 6, DEQUEUE, Some(Some(8))),
            (second, 9, DEQUEUE, Some(Some(7))),
        ]
    };
    check_one(&taken(6), None);
    let text = "queue 1 delivered 8 before 7, which was enqueued before it";
    check_one(&taken(7), Some(("out-of-order", text, &[2, 3])));
}

#[test]
fn an_element_that_waits_is_not_passed_over() {
    let empty = |at: u64| {
        [
            (0, 2, enqueue(7), NOTHING),
            (at, 4, DEQUEUE, NOTHING),
            (5, 6, DEQUEUE, Some(Some(7))),
        ]
    };
    check_one(&empty(2), None);
    let text = "queue 1 delivered nothing, though 7 was there";
    check_one(&empty(3), Some(("passed-over", text, &[0, 1])));
}

#[test]
fn an_operation_of_unknown_outcome_has_taken_one_element_at_most() {
    let text = "queue 1 delivered nothing, though [7, 8] had been enqueued; \
                operations of unknown outcome have taken 1 of these at most";
    let operations = [
        (0, 1, enqueue(7), NOTHING),
        (0, 1, enqueue(8), NOTHING),
        (2, 7, DEQUEUE, None),
        (8, 9, DEQUEUE, NOTHING),
    ];
    check_one(&operations, Some(("lost", text, &[0, 3, 1, 3])));
    check_one(&operations[1..], None);
    // Nor has an element been enqueued for sure.
    let unsure = [(0, 5, enqueue(7), None), (6, 7, DEQUEUE, NOTHING)];
    check_one(&unsure, None);
}

#[test]
fn what_was_received_may_come_again_until_it_is_acknowledged() {
    let received = |again: u64| {
        [
            (0, 1, enqueue(7), NOTHING),
            (2, 3, receive(false), Some(Some(7))),
            (4, 5, receive(false), Some(Some(7))),
            (6, 8, ack(7), NOTHING),
            (again, 9, receive(false), Some(Some(7))),
        ]
    };
    check_one(&received(8), None);
    let mut late = received(9);
    late[4].1 = 10;
    let text = "queue 1 delivered 7 after it was acknowledged";
    check_one(&late, Some(("delivered-after-ack", text, &[3, 4])));
}

#[test]
fn what_is_not_acknowledged_comes_again_at_last() {
    let mut operations = vec![
        (0, 1, enqueue(7), NOTHING),
        (0, 1, enqueue(8), NOTHING),
        (2, 3, receive(false), Some(Some(7))),
        (2, 3, receive(false), Some(Some(8))),
        (4, 5, ack(7), None),
    ];
    operations.extend((0..5).map(|round| (10 + round, 11 + round, receive(true), NOTHING)));
    let text = "[8] of queue 1 were received, not acknowledged, and not delivered again";
    check_one(&operations, Some(("never-redelivered", text, &[3])));
    // It may still come.
    check_one(&operations[..9], None);
    operations.push((15, 16, receive(true), Some(Some(8))));
    check_one(&operations, None);
    // Somebody may have got it.
    operations[10].3 = None;
    check_one(&operations, None);
}

#[test]
fn what_a_replay_has_used_is_emptied_at_last() {
    let cluster = Cluster {
        nodes: vec!["n0".to_owned()],
        workers: 2,
        topology: BTreeMap::new(),
    };
    let mut queue = Queue::new(&cluster, Options::default()).unwrap();
    let _ = queue.begin(0, &enqueue(7));
    let mut draws = Draws::of_seed(1);
    let mut last = |queue: &mut Queue, worker: usize| {
        let turn = &mut Turn {
            now: Duration::ZERO,
            worker,
            process: 0,
            draws: &mut draws,
        };
        queue.last(turn)
    };
    let answer = |value: Option<i64>| Answer::DequeueOk { value };
    assert_eq!(last(&mut queue, 0), Next::Invoke(DEQUEUE));
    assert_eq!(last(&mut queue, 1), Next::Pass, "one at a time");
    let _ = queue.answer(0, &DEQUEUE, answer(Some(7)));
    assert_eq!(last(&mut queue, 1), Next::Invoke(DEQUEUE));
    let _ = queue.answer(1, &DEQUEUE, answer(None));
    assert_eq!(last(&mut queue, 0), Next::Done);
}
