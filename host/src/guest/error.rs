//! Why a module is rejected, and how a guest fails.

use std::fmt;
use std::path::PathBuf;

use crate::guest::Event;
use crate::text::{excerpt, excerpt_of_end, printable};

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

/// A failed step. Nothing that the step asked for has been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestError {
    /// What went wrong.
    pub fault: Fault,
    /// Which export was called.
    pub entry: &'static str,
    /// The event that it was called with, in words; empty if there was none.
    pub event: String,
    /// The guest's functions that were active, innermost first.
    pub backtrace: Vec<String>,
    /// What the step had written to stderr: a panic message, usually.
    pub stderr: String,
    /// The end of a program's stdout that was not ended with a newline.
    pub unfinished: String,
}

/// What went wrong in a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A WebAssembly trap.
    #[error("trap: {0}")]
    Trap(String),
    /// The step's fuel was used up.
    #[error("out of fuel: a step may use {limit} units (--max-fuel); does it loop for ever?")]
    Fuel {
        /// The limit.
        limit: u64,
    },
    /// The step took too long, although it had fuel left.
    #[error("out of time: a step may take {limit_ms} ms (--max-step-ms)")]
    Wall {
        /// The limit.
        limit_ms: u128,
    },
    /// The guest needed more memory than it may have, and gave up.
    #[error("out of memory: it asked for {wanted} bytes and may have {limit} (--max-memory-mib)")]
    Memory {
        /// How much the last refused request would have made it.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The guest needed larger tables than it may have, and gave up.
    #[error("table too large: it asked for {wanted} elements and may have {limit}")]
    Table {
        /// How many elements the last refused request would have made it.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The guest's call stack was used up.
    #[error("stack overflow: does it recurse for ever?")]
    Stack,
    /// The guest called `proc_exit`, or returned from `_start`.
    #[error("it exited with code {0}; a node runs until it is stopped")]
    Exit(i32),
    /// The guest called what the sandbox does not offer.
    #[error("{0}")]
    Denied(String),
    /// `alloc`, `handle` or `snapshot` answered with a range outside of memory.
    #[error(
        "the range it returned, {len} bytes at address {ptr}, is not inside its memory of {memory} bytes"
    )]
    Range {
        /// Where the range starts.
        ptr: u32,
        /// Its length.
        len: u32,
        /// The size of the memory.
        memory: usize,
    },
    /// The effects are too long.
    #[error("{bytes} bytes of output: a step may return {limit} (--max-output-bytes)")]
    Output {
        /// How long they are.
        bytes: u32,
        /// The limit.
        limit: usize,
    },
    /// There are too many effects.
    #[error("more than {limit} effects in one step (--max-effects)")]
    Effects {
        /// The limit.
        limit: usize,
    },
    /// There would be too many timers.
    #[error("more than {limit} timers outstanding (--max-timers)")]
    Timers {
        /// The limit.
        limit: usize,
    },
    /// The step wrote too much to stdout and stderr.
    #[error("more than {limit} bytes of log in one step (--max-log-bytes)")]
    Log {
        /// The limit.
        limit: usize,
    },
    /// An effect that cannot be understood.
    #[error("effect {number} cannot be understood: {reason}\n  effect: {text}")]
    BadEffect {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
        /// The effect, shortened.
        text: String,
    },
    /// A program wrote a line to stdout that is not a message.
    #[error("line {number} of its stdout is not a message: {reason}\n  line: {text}")]
    BadLine {
        /// Which one, from 1 at the program's start; blank lines count.
        number: u64,
        /// What is wrong with it.
        reason: String,
        /// The line, shortened.
        text: String,
    },
    /// A program left too much input unread.
    #[error("more than {limit} bytes wait for it on stdin: it has stopped reading")]
    Unread {
        /// The limit.
        limit: usize,
    },
    /// `restore` refused the snapshot.
    #[error("it refused the state (status {0})")]
    Refused(i32),
}

impl Fault {
    /// The kind of fault, in a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Trap(_) => "trap",
            Fault::Fuel { .. } => "out-of-fuel",
            Fault::Wall { .. } => "out-of-time",
            Fault::Memory { .. } => "out-of-memory",
            Fault::Table { .. } => "table-too-large",
            Fault::Stack => "stack-overflow",
            Fault::Exit(_) => "exited",
            Fault::Denied(_) => "denied",
            Fault::Range { .. } => "bad-range",
            Fault::Output { .. } => "too-much-output",
            Fault::Effects { .. } => "too-many-effects",
            Fault::Timers { .. } => "too-many-timers",
            Fault::Log { .. } => "too-much-log",
            Fault::BadEffect { .. } => "bad-effect",
            Fault::BadLine { .. } => "bad-line",
            Fault::Unread { .. } => "unread-input",
            Fault::Refused(_) => "refused-state",
        }
    }
}

impl GuestError {
    /// A failure that the driver found, in the effects of `event`.
    #[must_use]
    pub fn in_effects(fault: Fault, event: &Event<'_>) -> Box<Self> {
        Box::new(GuestError {
            fault,
            entry: guest_sdk::abi::HANDLE,
            event: event.to_string(),
            backtrace: Vec::new(),
            stderr: String::new(),
            unfinished: String::new(),
        })
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest failed in {}: {}", self.entry, self.fault)?;
        if !self.backtrace.is_empty() {
            write!(f, "\n  in: {}", self.backtrace.join(" < "))?;
        }
        if !self.event.is_empty() {
            write!(f, "\n  event: {}", self.event)?;
        }
        // What was printed last says why.
        for line in printable(&excerpt_of_end(&self.stderr, 2000)).lines() {
            write!(f, "\n  stderr: {line}")?;
        }
        if !self.unfinished.is_empty() {
            let text = printable(&excerpt(&self.unfinished, 200)).into_owned();
            write!(f, "\n  stdout without a newline at its end: {text}")?;
        }
        write!(f, "\n  nothing that this step asked for was done")
    }
}

impl std::error::Error for GuestError {}
