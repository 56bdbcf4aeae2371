//! Random transactions: reads and writes of a few active keys.
//!
//! The writes of a key have the values 1, 2, 3 and so on, so that each is unique. A key that has
//! had all its writes is replaced by a new one. The place of a key decides how often it is drawn:
//! each place twice as often as the one before.
//!
//! Source: `wr-txns` in Elle's `elle.txn`, version 0.2.2.

use crate::random::Stream;

/// The shape of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxnShape {
    /// How many keys are active at a time, at least one.
    pub key_count: usize,
    /// How many operations a transaction has at most, at least one.
    pub max_txn_length: u64,
    /// How many writes a key has before it is retired.
    pub max_writes_per_key: i64,
}

/// Maelstrom's.
impl Default for TxnShape {
    fn default() -> Self {
        TxnShape {
            key_count: 10,
            max_txn_length: 4,
            max_writes_per_key: 16,
        }
    }
}

/// One operation of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mop {
    Read { key: i64 },
    Write { key: i64, value: i64 },
}

impl Mop {
    pub(super) fn key(self) -> i64 {
        match self {
            Mop::Read { key } | Mop::Write { key, .. } => key,
        }
    }
}

/// An endless sequence of transactions.
#[derive(Clone)]
pub(super) struct Mops {
    shape: TxnShape,
    active: Vec<Key>,
    next_key: i64,
}

#[derive(Clone)]
struct Key {
    key: i64,
    next_value: i64,
}

impl Key {
    fn new(key: i64) -> Self {
        Key { key, next_value: 1 }
    }
}

/// Places before the last 60 are drawn less than once in 2^60 times: never.
const PLACES_MAX: usize = 60;

impl Mops {
    pub(super) fn new(shape: TxnShape) -> Self {
        let active: Vec<Key> = (0..).map(Key::new).take(shape.key_count).collect();
        Mops {
            shape,
            next_key: i64::try_from(active.len()).unwrap_or(i64::MAX),
            active,
        }
    }

    /// The next transaction.
    pub(super) fn txn(&mut self, stream: &mut Stream) -> Vec<Mop> {
        let length = 1 + stream.below(self.shape.max_txn_length);
        (0..length).map(|_| self.mop(stream)).collect()
    }

    /// The next operation.
    pub(super) fn mop(&mut self, stream: &mut Stream) -> Mop {
        loop {
            let is_read = stream.below(2) == 0;
            let place = place(self.active.len(), stream);
            let Key { key, next_value } = &mut self.active[place];
            if is_read {
                return Mop::Read { key: *key };
            }
            if *next_value <= self.shape.max_writes_per_key {
                let (key, value) = (*key, *next_value);
                *next_value += 1;
                return Mop::Write { key, value };
            }
            self.active[place] = Key::new(self.next_key);
            self.next_key += 1;
        }
    }
}

/// One of `places`, each twice as likely as the one before.
fn place(places: usize, stream: &mut Stream) -> usize {
    let drawn = places.min(PLACES_MAX);
    // Of the numbers from 2 to below 2^(drawn + 1), half have the highest bit, a quarter
    // the one below that, and so on.
    let number = 2 + stream.below((2 << drawn) - 2);
    places - drawn + number.ilog2() as usize - 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::random::Streams;

    fn stream() -> Stream {
        Streams::new(3).stream("operations")
    }

    #[test]
    fn each_place_is_twice_as_likely_as_the_one_before() {
        let mut stream = stream();
        let mut counts = [0_i32; 5];
        for _ in 0..31_000 {
            counts[place(5, &mut stream)] += 1;
        }
        // 1000, 2000, 4000, 8000 and 16000 of 31000 on average. Five standard deviations
        // are at most 5 * sqrt(31000 / 4) = 440, and 156 and 217 for the first two.
        let bounds = [
            (1000, 156),
            (2000, 217),
            (4000, 300),
            (8000, 390),
            (16_000, 440),
        ];
        for (count, (mean, bound)) in counts.iter().zip(bounds) {
            assert!((count - mean).abs() < bound, "{counts:?}");
        }
        assert!((0..100).all(|_| place(1, &mut stream) == 0));
        assert!((0..100).all(|_| (60..100).contains(&place(100, &mut stream))));
    }

    #[test]
    fn transactions_are_of_every_length_and_half_of_what_they_do_is_reading() {
        let mut mops = Mops::new(TxnShape::default());
        let mut stream = stream();
        let txns: Vec<Vec<Mop>> = (0..4000).map(|_| mops.txn(&mut stream)).collect();
        for length in 1..=4 {
            let count = txns.iter().filter(|txn| txn.len() == length).count();
            // 1000 on average, five standard deviations are 137.
            assert!(count.abs_diff(1000) < 137, "{count} of length {length}");
        }
        let all: Vec<Mop> = txns.concat();
        let reads = all.iter().filter(|mop| matches!(mop, Mop::Read { .. }));
        // Half; five standard deviations are 2.5 * sqrt(all), and writes that retire a key
        // are drawn again, one in 17, half of which become reads: at most 3 % more.
        let (reads, all) = (reads.count(), all.len());
        assert!(
            reads > all / 2 - 250 && reads < all / 2 + all * 3 / 100 + 250,
            "{reads} of {all}"
        );
    }

    #[test]
    fn keys_get_all_their_values_in_order_and_then_retire() {
        let shape = TxnShape {
            key_count: 3,
            max_writes_per_key: 4,
            ..TxnShape::default()
        };
        let mut mops = Mops::new(shape);
        let mut stream = stream();
        let mut written: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for _ in 0..1200 {
            let mop = mops.mop(&mut stream);
            assert!(mops.active.iter().any(|active| active.key == mop.key()));
            if let Mop::Write { key, value } = mop {
                written.entry(key).or_default().push(value);
            }
        }
        let (last, _) = written.last_key_value().unwrap();
        assert!(*last > 20, "{last}");
        let active: Vec<i64> = mops.active.iter().map(|active| active.key).collect();
        for (key, values) in &written {
            let all: Vec<i64> = (1..).take(values.len()).collect();
            assert_eq!(*values, all, "of {key}");
            assert!(
                values.len() == 4 || active.contains(key),
                "{key}: {values:?}"
            );
        }
    }
}
