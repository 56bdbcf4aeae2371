//! The one pass over a history that finds, for every element, when it was known, last present and
//! last absent.
//!
//! The naive way asks of every read about every element. But an element's last absence is the
//! latest invocation among the reads that lack it, and the reads that have it cut all reads into
//! gaps of reads that lack it. So each read touches only its own members, and closes the gap behind
//! each: the latest invocation in a gap is one question to a table ([`RangeMax`]). The cost is the
//! total size of the reads, plus n log n for the table.

use std::borrow::Cow;

use crate::completion::Completion;
use crate::history::{History, Kind, Op};
use crate::range_max::RangeMax;
use crate::unexpected::UnexpectedOperation;
use crate::validity::Checks;
use crate::value::Value;
use crate::value::Vector;

use super::elements::Elements;
use super::strict::Strict;

/// What a history shows of one element. Places are positions in the history.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track {
    /// The invocation of its last attempted add; `None` before the first.
    pub(super) added: Option<u32>,
    /// The completion that first shows that it exists: of its add, or of a read that has it.
    pub(super) known: Option<u32>,
    /// The latest invocation of a read that has it.
    pub(super) last_present: Option<u32>,
    /// The latest invocation of a read that lacks it, although its add was invoked before the read
    /// completed.
    pub(super) last_absent: Option<u32>,
    /// The first completed read whose members are not accounted for here.
    gap_start: u32,
    /// How often an add of it was invoked so far.
    pub(super) attempts: u32,
    /// Whether every add of it was refused.
    pub(super) is_refused: bool,
}

/// A history's elements and what became of each.
pub(super) struct Scan {
    pub(super) elements: Elements,
    pub(super) tracks: Vec<Track>,
    pub(super) strict: Strict,
}

/// Passes over a history in which `add` adds elements and `read` reads the set.
pub(super) fn scan(
    history: &History,
    add: &str,
    checks: Checks,
) -> Result<Scan, UnexpectedOperation> {
    let adds: Vec<(usize, &Op)> = history
        .client_ops()
        .filter(|(_, op)| op.f == add && op.kind == Kind::Invoke)
        .collect();
    let elements = Elements::of(adds.iter().map(|(_, op)| &op.value));
    let mut tracks = vec![
        Track {
            is_refused: true,
            ..Track::default()
        };
        elements.len()
    ];
    for (at, op) in adds {
        if let Some(number) = elements.number(&op.value) {
            tracks[number].is_refused &= Completion::of(history, at) == Completion::Refused;
        }
    }
    let latest = RangeMax::new(
        answered_reads(history)
            .map(|(at, _)| invoked(history, at))
            .collect(),
    );
    let mut strict = Strict::new(checks);
    let mut read_count = 0;
    for (at, op) in history.client_ops() {
        if op.f == add {
            let Some(track) = elements.number(&op.value).map(|number| &mut tracks[number]) else {
                continue;
            };
            match op.kind {
                // Adding an element anew starts its story anew, as in Jepsen.
                Kind::Invoke => {
                    *track = Track {
                        added: Some(position(at)),
                        gap_start: read_count,
                        attempts: track.attempts + 1,
                        is_refused: track.is_refused,
                        ..Track::default()
                    }
                }
                Kind::Ok => track.known = track.known.or(Some(position(at))),
                Kind::Fail | Kind::Info => {}
            }
        } else if op.f == "read" && op.kind == Kind::Ok {
            let read = Read {
                at: position(at),
                invoked: invoked(history, at),
                number: read_count,
            };
            let members = members(op)?;
            elements.for_each_in(&members, |number, place| match number {
                Some(number) if tracks[number].added.is_some() => {
                    tracks[number].present(read, &latest, &mut strict, elements.value(number));
                }
                _ => strict
                    .never_added(|| members.get(place).map(Cow::into_owned).unwrap_or_default()),
            });
            strict.end(op);
            read_count += 1;
        }
    }
    for track in &mut tracks {
        track.close_gap(read_count, &latest);
    }
    Ok(Scan {
        elements,
        tracks,
        strict,
    })
}

/// One answered read, while its members are scanned.
#[derive(Clone, Copy)]
struct Read {
    at: u32,
    invoked: u32,
    /// How many reads completed before it.
    number: u32,
}

impl Track {
    #[inline]
    fn present(&mut self, read: Read, latest: &RangeMax, strict: &mut Strict, value: &Value) {
        if self.gap_start == read.number + 1 {
            strict.again(self.attempts, value);
            return;
        }
        if self.is_refused {
            strict.refused(value);
        }
        self.known = self.known.or(Some(read.at));
        self.last_present = self.last_present.max(Some(read.invoked));
        self.close_gap(read.number, latest);
        self.gap_start = read.number + 1;
    }

    /// Accounts for the reads that lack this element: all from `gap_start` to before the read of
    /// number `end`.
    #[inline]
    fn close_gap(&mut self, end: u32, latest: &RangeMax) {
        if self.gap_start < end {
            self.last_absent = self
                .last_absent
                .max(Some(latest.of(self.gap_start as usize, end as usize)));
        }
    }
}

/// The reads that were answered, in the order of their answers.
pub(super) fn answered_reads(history: &History) -> impl Iterator<Item = (usize, &Op)> {
    history
        .client_ops()
        .filter(|(_, op)| op.f == "read" && op.kind == Kind::Ok)
}

/// The members that a read saw.
pub(super) fn members(op: &Op) -> Result<Cow<'_, Vector>, UnexpectedOperation> {
    match &op.value {
        Value::Vector(vector) => Ok(Cow::Borrowed(vector)),
        Value::Set(set) => Ok(Cow::Owned(set.iter().cloned().collect())),
        value => Err(UnexpectedOperation::new(
            op,
            format!("expected a vector of elements, found {}", value.kind()),
        )),
    }
}

/// The position of the invocation of the client's completion at `at`.
pub(super) fn invoked(history: &History, at: usize) -> u32 {
    position(
        history
            .pairs()
            .partner(at)
            .expect("a client's completion has an invocation: History::new checked it"),
    )
}

fn position(at: usize) -> u32 {
    u32::try_from(at).expect("a history has fewer than 2^32 operations")
}
