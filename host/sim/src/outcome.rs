//! The outcome of a run.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::bounds::{Bound, ResourceUsage};
use host_check::history::Op;
use host_check::net::NetStats;
use host_guest::{ErrorKind, GuestError};
use host_protocol::text::{excerpt, printable};

use super::coverage::Coverage;
use super::growth::MemoryGrowth;
use super::logged::LoggedWarnings;
use super::script::Script;
use super::silence::{Instead, Silence};
use super::time::{seconds, short_seconds};
use super::touch::TouchOutcome;

/// A run that is over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The operations of clients and nemeses, in order, up to where the run stopped.
    pub ops: Vec<Op>,
    /// The operations and the faults of the main phase, if they were recorded.
    pub script: Option<Script>,
    /// The message counts.
    pub net: NetStats,
    /// Why the run stopped early, if it did.
    pub stopped: Option<Stopped>,
    /// The virtual time at the end, in nanoseconds.
    pub end_ns: u64,
    /// How many messages were sent.
    pub messages: u64,
    /// The resources that it used.
    pub used: ResourceUsage,
    /// What its faults touched.
    pub coverage: Coverage,
    /// The memory of a node that grew through the whole main phase, if one did.
    pub growth: Option<MemoryGrowth>,
    /// Requests that got no answer: one for each kind of operation.
    pub silences: Vec<Silence>,
    /// What nodes warned of in their logs.
    pub logged: LoggedWarnings,
    /// For each of the script's moves that the run came to, the numbers in the run of the messages
    /// that it sent; `None` if it was not possible, and so changed nothing.
    pub moves: Vec<Option<Range<u64>>>,
    /// What came of each of the script's touches that the run came to.
    pub touches: Vec<TouchOutcome>,
}

impl Outcome {
    /// The positions of touches that were not possible, and why.
    #[must_use]
    pub fn skipped_touches(&self) -> Vec<(usize, String)> {
        let touches = self.touches.iter().enumerate();
        let skipped = touches.filter_map(|(index, it)| Some((index, it.why.clone()?)));
        skipped.collect()
    }

    /// The positions of moves that were not possible.
    #[must_use]
    pub fn skipped_moves(&self) -> Vec<usize> {
        let moves = self.moves.iter().enumerate();
        let skipped = moves.filter(|(_, sent)| sent.is_none());
        skipped.map(|(index, _)| index).collect()
    }
}

/// The name of what is wrong with a run that does not reach a goal.
pub const UNREACHED_GOAL: &str = "unreached-goal";

/// A run that ended early, and why.
#[derive(Debug)]
pub struct Stopped {
    /// The virtual time, in nanoseconds.
    pub at_ns: u64,
    /// The node that caused it, if one did.
    pub node: Option<String>,
    /// The reason.
    pub reason: StopReason,
}

/// Why a run ended early.
#[derive(Debug)]
pub enum StopReason {
    /// The guest failed: a trap, a limit, a malformed effect.
    Guest(Box<GuestError>),
    /// The node sent a message to a destination that does not exist.
    UnknownDestination {
        /// The destination.
        dest: String,
        /// The body.
        body: String,
        /// What the node was handling.
        event: String,
    },
    /// The node did not respond to `init`, or to the workload's own setup.
    NoAnswer {
        /// The request's `type`.
        request: String,
        /// How long the client waited, in nanoseconds.
        waited_ns: u64,
        /// What it did instead.
        instead: Instead,
    },
    /// The node's response to such a request is wrong.
    BadAnswer {
        /// The request's `type`.
        request: String,
        /// What is wrong with it.
        why: String,
        /// The body of the response.
        answer: String,
    },
    /// An invariant of the workload does not hold: which, in words.
    Invariant(String),
    /// The goal of this name, which the script says is out of reach, was not reached.
    Goal(String),
    /// The workload has failed, not the nodes: what happened.
    Workload(String),
    /// The run exceeded one of its bounds.
    Bound(Bound),
    /// Events follow on each other for ever while virtual time stands still.
    Standstill {
        /// How many did.
        events: u32,
        /// The last of them that differ, in words: `n0 sends n1 "ping"`.
        round: Vec<String>,
    },
    /// The run used more processor time than its fuel should take.
    ProcessorTime {
        /// The limit.
        limit: Duration,
    },
    /// The program was asked to end. The run says nothing about the nodes.
    Interrupted,
    /// Other runs hold the memory that it needs: it has to be made again when there is room. Says
    /// nothing about the run.
    NoRoom,
    /// The journal cannot be written.
    Journal(std::io::Error),
    /// A bug in the simulator.
    Internal(String),
}

impl StopReason {
    /// The kind of reason, as one word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            StopReason::Guest(error) => error.kind.name(),
            StopReason::UnknownDestination { .. } => "unknown-destination",
            StopReason::NoAnswer { .. } => "no-answer",
            StopReason::BadAnswer { .. } => "bad-answer",
            StopReason::Invariant(_) => "broken-invariant",
            StopReason::Goal(_) => UNREACHED_GOAL,
            StopReason::Workload(_) => "workload-failed",
            StopReason::Bound(_) => "bound-of-the-run",
            StopReason::Standstill { .. } => "standstill",
            StopReason::ProcessorTime { .. } => "out-of-processor-time",
            StopReason::Interrupted => "interrupted",
            StopReason::NoRoom | StopReason::Journal(_) | StopReason::Internal(_) => "internal",
        }
    }
}

impl Stopped {
    /// Whether the program was asked to end before the run had.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self.reason, StopReason::Interrupted)
    }

    /// Whether it has to be made again: see [`StopReason::NoRoom`].
    #[must_use]
    pub fn is_without_room(&self) -> bool {
        matches!(self.reason, StopReason::NoRoom)
    }

    /// Whether neither a node nor the options are the cause.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        match &self.reason {
            StopReason::Guest(error) => matches!(error.kind, ErrorKind::Host(_)),
            StopReason::NoRoom
            | StopReason::Journal(_)
            | StopReason::Workload(_)
            | StopReason::Internal(_) => true,
            _ => false,
        }
    }
}

/// `at 3.25 s, node n1: the guest failed in handle: …`
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s, ", short_seconds(self.at_ns))?;
        if let Some(node) = &self.node {
            write!(f, "node {node}: ")?;
        }
        let shown = |text: &str| printable(&excerpt(text, 400)).into_owned();
        match &self.reason {
            StopReason::Guest(error) => write!(f, "{error}"),
            StopReason::UnknownDestination { dest, body, event } => write!(
                f,
                "it sent a message to {:?}, which does not exist\n  body: {}\n  event: {event}\n  \
                 nothing that this step asked for was done",
                excerpt(dest, 100),
                shown(body)
            ),
            StopReason::NoAnswer {
                request,
                waited_ns,
                instead,
            } => write!(
                f,
                "it did not answer {request} within {} s{instead}",
                seconds(*waited_ns)
            ),
            StopReason::BadAnswer {
                request,
                why,
                answer,
            } => write!(
                f,
                "it answered {request} with {}: {}",
                shown(answer),
                shown(why)
            ),
            StopReason::Invariant(text) => {
                write!(f, "an invariant does not hold any more: {}", shown(text))
            }
            StopReason::Goal(name) => write!(
                f,
                "the goal {name} was not reached: no node has shown it since the last move, or since the beginning \
                 if there are no moves, while the cluster had time to recover"
            ),
            StopReason::Workload(text) => {
                write!(f, "the workload failed, not the nodes: {}", shown(text))
            }
            StopReason::Bound(bound) => write!(f, "{bound}"),
            StopReason::Standstill { events, round } => write!(
                f,
                "time stands still: {events} events have followed on each other in less than 1 ms, each \
                 caused by the one before; does this ever end: {}? (messages take time with --latency \
                 or --hop-time, syncs with --disk-latency)",
                printable(&round.join(", "))
            ),
            StopReason::ProcessorTime { limit } => write!(
                f,
                "the run has taken more than {} s of processor time, although it has fuel left; do \
                 the nodes read their memory at random? (a larger --max-run-fuel allows more)",
                limit.as_secs()
            ),
            StopReason::Interrupted => f.write_str("the run was interrupted"),
            StopReason::NoRoom => f.write_str("there is no room for the run"),
            StopReason::Internal(text) => f.write_str(text),
            StopReason::Journal(error) => write!(f, "cannot write the journal: {error}"),
        }
    }
}
