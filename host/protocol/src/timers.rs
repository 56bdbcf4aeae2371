//! Outstanding timers, in the order in which they fire.

use std::collections::{BTreeMap, HashMap};

/// The timers of one node. Times are nanoseconds of the driver's clock.
///
/// Timers due at the same time fire in the order in which they were set.
#[derive(Debug, Default, Clone)]
pub struct Timers {
    /// (deadline, how many timers were set before) -> id
    by_deadline: BTreeMap<(u64, u64), u64>,
    by_id: HashMap<u64, (u64, u64)>,
    count: u64,
}

impl Timers {
    /// Sets the timer `id` to fire at `deadline`; replaces it if it is outstanding.
    pub fn set(&mut self, id: u64, deadline: u64) {
        self.cancel(id);
        let key = (deadline, self.count);
        self.count += 1;
        self.by_deadline.insert(key, id);
        self.by_id.insert(id, key);
    }

    /// Cancels `id`, if it is outstanding.
    pub fn cancel(&mut self, id: u64) {
        if let Some(key) = self.by_id.remove(&id) {
            self.by_deadline.remove(&key);
        }
    }

    /// When the next timer fires.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let ((deadline, _), _) = self.by_deadline.first_key_value()?;
        Some(*deadline)
    }

    /// Removes the next timer that is due at `now` and returns its id.
    pub fn pop_due(&mut self, now: u64) -> Option<u64> {
        if self.next_deadline()? > now {
            return None;
        }
        let (_, id) = self.by_deadline.pop_first()?;
        self.by_id.remove(&id);
        Some(id)
    }

    /// The id and the deadline of each timer, the next to fire first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let timers = self.by_deadline.iter();
        timers.map(|((deadline, _), id)| (*id, *deadline))
    }

    /// How many timers are outstanding.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no timer is outstanding.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether `id` is outstanding.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.by_id.contains_key(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_by_deadline_then_in_the_order_they_were_set() {
        let mut timers = Timers::default();
        timers.set(3, 20);
        timers.set(1, 10);
        timers.set(2, 20);
        timers.set(4, 5);
        timers.set(4, 30); // replaced
        timers.cancel(1);
        timers.cancel(99);
        assert_eq!(timers.next_deadline(), Some(20));
        assert_eq!(timers.pop_due(19), None);
        let fired: Vec<u64> = std::iter::from_fn(|| timers.pop_due(30)).collect();
        assert_eq!(fired, [3, 2, 4]);
        assert!(timers.is_empty());
    }
}
