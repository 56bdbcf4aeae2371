//! Why a file is not a schedule.

use super::file::VERSION;
use crate::scenario::option::OptionError;

/// A file that cannot be read as a schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It is not JSON, or lacks a field, or has one of another type.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It has a version that this program does not read.
    #[error("it has version {0}, and this program reads version {VERSION}")]
    Version(u64),
    /// An option has a value that it cannot have.
    #[error("`{field}`: {error}")]
    Option {
        /// The field that has the option.
        field: String,
        /// What is wrong with its value.
        error: OptionError,
    },
    /// A number is too small or too large.
    #[error("`{field}` has to be from {least} to {most}, and is {found}")]
    Range {
        /// The field that has the number.
        field: &'static str,
        /// The smallest number that it may be.
        least: u64,
        /// The largest number that it may be.
        most: u64,
        /// The number that it is.
        found: u64,
    },
    /// It has moves, which say all that happens, and something else that would happen too.
    #[error(
        "`{field}` cannot be beside `moves`, which say all that happens: leave one of them out"
    )]
    BesideMoves {
        /// The field that has something else.
        field: &'static str,
    },
    /// It has a time before the first move, and no move.
    #[error("`warm_up_ns` is the time before the first of `moves`, and there are none")]
    NoMoves,
    /// An operation, a fault, a move or a touch is wrong.
    #[error("{list}[{index}]: {what}")]
    Entry {
        /// `operations`, `faults`, `moves` or `touches`.
        list: &'static str,
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong with it.
        what: String,
    },
}
