//! The inspection: what clients do at the end under strict checks and not in Maelstrom.
//!
//! Each worker has operations to do, one after the other. One that does not succeed is tried again a
//! second later. None begins after its limit, usually [`LIMIT_NS`]: a cluster that serves nobody by
//! then does not recover. The history marks all of them with `:final? true`.

use std::collections::VecDeque;

use crate::client::{Next, Operation, Turn};
use crate::time::SECOND;
use host_check::value::Value;

/// How long after an operation that did not succeed the worker tries again.
const RETRY_NS: u64 = SECOND;

/// For how long operations begin that have no limit of their own.
pub(super) const LIMIT_NS: u64 = 10 * SECOND;

/// What all workers still have to do.
#[derive(Clone)]
pub(super) struct Inspection {
    workers: Vec<Todo>,
    /// When it began.
    begun_ns: Option<u64>,
}

/// An operation to do, and what to do after it if it does not succeed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    first: Operation,
    /// The same, or one that may be done any number of times.
    again: Operation,
    /// How long after the operation before.
    after_ns: u64,
    /// How long after the begin of the inspection it must have begun, or it is left out.
    until_ns: u64,
}

/// What one worker still has to do.
#[derive(Clone, Default)]
struct Todo {
    tasks: VecDeque<Task>,
    /// Whether the first task was begun and has not succeeded.
    is_begun: bool,
    /// When the next operation is due, if that is known.
    due_ns: Option<u64>,
}

impl Task {
    /// An operation that may be done any number of times.
    pub(super) fn of(operation: Operation) -> Self {
        Task::once(operation.clone(), operation)
    }

    /// An operation that is done once, and another one as long as nothing has succeeded.
    pub(super) fn once(first: Operation, again: Operation) -> Self {
        Task {
            first,
            again,
            after_ns: 0,
            until_ns: LIMIT_NS,
        }
    }

    /// The same, so long after the operation before.
    pub(super) fn after(self, after_ns: u64) -> Self {
        Task { after_ns, ..self }
    }

    /// The same, with another limit than the usual one.
    pub(super) fn until(self, until_ns: u64) -> Self {
        Task { until_ns, ..self }
    }
}

impl Inspection {
    /// The tasks of each worker. All workers are free.
    pub(super) fn new(tasks: impl Iterator<Item = Vec<Task>>) -> Self {
        let todo = |tasks: Vec<Task>| Todo {
            tasks: tasks.into(),
            ..Todo::default()
        };
        Inspection {
            workers: tasks.map(todo).collect(),
            begun_ns: None,
        }
    }

    /// A worker's operation has succeeded.
    pub(super) fn succeeded(&mut self, worker: usize) {
        if let Some(todo) = self.workers.get_mut(worker) {
            todo.tasks.pop_front();
            (todo.is_begun, todo.due_ns) = (false, None);
        }
    }

    /// The next operation of a worker that can do one.
    pub(super) fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let now_ns = turn.now_ns;
        let begun_ns = *self.begun_ns.get_or_insert(now_ns);
        let mut due_ns = None;
        for &worker in turn.free {
            let Some(todo) = self.workers.get_mut(worker) else {
                continue;
            };
            let Some(task) = todo.tasks.front() else {
                continue;
            };
            // It is free: its operation has not succeeded, or that before has.
            let wait_ns = if todo.is_begun {
                RETRY_NS
            } else {
                task.after_ns
            };
            let at_ns = *todo.due_ns.get_or_insert(now_ns + wait_ns);
            if at_ns >= begun_ns + task.until_ns {
                continue;
            }
            if at_ns > now_ns {
                due_ns = Some(due_ns.map_or(at_ns, |due_ns: u64| due_ns.min(at_ns)));
                continue;
            }
            let operation = if todo.is_begun {
                &task.again
            } else {
                &task.first
            };
            let operation = operation.clone().with("final?", Value::Bool(true));
            (todo.is_begun, todo.due_ns) = (true, None);
            return Next::Invoke { worker, operation };
        }
        match due_ns {
            Some(due_ns) => Next::Later(due_ns),
            None if turn.free.len() == self.workers.len() => Next::Done,
            None => Next::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Turns;

    fn read() -> Task {
        let write = Operation::new(&"write".into(), Value::Int(1));
        Task::once(write, Operation::new(&"read".into(), Value::Nil))
    }

    fn shown(next: &Next) -> String {
        match next {
            Next::Invoke { worker, operation } => format!("{worker} {}", operation.f),
            Next::Later(at_ns) => format!("at {}", at_ns / SECOND),
            Next::Wait => "wait".to_owned(),
            Next::Done => "done".to_owned(),
        }
    }

    #[test]
    fn what_does_not_succeed_is_tried_again_each_second_for_ten_seconds() {
        let mut turns = Turns::new(2);
        let mut inspection = Inspection::new([vec![read()], vec![]].into_iter());
        let mut begun = Vec::new();
        loop {
            let next = turns.ask(|turn| inspection.next(turn));
            match next {
                Next::Later(at_ns) => turns.now_ns = at_ns,
                Next::Done => break,
                next => begun.push((turns.now_ns / SECOND, shown(&next))),
            }
        }
        let expected = |second: u64| {
            let f = if second == 0 { "write" } else { "read" };
            (second, format!("0 {f}"))
        };
        assert_eq!(begun, (0..10).map(expected).collect::<Vec<_>>());
    }

    #[test]
    fn a_task_waits_for_its_time() {
        let mut turns = Turns::new(1);
        turns.now_ns = SECOND;
        let mut inspection = Inspection::new([vec![read(), read().after(3 * SECOND)]].into_iter());
        let mut ask = |turns: &mut Turns, succeeded: Option<usize>| {
            succeeded
                .into_iter()
                .for_each(|it| inspection.succeeded(it));
            shown(&turns.ask(|turn| inspection.next(turn)))
        };
        assert_eq!(ask(&mut turns, None), "0 write");
        turns.now_ns = 2 * SECOND;
        assert_eq!(ask(&mut turns, Some(0)), "at 5");
        turns.now_ns = 3 * SECOND;
        assert_eq!(ask(&mut turns, None), "at 5");
        turns.now_ns = 5 * SECOND;
        assert_eq!(ask(&mut turns, None), "0 write");
        assert_eq!(ask(&mut turns, Some(0)), "done");
    }

    #[test]
    fn a_task_has_a_limit() {
        for (until, expected) in [(SECOND, "done"), (3 * SECOND, "0 write")] {
            let mut turns = Turns::new(1);
            let tasks = vec![read(), read().until(until)];
            let mut inspection = Inspection::new([tasks].into_iter());
            turns.ask(|turn| inspection.next(turn));
            turns.now_ns = 2 * SECOND;
            inspection.succeeded(0);
            let next = turns.ask(|turn| inspection.next(turn));
            assert_eq!(shown(&next), expected);
        }
    }

    #[test]
    fn each_worker_goes_on_when_it_has_succeeded() {
        let mut turns = Turns::new(2);
        let mut inspection = Inspection::new([vec![read(), read()], vec![read()]].into_iter());
        let mut ask = |turns: &mut Turns, free: &[usize], succeeded: Option<usize>| {
            turns.free = free.to_vec();
            succeeded
                .into_iter()
                .for_each(|it| inspection.succeeded(it));
            shown(&turns.ask(|turn| inspection.next(turn)))
        };
        assert_eq!(ask(&mut turns, &[0, 1], None), "0 write");
        assert_eq!(ask(&mut turns, &[1], None), "1 write");
        assert_eq!(ask(&mut turns, &[], None), "wait");
        assert_eq!(ask(&mut turns, &[0], Some(0)), "0 write");
        assert_eq!(ask(&mut turns, &[1], Some(1)), "wait");
        assert_eq!(ask(&mut turns, &[0, 1], None), "at 1");
        assert_eq!(ask(&mut turns, &[0, 1], Some(0)), "done");
    }
}
