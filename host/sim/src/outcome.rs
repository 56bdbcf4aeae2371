//! What comes out of a run.

use std::fmt;

use super::bounds::{Bound, Used};
use host_check::history::Op;
use host_check::net::NetStats;
use host_guest::GuestError;
use host_protocol::text::{excerpt, printable};

use super::SECOND;
use super::script::Script;

/// A run that is over.
#[derive(Debug)]
pub struct Outcome {
    /// What clients and nemesis did, in order. Up to where the run stopped, if it stopped early.
    pub ops: Vec<Op>,
    /// What clients began and what went wrong in the main phase, if that was to be written
    /// down.
    pub script: Option<Script>,
    /// How many messages that took.
    pub net: NetStats,
    /// Why the run stopped before its end, if it did.
    pub stopped: Option<Stopped>,
    /// The virtual time at the end, in nanoseconds.
    pub end_ns: u64,
    /// How many messages were sent.
    pub messages: u64,
    /// The most that it used of what is bounded.
    pub used: Used,
}

/// A run that ended early, and why.
#[derive(Debug)]
pub struct Stopped {
    /// The virtual time, in nanoseconds.
    pub at_ns: u64,
    /// Whose fault it is, if it is a node's.
    pub node: Option<String>,
    /// What happened.
    pub reason: Reason,
}

/// Why a run ended early.
#[derive(Debug)]
pub enum Reason {
    /// The guest failed: a trap, a limit, a malformed effect.
    Guest(Box<GuestError>),
    /// The node sent a message to nobody.
    UnknownDestination {
        /// To whom.
        dest: String,
        /// The body.
        body: String,
        /// What the node was handling.
        event: String,
    },
    /// The node did not answer a request that comes before all operations.
    NoAnswer {
        /// The request's `type`.
        request: String,
        /// How long the client waited, in nanoseconds.
        waited_ns: u64,
    },
    /// The node's answer to such a request is not what it has to be.
    BadAnswer {
        /// The request's `type`.
        request: String,
        /// What is wrong.
        why: String,
        /// The body of the answer.
        answer: String,
    },
    /// The run reached one of its bounds.
    Bound(Bound),
    /// The journal cannot be written.
    Journal(std::io::Error),
    /// The simulator broke its own rules.
    Internal(String),
}

impl Reason {
    /// The kind of reason, in a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Reason::Guest(error) => error.kind.name(),
            Reason::UnknownDestination { .. } => "unknown-destination",
            Reason::NoAnswer { .. } => "no-answer",
            Reason::BadAnswer { .. } => "bad-answer",
            Reason::Bound(_) => "bound-of-the-run",
            Reason::Journal(_) | Reason::Internal(_) => "internal",
        }
    }
}

impl Stopped {
    /// Whether it is neither the fault of a node nor of the options.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(self.reason, Reason::Journal(_) | Reason::Internal(_))
    }
}

/// `at 3.25 s, node n1: the guest failed in handle: …`
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s, ", seconds(self.at_ns))?;
        if let Some(node) = &self.node {
            write!(f, "node {node}: ")?;
        }
        let shown = |text: &str| printable(&excerpt(text, 400)).into_owned();
        match &self.reason {
            Reason::Guest(error) => write!(f, "{error}"),
            Reason::UnknownDestination { dest, body, event } => write!(
                f,
                "it sent a message to {:?}, which does not exist\n  body: {}\n  event: {event}\n  \
                 nothing that this step asked for was done",
                excerpt(dest, 100),
                shown(body)
            ),
            Reason::NoAnswer { request, waited_ns } => write!(
                f,
                "it did not answer {request} within {} s",
                seconds(*waited_ns)
            ),
            Reason::BadAnswer {
                request,
                why,
                answer,
            } => write!(
                f,
                "its answer to {request} is wrong: {}\n  body: {}",
                shown(why),
                shown(answer)
            ),
            Reason::Bound(bound) => write!(f, "{bound}"),
            Reason::Internal(text) => f.write_str(text),
            Reason::Journal(error) => write!(f, "cannot write the journal: {error}"),
        }
    }
}

/// Nanoseconds as seconds, exact, without zeros at the end.
pub fn seconds(ns: u64) -> String {
    let (whole, rest) = (ns / SECOND, ns % SECOND);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:09}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_exactly() {
        assert_eq!(seconds(0), "0");
        assert_eq!(seconds(10 * SECOND), "10");
        assert_eq!(seconds(3_250_000_000), "3.25");
        assert_eq!(seconds(1), "0.000000001");
    }
}
