//! The operations that show an error in logs.

use crate::history::Kind;
use crate::kafka::{Case, Errors, UnseenMessages};
use crate::value::Value;

use super::Contradiction;
use super::look::{Look, mops};

/// The case that shows first.
pub(super) fn of(look: &Look<'_>, errors: &Errors) -> Option<Contradiction> {
    match errors {
        Errors::Listed { errs, .. } => {
            let all = errs.iter().filter_map(|case| of_case(look, case));
            all.min_by_key(|it| it.shown_by)
        }
        Errors::Unseen(unseen) => of_unseen(look, unseen),
        Errors::Present { .. } => None,
    }
}

fn of_case(look: &Look<'_>, case: &Case) -> Option<Contradiction> {
    let at = |op: &crate::history::Op| look.at(op.index);
    match case {
        Case::Lost {
            key,
            writer,
            max_read,
            ..
        } => last(look, key, max_read.iter().chain([writer]).filter_map(at)),
        Case::Aborted {
            key,
            writer,
            reader,
            ..
        } => last(look, key, [writer, reader].into_iter().filter_map(at)),
        Case::Unwritten { key, reader, .. } => last(look, key, at(reader)),
        Case::Precommitted { key, op, .. } => last(look, key, at(op)),
        Case::Jump(jump) => {
            let ops = jump.op.iter().chain(jump.ops.iter().flatten());
            let shown_by = ops.clone().filter_map(at).max()?;
            let skipped = jump.skipped.iter().flatten().take(2);
            let values = jump.values.iter().flatten();
            let sent = skipped.chain(values);
            let sent = sent.filter_map(|value| look.writers(Some(&jump.key), value).next());
            let sent = sent.filter(|it| *it < shown_by);
            last(look, &jump.key, ops.filter_map(at).chain(sent))
        }
        Case::Cycle(cycle) => {
            let mut named = look.contradiction(
                cycle.cycle.iter().filter_map(at).max()?,
                cycle.cycle.iter().filter_map(at),
            );
            named.keys = cycle.steps.iter().filter_map(step_key).collect();
            Some(named)
        }
        Case::CycleExists { scc, .. } => {
            let members = || scc.iter().filter_map(|index| look.at(*index));
            Some(look.contradiction(members().max()?, members()))
        }
        Case::Duplicate {
            key,
            value,
            offsets,
            ..
        } => {
            let shown = |offset: &i64| first_shown(look, key, *offset, value);
            last(look, key, offsets.iter().take(2).filter_map(shown))
        }
        Case::InconsistentOffset {
            key,
            offset,
            values,
            ..
        } => {
            let shown = |value: &Value| first_shown(look, key, *offset, value);
            last(look, key, values.iter().take(2).filter_map(shown))
        }
    }
}

fn step_key(step: &crate::kafka::StepCase) -> Option<Value> {
    match step {
        crate::kafka::StepCase::Wr { key, .. } => Some(key.clone()),
        crate::kafka::StepCase::Realtime => None,
    }
}

/// A message that was acknowledged, and the last poll, by when it should have been shown.
fn of_unseen(look: &Look<'_>, unseen: &UnseenMessages) -> Option<Contradiction> {
    let (key, messages) = unseen.messages.first()?;
    let sent = look.writers(Some(key), messages.first()?).next()?;
    let polls = look.completions(|op| op.f == "poll" && op.kind == Kind::Ok);
    last(look, key, polls.last().into_iter().chain([sent]))
}

/// The last of several operations contradicts the others.
fn last(
    look: &Look<'_>,
    key: &Value,
    named: impl IntoIterator<Item = usize>,
) -> Option<Contradiction> {
    let named: Vec<usize> = named.into_iter().collect();
    let mut contradiction = look.contradiction(*named.iter().max()?, named.iter().copied());
    contradiction.keys = vec![key.clone()];
    Some(contradiction)
}

/// The first completion that shows a message at an offset: the send that got it, or a poll.
fn first_shown(look: &Look<'_>, key: &Value, offset: i64, message: &Value) -> Option<usize> {
    let is_it = |pair: &Value| {
        let Value::Vector(pair) = pair else {
            return false;
        };
        let first = pair.get(0);
        let has_offset = first.is_some_and(|first| *first == Value::Int(offset));
        has_offset && pair.get(1).is_some_and(|second| *second == *message)
    };
    let shows = |op: &crate::history::Op| {
        let sent = || mops(&op.value).any(|[_, k, pair]| k == *key && is_it(&pair));
        let polled = || {
            let parts = op.value.items().unwrap_or_default();
            parts.iter().any(|part| {
                let Value::Vector(part) = part else {
                    return false;
                };
                let second = part.get(1);
                let Some(Value::Map(shown)) = second.as_deref() else {
                    return false;
                };
                match shown.get(key) {
                    Some(Value::Vector(pairs)) => pairs.cows().any(|pair| is_it(&pair)),
                    _ => false,
                }
            })
        };
        match &*op.f {
            "send" => sent(),
            "poll" => polled(),
            "txn" => sent() || polled(),
            _ => false,
        }
    };
    look.completions(shows).next()
}
