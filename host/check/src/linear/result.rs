//! The result of a check of linearizability: the verdict, and where and why no order of the
//! operations explains them.

use std::borrow::Cow;

use serde::Serialize;

use crate::bounded::abridged;
use crate::history::{History, Op, seconds};
use crate::missed::Missed;
use crate::validity::Validity;
use crate::value::Value;

use super::budgets::Spent;
use super::calls::{CallEvent, Calls, NEVER};
use super::dead_end::{DeadEnd, Last, SHOWN_MAX};
use super::model::{Call, Model, State, brief};
use super::search::Verdict;

/// Whether an object is linearizable.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Linearizable {
    /// False if no order of the operations explains them; unknown if a budget was spent.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// Operations that took place.
    pub ok_count: usize,
    /// Operations that may have taken place and could explain something.
    pub info_count: usize,
    /// Why not.
    #[serde(flatten)]
    pub failure: Option<Box<Failure>>,
    /// Why that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// Whether Maelstrom would have let this pass.
    #[serde(flatten)]
    pub missed: Missed,
}

/// The end of the shortest prefix of a history that cannot be linearized. As in Knossos, a
/// configuration is a way to explain everything before.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// The completion at which the prefix ends: the operation that no configuration explains.
    pub op: Op,
    /// The completion before it: up to there everything can be linearized.
    pub previous_ok: Option<Op>,
    /// How many operations had completed by then.
    pub linearized_count: usize,
    /// What is wrong, in words.
    pub explanation: String,
    /// The operations then open, `op` included, that completed then or later: their invocations,
    /// with the values of their completions; at most [`SHOWN_MAX`].
    pub open: Vec<Op>,
    /// How many there are.
    pub open_count: usize,
    /// The invocations of those that never completed, so may take effect at any time, if someone
    /// may still need that effect; the last [`SHOWN_MAX`].
    pub crashed: Vec<Op>,
    /// How many there are.
    pub crashed_count: usize,
    /// The configurations that the search was left with; at most [`SHOWN_MAX`].
    pub configs: Vec<Configuration>,
    /// How many there are.
    pub config_count: usize,
}

/// One way to explain a prefix. Operations are given by the `index` of their invocations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Configuration {
    /// The state of the object.
    pub model: Value,
    /// The open operations that have taken effect.
    pub linearized: Vec<u64>,
    /// The open operations that have not.
    pub pending: Vec<u64>,
    /// Those that never completed and have taken effect, of the ones that may still matter; at most
    /// [`SHOWN_MAX`].
    pub crashed_linearized: Vec<u64>,
}

/// What was searched, for the telling.
pub(super) struct Searched<'a, M> {
    pub(super) history: &'a History,
    pub(super) model: &'a M,
    pub(super) calls: &'a Calls,
    /// The positions of the completions that took place and are not among the calls, since they
    /// tell nothing.
    pub(super) untold: &'a [u32],
    /// The value of an operation without its key.
    pub(super) value: fn(&Op) -> Cow<'_, Value>,
}

impl<M: Model> Searched<'_, M> {
    /// The result for a verdict.
    pub(super) fn result(&self, verdict: Verdict) -> Linearizable {
        let (valid, failure, spent) = match verdict {
            Verdict::Linearizable => (Validity::True, None, None),
            Verdict::Not(dead_end) => (
                Validity::False,
                Some(Box::new(self.failure(&dead_end))),
                None,
            ),
            Verdict::Spent(spent) => (Validity::Unknown, None, Some(self.spent(spent))),
        };
        Linearizable {
            valid,
            ok_count: self.calls.completed_count + self.untold.len(),
            info_count: self.calls.spans.len() - self.calls.completed_count,
            failure,
            spent,
            missed: Missed::default(),
        }
    }

    /// How many completions that tell nothing there are before a position.
    fn untold_before(&self, position: u32) -> usize {
        self.untold.iter().filter(|&&it| it < position).count()
    }

    fn spent(&self, spent: Spent) -> Spent {
        let mut closes = self.calls.events.iter().filter_map(|event| match *event {
            CallEvent::Close(number) => Some(self.calls.span(number).completed),
            CallEvent::Open(_) => None,
        });
        let next = closes.nth(spent.linearized_count);
        Spent {
            linearized_count: spent.linearized_count + self.untold_before(next.unwrap_or(NEVER)),
            completed_count: spent.completed_count + self.untold.len(),
            ..spent
        }
    }

    fn failure(&self, dead_end: &DeadEnd) -> Failure {
        let end = self.calls.span(dead_end.number).completed;
        let crashed = self.crashed(dead_end, |call| dead_end.crashed.contains(&call));
        let first_shown = crashed.len().saturating_sub(SHOWN_MAX);
        Failure {
            op: self.op(end),
            previous_ok: dead_end
                .previous
                .map(|number| self.op(self.calls.span(number).completed)),
            linearized_count: dead_end.completed_count + self.untold_before(end),
            explanation: self.explanation(dead_end),
            open: dead_end
                .open
                .iter()
                .take(SHOWN_MAX)
                .map(|&number| self.invocation(number))
                .collect(),
            open_count: dead_end.open.len(),
            crashed: crashed[first_shown..]
                .iter()
                .map(|&number| self.invocation(number))
                .collect(),
            crashed_count: crashed.len(),
            configs: dead_end
                .last
                .iter()
                .map(|last| self.configuration(dead_end, last))
                .collect(),
            config_count: dead_end.last_count,
        }
    }

    fn configuration(&self, dead_end: &DeadEnd, last: &Last) -> Configuration {
        let index =
            |&number: &u32| self.history.ops()[self.calls.span(number).invoked as usize].index;
        // Which of equal operations took effect makes no difference: say the first.
        let mut crashed_linearized: Vec<u64> = last
            .crashed
            .iter()
            .flat_map(|&(call, times)| {
                let same = self.crashed(dead_end, |other| other == call);
                same.into_iter().take(times as usize)
            })
            .map(|number| index(&number))
            .collect();
        crashed_linearized.sort_unstable();
        crashed_linearized.truncate(SHOWN_MAX);
        Configuration {
            model: self.model.state_value(last.state),
            linearized: last.done.iter().map(index).collect(),
            pending: last.pending.iter().map(index).collect(),
            crashed_linearized,
        }
    }

    /// The crashed operations of some calls, invoked before the dead end.
    fn crashed(&self, dead_end: &DeadEnd, is_one: impl Fn(Call) -> bool) -> Vec<u32> {
        let end = self.calls.span(dead_end.number).completed;
        let spans = (0..).zip(&self.calls.spans);
        spans
            .filter(|(_, span)| span.is_crashed() && span.invoked < end && is_one(span.call))
            .map(|(number, _)| number)
            .collect()
    }

    /// The invocation, with the value of the completion if there is one: what it did.
    fn invocation(&self, number: u32) -> Op {
        let span = self.calls.span(number);
        let op = self.op(span.invoked);
        match self.history.ops().get(span.completed as usize) {
            Some(completion) => abridged(&Op {
                value: (self.value)(completion).into_owned(),
                ..op
            }),
            None => op,
        }
    }

    fn op(&self, position: u32) -> Op {
        let op = &self.history.ops()[position as usize];
        abridged(&Op {
            value: (self.value)(op).into_owned(),
            ..op.clone()
        })
    }

    /// "read of 3 by process 5 (op 112, ok at 1.180 s) is impossible: the register can only be 1 or
    /// 4 there"
    fn explanation(&self, dead_end: &DeadEnd) -> String {
        let span = self.calls.span(dead_end.number);
        let op = &self.history.ops()[span.completed as usize];
        let what = format!(
            "{} by process {} (op {}, ok at {} s) is impossible",
            self.model.words(&op.f, &(self.value)(op)),
            op.process,
            op.index,
            seconds(op.time_ns)
        );
        let noun = self.model.noun();
        let needed = self.model.shape(span.call).needs();
        match (&dead_end.states, needed) {
            (Some(states), _) => {
                format!(
                    "{what}: the {noun} can only be {} there",
                    self.any_of(states)
                )
            }
            (None, Some(needed)) => {
                let needed = brief(&self.model.state_value(needed));
                format!("{what}: the {noun} cannot be {needed} there")
            }
            (None, None) => what,
        }
    }

    /// "1, 2 or 4"
    fn any_of(&self, states: &[State]) -> String {
        let values = states.iter().map(|&state| self.model.state_value(state));
        let mut values: Vec<Value> = values.collect();
        values.sort();
        let mut words: Vec<String> = values.iter().take(SHOWN_MAX).map(brief).collect();
        if values.len() > SHOWN_MAX {
            words.push(format!("{} others", values.len() - SHOWN_MAX));
        }
        match words.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}
