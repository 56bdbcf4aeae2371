//! Sequential consistency: whether there is one order of the operations that has those of each process
//! in its order, and that a specification allows. After Lamport, *How to make a multiprocessor computer
//! that correctly executes multiprocess programs* (1979). Time does not matter, so a search goes through
//! what each process has done, and remembers where it was.

use std::cell::RefCell;
use std::collections::HashSet;

use indexmap::IndexMap;

use crate::bounded::abridged;
use crate::completion::Completion;
use crate::history::{History, Kind, Op, Process};
use crate::missed::Missed;
use crate::validity::Validity;
use crate::value::Value;

use super::budgets::{Budget, Budgets, Spent};
use super::lin_kv::{LinKv, of_keys};
use super::model::{Call, Model, State};
use super::result::{Failure, Linearizable};
use super::specification::{Asked, NotJudged, Specification, Specified, object_of};

/// An operation of a process.
struct Step {
    call: Call,
    /// Where its completion is in the history, or its invocation if its outcome is open.
    at: usize,
    is_open: bool,
    /// Whether it changes no state.
    only_reads: bool,
}

/// What processes do to one object.
struct Object<'a, 's> {
    model: Specified<'a, 's>,
    processes: IndexMap<i64, Vec<Step>>,
}

/// How far each process is, and the state then.
type Config = (Box<[u32]>, State);

/// Judges a history by a specification: whether each object is sequentially consistent.
///
/// Objects are judged one by one. A history of several that are each sequentially consistent need not be so as a whole.
///
/// # Errors
/// When that could not be found out.
pub fn sequential(
    history: &History,
    specification: &mut dyn Specification,
    budgets: &Budgets,
) -> Result<LinKv, NotJudged> {
    let asked = RefCell::new(Asked::of(specification));
    let objects = objects(history, &asked)?;
    let key_count = objects.len();
    let steps_max = budgets.steps / key_count.max(1) as u64;
    let mut bad = Vec::new();
    for (key, object) in objects {
        let result = object.judge(history, steps_max, budgets.configs);
        if let Some(why) = asked.borrow_mut().failure.take() {
            return Err(NotJudged::Failed(why));
        }
        if result.valid != Validity::True {
            bad.push((key, result));
        }
    }
    Ok(of_keys(bad, key_count))
}

fn objects<'a, 's>(
    history: &History,
    asked: &'a RefCell<Asked<'s>>,
) -> Result<IndexMap<Value, Object<'a, 's>>, NotJudged> {
    let mut objects: IndexMap<Value, Object<'a, 's>> = IndexMap::new();
    let invocations = history
        .client_ops()
        .filter(|(_, op)| op.kind == Kind::Invoke);
    for (at, op) in invocations {
        let object = object_of(&mut objects, asked, op, |model| Object {
            model,
            processes: IndexMap::new(),
        })?;
        let completed = history.pairs().partner(at);
        let (outcome, at) = match (Completion::of(history, at), completed) {
            (Completion::Refused, _) => continue,
            (Completion::Acknowledged, Some(completed)) => {
                (Some(&history.ops()[completed].value), completed)
            }
            _ => (None, at),
        };
        let call = object.model.call(&op.f, &op.value, outcome);
        let Some(call) = call.map_err(NotJudged::Failed)? else {
            continue;
        };
        let step = Step {
            call,
            at,
            is_open: outcome.is_none(),
            only_reads: asked.borrow().specification.only_reads(&op.f),
        };
        if let Process::Client(process) = op.process {
            object.processes.entry(process).or_default().push(step);
        }
    }
    Ok(objects)
}

impl Object<'_, '_> {
    fn judge(&self, history: &History, steps_max: u64, configs_max: usize) -> Linearizable {
        let processes: Vec<&[Step]> = self.processes.values().map(Vec::as_slice).collect();
        let all = processes.iter().flat_map(|steps| steps.iter());
        let (open_count, ok_count) = all.fold((0, 0), |(open, ok), step| match step.is_open {
            true => (open + 1, ok),
            false => (open, ok + 1),
        });
        let result = |valid, failure, spent| Linearizable {
            valid,
            ok_count,
            info_count: open_count,
            failure,
            spent,
            missed: Missed::default(),
        };
        let mut seen: HashSet<Config> = HashSet::new();
        let begin = (
            vec![0_u32; processes.len()].into_boxed_slice(),
            self.model.initial(),
        );
        let mut stack = vec![begin];
        let mut taken = 0;
        let mut farthest: (usize, Option<Config>) = (0, None);
        while let Some((mut done, state)) = stack.pop() {
            self.keep(&processes, &mut done, state);
            let count = completed(&processes, &done);
            if count == ok_count {
                return result(Validity::True, None, None);
            }
            if !seen.insert((done.clone(), state)) {
                continue;
            }
            taken += processes.len() as u64;
            let budget = match () {
                () if taken > steps_max => Some((Budget::Steps, steps_max)),
                () if seen.len() > configs_max => Some((Budget::Configs, configs_max as u64)),
                () => None,
            };
            if let Some((budget, limit)) = budget {
                let spent = Spent {
                    budget,
                    limit,
                    linearized_count: farthest.0,
                    completed_count: ok_count,
                };
                return result(Validity::Unknown, None, Some(spent));
            }
            if farthest.1.is_none() || count > farthest.0 {
                farthest = (count, Some((done.clone(), state)));
            }
            for (process, steps) in processes.iter().enumerate().rev() {
                let Some(step) = steps.get(done[process] as usize) else {
                    continue;
                };
                if let Some(next) = self.model.step(state, step.call) {
                    let mut done = done.clone();
                    done[process] += 1;
                    stack.push((done, next));
                }
            }
        }
        let failure = farthest.1.and_then(|(done, state)| {
            let next = processes.iter().zip(&done);
            let next = next.filter_map(|(steps, &done)| steps.get(done as usize));
            let first = next.filter(|step| !step.is_open).min_by_key(|it| it.at)?;
            Some(Box::new(self.failure(history, first, (farthest.0, state))))
        });
        result(Validity::False, failure, None)
    }

    /// Takes all reads that are possible: whatever comes later, they could come first.
    fn keep(&self, processes: &[&[Step]], done: &mut [u32], state: State) {
        loop {
            let mut has_moved = false;
            for (steps, done) in processes.iter().zip(done.iter_mut()) {
                let keeps = |step: &&Step| {
                    step.only_reads && self.model.step(state, step.call) == Some(state)
                };
                while steps.get(*done as usize).filter(keeps).is_some() {
                    *done += 1;
                    has_moved = true;
                }
            }
            if !has_moved {
                return;
            }
        }
    }

    fn failure(&self, history: &History, step: &Step, (count, state): (usize, State)) -> Failure {
        let op: &Op = &history.ops()[step.at];
        let state = super::model::brief(&self.model.state_value(state));
        Failure {
            op: abridged(op),
            previous_ok: None,
            linearized_count: count,
            explanation: format!(
                "no order that has the operations of each process in its order explains them all: after {count} at best, \
                 {} by process {} (op {}) is impossible, and so is what each other process did next: the {} is {state} there",
                self.model.words(&op.f, &op.value),
                op.process,
                op.index,
                self.model.noun(),
            ),
            open: Vec::new(),
            open_count: 0,
            crashed: Vec::new(),
            crashed_count: 0,
            configs: Vec::new(),
            config_count: 0,
        }
    }
}

/// How many operations that completed are done.
fn completed(processes: &[&[Step]], done: &[u32]) -> usize {
    let each = processes.iter().zip(done).map(|(steps, &done)| {
        let done = steps.iter().take(done as usize);
        done.filter(|step| !step.is_open).count()
    });
    each.sum()
}
