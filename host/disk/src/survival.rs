//! What a power loss leaves of what was not durable.

use crate::change::Change;

/// Which of the unsynced changes survive a power loss, or a sync that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// All of them.
    All,
    /// None.
    None,
    /// The first ones, in the order in which they were made.
    Prefix {
        /// How many of 1000.
        permille: u64,
        /// How much of the first one that does not survive is there, of 1000 bytes, if it wrote
        /// bytes to a file.
        torn_permille: u64,
    },
    /// Any of them that the rules allow, by a seed.
    Any {
        /// The seed.
        seed: u64,
    },
}

/// What becomes of an unsynced change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It survives.
    Kept,
    /// It is lost.
    Lost,
    /// The first bytes that it wrote are there.
    Torn(usize),
}

impl Survival {
    /// The fate of each change.
    pub(crate) fn fates<'a>(self, changes: impl Iterator<Item = &'a Change> + Clone) -> Vec<Fate> {
        let count = changes.clone().count();
        match self {
            Survival::All => vec![Fate::Kept; count],
            Survival::None => vec![Fate::Lost; count],
            Survival::Prefix {
                permille,
                torn_permille,
            } => {
                let kept = scale(count, permille);
                let fate = |(index, change): (usize, &Change)| match index.cmp(&kept) {
                    std::cmp::Ordering::Less => Fate::Kept,
                    std::cmp::Ordering::Equal => torn(change, torn_permille),
                    std::cmp::Ordering::Greater => Fate::Lost,
                };
                changes.enumerate().map(fate).collect()
            }
            Survival::Any { seed } => any(seed, changes),
        }
    }
}

fn any<'a>(seed: u64, changes: impl Iterator<Item = &'a Change> + Clone) -> Vec<Fate> {
    let mut draw = draws(seed);
    let of_names = changes
        .clone()
        .filter(|change| change.changes_file().is_none());
    let mut names_left = below(draw(), of_names.count() + 1);
    let mut may_tear = true;
    let fate = |change: &Change| {
        let (survives, tears, permille) = (draw() & 1 == 0, draw() & 1 == 0, draw() % 1000);
        if change.changes_file().is_none() {
            let survives = names_left > 0;
            names_left -= usize::from(survives);
            return if survives { Fate::Kept } else { Fate::Lost };
        }
        match torn(change, permille) {
            _ if survives => Fate::Kept,
            Fate::Torn(bytes) if tears && may_tear => {
                may_tear = false;
                Fate::Torn(bytes)
            }
            _ => Fate::Lost,
        }
    };
    changes.map(fate).collect()
}

/// A change that is lost but for some of its bytes, if it wrote several.
fn torn(change: &Change, permille: u64) -> Fate {
    let Change::Data { data, .. } = change else {
        return Fate::Lost;
    };
    match scale(data.len(), permille) {
        0 => Fate::Lost,
        bytes => Fate::Torn(bytes),
    }
}

/// So many of 1000 of `count`, rounded down.
fn scale(count: usize, permille: u64) -> usize {
    let scaled = u128::try_from(count).unwrap_or(u128::MAX) * u128::from(permille.min(1000)) / 1000;
    usize::try_from(scaled).unwrap_or(count)
}

fn below(draw: u64, bound: usize) -> usize {
    let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
    usize::try_from(draw % bound).unwrap_or(0)
}

/// Numbers from a seed, by SplitMix64 (Steele, Lea and Flood, 2014): the same ones for ever, since
/// schedules keep only the seed.
fn draws(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(len: usize) -> Change {
        Change::Data {
            file: 1,
            at: 0,
            data: vec![1; len].into(),
        }
    }

    fn removed() -> Change {
        Change::Removed { path: "a".into() }
    }

    #[test]
    fn the_first_numbers_are_those_of_the_paper() {
        // The vector for seed 1234567 that implementations are tested with.
        let mut draw = draws(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| draw()).collect();
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn a_prefix_is_counted_over_all_changes_and_the_next_is_torn() {
        let changes = [data(10), removed(), data(10), data(10)];
        let fates = |permille, torn_permille| {
            let survival = Survival::Prefix {
                permille,
                torn_permille,
            };
            survival.fates(changes.iter())
        };
        use Fate::{Kept, Lost, Torn};
        assert_eq!(fates(0, 0), [Lost, Lost, Lost, Lost]);
        assert_eq!(fates(499, 999), [Kept, Lost, Lost, Lost]); // a name is not torn
        assert_eq!(fates(500, 300), [Kept, Kept, Torn(3), Lost]);
        assert_eq!(fates(500, 99), [Kept, Kept, Lost, Lost]);
        assert_eq!(fates(1000, 500), [Kept, Kept, Kept, Kept]);
    }

    #[test]
    fn any_choice_keeps_names_in_order_and_tears_one_write_at_most() {
        let changes = [data(10), removed(), data(10), removed(), data(10)];
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..2000 {
            let fates = Survival::Any { seed }.fates(changes.iter());
            assert!(fates[3] != Fate::Kept || fates[1] == Fate::Kept);
            let torn = fates.iter().filter(|fate| matches!(fate, Fate::Torn(_)));
            assert!(torn.count() <= 1);
            let kinds = fates.iter().map(|fate| match fate {
                Fate::Kept => 'k',
                Fate::Lost => 'l',
                Fate::Torn(_) => 't',
            });
            seen.insert(kinds.collect::<String>());
        }
        // Three prefixes of two names; of three writes, each is kept or lost, or one lost one is torn:
        // 8 + 3 × 4.
        assert_eq!(seen.len(), 3 * (8 + 12));
    }
}
