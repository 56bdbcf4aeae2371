//! Room for runs: how much memory those hold together that go on at the same time.
//!
//! A run begins among others. What it holds comes out of a pool that all of them share, and grows
//! as the run does. When the pool has no more, or the run would hold more than its share, it is
//! given up, and made again from its beginning *alone*: under a lock, with as much as its own bounds
//! allow, and with nothing of the pool. So all runs together hold the pool and what one run may
//! hold, on any number of threads.
//!
//! **No verdict depends on it.** A run that is given up is forgotten. What counts is a whole run,
//! and a run is a function of its program, its options and its seed.
//!
//! **It cannot deadlock.** There are two resources, and nobody waits for the pool: it is asked, and
//! refuses. Whoever waits for the lock holds nothing of the pool, and whoever has it waits for
//! nothing: a run has one thread, starts no other run and steals no work. The checker that uses
//! threads has them to itself. So each run that is given up is made in the end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_sim::MemoryGrant;

/// What the runs hold together that go on among others, in bytes.
pub const SHARED_BYTES: usize = 256 << 20;

/// What one of them may hold: a run that needs much would have the others given up too.
pub const SHARE_BYTES: usize = 64 << 20;

/// What a run takes from the pool at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// The room of this process.
pub(crate) static ROOM: Room = Room::new();

/// Does work that is no run, and holds as much: among runs, and where that is refused alone. `work` is
/// given who says how much it may hold, nobody if it is alone. It returns nothing if that was refused.
///
/// What it returns is kept beside runs, so it has to be small. It must start no run, and wait for nothing
/// that other work may hold.
pub fn in_room<T>(mut work: impl FnMut(Option<Arc<dyn MemoryGrant>>) -> Option<T>) -> Option<T> {
    let place = ROOM.place();
    if let Some(done) = work(Some(place)) {
        return Some(done);
    }
    let _alone = ROOM.alone();
    work(None)
}

/// Room for runs.
#[derive(Debug)]
pub(crate) struct Room {
    shared: AtomicUsize,
    alone: Mutex<()>,
}

impl Room {
    const fn new() -> Self {
        Room {
            shared: AtomicUsize::new(SHARED_BYTES),
            alone: Mutex::new(()),
        }
    }

    /// A place for a run among others. It holds nothing yet.
    pub(crate) fn place(&'static self) -> Arc<Place> {
        Arc::new(Place {
            room: self,
            taken: AtomicUsize::new(0),
        })
    }

    /// Waits until no other run is alone.
    pub(crate) fn alone(&self) -> MutexGuard<'_, ()> {
        // A run that panicked has left nothing behind.
        self.alone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run holds of the pool, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: &'static Room,
    taken: AtomicUsize,
}

impl MemoryGrant for Place {
    fn hold(&self, bytes: usize) -> bool {
        if bytes > SHARE_BYTES {
            return false;
        }
        let taken = self.taken.load(Ordering::Relaxed);
        let more = bytes.next_multiple_of(CHUNK_BYTES).saturating_sub(taken);
        let shared = &self.room.shared;
        let took = shared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            free.checked_sub(more)
        });
        if took.is_ok() {
            self.taken.store(taken + more, Ordering::Relaxed);
        }
        took.is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = self.taken.load(Ordering::Relaxed);
        self.room.shared.fetch_add(taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn what_runs_hold_together_is_bounded_and_comes_back() {
        static SMALL: Room = Room::new();
        let places: Vec<Arc<Place>> = (0..5).map(|_| SMALL.place()).collect();
        let grants: Vec<bool> = places.iter().map(|place| place.hold(60 * MIB)).collect();
        assert_eq!(grants, [true, true, true, true, false]);
        assert!(places[4].hold(16 * MIB));
        assert!(!places[0].hold(61 * MIB));
        drop(places);
        assert_eq!(SMALL.shared.load(Ordering::Relaxed), SHARED_BYTES);
    }

    #[test]
    fn one_run_may_not_take_the_place_of_all_others() {
        static SMALL: Room = Room::new();
        assert!(SMALL.place().hold(64 * MIB));
        assert!(!SMALL.place().hold(64 * MIB + 1));
    }

    #[test]
    fn a_run_alone_needs_nothing_of_the_pool() {
        static SMALL: Room = Room::new();
        let places: Vec<Arc<Place>> = (0..4).map(|_| SMALL.place()).collect();
        assert!(places.iter().all(|place| place.hold(64 * MIB)));
        drop(SMALL.alone());
    }
}
