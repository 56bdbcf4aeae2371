//! Counters, growing or not: in the end every node shows the sum of all that was added. After
//! Maelstrom's `workload/pn_counter.clj`, which judges g-counters too.
//!
//! Adds whose outcome is open may count or not, so what a final read may show is a set: the sum of
//! the acknowledged adds plus that of any of the open ones. It is kept as runs of integers; deltas
//! being small, these are few, and each open add costs a merge of the runs. Where they are not few
//! (see `ranges`), a read between the least and the greatest sum that was not shown to be possible
//! makes the verdict unknown.
//!
//! Strictly, three more things are wrong. A refused add does not count, though Maelstrom's client
//! logs it as open. Final reads agree with each other: no add was under way for the whole recovery,
//! so nothing is left for them to differ in. And no read at any time shows more than all the
//! positive, or less than all the negative adds invoked until it ended.

use serde::Serialize;

use super::bounded::{LeftOut, bounded};
use super::completion::Completion;
use super::final_reads::final_reads;
use super::history::{History, Kind, Op};
use super::missed::{ComplaintKind, Missed, NamedElements};
use super::ranges::Ranges;
use super::unexpected::UnexpectedOperation;
use super::validity::{Checks, Validity};
use super::value::Value;

/// What the final reads of a counter show, and what they may.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counter {
    /// False if a final read shows what it may not. Strictly, unknown if there is no final read.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// The final reads that show what they may not; null if there is none.
    pub errors: Option<Vec<Op>>,
    /// What the reads marked final show.
    pub final_reads: Vec<i64>,
    /// What they may, as inclusive ranges in order.
    pub acceptable: Vec<(i64, i64)>,
    /// Why the verdict is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// What else is wrong.
    #[serde(flatten)]
    pub missed: Missed,
    /// Shortened lists.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    pub left_out: LeftOut,
}

/// Judges the reads of a counter.
///
/// # Errors
/// An add or a read that is not of an integer, or adds beyond what 64 bits can sum.
pub fn counter(history: &History, checks: Checks) -> Result<Counter, UnexpectedOperation> {
    let adds = adds(history)?;
    let reads = reads(history)?;
    let marked: Vec<(usize, i64)> = reads
        .iter()
        .copied()
        .filter(|&(at, _)| history.ops()[at].is_final())
        .collect();

    let sums = Sums::of(&adds, |add| add.logged_open);
    let wrong: Vec<&Op> = marked
        .iter()
        .filter(|(_, n)| sums.allows(*n) == Some(false))
        .map(|&(at, _)| &history.ops()[at])
        .collect();
    let mut valid = Validity::from(wrong.is_empty());
    let mut error = None;
    if wrong.is_empty() && marked.iter().any(|(_, n)| sums.allows(*n).is_none()) {
        (valid, error) = (
            Validity::Unknown,
            Some("the adds left open have too many sums to try them all"),
        );
    }

    let mut missed = Missed::default();
    if checks == Checks::Strict {
        let finals = final_reads(history, "add");
        if finals.is_empty() && marked.is_empty() {
            valid = valid.max(Validity::Unknown);
            error = error.or(Some("there is no final read to judge"));
        }
        let last: Vec<(usize, i64)> = reads
            .iter()
            .copied()
            .filter(|(at, _)| finals.binary_search(at).is_ok())
            .collect();
        out_of_reach(history, &adds, &reads, &mut missed);
        final_reads_wrong(history, &adds, &last, &sums, &mut missed);
        valid = valid.max(Validity::from(missed.is_empty()));
    }

    let mut left_out = LeftOut::new();
    let wrong: Vec<Op> = wrong.into_iter().cloned().collect();
    Ok(Counter {
        valid,
        errors: (!wrong.is_empty()).then(|| bounded("errors", wrong, &mut left_out)),
        final_reads: bounded(
            "final-reads",
            marked.iter().map(|&(_, n)| n).collect(),
            &mut left_out,
        ),
        acceptable: bounded("acceptable", sums.reachable.runs().to_vec(), &mut left_out),
        error,
        missed,
        left_out,
    })
}

/// An add that was begun.
struct Add {
    /// The position of its invocation.
    at: usize,
    delta: i64,
    completion: Completion,
    /// Whether the history leaves open if it took place, whatever else is known.
    logged_open: bool,
}

fn adds(history: &History) -> Result<Vec<Add>, UnexpectedOperation> {
    let mut adds = Vec::new();
    let mut total: i64 = 0;
    for (at, op) in history
        .client_ops()
        .filter(|(_, op)| op.f == "add" && op.kind == Kind::Invoke)
    {
        let delta = integer(op)?;
        // Half the range, so that no sum, and nothing next to a sum, can overflow.
        total = total
            .checked_add(delta.checked_abs().unwrap_or(i64::MAX))
            .filter(|&total| total <= i64::MAX / 2)
            .ok_or_else(|| {
                UnexpectedOperation::new(
                    op,
                    "expected adds whose sum has 62 bits, found a larger one",
                )
            })?;
        let completion = history
            .pairs()
            .partner(at)
            .map(|end| history.ops()[end].kind);
        let logged_open = !matches!(completion, Some(Kind::Ok | Kind::Fail));
        adds.push(Add {
            at,
            delta,
            completion: Completion::of(history, at),
            logged_open,
        });
    }
    Ok(adds)
}

/// The reads that were answered, by position, with what they show.
fn reads(history: &History) -> Result<Vec<(usize, i64)>, UnexpectedOperation> {
    let answered = history
        .client_ops()
        .filter(|(_, op)| op.f == "read" && op.kind == Kind::Ok);
    answered.map(|(at, op)| Ok((at, integer(op)?))).collect()
}

fn integer(op: &Op) -> Result<i64, UnexpectedOperation> {
    op.value.as_int().ok_or_else(|| {
        UnexpectedOperation::new(
            op,
            format!("expected an integer of 64 bits, found {}", op.value.kind()),
        )
    })
}

/// The sums that a counter may end with.
struct Sums {
    /// Those that were found; all of them unless `is_partial`.
    reachable: Ranges,
    is_partial: bool,
    least: i64,
    greatest: i64,
}

impl Sums {
    /// The sums of all acknowledged adds and any of those that `is_open`.
    fn of(adds: &[Add], is_open: impl Fn(&Add) -> bool) -> Self {
        let done: i64 = adds
            .iter()
            .filter(|add| add.completion == Completion::Acknowledged)
            .map(|add| add.delta)
            .sum();
        let open = || adds.iter().filter(|add| is_open(add)).map(|add| add.delta);
        let mut reachable = Ranges::one(done);
        let is_partial = !open().all(|delta| reachable.or_plus(delta));
        let least = done + open().filter(|&delta| delta < 0).sum::<i64>();
        let greatest = done + open().filter(|&delta| delta > 0).sum::<i64>();
        Self {
            reachable,
            is_partial,
            least,
            greatest,
        }
    }

    /// Whether the counter may end with `n`; `None` if that was not found out.
    fn allows(&self, n: i64) -> Option<bool> {
        if self.reachable.contains(n) {
            Some(true)
        } else if self.is_partial && self.least <= n && n <= self.greatest {
            None
        } else {
            Some(false)
        }
    }
}

/// Complains of reads that no choice among the adds invoked until then explains.
fn out_of_reach(history: &History, adds: &[Add], reads: &[(usize, i64)], missed: &mut Missed) {
    let mut adds = adds
        .iter()
        .filter(|add| add.completion != Completion::Refused)
        .peekable();
    let (mut least, mut greatest) = (0, 0);
    for &(at, n) in reads {
        while let Some(add) = adds.next_if(|add| add.at < at) {
            if add.delta < 0 {
                least += add.delta;
            } else {
                greatest += add.delta;
            }
        }
        if n < least || n > greatest {
            missed.push(
                ComplaintKind::OutOfReach,
                &history.ops()[at],
                NamedElements::one(Value::Int(n)),
            );
        }
    }
}

/// Complains of final reads that pass with Maelstrom: because a refused add counts as open there,
/// because the read is not marked, or because it is looked at alone.
fn final_reads_wrong(
    history: &History,
    adds: &[Add],
    finals: &[(usize, i64)],
    maelstrom: &Sums,
    missed: &mut Missed,
) {
    let sums = Sums::of(adds, |add| add.completion == Completion::Indeterminate);
    let mut agreed = None;
    for &(at, n) in finals {
        let op = &history.ops()[at];
        if sums.allows(n) == Some(false) {
            if maelstrom.allows(n) != Some(false) {
                missed.push(
                    ComplaintKind::RefusedYetCounted,
                    op,
                    NamedElements::one(Value::Int(n)),
                );
            } else if !op.is_final() {
                missed.push(
                    ComplaintKind::FinalReadWrong,
                    op,
                    NamedElements::one(Value::Int(n)),
                );
            }
        } else if *agreed.get_or_insert(n) != n {
            missed.push(
                ComplaintKind::FinalReadsDisagree,
                op,
                NamedElements::one(Value::Int(n)),
            );
        }
    }
}
