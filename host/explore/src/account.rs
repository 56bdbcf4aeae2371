//! What an exploration uses, and how much that may be.
//!
//! A hostile guest must not make an exploration endless or large, and neither the number of states nor the limits of
//! a step see to that: a step may take a second, a state may have ten thousand moves and megabytes. So an exploration
//! pays fuel: for the steps of guests what they use, and for its own work what it costs at the rate of guests' fuel,
//! about three and a half units a nanosecond. Steps that are known already cost no guest's fuel.
//!
//! With one thread all of it is a function of the exploration, so where it stops is one too. With more, which of two ends
//! that meet goes on depends on threads, and so do the last units.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use host_guest::Growth;
use host_sim::ProcessorTime;

use crate::bounds::{Budget, Spent};

/// For a move: to find it, to make it, to know its result again.
pub(crate) const MOVE_UNITS: u64 = 4000;

/// For each message in flight, and so for each other move that a move is compared with.
pub(crate) const MESSAGE_UNITS: u64 = 40;

/// For a byte that is copied and hashed.
pub(crate) const COPIED_UNITS: u64 = 2;

/// For a byte that is kept from now on: it is made, hashed, and judged.
const KEPT_UNITS: u64 = 8;

/// What an exploration has used.
#[derive(Debug)]
pub(crate) struct Account {
    budget: Budget,
    fuel: AtomicU64,
    /// The bytes of instances of guests and of states with moves that were not tried.
    held: AtomicUsize,
    /// The bytes of all contents, when they were last counted.
    kept: AtomicUsize,
    granted: AtomicUsize,
    spent: AtomicU8,
    net: Option<Mutex<ProcessorTime>>,
}

impl Account {
    pub(crate) fn of(budget: &Budget) -> Arc<Self> {
        Arc::new(Account {
            budget: budget.clone(),
            fuel: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
            granted: AtomicUsize::new(0),
            spent: AtomicU8::new(0),
            net: budget
                .has_net
                .then(|| Mutex::new(ProcessorTime::of_run(budget.fuel))),
        })
    }

    /// Uses fuel. Whoever has done much work asks [`pay`](Self::pay) afterwards.
    pub(crate) fn charge(&self, units: u64) {
        let before = self.fuel.fetch_add(units, Ordering::Relaxed);
        let used = before.saturating_add(units);
        if used > self.budget.fuel {
            self.refuse(Spent::Fuel);
        }
        if let Some(net) = &self.net {
            let mut net = net.lock().unwrap_or_else(PoisonError::into_inner);
            if net.exceeded(used).is_some() {
                self.refuse(Spent::Time);
            }
        }
    }

    /// Uses fuel.
    ///
    /// # Errors
    /// If something is used up.
    pub(crate) fn pay(&self, units: u64) -> Result<(), Spent> {
        self.charge(units);
        self.verify()
    }

    /// Whether nothing is used up.
    pub(crate) fn verify(&self) -> Result<(), Spent> {
        self.spent().map_or(Ok(()), Err)
    }

    /// What is used up, if something is.
    pub(crate) fn spent(&self) -> Option<Spent> {
        match self.spent.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Spent::Fuel),
            2 => Some(Spent::Memory),
            3 => Some(Spent::Time),
            _ => Some(Spent::Room),
        }
    }

    /// Takes more memory, until it is given back. Whether there is any.
    pub(crate) fn hold(&self, bytes: usize) -> bool {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        self.ask()
    }

    /// Gives memory back.
    pub(crate) fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// All contents take so much memory now; what is new of it costs fuel.
    pub(crate) fn keep(&self, bytes: usize) {
        if bytes <= self.kept.load(Ordering::Relaxed) {
            return; // as after most moves, and threads do not disturb each other
        }
        let before = self.kept.fetch_max(bytes, Ordering::Relaxed);
        let new = bytes.saturating_sub(before);
        if new > 0 {
            self.charge(new as u64 * KEPT_UNITS);
            self.ask();
        }
    }

    /// Contents begin anew.
    pub(crate) fn forget(&self) {
        self.kept.store(0, Ordering::Relaxed);
    }

    /// Whether contents take so much that those which are needed no more should go.
    pub(crate) fn is_crowded(&self) -> bool {
        self.kept.load(Ordering::Relaxed) > self.budget.bytes / 4
    }

    fn ask(&self) -> bool {
        let all = self.held.load(Ordering::Relaxed);
        let all = all.saturating_add(self.kept.load(Ordering::Relaxed));
        if all <= self.granted.load(Ordering::Relaxed) {
            return true;
        }
        if all > self.budget.bytes {
            return self.refuse(Spent::Memory);
        }
        let room = self.budget.room.as_ref();
        if room.is_some_and(|room| !room.hold(all)) {
            return self.refuse(Spent::Room);
        }
        self.granted.fetch_max(all, Ordering::Relaxed);
        true
    }

    fn refuse(&self, spent: Spent) -> bool {
        // What is used up first stays the reason.
        let code = spent as u8 + 1;
        let (order, none) = (Ordering::Relaxed, 0);
        let _ = self.spent.compare_exchange(none, code, order, order);
        false
    }
}

/// The memory of an instance of a guest, until it is dropped.
pub(crate) struct Instance {
    account: Arc<Account>,
    bytes: AtomicUsize,
}

impl Instance {
    pub(crate) fn of(account: &Arc<Account>) -> Arc<Self> {
        Arc::new(Instance {
            account: Arc::clone(account),
            bytes: AtomicUsize::new(0),
        })
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").finish_non_exhaustive()
    }
}

impl Growth for Instance {
    fn memory(&self, bytes: usize) -> bool {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.account.hold(bytes)
    }

    fn tables(&self, bytes: usize) -> bool {
        self.memory(bytes)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.account.release(self.bytes.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use host_sim::MemoryGrant;

    use super::*;

    fn account(fuel: u64, bytes: usize) -> Arc<Account> {
        Account::of(&Budget {
            fuel,
            bytes,
            ..Budget::default()
        })
    }

    #[test]
    fn fuel_is_used_up_once_there_is_none_left() {
        let account = account(10, 100);
        assert!(account.pay(10).is_ok());
        assert_eq!(account.spent(), None);
        assert!(account.pay(1).is_err());
        assert_eq!(account.spent(), Some(Spent::Fuel));
    }

    #[test]
    fn memory_that_is_given_back_can_be_taken_again() {
        let account = account(u64::MAX, 100);
        let instance = Instance::of(&account);
        assert!(instance.memory(60) && account.hold(40));
        drop(instance);
        account.keep(60);
        assert_eq!(account.spent(), None);
        assert!(!account.hold(1));
        assert_eq!(account.spent(), Some(Spent::Memory));
    }

    #[test]
    fn a_byte_that_is_kept_is_paid_for_once() {
        let account = account(100 * KEPT_UNITS, 1000);
        account.keep(60);
        account.keep(100);
        account.keep(80);
        assert_eq!(account.spent(), None);
        account.keep(101);
        assert_eq!(account.spent(), Some(Spent::Fuel));
    }

    /// Has so many bytes for whoever asks.
    #[derive(Debug)]
    struct Room(usize);

    impl MemoryGrant for Room {
        fn hold(&self, bytes: usize) -> bool {
            bytes <= self.0
        }
    }

    #[test]
    fn what_others_hold_is_another_reason_than_its_own_bound() {
        let account = Account::of(&Budget {
            bytes: 100,
            room: Some(Arc::new(Room(50))),
            ..Budget::default()
        });
        assert!(account.hold(50));
        assert!(!account.hold(1));
        assert_eq!(account.spent(), Some(Spent::Room));
    }
}
