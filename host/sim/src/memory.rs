//! The memory that a run holds on the host, while it runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use host_guest::Growth;

/// Says how much memory a run may hold beside others that go on at the same time. It decides when
/// a run has to stop, never what a run shows: see [`StopReason::NoRoom`](crate::StopReason::NoRoom).
pub trait MemoryGrant: fmt::Debug + Send + Sync {
    /// Whether the run may hold `bytes` in all from now on. It is asked when a run holds more
    /// than it was granted before.
    fn hold(&self, bytes: usize) -> bool;
}

/// What a run holds. The meter and the guests share it, since a guest grows within a step.
#[derive(Debug)]
pub(super) struct RunMemory {
    grant: Option<Arc<dyn MemoryGrant>>,
    /// The bound on what guests and services hold.
    bound: usize,
    /// What guests and services held when they were last measured.
    held: AtomicUsize,
    /// What guests' memories have grown by since then.
    grown: AtomicUsize,
    /// The tables of all guests that there ever were: those of dead ones are few.
    tables: AtomicUsize,
    /// All other memory of the run, when it was last measured.
    other: AtomicUsize,
    granted: AtomicUsize,
    /// What guests and services would have held, had a growth not been refused by the bound.
    exceeding: AtomicUsize,
    /// Whether the grant has refused.
    no_room: AtomicUsize,
}

/// Why a run may not hold more memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Guests and services would hold this much, which is more than the bound.
    Bound(usize),
    /// Other runs hold what it would need.
    NoRoom,
}

impl RunMemory {
    /// The memory of a run whose guests and services may hold `bound` bytes, and that may hold
    /// what `grant` allows.
    pub(super) fn new(bound: usize, grant: Option<Arc<dyn MemoryGrant>>) -> Self {
        RunMemory {
            grant,
            bound,
            held: AtomicUsize::new(0),
            grown: AtomicUsize::new(0),
            tables: AtomicUsize::new(0),
            other: AtomicUsize::new(0),
            granted: AtomicUsize::new(0),
            exceeding: AtomicUsize::new(0),
            no_room: AtomicUsize::new(0),
        }
    }

    /// Guests and services have been measured.
    pub(super) fn set_held(&self, bytes: usize) {
        self.held.store(bytes, Ordering::Relaxed);
        self.grown.store(0, Ordering::Relaxed);
    }

    /// All the rest has been measured. Asks the grant if it is more than before.
    pub(super) fn set_other(&self, bytes: usize) {
        self.other.store(bytes, Ordering::Relaxed);
        self.ask(0);
    }

    /// Why the run has to stop, if it has to.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self.exceeding.load(Ordering::Relaxed) {
            0 => (self.no_room.load(Ordering::Relaxed) != 0).then_some(Refusal::NoRoom),
            bytes => Some(Refusal::Bound(bytes)),
        }
    }

    /// Whether guests and services may hold `more` bytes than they do.
    pub(super) fn may_hold(&self, more: usize) -> bool {
        let held = self.held.load(Ordering::Relaxed) + self.grown.load(Ordering::Relaxed);
        let wanted = held.saturating_add(more);
        if wanted > self.bound {
            self.exceeding.store(wanted, Ordering::Relaxed);
            return false;
        }
        self.ask(more)
    }

    /// Whether the run may hold `more` bytes than it does.
    fn ask(&self, more: usize) -> bool {
        let Some(grant) = &self.grant else {
            return true;
        };
        let parts = [&self.held, &self.grown, &self.tables, &self.other];
        let now: usize = parts.map(|part| part.load(Ordering::Relaxed)).iter().sum();
        let wanted = now.saturating_add(more);
        if wanted <= self.granted.load(Ordering::Relaxed) {
            return true;
        }
        if !grant.hold(wanted) {
            self.no_room.store(1, Ordering::Relaxed);
            return false;
        }
        self.granted.store(wanted, Ordering::Relaxed);
        true
    }
}

impl Growth for RunMemory {
    fn memory(&self, bytes: usize) -> bool {
        let may = self.may_hold(bytes);
        if may {
            self.grown.fetch_add(bytes, Ordering::Relaxed);
        }
        may
    }

    fn tables(&self, bytes: usize) -> bool {
        let may = self.ask(bytes);
        if may {
            self.tables.fetch_add(bytes, Ordering::Relaxed);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grants so many bytes.
    #[derive(Debug)]
    struct UpTo(usize);

    impl MemoryGrant for UpTo {
        fn hold(&self, bytes: usize) -> bool {
            bytes <= self.0
        }
    }

    #[test]
    fn guests_may_grow_up_to_the_bound_within_a_step() {
        let memory = RunMemory::new(100, None);
        memory.set_held(60);
        assert!(memory.memory(30));
        assert!(!memory.memory(11));
        assert_eq!(memory.refusal(), Some(Refusal::Bound(101)));
    }

    #[test]
    fn what_was_measured_takes_the_place_of_what_has_grown() {
        let memory = RunMemory::new(100, None);
        assert!(memory.memory(90));
        memory.set_held(50); // another guest has gone
        assert!(memory.memory(50));
        assert_eq!(memory.refusal(), None);
    }

    #[test]
    fn a_grant_counts_everything() {
        let memory = RunMemory::new(1000, Some(Arc::new(UpTo(100))));
        memory.set_held(40);
        memory.set_other(30);
        assert!(memory.tables(20));
        assert!(memory.memory(10));
        assert_eq!(memory.refusal(), None);
        memory.set_other(31);
        assert_eq!(memory.refusal(), Some(Refusal::NoRoom));
    }
}
