//! A map whose keys are numbers that only grow: calls in flight, timers.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Values by number, lowest first.
///
/// Values are added at the end and most are removed near the front, so a queue is as fast as
/// a tree, with a tenth of the code in every module.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Numbered<T>(VecDeque<(u64, T)>);

impl<T> Numbered<T> {
    pub(crate) const fn new() -> Self {
        Numbered(VecDeque::new())
    }

    /// Adds `value` under a number that is not in use.
    pub(crate) fn insert(&mut self, number: u64, value: T) {
        let at = self.find(number).unwrap_or_else(|free| free);
        self.0.insert(at, (number, value));
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let at = self.find(number).ok()?;
        Some(&self.0[at].1)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let at = self.find(number).ok()?;
        let (_, value) = self.0.remove(at)?;
        Some(value)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    fn find(&self, number: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::btree_map::{BTreeMap, Entry};

    use super::*;

    #[test]
    fn it_does_what_a_tree_does() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut numbered = Numbered::new();
        let mut tree = BTreeMap::new();
        for step in 0..10_000_u64 {
            let number = rng.u64(..200);
            if rng.bool() {
                assert_eq!(numbered.get(number), tree.get(&number));
                assert_eq!(numbered.remove(number), tree.remove(&number));
            } else if let Entry::Vacant(free) = tree.entry(number) {
                free.insert(step);
                numbered.insert(number, step);
            }
            assert!(numbered.values().eq(tree.values()));
        }
    }
}
