//! Objects that somebody else specifies: `apply(state, operation)`, state by state as the search
//! comes across them. States are text, and the same state is the same text.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use indexmap::{IndexMap, IndexSet};

use crate::history::{History, Kind, Op};
use crate::unexpected::UnexpectedOperation;
use crate::validity::{Checks, Validity};
use crate::value::{Name, Value};

use super::budgets::{Budgets, Meter};
use super::judge::{judge, whole};
use super::lin_kv::{LinKv, of_keys};
use super::model::{Call, Model, State, brief};
use super::result::Linearizable;
use super::subject::Subject;

/// What one object does, as if its operations came one at a time. An error says why that could not be
/// found out.
pub trait Specification {
    /// What the object is called.
    fn noun(&self) -> &str;

    /// Whether operations of this kind change nothing.
    fn only_reads(&self, f: &str) -> bool;

    /// The object that an operation is about; nil if there is only one.
    ///
    /// # Errors
    /// See above.
    fn key(&mut self, f: &str, value: &Value) -> Result<Value, String>;

    /// The state before all operations, as JSON.
    ///
    /// # Errors
    /// See above.
    fn initial(&mut self, key: &Value) -> Result<Box<str>, String>;

    /// The state after an operation that completed with `outcome`, or in any way if there is none; or
    /// what it would have completed with in `state`, as JSON.
    ///
    /// # Errors
    /// See above.
    fn apply(
        &mut self,
        state: &str,
        f: &str,
        value: &Value,
        outcome: Option<&Value>,
    ) -> Result<Result<Box<str>, Box<str>>, String>;
}

/// Why a specification has not judged a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotJudged {
    /// The history is not the workload's.
    Unexpected(UnexpectedOperation),
    /// The workload has failed: what happened.
    Failed(String),
}

/// The most different steps that a specification is asked for in one history.
const ASKED_MAX: usize = 2_000_000;

/// What is the same for all objects of a history.
pub(super) struct Asked<'s> {
    pub(super) specification: &'s mut dyn Specification,
    count: usize,
    pub(super) failure: Option<String>,
}

impl<'s> Asked<'s> {
    pub(super) fn of(specification: &'s mut dyn Specification) -> Self {
        Asked {
            specification,
            count: 0,
            failure: None,
        }
    }

    /// Asks for a step; `None` if it is impossible, or nobody knows.
    fn step(&mut self, state: &str, call: &Operation) -> Option<Box<str>> {
        if self.failure.is_some() {
            return None;
        }
        self.count += 1;
        if self.count > ASKED_MAX {
            self.failure = Some(format!(
                "its specification has more than {ASKED_MAX} different steps in one history: make states \
                 smaller, or give keys to operations"
            ));
            return None;
        }
        let Operation { f, value, outcome } = call;
        match (self.specification).apply(state, f, value, outcome.as_ref()) {
            Ok(applied) => applied.ok(),
            Err(why) => {
                self.failure = Some(why);
                None
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Operation {
    pub(super) f: Name,
    pub(super) value: Value,
    pub(super) outcome: Option<Value>,
}

/// An object as the search has it.
pub(super) struct Specified<'a, 's> {
    asked: &'a RefCell<Asked<'s>>,
    noun: String,
    states: RefCell<IndexSet<Box<str>>>,
    calls: IndexSet<Operation>,
    steps: RefCell<HashMap<(State, Call), Option<State>>>,
}

impl<'a, 's> Specified<'a, 's> {
    fn new(asked: &'a RefCell<Asked<'s>>, initial: Box<str>) -> Self {
        Specified {
            asked,
            noun: asked.borrow().specification.noun().to_owned(),
            states: RefCell::new(IndexSet::from([initial])),
            calls: IndexSet::new(),
            steps: RefCell::default(),
        }
    }
}

/// What is known of the object that an operation is about; it is made of a model at its beginning where nothing is.
pub(super) fn object_of<'k, 'a, 's, T>(
    objects: &'k mut IndexMap<Value, T>,
    asked: &'a RefCell<Asked<'s>>,
    op: &Op,
    make: impl FnOnce(Specified<'a, 's>) -> T,
) -> Result<&'k mut T, NotJudged> {
    let key = asked.borrow_mut().specification.key(&op.f, &op.value);
    let key = key.map_err(NotJudged::Failed)?;
    let number = match objects.get_index_of(&key) {
        Some(number) => number,
        None => {
            let initial = asked.borrow_mut().specification.initial(&key);
            let model = Specified::new(asked, initial.map_err(NotJudged::Failed)?);
            objects.insert_full(key, make(model)).0
        }
    };
    Ok(&mut objects[number])
}

impl Model for Specified<'_, '_> {
    const COMPLETES_AS_INVOKED: bool = false;

    fn initial(&self) -> State {
        State(0)
    }

    fn call(
        &mut self,
        f: &str,
        invoked: &Value,
        completed: Option<&Value>,
    ) -> Result<Option<Call>, String> {
        if completed.is_none() && self.asked.borrow().specification.only_reads(f) {
            return Ok(None);
        }
        let operation = Operation {
            f: f.into(),
            value: invoked.clone(),
            outcome: completed.cloned(),
        };
        Ok(Some(Call(number(self.calls.insert_full(operation).0))))
    }

    fn step(&self, state: State, call: Call) -> Option<State> {
        if let Some(known) = self.steps.borrow().get(&(state, call)) {
            return *known;
        }
        let before = self.states.borrow()[state.0 as usize].clone();
        let after = (self.asked.borrow_mut()).step(&before, &self.calls[call.0 as usize]);
        let after = after.map(|after| State(number(self.states.borrow_mut().insert_full(after).0)));
        self.steps.borrow_mut().insert((state, call), after);
        after
    }

    fn state_value(&self, state: State) -> Value {
        let states = self.states.borrow();
        serde_json::from_str(&states[state.0 as usize]).unwrap_or_default()
    }

    fn words(&self, f: &str, value: &Value) -> String {
        match value {
            Value::Nil => f.to_owned(),
            value => format!("{f} with the result {}", brief(value)),
        }
    }

    fn noun(&self) -> &str {
        &self.noun
    }
}

/// There are fewer of them than [`ASKED_MAX`].
#[expect(clippy::cast_possible_truncation)]
fn number(index: usize) -> u32 {
    index as u32
}

/// Judges a history by a specification: whether each object is linearizable.
///
/// # Errors
/// When that could not be found out.
pub fn linearizable(
    history: &History,
    specification: &mut dyn Specification,
    budgets: &Budgets,
) -> Result<LinKv, NotJudged> {
    let asked = RefCell::new(Asked::of(specification));
    let mut keys: IndexMap<Value, Subject<Specified<'_, '_>>> = IndexMap::new();
    let invocations = history
        .client_ops()
        .filter(|(_, op)| op.kind == Kind::Invoke);
    for (at, op) in invocations {
        let subject = object_of(&mut keys, &asked, op, Subject::new)?;
        let completion = history.pairs().partner(at).map(|at| &history.ops()[at]);
        let completion = completion.filter(|completion| completion.kind == Kind::Ok);
        let completed = completion.map(|completion| &completion.value);
        subject
            .add(history, at, &op.value, completed)
            .map_err(NotJudged::Unexpected)?;
    }
    let meter = Meter::new(budgets, Instant::now());
    let each = meter.share(budgets.steps, keys.len());
    let key_count = keys.len();
    let mut bad: Vec<(Value, Linearizable)> = Vec::new();
    for (key, subject) in keys {
        let judged = judge(history, &subject, whole, Checks::Strict, &each);
        if let Some(why) = asked.borrow_mut().failure.take() {
            return Err(NotJudged::Failed(why));
        }
        if judged.result.valid != Validity::True {
            bad.push((key, judged.result));
        }
    }
    Ok(of_keys(bad, key_count))
}
