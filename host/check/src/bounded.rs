//! Bounds on the lists of a result: people read it, and a hostile run must not make it large.

use std::collections::BTreeMap;

use super::history::Op;
use super::value::Value;

/// The most entries that a list in a result has.
pub const LIST_MAX: usize = 1_000;

/// For each shortened list of a result, by its field's name, how many entries were left out.
pub type LeftOut = BTreeMap<&'static str, usize>;

/// Shortens the list of the field `name` to [`LIST_MAX`], and notes in `left_out` what that costs.
pub(crate) fn bounded<T>(name: &'static str, mut list: Vec<T>, left_out: &mut LeftOut) -> Vec<T> {
    if list.len() > LIST_MAX {
        left_out.insert(name, list.len() - LIST_MAX);
        list.truncate(LIST_MAX);
    }
    list
}

/// The operation, with a value longer than [`LIST_MAX`] shortened to that and `value-left-out`
/// saying by how much.
pub(crate) fn abridged(op: &Op) -> Op {
    let mut op = op.clone();
    let (len, shortened) = match &op.value {
        Value::Vector(vector) if vector.len() > LIST_MAX => {
            let first = vector.iter().take(LIST_MAX).collect();
            (vector.len(), Value::Vector(first))
        }
        Value::Set(set) if set.len() > LIST_MAX => {
            let first = set.iter().take(LIST_MAX).cloned().collect();
            (set.len(), Value::Set(Box::new(first)))
        }
        _ => return op,
    };
    let left_out = i64::try_from(len - LIST_MAX).unwrap_or(i64::MAX);
    op.value = shortened;
    op.extra
        .push(("value-left-out".into(), Value::Int(left_out)));
    op
}
