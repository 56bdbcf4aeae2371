//! How the process ends: exit codes, and why a command failed.

use std::io::ErrorKind;
use std::process::ExitCode;

use host_grade::merge::MergeError;
use host_grade::resume::ResumeError;
use host_grade::submission::FindError;
use host_grade::suite::{RuntimeError, SuiteError};
use host_node::NodeError;
use host_protocol::text::printable;
use host_report::{CompareError, ReportError};
use host_sandbox::{LoadError, MountError};

use super::interpreters;

/// The part of the help that explains the exit codes of most commands.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    success; the history is valid
  1    the history is invalid, or the guest failed: it trapped, exceeded a limit or
       broke the protocol
  2    unknown: the history has too little to judge
  3    the module cannot be loaded
  254  invalid usage, a file that cannot be read or written, or one that is not a
       history of the workload
  255  internal error";

/// The meaning of the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: success; what was judged is valid.
    Success,
    /// 1: what was judged is invalid.
    Invalid,
    /// 1: the guest failed.
    GuestFailed,
    /// 2: there was too little to judge.
    Unknown,
    /// 3: the module cannot be loaded.
    Rejected,
    /// 130: a signal ended the work before everything was judged.
    Interrupted,
    /// 254: invalid usage, or a file or stream that cannot be read or written, or an input that has
    /// the wrong contents.
    Usage,
    /// 255: an internal error, which neither the user nor the guest caused: a bug.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Invalid | Exit::GuestFailed => 1,
            Exit::Unknown => 2,
            Exit::Rejected => 3,
            // As shells do for SIGINT.
            Exit::Interrupted => 130,
            Exit::Usage => 254,
            Exit::Internal => 255,
        })
    }
}

impl Exit {
    /// The exit code for an error of a crate below, by type. This is the whole table:
    ///
    /// | error | exit code |
    /// |---|---|
    /// | a module that cannot be read | 254 |
    /// | a module that is not a guest, or exceeds a limit | 3 |
    /// | a module that was being compiled when a signal came | 130 |
    /// | submissions, suites, grades or kept runs that cannot be used | 254 |
    /// | what cannot be mounted | 254 |
    /// | a report or another output that cannot be written | 254 |
    /// | a report that cannot be read or is none | 254 |
    /// | a live node's stdin, stdout or disk that fails | 254 |
    /// | everything else | 255 |
    ///
    /// A command that knows better says so: [`Failure::new`], [`Failure::usage`].
    fn of(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<LoadError>() {
            Some(LoadError::Unreadable { .. }) => return Exit::Usage,
            Some(LoadError::Rejected { .. }) => return Exit::Rejected,
            Some(LoadError::Interrupted { .. }) => return Exit::Interrupted,
            _ => {}
        }
        let is_usage = error.is::<FindError>()
            || error.is::<SuiteError>()
            || error.is::<RuntimeError>()
            || error.is::<MergeError>()
            || error.is::<ResumeError>()
            || error.is::<CompareError>()
            || error.is::<MountError>()
            || matches!(
                error.downcast_ref(),
                Some(ReportError::Write { .. } | ReportError::Foreign { .. })
            )
            || matches!(
                error.downcast_ref(),
                Some(NodeError::Stdin(_) | NodeError::Stdout(_) | NodeError::Disk(_))
            );
        match is_usage {
            true => Exit::Usage,
            false => Exit::Internal,
        }
    }
}

/// Why a command failed: an error with its causes, and the exit code for it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// A failure with a message of its own.
    pub(super) fn new(exit: Exit, message: impl ToString) -> Self {
        Failure {
            exit,
            error: anyhow::Error::msg(message.to_string()),
        }
    }

    /// A failure that the user can correct.
    pub(super) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Failure {
            exit: Exit::Usage,
            error: error.into(),
        }
    }

    /// The error and its causes, safe to print. A cause is not repeated if the message of the error
    /// already ends with it.
    pub(super) fn message(&self) -> String {
        let mut text = self.error.to_string();
        for cause in self.error.chain().skip(1) {
            let cause = cause.to_string();
            if !text.ends_with(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        if let Some(LoadError::Unreadable { path, error }) = self.error.downcast_ref()
            && error.kind() == ErrorKind::NotFound
            && let Some(hint) = interpreters::missing(path)
        {
            text = format!("{text}\n  hint: {hint}");
        }
        printable(&text).into_owned()
    }
}

/// So that `?` works in commands, with and without a context.
impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Failure {
            exit: Exit::of(&error),
            error,
        }
    }
}
