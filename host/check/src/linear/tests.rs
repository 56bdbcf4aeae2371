//! The search, however much it leaves out at first, against one that leaves out nothing and has no
//! short cuts.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::time::Instant;

use proptest::prelude::*;

use crate::value::Value;

use super::budgets::{Budgets, Meter};
use super::calls::{CallEvent, Calls, NEVER};
use super::model::{Call, Model, Shape, State};
use super::mutex::Mutex;
use super::search::{LEVELS, Search, Verdict};
use super::slots::Slots;

/// A number that is added to and read: `Call(n)` adds n, `Call(100 + n)` reads n. No call of it has
/// a shape, so the search has nothing to go by but [`Model::step`].
struct Counter;

impl Model for Counter {
    fn initial(&self) -> State {
        State(0)
    }

    fn call(&mut self, _: &str, _: &Value, _: Option<&Value>) -> Result<Option<Call>, String> {
        Ok(None)
    }

    fn step(&self, state: State, Call(call): Call) -> Option<State> {
        match call.checked_sub(100) {
            Some(read) => (state.0 == read).then_some(state),
            None => Some(State(state.0 + call)),
        }
    }

    fn state_value(&self, state: State) -> Value {
        Value::Int(i64::from(state.0))
    }

    fn words(&self, f: &str, _: &Value) -> String {
        f.to_owned()
    }

    fn noun(&self) -> &'static str {
        "counter"
    }
}

/// A register of small numbers, with a call for each combination of them: `Call(n)` writes n,
/// `Call(10 + n)` reads it, `Call(100 + 10 a + b)` sets b if it was a.
struct Small;

impl Model for Small {
    fn initial(&self) -> State {
        State(0)
    }

    fn call(&mut self, _: &str, _: &Value, _: Option<&Value>) -> Result<Option<Call>, String> {
        Ok(None)
    }

    fn step(&self, state: State, call: Call) -> Option<State> {
        match self.shape(call) {
            Shape::Keeps(kept) => (state == kept).then_some(kept),
            Shape::Sets(to) => Some(to),
            Shape::Moves { from, to } => (state == from).then_some(to),
            Shape::Any => None,
        }
    }

    fn shape(&self, Call(call): Call) -> Shape {
        let (from, to) = (State(call / 10 % 10), State(call % 10));
        match call {
            0..10 => Shape::Sets(to),
            10..100 => Shape::Keeps(to),
            _ if from == to => Shape::Keeps(to),
            _ => Shape::Moves { from, to },
        }
    }

    fn state_value(&self, state: State) -> Value {
        Value::Int(i64::from(state.0))
    }

    fn words(&self, f: &str, _: &Value) -> String {
        f.to_owned()
    }

    fn noun(&self) -> &'static str {
        "register"
    }
}

/// One step of a history: which process, a number to choose its call by, and what becomes of it.
type Step = (usize, u32, Fate);

#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It completes, if it took effect.
    Fair,
    /// It completes as if it had taken effect.
    Lie,
    /// It never completes.
    Crash,
}

/// `count` steps, of which so many of a thousand are lies and crashes.
fn steps(
    processes: usize,
    count: Range<usize>,
    lies: u32,
    crashes: u32,
) -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        1_000 - lies - crashes => Just(Fate::Fair),
        lies => Just(Fate::Lie),
        crashes => Just(Fate::Crash),
    ];
    prop::collection::vec((0..processes, 0..1_000_u32, fate), count)
}

/// Calls that a real object made, from beginning over effect to end, except for a few lies. `call`
/// chooses the call, and completes it when it takes effect.
fn calls_of(
    model: &impl Model,
    steps: &[Step],
    call: impl Fn(u32, Option<State>) -> Call,
) -> Vec<(Call, u32, u32)> {
    let mut state = model.initial();
    let mut open = vec![None; 8];
    let mut calls = Vec::new();
    for (at, &(process, number, fate)) in (0..).zip(steps) {
        open[process] = match open[process] {
            None => Some((at, number, None)),
            Some((invoked, number, None)) => {
                let call = call(number, Some(state));
                let next = model.step(state, call);
                state = next.unwrap_or(state);
                Some((invoked, number, Some((call, next.is_some()))))
            }
            Some((invoked, _, Some((call, is_done)))) => {
                match fate {
                    Fate::Crash => calls.push((call, invoked, NEVER)),
                    Fate::Lie => calls.push((call, invoked, at)),
                    Fate::Fair if is_done => calls.push((call, invoked, at)),
                    Fate::Fair => {}
                }
                None
            }
        };
    }
    for (invoked, number, done) in open.into_iter().flatten() {
        let call = done.map_or_else(|| call(number, None), |(call, _)| call);
        calls.push((call, invoked, NEVER));
    }
    calls.sort_by_key(|&(_, invoked, _)| invoked);
    calls
}

/// Where the first completion is that nothing explains, found by keeping all configurations there
/// are.
fn plain(model: &impl Model, calls: &[(Call, u32, u32)]) -> Option<u32> {
    let mut completions: Vec<usize> = (0..calls.len())
        .filter(|&at| calls[at].2 != NEVER)
        .collect();
    completions.sort_by_key(|&at| calls[at].2);
    let mut configs: BTreeSet<(u128, State)> = BTreeSet::from([(0, model.initial())]);
    for completing in completions {
        let end = calls[completing].2;
        let mut seen: HashSet<(u128, State)> = configs.iter().copied().collect();
        let mut queue: Vec<(u128, State)> = configs.into_iter().collect();
        while let Some((done, state)) = queue.pop() {
            for (at, &(call, invoked, _)) in calls.iter().enumerate() {
                if invoked < end
                    && done >> at & 1 == 0
                    && let Some(next) = model.step(state, call)
                    && seen.insert((done | 1 << at, next))
                {
                    queue.push((done | 1 << at, next));
                }
            }
        }
        let is_done = |(done, _): &(u128, State)| done >> completing & 1 == 1;
        configs = seen.into_iter().filter(is_done).collect();
        if configs.is_empty() {
            return Some(end);
        }
    }
    None
}

/// The same, by the search.
fn searched<B: Slots>(
    levels: &[(usize, u32)],
    model: &impl Model,
    calls: &Calls,
) -> Result<Option<u32>, TestCaseError> {
    let meter = Meter::new(&Budgets::default(), Instant::now());
    match Search::<_, B>::new(levels, model, calls, meter).run() {
        Verdict::Linearizable => Ok(None),
        Verdict::Not(dead_end) => Ok(Some(calls.span(dead_end.number).completed)),
        Verdict::Spent(spent) => Err(TestCaseError::fail(spent.to_string())),
    }
}

fn agree(model: &impl Model, calls: &[(Call, u32, u32)]) -> Result<(), TestCaseError> {
    let expected = plain(model, calls);
    let calls = Calls::of(model, calls);
    let few: [&[(usize, u32)]; 4] = [LEVELS, &[], &[(1, 0)], &[(1, 0), (2, 0), (4, 1)]];
    for levels in few {
        prop_assert_eq!(
            searched::<u64>(levels, model, &calls)?,
            expected,
            "{:?}",
            levels
        );
    }
    prop_assert_eq!(searched::<Box<[u64]>>(LEVELS, model, &calls)?, expected);
    Ok(())
}

/// A call of [`Small`]: three writes of ten, two cas, five reads; values below `values`.
fn small(values: u32) -> impl Fn(u32, Option<State>) -> Call {
    move |number, state| {
        let (what, a, b) = (number % 10, number / 10 % values, number / 50 % values);
        Call(match (what, state) {
            (0..3, _) => a,
            (3..5, _) => 100 + 10 * a + b,
            (5, _) => 10 + a,
            (_, state) => 10 + state.map_or(a, |state| state.0),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn few_configurations_find_what_all_find_in_a_register(steps in steps(6, 0..90, 30, 90)) {
        agree(&Small, &calls_of(&Small, &steps, small(4)))?;
    }

    #[test]
    fn few_configurations_find_what_all_find_where_many_crash(steps in steps(4, 0..60, 100, 300)) {
        agree(&Small, &calls_of(&Small, &steps, small(2)))?;
    }

    #[test]
    fn few_configurations_find_what_all_find_where_few_values_are_read(steps in steps(6, 0..80, 20, 150)) {
        agree(&Small, &calls_of(&Small, &steps, small(9)))?;
    }

    #[test]
    fn few_configurations_find_what_all_find_in_a_mutex(steps in steps(5, 0..60, 30, 90)) {
        agree(&Mutex, &calls_of(&Mutex, &steps, |number, _| Call(number % 2)))?;
    }

    #[test]
    fn a_model_needs_no_shapes(steps in steps(4, 0..50, 30, 90)) {
        let call = |number: u32, state: Option<State>| match (number % 3, state) {
            (0, _) => Call(number / 3 % 3),
            (1, Some(state)) if !number.is_multiple_of(11) => Call(100 + state.0),
            _ => Call(100 + number / 3 % 5),
        };
        agree(&Counter, &calls_of(&Counter, &steps, call))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Long enough for stages to return to, and for what they leave out to matter.
    #[test]
    fn few_configurations_find_what_all_find_in_long_histories(steps in steps(3, 250..380, 3, 30)) {
        agree(&Small, &calls_of(&Small, &steps, small(3)))?;
    }
}

/// Slots are given again: a long history of few processes has few.
#[test]
fn a_slot_is_for_an_operation_that_is_open() {
    let calls: Vec<(Call, u32, u32)> = (0..100).map(|n| (Call(n % 3), 2 * n, 2 * n + 3)).collect();
    let calls = Calls::of(&Small, &calls);
    assert_eq!(calls.slot_count, 2);
    let opened = calls
        .events
        .iter()
        .filter(|event| matches!(event, CallEvent::Open(_)));
    assert_eq!((opened.count(), calls.completed_count), (100, 100));
}

/// An earlier search took a crashed write of what the register was already for useless: here it
/// overwrites the write of 2, just before the cas needs it to.
#[test]
fn a_crashed_write_of_the_same_value_can_overwrite() {
    let calls = [
        (Call(1), 1, 4),
        (Call(0), 3, 12),
        (Call(1), 13, NEVER),
        (Call(2), 15, 23),
        (Call(0), 18, 29),
        (Call(113), 19, 22),
        (Call(13), 24, 27),
    ];
    assert_eq!(plain(&Small, &calls), None);
    agree(&Small, &calls).unwrap();
}
