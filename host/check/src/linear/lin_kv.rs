//! lin-kv: a register that can be compared and set for each key. After Maelstrom's
//! `workload/lin_kv.clj`, whose checker is `jepsen.independent`'s over Knossos': a history's values
//! are `[key value]`, and a map of linearizable registers is linearizable if each of them is.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use indexmap::IndexMap;
use serde::{Serialize, Serializer};

use crate::bounded::{LeftOut, bounded};
use crate::history::{History, Kind, Op};
use crate::json::json_key;
use crate::missed::{ComplaintKind, Missed, NamedElements};
use crate::unexpected::UnexpectedOperation;
use crate::validity::{Checks, Validity};
use crate::value::Value;

use super::budgets::{Budgets, Meter};
use super::judge::{Judged, judge};
use super::register::{Register, pair};
use super::result::Linearizable;
use super::subject::Subject;

/// The most keys of which [`LinKv::results`] tells.
pub const RESULTS_MAX: usize = 32;

/// Which keys are linearizable.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LinKv {
    /// False if a key is not; unknown if that is not known of a key.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// The keys that are not, or may not be, sorted; the former first, and at most
    /// [`RESULTS_MAX`]. In JSON an object.
    #[serde(serialize_with = "as_object")]
    pub results: Vec<(Value, KeyResult)>,
    /// The keys that are not, sorted.
    pub failures: Vec<Value>,
    /// Keys in all.
    pub key_count: usize,
    /// How many of them are not.
    pub failure_count: usize,
    /// How many of them may not be.
    pub unknown_count: usize,
    /// What Maelstrom lets pass.
    #[serde(flatten)]
    pub missed: Missed,
    /// Shortened lists.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    pub left_out: LeftOut,
}

/// What there is to say of one key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyResult {
    /// Whether it is linearizable.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// And why not.
    pub linearizable: Linearizable,
}

fn as_object<S: Serializer>(
    entries: &[(Value, KeyResult)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, result)| (json_key(key), result)))
}

/// Judges a history of `read`, `write` and `cas` whose values are `[key value]`. Keys are searched
/// in parallel; the result does not depend on how many at once, unless there is a budget of time.
///
/// # Errors
/// An operation that is none of these, or has a value that is no pair of a key and what the
/// operation takes, or completes with another key or value than it was invoked with.
pub fn lin_kv(
    history: &History,
    checks: Checks,
    budgets: &Budgets,
) -> Result<LinKv, UnexpectedOperation> {
    let keys = subjects(history)?;
    let meter = Meter::new(budgets, Instant::now());
    let all: Vec<usize> = (0..keys.len()).collect();
    let judge_each = |numbers: &[usize], meter: &Meter| {
        in_parallel(numbers, |&number| {
            judge(history, &keys[number].1, unkeyed, checks, meter)
        })
    };
    // One key needs no share.
    let at_first = budgets.steps / if keys.len() > 1 { 2 } else { 1 };
    let mut judged = judge_each(&all, &meter.share(at_first, keys.len()));
    let hard: Vec<usize> = all
        .into_iter()
        .filter(|&number| keys.len() > 1 && judged[number].result.valid == Validity::Unknown)
        .collect();
    let rest = meter.share(budgets.steps - at_first, hard.len());
    for (&number, again) in hard.iter().zip(judge_each(&hard, &rest)) {
        judged[number] = again;
    }
    let key_count = keys.len();
    let mut bad: Vec<(Value, Judged)> = keys
        .into_iter()
        .map(|(key, _)| key)
        .zip(judged)
        .filter(|(_, judged)| judged.result.valid != Validity::True)
        .collect();
    bad.sort_by(|(a, _), (b, _)| a.cmp(b));

    let mut missed = Missed::default();
    for (key, judged) in &bad {
        if let Some(failure) = judged.result.failure.as_ref().filter(|_| judged.is_missed) {
            missed.push(
                ComplaintKind::NilRead,
                &failure.op,
                NamedElements::one(key.clone()),
            );
        }
    }
    let bad = bad.into_iter().map(|(key, judged)| (key, judged.result));
    Ok(LinKv {
        missed,
        ..of_keys(bad.collect(), key_count)
    })
}

/// The result for all objects, of which these are not right or not known to be.
pub(super) fn of_keys(mut bad: Vec<(Value, Linearizable)>, key_count: usize) -> LinKv {
    bad.sort_by(|(a, _), (b, _)| a.cmp(b));
    let of = |validity| bad.iter().filter(move |(_, it)| it.valid == validity);
    let failures: Vec<Value> = of(Validity::False).map(|(key, _)| key.clone()).collect();
    let unknown_count = of(Validity::Unknown).count();
    let mut left_out = LeftOut::new();
    if bad.len() > RESULTS_MAX {
        left_out.insert("results", bad.len() - RESULTS_MAX);
    }
    LinKv {
        valid: Validity::worst(bad.iter().map(|(_, it)| it.valid)),
        failure_count: failures.len(),
        failures: bounded("failures", failures, &mut left_out),
        key_count,
        unknown_count,
        missed: Missed::default(),
        results: {
            // A stable sort: by verdict, the keys stay in order.
            bad.sort_by_key(|(_, it)| std::cmp::Reverse(it.valid));
            bad.truncate(RESULTS_MAX);
            let result = |linearizable: Linearizable| KeyResult {
                valid: linearizable.valid,
                linearizable,
            };
            bad.into_iter().map(|(key, it)| (key, result(it))).collect()
        },
        left_out,
    }
}

/// The keys of a history, each with what was done to it.
fn subjects(history: &History) -> Result<Vec<(Value, Subject<Register>)>, UnexpectedOperation> {
    let mut keys: IndexMap<Value, Subject<Register>> = IndexMap::new();
    let invocations = history
        .client_ops()
        .filter(|(_, op)| op.kind == Kind::Invoke);
    for (at, op) in invocations {
        let (key, invoked) = keyed(op)?;
        let completion = history.pairs().partner(at).map(|at| &history.ops()[at]);
        // Others may have any value, such as :timed-out: what they did is what was asked.
        let completed = match completion.filter(|completion| completion.kind == Kind::Ok) {
            None => None,
            Some(completion) => {
                let (completed_key, completed) = keyed(completion)?;
                if completed_key != key {
                    return Err(UnexpectedOperation::new(
                        completion,
                        format!("expected the key {key}, found {completed_key}"),
                    ));
                }
                Some(completed)
            }
        };
        let number = match keys.get_index_of(&*key) {
            Some(number) => number,
            None => {
                let register = Subject::new(Register::new(true));
                keys.insert_full(key.into_owned(), register).0
            }
        };
        keys[number].add(history, at, &invoked, completed.as_deref())?;
    }
    Ok(keys.into_iter().collect())
}

/// The key and the rest of an operation's value.
fn keyed(op: &Op) -> Result<(Cow<'_, Value>, Cow<'_, Value>), UnexpectedOperation> {
    pair(&op.value).ok_or_else(|| {
        UnexpectedOperation::new(
            op,
            format!("expected a value of [key value], found {}", op.value.kind()),
        )
    })
}

/// The value of an operation without its key.
fn unkeyed(op: &Op) -> Cow<'_, Value> {
    pair(&op.value).map_or(Cow::Borrowed(&op.value), |(_, value)| value)
}

/// What `f` makes of each item, in their order, on as many threads as there are processors.
fn in_parallel<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((number, item)) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            items.get(number).map(|item| (number, item))
        } {
            done.push((number, f(item)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        // This thread works too.
        let others: Vec<_> = (1..threads.min(items.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}
