//! Linearizability: whether there is one order of the operations of a history that respects real
//! time (an operation that completed before another began comes before it) and that a single object
//! allows.
//!
//! The method is Wing and Gong's (*Testing and Verifying Concurrent Objects*, 1993) with the
//! memoisation of configurations of Lowe (*Testing for linearizability*, 2017), as in Knossos, whose
//! models these are. The problem is NP-complete, so a search has [`Budgets`]; when they are spent,
//! the verdict is [`Validity::Unknown`](super::validity::Validity).
//!
//! Operations that failed did not take place. Those that crashed (`info`, or no completion) may
//! take effect at any time after their invocation, or never.
//!
//! | files | job |
//! |---|---|
//! | `model` `register` `mutex` | what objects do |
//! | `subject` `calls` | from a history to numbered calls with a beginning and an end |
//! | `slots` `used` `open_calls` `stage` | the search's data: sets of open and crashed operations |
//! | `task` `antichains` `layer` | the search, from one completion to the next |
//! | `search` `refutation` `dead_end` `budgets` | the search, through a history |
//! | `judge` | from an object's calls to its result |
//! | `result` `lin_kv` | the result for one object, and for many |
//! | `specification` | objects that somebody else specifies |
//! | `sequential` | sequential consistency of these |
//!
//! Time, of valid histories: linear in the operations, times the configurations that have to be
//! looked at for each, which are a few dozen unless very many operations that change the state are
//! open at once. Memory: some 60 bytes an operation, and some configurations.

mod antichains;
mod budgets;
mod calls;
mod dead_end;
mod judge;
mod layer;
mod lin_kv;
mod model;
mod mutex;
mod open_calls;
mod refutation;
mod register;
mod result;
mod search;
mod sequential;
mod slots;
mod specification;
mod stage;
mod subject;
mod task;
#[cfg(test)]
mod tests;
mod used;

pub use budgets::{Budget, Budgets, Spent};
pub use dead_end::SHOWN_MAX;
pub use lin_kv::{KeyResult, LinKv, RESULTS_MAX, lin_kv};
pub use result::{Configuration, Failure, Linearizable};
pub use sequential::sequential;
pub use specification::{NotJudged, Specification, linearizable};

use std::time::Instant;

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::history::{History, Kind};
use super::missed::{ComplaintKind, NamedElements};
use super::names::UnknownName;
use super::unexpected::UnexpectedOperation;
use super::validity::Checks;

use budgets::Meter;
use judge::{Judged, judge, whole};
use model::Model;
use mutex::Mutex;
use register::Register;
use subject::Subject;

/// The objects that a history can be checked against, under Knossos' names.
#[derive(
    Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownName, parse_err_fn = unknown)]
#[non_exhaustive]
pub enum ModelName {
    /// A register with reads and writes.
    Register,
    /// A register with reads, writes and compare-and-set.
    CasRegister,
    /// A lock that is acquired and released.
    Mutex,
}

impl ModelName {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name, as in `--model`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown(name: &str) -> UnknownName {
    UnknownName::of("a model", ModelName::ALL, name)
}

/// Judges a history of one object.
///
/// Strictly, an answered read of nil is a read of nil, the value of a register that nobody wrote.
/// By Maelstrom's rules, which are Knossos', it tells nothing.
///
/// # Errors
/// An operation that the model does not have, or that completes with another value than it was
/// invoked with.
pub fn check_model(
    history: &History,
    model: ModelName,
    checks: Checks,
    budgets: &Budgets,
) -> Result<Linearizable, UnexpectedOperation> {
    match model {
        ModelName::Register => check_one(history, Register::new(false), checks, budgets),
        ModelName::CasRegister => check_one(history, Register::new(true), checks, budgets),
        ModelName::Mutex => check_one(history, Mutex, checks, budgets),
    }
}

fn check_one(
    history: &History,
    model: impl Model,
    checks: Checks,
    budgets: &Budgets,
) -> Result<Linearizable, UnexpectedOperation> {
    let mut subject = Subject::new(model);
    let invocations = history
        .client_ops()
        .filter(|(_, op)| op.kind == Kind::Invoke);
    for (at, op) in invocations {
        let completion = history.pairs().partner(at);
        let completed = completion.map(|at| &history.ops()[at].value);
        subject.add(history, at, &op.value, completed)?;
    }
    let meter = Meter::new(budgets, Instant::now());
    let Judged {
        mut result,
        is_missed,
    } = judge(history, &subject, whole, checks, &meter);
    if let Some(failure) = result.failure.as_ref().filter(|_| is_missed) {
        let missed = &mut result.missed;
        missed.push(
            ComplaintKind::NilRead,
            &failure.op,
            NamedElements::default(),
        );
    }
    Ok(result)
}
