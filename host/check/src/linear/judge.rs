//! The verdict on one object.

use std::borrow::Cow;

use crate::history::{History, Op};
use crate::validity::Checks;
use crate::value::Value;

use super::budgets::Meter;
use super::model::Model;
use super::result::{Linearizable, Searched};
use super::search::{Verdict, search};
use super::subject::Subject;

/// The value of an operation that has no key.
pub(super) fn whole(op: &Op) -> Cow<'_, Value> {
    Cow::Borrowed(&op.value)
}

/// What was found of one object.
pub(super) struct Judged {
    pub(super) result: Linearizable,
    /// Whether it is only strictly wrong.
    pub(super) is_missed: bool,
}

/// Judges one object. `value` is that of an operation, less its key.
pub(super) fn judge(
    history: &History,
    subject: &Subject<impl Model>,
    value: fn(&Op) -> Cow<'_, Value>,
    checks: Checks,
    meter: &Meter,
) -> Judged {
    let calls = subject.calls(checks);
    let verdict = search(&subject.model, &calls, meter.clone());
    let is_missed = checks == Checks::Strict
        && matches!(verdict, Verdict::Not(_))
        && subject.has_nil_reads()
        && matches!(
            search(
                &subject.model,
                &subject.calls(Checks::Maelstrom),
                meter.clone()
            ),
            Verdict::Linearizable
        );
    let searched = Searched {
        history,
        model: &subject.model,
        calls: &calls,
        untold: &subject.untold(checks),
        value,
    };
    Judged {
        result: searched.result(verdict),
        is_missed,
    }
}
