//! How a guest fails.

use std::fmt;

use crate::Event;
use host_protocol::text::{excerpt, excerpt_of_end, printable};

/// A failed step. Nothing that the step asked for has been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestError {
    /// What went wrong.
    pub fault: ErrorKind,
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
pub enum ErrorKind {
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

impl ErrorKind {
    /// The kind of fault, in a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            ErrorKind::Trap(_) => "trap",
            ErrorKind::Fuel { .. } => "out-of-fuel",
            ErrorKind::Wall { .. } => "out-of-time",
            ErrorKind::Memory { .. } => "out-of-memory",
            ErrorKind::Table { .. } => "table-too-large",
            ErrorKind::Stack => "stack-overflow",
            ErrorKind::Exit(_) => "exited",
            ErrorKind::Denied(_) => "denied",
            ErrorKind::Range { .. } => "bad-range",
            ErrorKind::Output { .. } => "too-much-output",
            ErrorKind::Effects { .. } => "too-many-effects",
            ErrorKind::Timers { .. } => "too-many-timers",
            ErrorKind::Log { .. } => "too-much-log",
            ErrorKind::BadEffect { .. } => "bad-effect",
            ErrorKind::BadLine { .. } => "bad-line",
            ErrorKind::Unread { .. } => "unread-input",
            ErrorKind::Refused(_) => "refused-state",
        }
    }
}

impl GuestError {
    /// An answer of the guest that cannot be accepted. `log` is what the step has written to
    /// stderr.
    #[must_use]
    pub fn refusal(
        fault: ErrorKind,
        entry: &'static str,
        event: &dyn Fn() -> String,
        log: &[u8],
    ) -> Box<Self> {
        Box::new(GuestError {
            fault,
            entry,
            event: event(),
            backtrace: Vec::new(),
            stderr: String::from_utf8_lossy(log).into_owned(),
            unfinished: String::new(),
        })
    }

    /// A failure that the driver found, in the effects of `event`.
    #[must_use]
    pub fn in_effects(fault: ErrorKind, event: &Event<'_>) -> Box<Self> {
        Box::new(GuestError {
            fault,
            entry: host_protocol::abi::HANDLE,
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
