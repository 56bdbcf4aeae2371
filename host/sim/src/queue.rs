//! A queue of events in virtual time.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

/// Events by virtual time; those of one time in the order in which they were added, except that
/// those with a rank come first, by their ranks.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Entry<T>>,
    /// Those that may be cancelled, by time and sequence.
    alarms: BTreeMap<(u64, u64), T>,
    count: u64,
}

/// The sequence of the first event without a rank. One with a rank has that above its 48 bits.
const UNRANKED: u64 = 1 << 56;

/// An event that may be cancelled, until it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) at_ns: u64,
    sequence: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at_ns: u64,
    sequence: u64,
    event: T,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            alarms: BTreeMap::new(),
            count: 0,
        }
    }

    /// Adds an event at `at_ns`.
    pub(super) fn push(&mut self, at_ns: u64, event: T) {
        self.heap.push(Entry {
            at_ns,
            sequence: UNRANKED + self.count,
            event,
        });
        self.count += 1;
    }

    /// Adds an event at `at_ns` that can be cancelled. Whoever replaces one cancels it, so that
    /// the queue holds what will happen and nothing else.
    pub(super) fn set(&mut self, at_ns: u64, event: T) -> Alarm {
        self.insert(at_ns, UNRANKED + self.count, event)
    }

    /// The same, with a rank among those at `at_ns`: it happens before those that have none or a
    /// higher one, whenever they were added.
    pub(super) fn set_first(&mut self, at_ns: u64, rank: u8, event: T) -> Alarm {
        self.insert(at_ns, (u64::from(rank) << 48) + self.count, event)
    }

    fn insert(&mut self, at_ns: u64, sequence: u64, event: T) -> Alarm {
        self.count += 1;
        self.alarms.insert((at_ns, sequence), event);
        Alarm { at_ns, sequence }
    }

    /// Cancels an event, if it has not happened.
    pub(super) fn cancel(&mut self, alarm: Alarm) {
        self.alarms.remove(&(alarm.at_ns, alarm.sequence));
    }

    /// Takes the next event, with its time.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let alarm = self.alarms.first_key_value().map(|(key, _)| *key);
        let entry = self.heap.peek().map(|it| (it.at_ns, it.sequence));
        if alarm.is_some_and(|alarm| entry.is_none_or(|entry| alarm < entry)) {
            let ((at_ns, _), event) = self.alarms.pop_first()?;
            return Some((at_ns, event));
        }
        let entry = self.heap.pop()?;
        Some((entry.at_ns, entry.event))
    }

    /// When the next event happens.
    pub(super) fn next_ns(&self) -> Option<u64> {
        let alarm = self.alarms.first_key_value().map(|(key, _)| key.0);
        let entry = self.heap.peek().map(|it| it.at_ns);
        alarm.into_iter().chain(entry).min()
    }

    /// All events with their times, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let entries = self.heap.iter().map(|it| (it.at_ns, &it.event));
        let alarms = self
            .alarms
            .iter()
            .map(|((at_ns, _), event)| (*at_ns, event));
        entries.chain(alarms)
    }

    /// How many events it holds.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len() + self.alarms.len()
    }
}

/// The heap hands out its greatest entry: the earliest is the greatest.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_ns, other.sequence).cmp(&(self.at_ns, self.sequence))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_in_the_order_they_were_added() {
        let mut queue = Queue::new();
        for (at_ns, event) in [(5, 'c'), (3, 'a'), (5, 'd'), (3, 'b')] {
            queue.push(at_ns, event);
        }
        let order: Vec<(u64, char)> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(3, 'a'), (3, 'b'), (5, 'c'), (5, 'd')]);
    }

    #[test]
    fn alarms_come_among_the_others_unless_they_are_cancelled() {
        let mut queue = Queue::new();
        queue.push(5, 'a');
        queue.set(5, 'b');
        queue.push(5, 'c');
        let cancelled = queue.set(4, 'd');
        queue.set(3, 'e');
        queue.cancel(cancelled);
        queue.cancel(cancelled);
        let order: Vec<(u64, char)> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(3, 'e'), (5, 'a'), (5, 'b'), (5, 'c')]);
    }

    #[test]
    fn at_a_time_those_with_a_rank_come_first_by_rank() {
        let mut queue = Queue::new();
        queue.push(5, 'd');
        queue.set_first(5, 7, 'b');
        queue.set_first(5, 7, 'c');
        queue.set(5, 'e');
        queue.set_first(5, 0, 'a');
        queue.push(4, '-');
        let cancelled = queue.set_first(5, 1, 'x');
        queue.cancel(cancelled);
        let order: String = std::iter::from_fn(|| queue.pop()).map(|it| it.1).collect();
        assert_eq!(order, "-abcde");
    }

    #[test]
    fn an_alarm_that_is_set_again_and_again_takes_one_place() {
        let mut queue = Queue::new();
        let mut alarm = queue.set(1_000_000, ());
        for earlier in 1..100_000 {
            queue.cancel(alarm);
            alarm = queue.set(1_000_000 - earlier, ());
        }
        assert_eq!(queue.len(), 1);
    }
}
