//! Fewer moves.
//!
//! A move that is left out sends nothing. So moves of what it sent are left out with it, and what is sent
//! later on the same links has smaller numbers. What each move sent is seen in a run of the schedule;
//! that the others send as many messages as before is a guess, which the run of the candidate tests.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::chunks::{only, without_needless};
use super::search::Search;
use host_sim::journal::{Entry, EntryKind, Observer};
use host_sim::{MessageRef, Move, MoveKind, Outcome};

/// Leaves out moves until no single one can be left out.
pub(super) fn fewer(search: &mut Search<'_>) {
    loop {
        let before = search.successes();
        let mut sent = Sent::default();
        let Some(outcome) = search.watch(&mut sent) else {
            return;
        };
        without_skipped(search, &outcome);
        if search.successes() > before {
            continue;
        }
        leave_out(search, &outcome, &sent);
        at_one_time(search);
        if search.successes() == before || search.is_spent() {
            return;
        }
    }
}

/// Leaves out all moves that were not possible.
fn without_skipped(search: &mut Search<'_>, outcome: &Outcome) {
    let skipped = outcome.skipped_moves();
    let moves = &search.schedule().script.moves;
    let made: Vec<usize> = (0..moves.len())
        .filter(|index| skipped.binary_search(index).is_err())
        .collect();
    if !skipped.is_empty() {
        let moves = only(moves, &made);
        attempt(search, moves);
    }
}

fn leave_out(search: &mut Search<'_>, outcome: &Outcome, sent: &Sent) {
    let base = search.schedule().script.moves.clone();
    // Without a move nothing would direct the run.
    without_needless(base.len(), 1, |kept| {
        search.goes_on().then(|| {
            let without = sent.without(&base, kept, outcome);
            let plain = only(&base, kept);
            let is_other = without != plain;
            attempt(search, without) || is_other && attempt(search, plain)
        })
    });
}

/// Has all moves happen when the first one does.
fn at_one_time(search: &mut Search<'_>) {
    let mut moves = search.schedule().script.moves.clone();
    let at_ns = search.schedule().script.warm_up_ns;
    for it in &mut moves {
        it.at_ns = at_ns;
    }
    attempt(search, moves);
}

fn attempt(search: &mut Search<'_>, moves: Vec<Move>) -> bool {
    if moves.is_empty() {
        return false;
    }
    let mut candidate = search.schedule().clone();
    candidate.script.moves = moves;
    search.attempt(candidate)
}

/// The messages of each link in a run, by their numbers in the run.
#[derive(Debug, Default)]
struct Sent {
    links: BTreeMap<(String, String), Vec<u64>>,
}

impl Observer for Sent {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if let EntryKind::Send(message) = entry.kind {
            let link = (message.src.to_owned(), message.dest.to_owned());
            self.links.entry(link).or_default().push(message.id);
        }
        Ok(())
    }
}

impl Sent {
    fn of_link(&self, message: &MessageRef) -> &[u64] {
        let link = (message.src.clone(), message.dest.clone());
        self.links.get(&link).map_or(&[], Vec::as_slice)
    }

    /// The number in the run of a message.
    fn id(&self, message: &MessageRef) -> Option<u64> {
        let index = usize::try_from(message.number.checked_sub(1)?).ok()?;
        self.of_link(message).get(index).copied()
    }

    /// The moves that are left when others than those with the indices `kept` are left out.
    fn without(&self, base: &[Move], kept: &[usize], outcome: &Outcome) -> Vec<Move> {
        let mut unsent = BTreeSet::new();
        let mut left = Vec::new();
        for (index, it) in base.iter().enumerate() {
            let id = message(&it.what).and_then(|message| self.id(message));
            let is_sent = id.is_none_or(|id| !unsent.contains(&id));
            if is_sent && kept.binary_search(&index).is_ok() {
                left.push(it.clone());
            } else if let Some(Some(sent)) = outcome.moves.get(index) {
                unsent.extend(sent.clone());
            }
        }
        let mut numbers: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
        for it in &mut left {
            let Some(message) = message_mut(&mut it.what) else {
                continue;
            };
            let link = (message.src.clone(), message.dest.clone());
            let numbers = numbers.entry(link).or_insert_with(|| {
                let mut number = 0;
                let ids = self.of_link(message).iter();
                let numbers = ids.map(|id| {
                    number += u64::from(!unsent.contains(id));
                    number
                });
                numbers.collect()
            });
            let index = usize::try_from(message.number).unwrap_or(usize::MAX);
            if let Some(number) = index.checked_sub(1).and_then(|index| numbers.get(index)) {
                message.number = *number;
            }
        }
        left
    }
}

fn message(what: &MoveKind) -> Option<&MessageRef> {
    match what {
        MoveKind::Deliver { message } | MoveKind::Lose { message } | MoveKind::Copy { message } => {
            Some(message)
        }
        _ => None,
    }
}

fn message_mut(what: &mut MoveKind) -> Option<&mut MessageRef> {
    match what {
        MoveKind::Deliver { message } | MoveKind::Lose { message } | MoveKind::Copy { message } => {
            Some(message)
        }
        _ => None,
    }
}
