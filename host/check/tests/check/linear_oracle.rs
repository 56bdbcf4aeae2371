//! Linearizability against its definition carried out by brute force, on small random histories.

use std::collections::{BTreeMap, BTreeSet};

use host_check::history::{History, Kind, Op, Process, write_edn};
use host_check::linear::{Budgets, Linearizable, ModelName, check_model, lin_kv};
use host_check::validity::{Checks, Validity};
use host_check::value::Value;
use proptest::prelude::*;

/// What an operation did to an integer: -1 is nil, and a mutex is 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Did {
    Read(i64),
    Write(i64),
    Cas(i64, i64),
    Nothing,
}

impl Did {
    fn step(self, state: i64) -> Option<i64> {
        match self {
            Self::Read(value) => (state == value).then_some(state),
            Self::Write(value) => Some(value),
            Self::Cas(from, to) => (state == from).then_some(to),
            Self::Nothing => Some(state),
        }
    }
}

/// An operation: what it did, when it began, and when it ended if it did.
#[derive(Clone, Copy, Debug)]
struct Span {
    did: Did,
    invoked: usize,
    completed: Option<usize>,
}

/// The states after every possible order of the operations of which all that completed before `end`
/// took place, and any others that began before.
fn ends(spans: &[Span], initial: i64, end: usize) -> BTreeSet<i64> {
    fn go(spans: &[Span], end: usize, done: u32, state: i64, ends: &mut BTreeSet<i64>) {
        let completed = |span: &Span| span.completed.filter(|&at| at < end);
        let left = || (0..spans.len()).filter(|at| done >> at & 1 == 0);
        let must = left().filter_map(|at| completed(&spans[at])).min();
        if must.is_none() {
            ends.insert(state);
        }
        for at in left() {
            let Span { did, invoked, .. } = spans[at];
            let is_next = invoked < end && must.is_none_or(|must| invoked < must);
            if let Some(next) = did.step(state).filter(|_| is_next) {
                go(spans, end, done | 1 << at, next, ends);
            }
        }
    }
    let mut found = BTreeSet::new();
    go(spans, end, 0, initial, &mut found);
    found
}

fn value(n: i64) -> Value {
    if n < 0 { Value::Nil } else { Value::Int(n) }
}

/// One step of a random history: which process, what it does, with which values, how it ends, and
/// whether the answer is the truth.
type Step = (i64, u8, i64, i64, u8, bool);

fn steps(processes: i64, values: i64, count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..processes,
        0..3_u8,
        0..values,
        0..values,
        0..8_u8,
        prop::bool::weighted(0.85),
    );
    prop::collection::vec(step, 0..count)
}

/// A history in which each process goes from invocation to effect to completion, and some answers
/// lie; and what the brute force needs to know of it.
fn random_history(model: ModelName, steps: &[Step]) -> (History, Vec<Span>) {
    enum At {
        Invoked(usize, &'static str, Value, Did),
        Done(usize, &'static str, Value, Did, bool),
    }
    let mut ops: Vec<Op> = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    let mut state = initial(model);
    let mut at: BTreeMap<i64, At> = BTreeMap::new();
    let mut numbers: BTreeMap<i64, i64> = BTreeMap::new();
    for &(process, what, a, b, how, is_true) in steps {
        let number = numbers.entry(process).or_insert(process);
        let mut push = |kind, f: &str, value| {
            let index = ops.len();
            ops.push(Op {
                index: index as u64,
                time_ns: 1_000_000 * index as i64,
                kind,
                process: Process::Client(*number),
                f: f.into(),
                value,
                error: None,
                extra: Vec::new(),
            });
            index
        };
        match at.remove(&process) {
            None => {
                let (f, asked, did) = match (model, what) {
                    (ModelName::Mutex, 0) => ("release", Value::Nil, Did::Cas(1, 0)),
                    (ModelName::Mutex, _) => ("acquire", Value::Nil, Did::Cas(0, 1)),
                    (ModelName::CasRegister, 1) => ("cas", Value::from(vec![a, b]), Did::Cas(a, b)),
                    (_, 2) => ("write", Value::Int(a), Did::Write(a)),
                    _ => ("read", Value::Nil, Did::Nothing),
                };
                let invoked = push(Kind::Invoke, f, asked.clone());
                at.insert(process, At::Invoked(invoked, f, asked, did));
            }
            Some(At::Invoked(invoked, f, asked, did)) => {
                let next = did.step(state);
                state = next.unwrap_or(state);
                let did = if f == "read" { Did::Read(state) } else { did };
                at.insert(process, At::Done(invoked, f, asked, did, next.is_some()));
            }
            Some(At::Done(invoked, f, asked, did, is_done)) => {
                let (kind, did, answer) = match (how, did) {
                    (0 | 1, Did::Read(_)) => (Kind::Info, Did::Nothing, asked),
                    (0 | 1, did) => (Kind::Info, did, asked),
                    _ if is_done != is_true => (Kind::Fail, did, asked),
                    (_, Did::Read(seen)) => {
                        let seen = if is_true { seen } else { a };
                        (Kind::Ok, Did::Read(seen), value(seen))
                    }
                    _ => (Kind::Ok, did, asked),
                };
                let completed = push(kind, f, answer);
                if kind == Kind::Info {
                    *number += 100;
                }
                if kind != Kind::Fail {
                    let completed = (kind == Kind::Ok).then_some(completed);
                    spans.push(Span {
                        did,
                        invoked,
                        completed,
                    });
                }
            }
        }
    }
    for rest in at.into_values() {
        let (At::Invoked(invoked, f, _, did) | At::Done(invoked, f, _, did, _)) = rest;
        if f != "read" {
            spans.push(Span {
                did,
                invoked,
                completed: None,
            });
        }
    }
    (History::new(ops).unwrap(), spans)
}

fn initial(model: ModelName) -> i64 {
    if model == ModelName::Mutex { 0 } else { -1 }
}

fn judge(history: &History, model: ModelName) -> Linearizable {
    check_model(history, model, Checks::Strict, &Budgets::default()).unwrap()
}

/// That a result is what the definition says: the verdict, that the prefix before the operation is
/// linearizable and with it is not, and that only the states it names are possible there.
fn agrees(model: ModelName, steps: &[Step]) -> Result<(), TestCaseError> {
    let (history, spans) = random_history(model, steps);
    let result = judge(&history, model);
    let is_valid = !ends(&spans, initial(model), usize::MAX).is_empty();
    prop_assert_eq!(result.valid, Validity::from(is_valid));
    let Some(failure) = result.failure else {
        return Ok(());
    };
    let at = failure.op.index as usize;
    prop_assert!(
        ends(&spans, initial(model), at + 1).is_empty(),
        "explained: {}",
        failure.explanation
    );
    let mut without = spans.clone();
    without.retain(|span| span.completed != Some(at));
    let possible = ends(&without, initial(model), at);
    prop_assert!(!possible.is_empty(), "too late: {}", failure.explanation);
    let words = |&state: &i64| match (model, state) {
        (ModelName::Mutex, 0) => "free".to_owned(),
        (ModelName::Mutex, _) => "locked".to_owned(),
        (_, state) => value(state).to_string(),
    };
    let (_, named) = failure.explanation.split_once(" can only be ").unwrap();
    let named = named.strip_suffix(" there").unwrap().replace(" or ", ", ");
    let named: BTreeSet<&str> = named.split(", ").collect();
    let possible: BTreeSet<String> = possible.iter().map(words).collect();
    let possible: BTreeSet<&str> = possible.iter().map(String::as_str).collect();
    prop_assert_eq!(named, possible.clone(), "{}", write_edn(&history));
    let states: BTreeSet<String> = failure
        .configs
        .iter()
        .map(|config| config.model.to_string())
        .collect();
    prop_assert!(states.iter().all(|state| possible.contains(state.as_str())));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_register_is_linearizable_if_some_order_explains_it(steps in steps(4, 3, 22)) {
        agrees(ModelName::Register, &steps)?;
    }

    #[test]
    fn a_cas_register_is_linearizable_if_some_order_explains_it(steps in steps(5, 3, 22)) {
        agrees(ModelName::CasRegister, &steps)?;
    }

    #[test]
    fn a_mutex_is_linearizable_if_some_order_explains_it(steps in steps(4, 1, 22)) {
        agrees(ModelName::Mutex, &steps)?;
    }

    #[test]
    fn keys_are_linearizable_one_by_one(histories in prop::collection::vec(steps(3, 2, 16), 1..4)) {
        let mut ops = Vec::new();
        let mut expected = Vec::new();
        for (key, steps) in (0..).zip(&histories) {
            let (history, spans) = random_history(ModelName::CasRegister, steps);
            if ends(&spans, -1, usize::MAX).is_empty() {
                expected.push(Value::Int(key));
            }
            for op in history.ops() {
                let Process::Client(process) = op.process else { continue };
                let process = Process::Client(process + 10_000 * key);
                let value = Value::from(vec![Value::Int(key), op.value.clone()]);
                ops.push(Op { process, value, ..op.clone() });
            }
        }
        ops.sort_by_key(|op| op.time_ns);
        for (index, op) in ops.iter_mut().enumerate() {
            op.index = index as u64;
        }
        let history = History::new(ops).unwrap();
        let kv = lin_kv(&history, Checks::Strict, &Budgets::default()).unwrap();
        prop_assert_eq!(&kv.failures, &expected);
        prop_assert_eq!(kv.valid, Validity::from(expected.is_empty()));
    }
}
