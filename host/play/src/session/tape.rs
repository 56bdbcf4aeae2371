//! What a run writes.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use super::branch::{Branch, Known};
use super::now::Verdict;
use host_check::history::Op;
use host_report::live::{LiveHistory, LiveRecord};
use host_sim::journal::{Entry, Observer, Stepped};

/// What a run writes to: what is known of its branch, or what will be when it has been made anew.
pub(super) struct Tape {
    pub(super) branch: Arc<Branch>,
    pub(super) anew: Option<(LiveRecord, LiveHistory)>,
    pub(super) generation: u64,
}

impl Tape {
    /// The number of entries so far.
    pub(super) fn entries(&self) -> usize {
        self.look(LiveRecord::entries)
    }

    /// Looks at what was recorded so far.
    pub(super) fn look<T>(&self, at: impl FnOnce(&LiveRecord) -> T) -> T {
        match &self.anew {
            Some((record, _)) => at(record),
            None => at(&self.branch.known().record),
        }
    }

    /// Takes what is new in a history, of an event before which there were so many entries.
    pub(super) fn take(&mut self, ops: &[Op], before: usize) {
        match &mut self.anew {
            Some((_, history)) => history.take(ops, before),
            None => self.branch.known().history.take(ops, before),
        }
    }

    /// Takes over what has been made anew.
    pub(super) fn arrive(&mut self, known: &mut Known) {
        let Some((record, history)) = self.anew.take() else {
            return;
        };
        (known.record, known.history) = (record, history);
        if known.generation != self.generation {
            known.generation = self.generation;
            known.is_over = false;
            (known.verdict, known.judged) = (Verdict::none_yet(), 0);
            known.opens_at = None;
        }
    }
}

/// The tape as an observer.
pub(super) struct Writer(pub(super) Rc<RefCell<Tape>>);

impl Observer for Writer {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let tape = &mut *self.0.borrow_mut();
        match &mut tape.anew {
            Some((record, _)) => record.note(entry),
            None => tape.branch.known().record.note(entry),
        }
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        let tape = &mut *self.0.borrow_mut();
        match &mut tape.anew {
            Some((record, _)) => record.stepped(step),
            None => tape.branch.known().record.stepped(step),
        }
    }
}
