//! What strict checking reports and Maelstrom lets pass.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::{Display, IntoStaticStr};

use super::history::{Op, Process};
use super::value::Value;

/// The most complaints of a kind that a result lists, and the most elements that a complaint names.
pub const COMPLAINTS_MAX: usize = 32;

/// Complaints in the order they were found. In JSON the fields are absent when there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Missed {
    /// The first [`COMPLAINTS_MAX`] of each kind.
    #[serde(rename = "maelstrom-missed", skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<Complaint>,
    /// How many there are of each kind.
    #[serde(
        rename = "maelstrom-missed-counts",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub counts: BTreeMap<ComplaintKind, usize>,
}

impl Missed {
    /// Whether there is no complaint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether another complaint of this kind would still be listed.
    #[must_use]
    pub fn has_room(&self, what: ComplaintKind) -> bool {
        self.counts
            .get(&what)
            .is_none_or(|&count| count < COMPLAINTS_MAX)
    }

    /// Adds a complaint about the completion `op`, naming its elements: the first of them, and how
    /// many there are.
    pub fn push(&mut self, what: ComplaintKind, op: &Op, elements: NamedElements) {
        if self.has_room(what) {
            let Op {
                index,
                time_ns,
                process,
                ..
            } = *op;
            self.list.push(Complaint {
                what,
                op: index,
                time: time_ns,
                process,
                elements,
            });
        }
        *self.counts.entry(what).or_insert(0) += 1;
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Complaint {
    /// The kind of complaint.
    pub what: ComplaintKind,
    /// The `index` of the completion that shows it.
    pub op: u64,
    /// When that was, in nanoseconds since the run began.
    pub time: i64,
    /// Whose operation it was.
    pub process: Process,
    /// The elements in question; for counters, the values.
    #[serde(flatten)]
    pub elements: NamedElements,
}

/// The elements that a complaint is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NamedElements {
    /// How many.
    pub count: usize,
    /// The first [`COMPLAINTS_MAX`] of them.
    pub elements: Vec<Value>,
}

impl NamedElements {
    /// Adds one.
    pub fn push(&mut self, element: impl FnOnce() -> Value) {
        self.count += 1;
        if self.elements.len() < COMPLAINTS_MAX {
            self.elements.push(element());
        }
    }

    /// Just one.
    #[must_use]
    pub fn one(element: Value) -> Self {
        Self {
            count: 1,
            elements: vec![element],
        }
    }
}

/// What Maelstrom's checkers do not complain of.
#[derive(
    Clone, Copy, Debug, Display, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum ComplaintKind {
    /// A read after recovery lacks elements that were known before it began. Maelstrom asks this
    /// only of whichever final read comes last.
    FinalReadLacks,
    /// A read has elements more often than they were added.
    Duplicates,
    /// A read has elements that nobody added, or not yet.
    NeverAdded,
    /// A read has elements whose every add was refused with a definite error.
    RefusedYetRead,
    /// A final read of a counter shows a value that only refused adds explain.
    RefusedYetCounted,
    /// A final read of a counter that is not marked as final is no sum of the acknowledged adds
    /// and any of those left open.
    FinalReadWrong,
    /// Two final reads of a counter disagree.
    FinalReadsDisagree,
    /// A counter was read below or above everything that the adds until then could have made.
    OutOfReach,
    /// An answer broke the workload's schema.
    MalformedReply,
    /// A poll goes on further than next to the process's last messages of the key. Maelstrom asks
    /// this only if no poll without any came in between.
    SkippedAfterPause,
    /// A poll goes on at or before the process's last messages of the key, after one without any.
    WentBackAfterPause,
    /// A process's first poll of a key leaves out messages that nobody can have consumed before.
    StartedTooLate,
    /// A send is put before what had been polled when it began.
    SentBehindPoll,
    /// A process's send is put before its last one, and in between it assigned itself other keys.
    SentBack,
    /// An offset is below zero.
    NegativeOffset,
    /// A poll shows keys that its process had not assigned itself.
    NotAskedFor,
    /// A poll that did not succeed shows messages whose send was refused.
    RefusedYetPolled,
    /// A client that polls from the beginning, after recovery, never gets some acknowledged messages.
    NeverCaughtUp,
    /// A committed offset is one that nobody had committed.
    NeverCommitted,
    /// A committed offset is less than what was committed last.
    CommitWentBack,
    /// An offset that was committed is not there.
    CommitForgotten,
    /// A register is linearizable only if a read of nil may mean anything. The operation is the
    /// first that cannot be explained; the element, if any, is the key.
    NilRead,
}

impl ComplaintKind {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The complaint in words, after the name of the operation: "lacks 3 known elements". `count`
    /// is that of its elements.
    #[must_use]
    pub fn words(self, count: usize) -> String {
        let s = if count == 1 { "" } else { "s" };
        match self {
            Self::FinalReadLacks => format!("lacks {count} known element{s} for good"),
            Self::Duplicates => format!("has {count} element{s} more than once"),
            Self::NeverAdded => format!("has {count} element{s} that nobody had added"),
            Self::RefusedYetRead => format!("has {count} element{s} whose add was refused"),
            Self::RefusedYetCounted => "shows a value that only refused adds explain".to_owned(),
            Self::FinalReadWrong => {
                "shows, after recovery, a value that the adds cannot make".to_owned()
            }
            Self::FinalReadsDisagree => "disagrees with the first final read".to_owned(),
            Self::OutOfReach => {
                "shows a value beyond what the adds until then could make".to_owned()
            }
            Self::MalformedReply => "got an answer that breaks the workload's schema".to_owned(),
            Self::SkippedAfterPause => {
                format!("leaves out {count} message{s} after what its process polled last")
            }
            Self::WentBackAfterPause => {
                format!("begins with {count} message{s} at or before what its process polled last")
            }
            Self::StartedTooLate => {
                format!("begins after {count} message{s} that nobody can have consumed before")
            }
            Self::SentBehindPoll => {
                format!("had {count} message{s} put before what had been polled when it began")
            }
            Self::SentBack => {
                format!("had {count} message{s} put before what its process sent last")
            }
            Self::NegativeOffset => "has an offset below zero".to_owned(),
            Self::NotAskedFor => format!("shows {count} key{s} that its process did not ask for"),
            Self::RefusedYetPolled => format!("shows {count} message{s} whose send was refused"),
            Self::NeverCaughtUp => format!(
                "is the last of ten polls or more that show nothing, and its process, which began at \
                 the beginning, never got {count} acknowledged message{s}"
            ),
            Self::NeverCommitted => format!(
                "was told {count} committed offset{s} that nobody had committed, [key offset]"
            ),
            Self::CommitWentBack => format!(
                "was told {count} committed offset{s} below what its node knows to be committed, [key \
                 told committed]"
            ),
            Self::CommitForgotten => format!(
                "was not told {count} offset{s} that its node knows to be committed, [key committed]"
            ),
            Self::NilRead => {
                let key = if count == 0 { "" } else { "; key" };
                format!("is impossible, unless reads of nil may mean anything{key}")
            }
        }
    }
}
