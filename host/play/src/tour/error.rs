//! What is wrong with a tour.

/// What is wrong with a tour, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TourError {
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A part of a file, with the line that it stands in.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) what: T,
}

impl<T> At<T> {
    pub(super) fn new(line: usize, what: T) -> Self {
        At { line, what }
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self, what: impl Into<String>) -> TourError {
        let what = what.into();
        TourError {
            line: self.line,
            what,
        }
    }
}
