//! Why two reports cannot be compared.

use std::path::PathBuf;

/// Why two reports cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A file of a report cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A folder has no report on a run.
    #[error("{} is not the report of a run: {why}; name a folder that `host sim --report` wrote", path.display())]
    NoRun {
        /// The file that would be the page.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A line of a journal is no event.
    #[error("{}: line {line} is no event of a journal", path.display())]
    NoEvent {
        /// The journal.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
}
