//! Which crashed operations a configuration has let take effect: how many of each call, since equal
//! calls are interchangeable. Such multisets are few and shared by many configurations, so each is
//! stored once and a configuration holds its number.

use std::collections::HashMap;

use indexmap::IndexSet;

use super::model::Call;

/// The number of a multiset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct UsedId(u32);

/// Nothing used. Every table has it.
pub(super) const UNUSED: UsedId = UsedId(0);

/// Multisets of calls.
#[derive(Clone, Debug)]
pub(super) struct UsedTable {
    /// By number: the calls in order, with how often each was used.
    sets: IndexSet<Box<[(Call, u32)]>>,
    totals: Vec<u32>,
    /// Their entries, all together.
    entry_count: usize,
    successors: HashMap<(UsedId, Call), UsedId>,
}

impl UsedTable {
    pub(super) fn new() -> Self {
        Self {
            sets: IndexSet::from([Box::from([])]),
            totals: vec![0],
            entry_count: 0,
            successors: HashMap::new(),
        }
    }

    /// How many different multisets there are.
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    /// How many entries they have together.
    pub(super) fn entry_count(&self) -> usize {
        self.entry_count
    }

    /// The number of a multiset, given in the order of its calls.
    pub(super) fn id(&mut self, set: Box<[(Call, u32)]>) -> UsedId {
        let total = set.iter().map(|&(_, times)| times).sum();
        let entry_count = set.len();
        let (number, is_new) = self.sets.insert_full(set);
        if is_new {
            self.entry_count += entry_count;
            self.totals.push(total);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the search clears the table long before"
        )]
        UsedId(number as u32)
    }

    /// The calls of a multiset in order, with how often each was used.
    pub(super) fn set(&self, id: UsedId) -> &[(Call, u32)] {
        &self.sets[id.0 as usize]
    }

    /// How many operations were used.
    pub(super) fn total(&self, id: UsedId) -> u32 {
        self.totals[id.0 as usize]
    }

    /// How many operations of this call were used.
    pub(super) fn times(&self, id: UsedId, call: Call) -> u32 {
        let set = self.set(id);
        set.binary_search_by_key(&call, |&(call, _)| call)
            .map_or(0, |at| set[at].1)
    }

    /// The multiset with one more use of `call`.
    pub(super) fn plus(&mut self, id: UsedId, call: Call) -> UsedId {
        if let Some(&successor) = self.successors.get(&(id, call)) {
            return successor;
        }
        let mut set = self.set(id).to_vec();
        match set.binary_search_by_key(&call, |&(call, _)| call) {
            Ok(at) => set[at].1 += 1,
            Err(at) => set.insert(at, (call, 1)),
        }
        let successor = self.id(set.into());
        self.successors.insert((id, call), successor);
        successor
    }

    /// Whether `a` uses nothing that `b` does not use as often.
    pub(super) fn is_within(&self, a: UsedId, b: UsedId) -> bool {
        a == b
            || self.total(a) < self.total(b)
                && self
                    .set(a)
                    .iter()
                    .all(|&(call, times)| times <= self.times(b, call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_uses_less_of_each_call_is_within() {
        let mut table = UsedTable::new();
        let (a, b) = (Call(1), Call(2));
        let one = table.plus(UNUSED, a);
        let two = table.plus(one, a);
        let other = table.plus(UNUSED, b);
        let both = table.plus(other, a);
        assert_eq!(table.plus(one, b), both);
        assert_eq!(table.set(both), [(a, 1), (b, 1)]);
        let sets = [UNUSED, one, two, other, both];
        let within = |x: UsedId| sets.map(|y| table.is_within(x, y));
        assert_eq!(within(UNUSED), [true, true, true, true, true]);
        assert_eq!(within(one), [false, true, true, false, true]);
        assert_eq!(within(two), [false, false, true, false, false]);
        assert_eq!(within(other), [false, false, false, true, true]);
        assert_eq!(within(both), [false, false, false, false, true]);
    }
}
