//! Kafka: logs that clients send messages to and poll messages from. After `jepsen.tests.kafka`,
//! with the options that Maelstrom gives it (no `:ww-deps`).
//!
//! ```text
//!     History ─▶ read ─▶ Operations ─▶ Orders (which message is where in which log)
//!                           │         │
//!                           ▼         ▼
//!       visibility (lost, unseen, aborted)   jumps (skips, backwards)   cycles   lag   strict
//!                                                                        commits  caught_up
//!                           └─────────┴──────── errors ──────────┴─────────┴──────┘
//! ```
//!
//! An offset may be any number: logs are kept as sorted lists of the offsets in use, so they cost
//! what their messages do, wherever these are. All of it takes time near-linear in the history,
//! polled messages included.
//!
//! Where Jepsen's checker gives up, its definitions decide: a message that nobody sent makes a run
//! invalid ([`ErrorType::NoWriterOfValue`]), and a log of which nothing was read has lost nothing.
//! In two things its definition and its program differ, and the definition is followed. A message
//! polled in the very last operation, of a key that no acknowledged send had, counts as unseen
//! there; and an offset that is not known makes it forget those before it in the same transaction
//! when it measures lag.

mod caught_up;
mod clojure;
mod commits;
mod cycles;
mod error_type;
mod errors;
mod findings;
mod graph;
mod ids;
mod jumps;
mod lag;
mod operations;
mod orders;
mod read;
mod readers;
mod strict;
mod visibility;

use std::collections::BTreeMap;

use indexmap::IndexSet;
use serde::Serialize;

use super::bounded::{LeftOut, bounded};
use super::clients::Clients;
use super::history::{History, Kind, Process};
use super::missed::Missed;
use super::unexpected::UnexpectedOperation;
use super::validity::{Checks, Validity};
use super::value::Value;

use errors::ErrorCollector;
use operations::Operations;
use orders::Orders;
use readers::Readers;

pub use error_type::ErrorType;
pub use errors::{
    Case, CycleCase, Errors, JumpCase, StepCase, UNSEEN_MAX, UnseenMessages, WorstLag,
};

/// What is wrong with the logs of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Kafka {
    /// False if there is an error that is not allowed. Strictly, unknown if nothing was polled.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// The longest that a consumer stayed behind.
    pub worst_realtime_lag: WorstLag,
    /// The kinds of errors that make the run invalid, sorted.
    pub bad_error_types: Vec<ErrorType>,
    /// The kinds of errors found, sorted.
    pub error_types: Vec<ErrorType>,
    /// The different errors with which sends and polls were left open; nil if one has none.
    pub info_txn_causes: Vec<Value>,
    /// The errors.
    #[serde(flatten)]
    pub errors: BTreeMap<ErrorType, Errors>,
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

/// Judges sends and polls.
///
/// # Errors
/// A value that no send, poll or assignment has; an offset beyond 64 bits; a message that was sent
/// twice to a key.
pub fn kafka(history: &History, checks: Checks) -> Result<Kafka, UnexpectedOperation> {
    kafka_of(history, checks, None)
}

/// The same, if it is known who asked whom.
pub(crate) fn kafka_of(
    history: &History,
    checks: Checks,
    clients: Option<Clients>,
) -> Result<Kafka, UnexpectedOperation> {
    let operations = read::read(history)?;
    let readers = Readers::of(&operations);
    let orders = Orders::of(&operations, &readers);
    let mut collector = ErrorCollector {
        operations: &operations,
        errors: BTreeMap::new(),
        left_out: LeftOut::new(),
    };
    findings::add_orders(&mut collector, &orders);
    findings::add_visibility(&mut collector, &orders, &readers);
    findings::add_jumps(&mut collector, &orders);
    findings::add_cycles(&mut collector, &readers);

    let (mut missed, mut error) = (Missed::default(), None);
    if checks == Checks::Strict {
        missed = strict::missed(&operations, &orders);
        caught_up::missed(&operations, &mut missed);
        commits::missed(&operations, clients, &mut missed);
        if !readers.is_any_ok_read() {
            error = Some("no message was polled: there is nothing to judge");
        }
    } else if history.client_ops().next().is_some() && cycles::has_no_dependency(&operations) {
        // Elle counts this as too little to judge, but Jepsen counts all that Elle says as errors.
        let present = Errors::Present {
            count: 1,
            errs: true,
        };
        collector
            .errors
            .insert(ErrorType::EmptyTransactionGraph, present);
    }

    let causes = info_txn_causes(history);
    let ErrorCollector {
        errors,
        mut left_out,
        ..
    } = collector;
    let error_types: Vec<ErrorType> = errors.keys().copied().collect();
    let is_bad = |error_type: &ErrorType| !error_type.is_allowed();
    let bad_error_types: Vec<ErrorType> = error_types.iter().copied().filter(is_bad).collect();
    let too_little = if error.is_some() {
        Validity::Unknown
    } else {
        Validity::True
    };
    Ok(Kafka {
        valid: Validity::worst([
            Validity::from(bad_error_types.is_empty()),
            Validity::from(missed.is_empty()),
            too_little,
        ]),
        worst_realtime_lag: worst_lag(&operations),
        bad_error_types,
        error_types,
        info_txn_causes: bounded("info-txn-causes", causes, &mut left_out),
        errors,
        error,
        missed,
        left_out,
    })
}

fn worst_lag(operations: &Operations<'_>) -> WorstLag {
    let worst = lag::worst_lag(operations);
    WorstLag {
        time: worst.map_or(0.0, |worst| seconds(worst.time_ns)),
        process: worst.map(|worst| Process::Client(worst.process)),
        key: worst.map(|worst| operations.keys[worst.key.at()].clone()),
        lag: worst.map_or(0.0, |worst| seconds(worst.lag_ns)),
    }
}

/// Jepsen's conversion: exact up to 2^53 ns, which is a hundred days.
#[expect(clippy::cast_precision_loss)]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

fn info_txn_causes(history: &History) -> Vec<Value> {
    let open = history
        .client_ops()
        .map(|(_, op)| op)
        .filter(|op| op.kind == Kind::Info && matches!(&*op.f, "send" | "poll" | "txn"));
    let causes: IndexSet<Value> = open
        .map(|op| op.error.clone().unwrap_or_default())
        .collect();
    causes.into_iter().collect()
}
