//! A queue of events in virtual time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Events by virtual time; those of one time in the order in which they were added.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Entry<T>>,
    count: u64,
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
            count: 0,
        }
    }

    /// Adds an event at `at_ns`.
    pub(super) fn push(&mut self, at_ns: u64, event: T) {
        self.heap.push(Entry {
            at_ns,
            sequence: self.count,
            event,
        });
        self.count += 1;
    }

    /// Takes the next event, with its time.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let entry = self.heap.pop()?;
        Some((entry.at_ns, entry.event))
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
}
