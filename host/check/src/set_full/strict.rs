//! What is wrong with a single read, and with the final ones, beyond what Jepsen's set-full asks.
//!
//! None of it can happen to a correct system. Members more often than added, or never added, are
//! wrong in any read. A refused add took no place by the meaning of its error. A final read (see
//! [`final_reads`]) has everything that was known when it was invoked: Jepsen asks the same, but of
//! one read only, the one invoked last, so a node that lost a value passes as long as another
//! node's read comes later.

use indexmap::IndexMap;

use crate::final_reads::final_reads;
use crate::history::{History, Op};
use crate::missed::{ComplaintKind, Missed, NamedElements};
use crate::unexpected::UnexpectedOperation;
use crate::validity::Checks;
use crate::value::Value;

use super::elements::Elements;
use super::scan::{Track, invoked, members};

/// Complaints about reads, collected during the scan. Under [`Checks::Maelstrom`] there
/// are none.
pub(super) struct Strict {
    checks: Checks,
    pub(super) missed: Missed,
    /// Elements found more than once in a read, with the most times that one read has them.
    pub(super) duplicated: IndexMap<Value, u32>,
    /// Of the current read, what was seen before in it.
    again: IndexMap<Value, Again>,
    never_added: NamedElements,
    refused: NamedElements,
}

struct Again {
    times: u32,
    times_allowed: u32,
}

impl Strict {
    pub(super) fn new(checks: Checks) -> Self {
        Self {
            checks,
            missed: Missed::default(),
            duplicated: IndexMap::new(),
            again: IndexMap::new(),
            never_added: NamedElements::default(),
            refused: NamedElements::default(),
        }
    }

    /// The current read has a member that it had before; it was added `attempts` times.
    #[cold]
    pub(super) fn again(&mut self, attempts: u32, value: &Value) {
        if self.checks == Checks::Strict {
            self.again
                .entry(value.clone())
                .or_insert(Again {
                    times: 1,
                    times_allowed: attempts,
                })
                .times += 1;
        }
    }

    /// The current read has a member that nobody had tried to add.
    #[cold]
    pub(super) fn never_added(&mut self, value: impl FnOnce() -> Value) {
        if self.checks == Checks::Strict {
            self.never_added.push(value);
        }
    }

    /// The current read has a member whose every add was refused.
    #[cold]
    pub(super) fn refused(&mut self, value: &Value) {
        if self.checks == Checks::Strict {
            self.refused.push(|| value.clone());
        }
    }

    /// Ends the current read.
    pub(super) fn end(&mut self, read: &Op) {
        let mut duplicates = NamedElements::default();
        for (value, again) in self
            .again
            .drain(..)
            .filter(|(_, again)| again.times > again.times_allowed)
        {
            duplicates.push(|| value.clone());
            let most = self.duplicated.entry(value).or_insert(0);
            *most = again.times.max(*most);
        }
        let complaints = [
            (ComplaintKind::Duplicates, duplicates),
            (
                ComplaintKind::NeverAdded,
                std::mem::take(&mut self.never_added),
            ),
            (
                ComplaintKind::RefusedYetRead,
                std::mem::take(&mut self.refused),
            ),
        ];
        for (what, elements) in complaints
            .into_iter()
            .filter(|(_, elements)| elements.count > 0)
        {
            self.missed.push(what, read, elements);
        }
    }

    /// Complains of final reads that lack what was known when they were invoked, unless that is
    /// lost altogether, which Jepsen sees too. Each read costs its own size, unless it lacks
    /// something and there is room to say what.
    pub(super) fn final_reads(
        &mut self,
        history: &History,
        add: &str,
        elements: &Elements,
        tracks: &[Track],
        is_lost: impl Fn(usize) -> bool,
    ) -> Result<(), UnexpectedOperation> {
        if self.checks == Checks::Maelstrom {
            return Ok(());
        }
        let known_since: Vec<Option<u32>> = tracks
            .iter()
            .enumerate()
            .map(|(number, track)| {
                track
                    .known
                    .filter(|_| !track.is_refused && !is_lost(number))
            })
            .collect();
        let known_before = |number: usize, end: u32| known_since[number].is_some_and(|at| at < end);
        let mut known: Vec<u32> = known_since.iter().copied().flatten().collect();
        known.sort_unstable();
        let mut seen_in = vec![0; tracks.len()];
        for (read, at) in (1..).zip(final_reads(history, add)) {
            let op = &history.ops()[at];
            let begun = invoked(history, at);
            let members = members(op)?;
            let mut has = 0;
            elements.for_each_in(&members, |number, _| {
                if let Some(number) = number
                    && seen_in[number] != read
                {
                    seen_in[number] = read;
                    has += usize::from(known_before(number, begun));
                }
            });
            let lacks = known.partition_point(|&known| known < begun) - has;
            if lacks > 0 {
                let mut named = NamedElements::default();
                if self.missed.has_room(ComplaintKind::FinalReadLacks) {
                    let lacking = (0..tracks.len())
                        .filter(|&number| seen_in[number] != read && known_before(number, begun));
                    lacking.for_each(|number| named.push(|| elements.value(number).clone()));
                }
                self.missed.push(ComplaintKind::FinalReadLacks, op, named);
            }
        }
        Ok(())
    }
}
