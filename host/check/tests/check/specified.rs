//! Objects that somebody else specifies: linearizability and sequential consistency against their
//! definitions carried out by brute force, on small random histories.

use host_check::history::{History, Kind, Op, Process};
use host_check::linear::{Budgets, LinKv, NotJudged, Specification, linearizable, sequential};
use host_check::validity::Validity;
use host_check::value::Value;
use proptest::prelude::*;

use crate::script::history;

/// Cells of integers, 0 at first. `swap [cell n]` leaves n and completes with what was there;
/// `get [cell nil]` completes with what is there.
struct Cells {
    steps: usize,
    fails_at: usize,
}

/// What an operation completes with in a state, and the state after it.
fn done(f: &str, argument: i64, state: i64) -> (i64, i64) {
    match f {
        "swap" => (state, argument),
        _ => (state, state),
    }
}

fn parts(value: &Value) -> (i64, i64) {
    let parts = value.items().unwrap();
    (parts[0].as_int().unwrap(), parts[1].as_int().unwrap_or(0))
}

impl Specification for Cells {
    fn noun(&self) -> &str {
        "cell"
    }

    fn only_reads(&self, f: &str) -> bool {
        f == "get"
    }

    fn key(&mut self, _: &str, value: &Value) -> Result<Value, String> {
        Ok(Value::Int(parts(value).0))
    }

    fn initial(&mut self, _: &Value) -> Result<Box<str>, String> {
        Ok("0".into())
    }

    fn apply(
        &mut self,
        state: &str,
        f: &str,
        value: &Value,
        outcome: Option<&Value>,
    ) -> Result<Result<Box<str>, Box<str>>, String> {
        self.steps += 1;
        if self.steps == self.fails_at {
            return Err("it broke".to_owned());
        }
        let (result, next) = done(f, parts(value).1, state.parse().unwrap());
        Ok(match outcome {
            Some(outcome) if outcome.as_int() != Some(result) => Err(result.to_string().into()),
            _ => Ok(next.to_string().into()),
        })
    }
}

fn cells() -> Cells {
    Cells {
        steps: 0,
        fails_at: usize::MAX,
    }
}

fn judged(history: &History) -> [LinKv; 2] {
    let budgets = Budgets::default();
    [
        linearizable(history, &mut cells(), &budgets).unwrap(),
        sequential(history, &mut cells(), &budgets).unwrap(),
    ]
}

fn verdicts(history: &History) -> [Validity; 2] {
    judged(history).map(|judged| judged.valid)
}

#[test]
fn a_stale_read_is_sequential_and_not_linearizable() {
    let stale = history(
        "0 invoke swap [1 5]
         0 ok swap 0
         1 invoke get [1 nil]
         1 ok get 0",
    );
    assert_eq!(verdicts(&stale), [Validity::False, Validity::True]);
    let [linear, _] = judged(&stale);
    let failure = linear.results[0].1.linearizable.failure.as_ref().unwrap();
    assert_eq!(
        failure.explanation,
        "get with the result 0 by process 1 (op 3, ok at 3.000 s) is impossible: the cell can only be 5 there"
    );
}

#[test]
fn what_a_process_saw_does_not_come_back() {
    let back = history(
        "0 invoke swap [1 5]
         0 ok swap 0
         1 invoke get [1 nil]
         1 ok get 5
         1 invoke get [1 nil]
         1 ok get 0",
    );
    assert_eq!(verdicts(&back), [Validity::False, Validity::False]);
    let [_, of_processes] = judged(&back);
    let failure = of_processes.results[0].1.linearizable.failure.as_ref();
    assert_eq!(
        failure.unwrap().explanation,
        "no order that has the operations of each process in its order explains them all: after 2 at best, \
         get with the result 0 by process 1 (op 5) is impossible, and so is what each other process did next: \
         the cell is 5 there"
    );
}

#[test]
fn cells_know_nothing_of_one_another_and_open_operations_may_have_happened() {
    let several = history(
        "0 invoke swap [1 5]
         0 info swap [1 5]
         1 invoke get [1 nil]
         1 ok get 5
         2 invoke get [2 nil]
         2 ok get 0
         2 invoke swap [2 7]
         2 fail swap [2 7]
         2 invoke get [2 nil]
         2 ok get 0",
    );
    assert_eq!(verdicts(&several), [Validity::True, Validity::True]);
    assert_eq!(judged(&several).map(|judged| judged.key_count), [2, 2]);
}

#[test]
fn a_specification_that_fails_gives_no_verdict() {
    let one = history("0 invoke swap [1 5]\n0 ok swap 0");
    let mut broken = Cells {
        steps: 0,
        fails_at: 1,
    };
    let failed = Err(NotJudged::Failed("it broke".to_owned()));
    let judged = linearizable(&one, &mut broken, &Budgets::default());
    assert_eq!(judged, failed);
    broken.steps = 0;
    let judged = sequential(&one, &mut broken, &Budgets::default());
    assert_eq!(judged, failed);
}

/// An operation of a random history.
#[derive(Clone, Copy, Debug)]
struct Done {
    process: i64,
    is_swap: bool,
    argument: i64,
    /// What it completed with, if that is known.
    outcome: Option<i64>,
    invoked: usize,
    completed: Option<usize>,
}

/// Whether some order explains the operations, of which one may come before another as `may_precede` says.
fn explained(all: &[Done], may_precede: impl Fn(&Done, &Done) -> bool) -> bool {
    fn go(
        all: &[Done],
        taken: u32,
        state: i64,
        may_precede: &impl Fn(&Done, &Done) -> bool,
    ) -> bool {
        let left = || (0..all.len()).filter(|at| taken >> at & 1 == 0);
        // Those of unknown outcome need not have happened.
        if left().all(|at| all[at].outcome.is_none()) {
            return true;
        }
        left().any(|at| {
            let first = &all[at];
            let (result, next) = done(
                if first.is_swap { "swap" } else { "get" },
                first.argument,
                state,
            );
            left().all(|other| other == at || may_precede(first, &all[other]))
                && first.outcome.is_none_or(|outcome| outcome == result)
                && go(all, taken | 1 << at, next, may_precede)
        })
    }
    go(all, 0, 0, &may_precede)
}

/// A history of one cell in which each process goes from invocation to completion, and its operations.
fn random(steps: &[(i64, bool, i64, u8)]) -> (History, Vec<Done>) {
    let mut ops: Vec<Op> = Vec::new();
    let mut all: Vec<Done> = Vec::new();
    let mut open: [Option<(usize, i64)>; 3] = [None; 3];
    let mut processes = [0, 1, 2];
    let mut state = 0;
    let op = |process: i64, kind, is_swap: bool, value| Op {
        index: 0,
        time_ns: 0,
        kind,
        process: Process::Client(process),
        f: if is_swap { "swap" } else { "get" }.into(),
        value,
        error: None,
        extra: Vec::new(),
    };
    for &(worker, is_swap, argument, ending) in steps {
        let worker = usize::try_from(worker).unwrap();
        let process = processes[worker];
        match open[worker].take() {
            None => {
                // It takes effect at once, whatever it tells later.
                let (result, next) = done(if is_swap { "swap" } else { "get" }, argument, state);
                state = next;
                open[worker] = Some((all.len(), result));
                let given = vec![Value::Int(1), Value::Int(argument)];
                all.push(Done {
                    process,
                    is_swap,
                    argument,
                    outcome: None,
                    invoked: ops.len(),
                    completed: None,
                });
                ops.push(op(process, Kind::Invoke, is_swap, Value::from(given)));
            }
            Some((at, result)) => {
                let is_swap = all[at].is_swap;
                if ending == 0 {
                    ops.push(op(process, Kind::Info, is_swap, Value::Nil));
                    processes[worker] += 3;
                    continue;
                }
                // Some lie.
                let told = if ending == 1 { argument } else { result };
                all[at].outcome = Some(told);
                all[at].completed = Some(ops.len());
                ops.push(op(process, Kind::Ok, is_swap, Value::Int(told)));
            }
        }
    }
    for (index, op) in (0..).zip(&mut ops) {
        op.index = index;
        op.time_ns = index.cast_signed();
    }
    (History::new(ops).unwrap(), all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn verdicts_are_those_of_their_definitions(
        steps in prop::collection::vec((0..3_i64, any::<bool>(), 0..3_i64, 0..8_u8), 0..14)
    ) {
        let (history, all) = random(&steps);
        let in_time = |first: &Done, other: &Done| {
            other.completed.is_none_or(|completed| first.invoked < completed)
        };
        let of_process = |first: &Done, other: &Done| {
            first.process != other.process || first.invoked < other.invoked
        };
        let expected = [explained(&all, in_time), explained(&all, of_process)];
        prop_assert_eq!(verdicts(&history), expected.map(Validity::from));
    }
}
