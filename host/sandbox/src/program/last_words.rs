//! What a program did in its last steps that explains how it ends.
//!
//! The end of a process may take several steps. The runtime of Go, when it is refused memory or finds all
//! goroutines asleep, writes `fatal error: …`, sleeps twice for a millisecond so that other threads stop,
//! and only then writes all stacks and exits (`freezetheworld` in `runtime/proc.go`).

use std::borrow::Cow;

use host_guest::{ErrorKind, STDERR_SHOWN_MAX, reason_of_runtime};

/// How long what was refused and what a runtime said may explain an end. On a busy machine a sleep of a live
/// node takes longer than it asked for.
const KEPT_NS: u64 = 100_000_000;

/// What a program was refused and what its runtime said lately, in steps before the current one. Who reads
/// stdin or writes to stdout after that has survived it.
#[derive(Default)]
pub(super) struct LastWords {
    at_ns: u64,
    /// The last request for memory or table elements that was refused.
    pub(super) refused: Option<ErrorKind>,
    /// What the runtime said, from its first line on.
    words: Vec<u8>,
}

impl LastWords {
    /// A step at `now_ns` has run, in which the program may have gone on with its work.
    pub(super) fn pass(&mut self, now_ns: u64, goes_on: bool) {
        if goes_on || now_ns.saturating_sub(self.at_ns) > KEPT_NS {
            *self = LastWords::default();
        }
    }

    /// Notes what happened in a step after which the program waits.
    pub(super) fn note(&mut self, now_ns: u64, refused: Option<ErrorKind>, stderr: &[u8]) {
        if refused.is_some() {
            (self.at_ns, self.refused) = (now_ns, refused);
        }
        if self.words.is_empty() && !stderr.is_empty() {
            let text = String::from_utf8_lossy(stderr);
            let reason = reason_of_runtime(&text);
            if let Some(at) = reason.and_then(|reason| text.find(&reason)) {
                self.at_ns = now_ns;
                let words = text[at..].bytes().take(STDERR_SHOWN_MAX);
                self.words = words.collect();
            }
        }
    }

    /// What the runtime said before, and then what it says now.
    pub(super) fn before<'a>(&self, stderr: &'a [u8]) -> Cow<'a, [u8]> {
        match self.words.is_empty() {
            true => Cow::Borrowed(stderr),
            false => Cow::Owned([&self.words, stderr].concat()),
        }
    }
}
