//! How many operations ended in which way, in total and by kind. After `jepsen.checker/stats`.
//!
//! A kind of which none succeeded makes a run invalid there, be it one of one. Strictly it is
//! unknown, unless there is evidence that a right program would have succeeded:
//!
//! - it succeeds less often in quiet times than any right program's (see `floors`);
//! - a request of the workload was answered as one that the node does not know, or cannot read;
//! - two at least got no answer although it was quiet when their clients gave up, and when one of
//!   them began; one, where a node can serve alone, if no fault had been on until then;
//! - so many compare-and-sets found another value than theirs that chance does not explain it. The
//!   value is one of five at least, so each had a chance of one in so many.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::chance::is_impossible;
use super::completion::{error_name, is_timeout};
use super::faults::Calm;
use super::history::{History, Kind, Op};
use super::progress::serves_alone;
use super::validity::{Checks, Validity};
use super::value::{Name, Value};
use super::workload::Workload;

/// Counts of completed client operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Stats {
    /// False if some kind of operation never succeeded; strictly, unknown without evidence that it
    /// should have.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// All kinds together.
    #[serde(flatten)]
    pub counts: Counts,
    /// Each kind, by its `:f`.
    pub by_f: BTreeMap<String, FStats>,
}

/// The same of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FStats {
    /// Whether one at least succeeded.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// Of this kind alone.
    #[serde(flatten)]
    pub counts: Counts,
}

/// How many completions there are of each type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// All completions.
    pub count: u64,
    /// Of type `ok`.
    pub ok_count: u64,
    /// Of type `fail`.
    pub fail_count: u64,
    /// Of type `info`.
    pub info_count: u64,
}

/// Kafka's clients crash on purpose, and ask for what is only logged: Maelstrom does not expect
/// these ever to succeed.
const MAY_NEVER_SUCCEED: [&str; 2] = ["crash", "debug-topic-partitions"];

/// Whether nothing follows from no operation of a kind succeeding.
pub(crate) fn may_never_succeed(f: &str) -> bool {
    MAY_NEVER_SUCCEED.contains(&f)
}

/// What decides on a kind of which no operation succeeded.
pub(crate) struct StatsRules<'a> {
    pub(crate) checks: Checks,
    /// The built-in workload whose rules count.
    pub(crate) workload: Option<Workload>,
    /// The kinds that succeed too seldom in quiet times.
    pub(crate) seldom: &'a [Name],
}

/// Counts the completions of a history.
pub(crate) fn stats(history: &History, rules: &StatsRules<'_>) -> Stats {
    let mut all = Counts::default();
    let mut by_f: BTreeMap<Name, Counts> = BTreeMap::new();
    let is_left_out = |op: &Op| {
        rules.checks == Checks::Strict && rules.workload.is_some_and(|it| it.is_inspection(op))
    };
    for (_, op) in completions(history).filter(|(_, op)| !is_left_out(op)) {
        all.add(op.kind);
        by_f.entry(op.f.clone()).or_default().add(op.kind);
    }
    let valid = |f: &Name, counts: &Counts| match rules.checks {
        _ if counts.ok_count > 0 => Validity::True,
        Checks::Strict if !may_never_succeed(f) && !rules.is_evident(history, f) => {
            Validity::Unknown
        }
        _ => Validity::False,
    };
    let by_f: BTreeMap<String, FStats> = by_f
        .into_iter()
        .map(|(f, counts)| {
            let valid = valid(&f, &counts);
            (f.to_string(), FStats { valid, counts })
        })
        .collect();
    let judged = by_f.iter().filter(|(f, _)| !may_never_succeed(f));
    Stats {
        valid: Validity::worst(judged.map(|(_, of_f)| of_f.valid)),
        counts: all,
        by_f,
    }
}

fn completions(history: &History) -> impl Iterator<Item = (usize, &Op)> {
    history
        .client_ops()
        .filter(|(_, op)| op.kind != Kind::Invoke)
}

impl StatsRules<'_> {
    /// Whether some operation of a kind of which none did should have succeeded.
    fn is_evident(&self, history: &History, f: &Name) -> bool {
        let errors = || {
            completions(history)
                .filter(|(_, op)| op.f == *f)
                .filter_map(|(_, op)| error_name(op))
        };
        let is_not_known = |name: &Name| matches!(&**name, "not-supported" | "malformed-request");
        if self.seldom.contains(f) || errors().any(|name| is_not_known(&name)) {
            return true;
        }
        if is_silent(history, self.workload, f) {
            return true;
        }
        if self.workload != Some(Workload::LinKv) || *f != "cas" {
            return false;
        }
        let refused = errors().filter(|name| *name == "precondition-failed");
        is_impossible(refused.count(), 0, 1.0 / values(history))
    }
}

/// Whether two operations of a kind at least got no answer at quiet times, and one of them began in
/// one; or one got none before the first fault from a node that needs no other.
fn is_silent(history: &History, workload: Option<Workload>, f: &Name) -> bool {
    let calm = Calm::of(history);
    let (mut before_faults, mut ended, mut begun) = (0, 0, 0);
    for (at, _) in completions(history).filter(|(_, op)| op.f == *f && is_timeout(op)) {
        let invoked = history.pairs().partner(at).unwrap_or(at);
        let span = calm.span(invoked, at);
        before_faults += usize::from(span == Some(0) && calm.is_from_the_start());
        let is_calm = span.is_some();
        ended += usize::from(is_calm && calm.is_quiet(history, at));
        begun += usize::from(is_calm && calm.is_quiet(history, invoked));
    }
    ended > 1 && begun > 0 || before_faults > 0 && workload.is_some_and(serves_alone)
}

/// How many values registers have: all that were written or compared, and [`VALUES_MIN`] at least.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
fn values(history: &History) -> f64 {
    let mut values: HashSet<Value> = HashSet::new();
    for (_, op) in history.client_ops() {
        let Some(parts) = op.value.items() else {
            continue;
        };
        if let (Kind::Invoke, [_, value]) = (op.kind, &parts[..]) {
            match value {
                Value::Vector(pair) => values.extend(pair.iter()),
                Value::Nil => {}
                value => {
                    values.insert(value.clone());
                }
            }
        }
    }
    values.len().max(VALUES_MIN) as f64
}

/// Maelstrom's clients write and compare values from 0 to 4.
const VALUES_MIN: usize = 5;

impl Counts {
    fn add(&mut self, kind: Kind) {
        self.count += 1;
        match kind {
            Kind::Ok => self.ok_count += 1,
            Kind::Fail => self.fail_count += 1,
            Kind::Info => self.info_count += 1,
            Kind::Invoke => {}
        }
    }
}
