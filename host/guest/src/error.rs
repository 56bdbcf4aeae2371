//! How a step of a guest fails.

use std::fmt;

use host_disk::DiskError;

use crate::event::Event;
use crate::reason;
use host_protocol::text::{ends, excerpt, one_line, printable};

/// How many characters of the beginning of stderr are kept, and how many of its end.
pub const STDERR_SHOWN_MAX: usize = 1000;

/// A failed step. None of its effects has been performed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The export that was called.
    pub entry: &'static str,
    /// A description of the event; empty if there was none.
    pub event: String,
    /// The functions on the guest's call stack, innermost first.
    pub backtrace: Vec<String>,
    /// What the step wrote to stderr, usually the message of a panic: its beginning and its end, since
    /// some runtimes give the reason first and some last.
    pub stderr: String,
    /// The line of stderr that says why the guest ended itself; empty if there is none.
    pub reason: String,
    /// The last line of a program's stdout, if it has no newline.
    pub unfinished: String,
    /// What the guest seems to have done instead, if that can be told; empty if not.
    pub hint: String,
}

/// What went wrong in a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ErrorKind {
    /// A WebAssembly trap.
    #[error("trap: {0}")]
    Trap(String),
    /// The step used up its fuel.
    #[strum(serialize = "out-of-fuel")]
    #[error("out of fuel: a step may use {limit} units (--max-fuel); does it loop for ever?")]
    Fuel {
        /// The limit, in units of fuel.
        limit: u64,
    },
    /// The step took too much wall time, although it had fuel left.
    #[strum(serialize = "out-of-time")]
    #[error("out of time: a step may take {limit_ms} ms (--max-step-ms)")]
    Wall {
        /// The limit, in milliseconds.
        limit_ms: u128,
    },
    /// The program was asked to end while the step ran. This says nothing about the guest.
    #[error("interrupted")]
    Interrupted,
    /// The guest trapped, or ended itself with an error, after a request for memory was refused in the
    /// same step.
    #[strum(serialize = "out-of-memory")]
    #[error("out of memory: it asked for {wanted} bytes and may have {limit} (--max-memory-mib)")]
    Memory {
        /// The size that the last refused request asked for, in bytes.
        wanted: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The same after a request for table elements was refused.
    #[strum(serialize = "table-too-large")]
    #[error("table too large: it asked for {wanted} elements and may have {limit}")]
    Table {
        /// The number of elements that the last refused request asked for.
        wanted: usize,
        /// The limit, in elements.
        limit: usize,
    },
    /// The host could not run the guest, for instance because the machine has no memory left.
    /// This says nothing about the guest.
    #[strum(serialize = "host-failure")]
    #[error(
        "the host failed, not the guest: {0}; see that the machine has memory left (ulimit -v), and with thousands of nodes \
         mappings of it (sysctl vm.max_map_count; a node takes up to six)"
    )]
    Host(String),
    /// The guest's call stack overflowed.
    #[strum(serialize = "stack-overflow")]
    #[error("stack overflow: does it recurse for ever?")]
    Stack,
    /// The guest called `proc_exit`, or returned from `_start`.
    #[strum(serialize = "exited")]
    #[error("it exited with code {0}; a node runs until it is stopped")]
    Exit(i32),
    /// All threads of a program wait for one another; says where each waits, the main one first.
    #[error("deadlock: {}", deadlock(.0))]
    Deadlock(Vec<String>),
    /// The guest used something that the sandbox does not offer; says what.
    #[error("{0}")]
    Denied(String),
    /// `alloc`, `handle` or `snapshot` returned a range outside of memory.
    #[strum(serialize = "bad-range")]
    #[error(
        "the range it returned, {len} bytes at address {ptr}, is not inside its memory of {memory} bytes"
    )]
    Range {
        /// The address of the range.
        ptr: u32,
        /// The length of the range, in bytes.
        len: u32,
        /// The size of the memory, in bytes.
        memory: usize,
    },
    /// The effects of the step are too long.
    #[strum(serialize = "too-much-output")]
    #[error("{bytes} bytes of output: a step may return {limit} (--max-output-bytes)")]
    Output {
        /// The length of the effects, in bytes.
        bytes: u32,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The step has too many effects.
    #[strum(serialize = "too-many-effects")]
    #[error("more than {limit} effects in one step (--max-effects)")]
    Effects {
        /// The most effects that a step may have.
        limit: usize,
    },
    /// The effects would leave too many timers outstanding.
    #[strum(serialize = "too-many-timers")]
    #[error("more than {limit} timers outstanding (--max-timers)")]
    Timers {
        /// The most timers that may be outstanding.
        limit: usize,
    },
    /// A change to the node's disk cannot be made: there is no room, or nothing to change.
    #[error("{0}")]
    Disk(DiskError),
    /// The step wrote too much to stdout and stderr.
    #[strum(serialize = "too-much-log")]
    #[error("more than {limit} bytes of log in one step (--max-log-bytes)")]
    Log {
        /// The limit, in bytes.
        limit: usize,
    },
    /// An effect is invalid.
    #[error("effect {number} cannot be understood: {reason}\n  effect: {text}")]
    BadEffect {
        /// The number of the effect, from 1.
        number: usize,
        /// Why it is invalid.
        reason: String,
        /// The effect, shortened.
        text: String,
    },
    /// A program wrote a line to stdout that is not a message.
    #[error("line {number} of its stdout is not a message: {reason}\n  line: {text}")]
    BadLine {
        /// The number of the line, from 1 at the program's start; blank lines count.
        number: u64,
        /// Why it is invalid.
        reason: String,
        /// The line, shortened.
        text: String,
    },
    /// A program left too much input unread.
    #[strum(serialize = "unread-input")]
    #[error("more than {limit} bytes wait for it on stdin: it has stopped reading")]
    Unread {
        /// The limit, in bytes.
        limit: usize,
    },
    /// `restore` refused the snapshot with this status.
    #[strum(serialize = "refused-state")]
    #[error("it refused the state (status {0})")]
    Refused(i32),
}

/// A sentence about threads that wait at these places, and a line for each.
fn deadlock(stacks: &[String]) -> String {
    let mut text = match stacks.len() {
        1 => "it waits to be notified, and has no other thread that could do it".to_owned(),
        count => format!("its {count} threads wait to be notified, and none is left to do it"),
    };
    for (number, stack) in stacks.iter().enumerate() {
        text += &match number {
            0 => format!("\n  main thread: {stack}"),
            _ => format!("\n  thread: {stack}"),
        };
    }
    text
}

impl ErrorKind {
    /// The name of the kind: `out-of-fuel`, `bad-effect`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

impl GuestError {
    /// The host refuses what the guest returned or asked for. `log` is what the step has
    /// written to stderr.
    #[must_use]
    pub fn refusal(
        kind: ErrorKind,
        entry: &'static str,
        event: &dyn Fn() -> String,
        log: &[u8],
    ) -> Box<Self> {
        Self::failure(kind, entry, event(), Vec::new(), log)
    }

    /// The guest failed while `entry` ran. `backtrace` has the functions on its call stack,
    /// innermost first; `log` is what the step has written to stderr.
    #[must_use]
    pub fn failure(
        kind: ErrorKind,
        entry: &'static str,
        event: String,
        backtrace: Vec<String>,
        log: &[u8],
    ) -> Box<Self> {
        let stderr = String::from_utf8_lossy(log);
        let reason = match kind {
            ErrorKind::Exit(0) => None, // that says that all is well
            ErrorKind::Exit(_) => reason::of_exit(&stderr),
            ErrorKind::Trap(_) | ErrorKind::Memory { .. } => reason::of_runtime(&stderr),
            _ => None,
        };
        Box::new(GuestError {
            reason: reason.unwrap_or_default(),
            kind,
            entry,
            event,
            backtrace,
            stderr: ends(&stderr, STDERR_SHOWN_MAX).into_owned(),
            unfinished: String::new(),
            hint: String::new(),
        })
    }

    /// The driver found an error in the effects of `event`.
    #[must_use]
    pub fn in_effects(kind: ErrorKind, event: &Event<'_>) -> Box<Self> {
        let entry = host_protocol::abi::HANDLE;
        Self::failure(kind, entry, event.to_string(), Vec::new(), b"")
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest failed in {}: ", self.entry)?;
        match &self.kind {
            _ if self.reason.is_empty() => write!(f, "{}", self.kind),
            ErrorKind::Exit(code) => {
                write!(f, "it exited with code {code}: {}", one_line(&self.reason))
            }
            ErrorKind::Trap(_) => write!(f, "{}", one_line(&self.reason)),
            kind => write!(f, "{kind}: {}", one_line(&self.reason)),
        }?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        if !self.backtrace.is_empty() {
            write!(f, "\n  in: {}", self.backtrace.join(" < "))?;
        }
        if !self.event.is_empty() {
            write!(f, "\n  event: {}", self.event)?;
        }
        for line in printable(&self.stderr).lines() {
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
