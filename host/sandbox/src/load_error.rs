//! Why a module cannot be loaded.

use std::path::PathBuf;

/// Why a module cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the module {}: {error}", path.display())]
    Unreadable {
        /// The file of the module.
        path: PathBuf,
        /// Why it cannot be read.
        error: std::io::Error,
    },
    /// The module is not a guest that may run here.
    #[error("{}", rejection(path, problems))]
    Rejected {
        /// The file of the module.
        path: PathBuf,
        /// All problems of the module, a sentence each; never empty.
        problems: Vec<String>,
    },
    /// The program was asked to end before the module was compiled.
    #[error("{}: interrupted", path.display())]
    Interrupted {
        /// The file of the module.
        path: PathBuf,
    },
    /// The sandbox or the machine failed; the module may be fine.
    #[error("the sandbox failed on {}: {reason}", path.display())]
    Internal {
        /// The file of the module.
        path: PathBuf,
        /// A description of the failure.
        reason: String,
    },
}

/// A module can have thousands of problems, for example one for each import.
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
