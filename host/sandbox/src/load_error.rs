//! Why a module cannot be used.

use std::path::PathBuf;

/// Why a module cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the module {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file can be read, but it is not a guest that may run here.
    #[error("{}", rejection(path, problems))]
    Rejected {
        /// Which file.
        path: PathBuf,
        /// All that is wrong with it; never empty.
        problems: Vec<String>,
    },
    /// Something broke on our side.
    #[error("the sandbox failed on {}: {reason}", path.display())]
    Internal {
        /// Which file.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
}

/// A module can have thousands of problems: one for each import, say.
const PROBLEMS_SHOWN_MAX: usize = 20;

fn rejection(path: &std::path::Path, problems: &[String]) -> String {
    let mut text = format!("{} cannot be loaded:", path.display());
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        text.push_str("\n  - ");
        text.push_str(problem);
    }
    if let more @ 1.. = problems.len().saturating_sub(PROBLEMS_SHOWN_MAX) {
        text.push_str(&format!("\n  … and {more} more; host inspect shows all"));
    }
    text
}
