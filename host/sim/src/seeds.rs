//! Ranges of seeds, as in `--seeds`.

use std::str::FromStr;

use super::ranges::RUNS_MAX;

/// The seeds from one to below another: `0..10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedRange {
    /// The first seed.
    pub first: u64,
    /// How many seeds, at least one and at most [`RUNS_MAX`].
    pub count: u64,
}

impl SeedRange {
    /// The seeds.
    pub fn all(self) -> std::ops::Range<u64> {
        self.first..self.first + self.count
    }
}

impl FromStr for SeedRange {
    type Err = InvalidSeedRange;

    fn from_str(text: &str) -> Result<Self, InvalidSeedRange> {
        let range = text.split_once("..").and_then(|(first, end)| {
            let (first, end): (u64, u64) = (first.parse().ok()?, end.parse().ok()?);
            let count = end.checked_sub(first)?;
            (1..=RUNS_MAX)
                .contains(&count)
                .then_some(SeedRange { first, count })
        });
        range.ok_or(InvalidSeedRange)
    }
}

/// A text that is not a range of seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected A..B, with A below B and at most {RUNS_MAX} seeds in between")]
#[non_exhaustive]
pub struct InvalidSeedRange;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_without_its_end() {
        assert_eq!("3..5".parse(), Ok(SeedRange { first: 3, count: 2 }));
        for wrong in ["", "3", "5..3", "3..3", "3...5", "a..b", "0..1000001"] {
            assert!(wrong.parse::<SeedRange>().is_err(), "{wrong}");
        }
    }
}
