//! How often a figure had which value, within a bound of memory.
//!
//! As long as there are at most [`VALUES_MAX`] different values, each is counted as it is. When there are
//! more, all values are rounded down to fewer binary digits, one digit less at a time, until there are as
//! many again. Rounding to fewer digits at once or step by step is the same, and a part never has
//! more different values than the whole. So parts that are joined have lost no more digits than the whole
//! would have, and the result is that of the whole, whatever the parts and their order.
//!
//! This is the uniform collapse of UDDSketch (Epicoco et al., "UDDSketch: Accurate Tracking of Quantiles
//! in Data Streams", 2020) with buckets that binary digits make, as in HdrHistogram, and that begin at
//! single values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::AVAILABILITY;

/// The most different values that are kept.
pub const VALUES_MAX: usize = 4096;

/// The binary digits behind the first one of a 64-bit floating-point number (IEEE 754).
const DIGITS: u32 = f64::MANTISSA_DIGITS - 1;

/// How often there was which value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// How many digits are lost of each.
    lost: u32,
    /// Values of zero and more, by their bits, which are in the order of the values.
    counts: BTreeMap<u64, u64>,
}

impl Values {
    /// Counts a value. One that is negative or no number at all counts as nothing was measured.
    /// Returns whether it counts.
    pub fn add(&mut self, value: f64) -> bool {
        let counts = value >= 0.0 && value.is_finite();
        if counts {
            self.count(bits(value), 1);
            self.collapse();
        }
        counts
    }

    /// Adds the values of another part.
    pub fn join(&mut self, other: &Values) {
        self.lose(other.lost);
        for (bits, count) in &other.counts {
            self.count(*bits, *count);
        }
        self.collapse();
    }

    /// How many values were counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many different values are kept.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// By how much of itself a value may be greater than it is said to be; 0 if all are exact.
    #[must_use]
    pub fn error(&self) -> f64 {
        match self.lost {
            0 => 0.0,
            lost => f64::powi(2.0, lost.cast_signed() - DIGITS.cast_signed()),
        }
    }

    /// The least value that so many of a hundred do not exceed. With `descending`, the greatest that so
    /// many are not below.
    #[must_use]
    pub fn quantile(&self, percent: u64, descending: bool) -> Option<f64> {
        let rank = (u128::from(self.len()) * u128::from(percent)).div_ceil(100);
        let rank = rank.max(1);
        let mut seen = 0;
        let mut reached = |(bits, count): (&u64, &u64)| {
            seen += u128::from(*count);
            (seen >= rank).then(|| f64::from_bits(*bits))
        };
        match descending {
            false => self.counts.iter().find_map(&mut reached),
            true => self.counts.iter().rev().find_map(&mut reached),
        }
    }

    fn count(&mut self, bits: u64, count: u64) {
        let bits = bits >> self.lost << self.lost;
        let all = self.counts.entry(bits).or_default();
        *all = all.saturating_add(count);
    }

    /// Loses digits until there are not too many values.
    fn collapse(&mut self) {
        while self.counts.len() > VALUES_MAX {
            self.lose(self.lost + 1);
        }
    }

    /// Rounds down, so that so many digits are lost.
    fn lose(&mut self, lost: u32) {
        if lost > self.lost {
            self.lost = lost;
            for (bits, count) in std::mem::take(&mut self.counts) {
                self.count(bits, count);
            }
        }
    }

    /// The values as text, with how often each was counted.
    fn texts(&self) -> BTreeMap<Text, u64> {
        let counts = self.counts.iter();
        counts.map(|(bits, count)| (Text(*bits), *count)).collect()
    }
}

fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits() // -0 is 0
}

/// A value as a key of JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Text(u64);

impl From<Text> for String {
    fn from(Text(bits): Text) -> String {
        f64::from_bits(bits).to_string()
    }
}

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(value) if value >= 0.0 && value.is_finite() => Ok(Text(bits(value))),
            _ => Err(format!("{text:?} is not a value of a figure")),
        }
    }
}

/// One figure of many runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Its name.
    pub name: &'static str,
    /// What the runs had that have it.
    values: Values,
    worst: f64,
    worst_seed: u64,
}

impl Spread {
    /// A figure of one run; `None` if it has no value that can be counted.
    #[must_use]
    pub fn of(name: &'static str, value: f64, seed: u64) -> Option<Self> {
        let mut values = Values::default();
        values.add(value).then_some(Spread {
            name,
            values,
            worst: value + 0.0,
            worst_seed: seed,
        })
    }

    /// Counts a run's value.
    pub fn add(&mut self, value: f64, seed: u64) {
        if self.values.add(value) {
            self.compare(value + 0.0, seed);
        }
    }

    /// Adds what other runs had.
    pub(super) fn join(&mut self, other: &Spread) {
        self.values.join(&other.values);
        self.compare(other.worst, other.worst_seed);
    }

    /// Whether more is better.
    fn is_descending(&self) -> bool {
        self.name == AVAILABILITY
    }

    /// Of equals the first seed has the worst.
    fn compare(&mut self, value: f64, seed: u64) {
        let order = match self.is_descending() {
            true => self.worst.total_cmp(&value),
            false => value.total_cmp(&self.worst),
        };
        if order.then(self.worst_seed.cmp(&seed)).is_gt() {
            (self.worst, self.worst_seed) = (value, seed);
        }
    }

    /// What half of the runs are not worse than.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantile(50)
    }

    /// What 99 of a hundred runs are not worse than.
    #[must_use]
    pub fn p99(&self) -> f64 {
        self.quantile(99)
    }

    /// What was rounded is still not worse than the worst.
    fn quantile(&self, percent: u64) -> f64 {
        let descending = self.is_descending();
        let value = self.values.quantile(percent, descending);
        let value = value.unwrap_or(self.worst);
        match descending {
            true => value.max(self.worst),
            false => value,
        }
    }

    /// The worst.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.worst
    }

    /// The first seed with the worst.
    #[must_use]
    pub fn worst_seed(&self) -> u64 {
        self.worst_seed
    }

    /// How many runs have it.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.values.len()
    }

    /// By how much of itself a quantile may be greater than it is said to be; 0 if they are exact.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.values.error()
    }

    /// Its fields in JSON.
    pub(super) fn fields(&self) -> SpreadFields {
        SpreadFields {
            median: self.median(),
            p99: self.p99(),
            worst: self.worst,
            worst_seed: self.worst_seed,
            runs: self.runs(),
            error: Some(self.error()).filter(|error| *error > 0.0),
            values: self.values.texts(),
        }
    }

    /// A figure from its fields in JSON; `None` if they contradict each other.
    pub(super) fn from_fields(name: &'static str, fields: &SpreadFields) -> Option<Self> {
        let mut values = Values::default();
        if let Some(error) = fields.error {
            let lost = (0..=DIGITS).find(|lost| {
                let lost = Values {
                    lost: *lost,
                    ..Values::default()
                };
                lost.error().to_bits() == error.to_bits()
            });
            values.lost = lost.filter(|lost| *lost > 0)?;
        }
        for (Text(bits), count) in &fields.values {
            let is_rounded = bits >> values.lost << values.lost == *bits;
            if !is_rounded || *count == 0 {
                return None;
            }
            values.counts.insert(*bits, *count);
        }
        if values.is_empty() || values.counts.len() > VALUES_MAX {
            return None;
        }
        let spread = Spread {
            name,
            values,
            worst: fields.worst,
            worst_seed: fields.worst_seed,
        };
        (spread.fields() == *fields).then_some(spread)
    }
}

/// What is shown of a figure of many runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Quantiles {
    /// See [`Spread::median`].
    pub median: f64,
    /// See [`Spread::p99`].
    pub p99: f64,
    /// See [`Spread::worst`].
    pub worst: f64,
    /// See [`Spread::worst_seed`].
    pub worst_seed: u64,
    /// See [`Spread::runs`].
    pub runs: u64,
    /// See [`Spread::error`]; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
}

impl Quantiles {
    /// What is shown of a figure.
    #[must_use]
    pub fn of(spread: &Spread) -> Self {
        Quantiles {
            median: spread.median(),
            p99: spread.p99(),
            worst: spread.worst(),
            worst_seed: spread.worst_seed(),
            runs: spread.runs(),
            error: Some(spread.error()).filter(|error| *error > 0.0),
        }
    }
}

/// The fields of a figure in JSON.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SpreadFields {
    median: f64,
    p99: f64,
    worst: f64,
    worst_seed: u64,
    runs: u64,
    /// See [`Spread::error`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<f64>,
    /// How many runs had which value.
    values: BTreeMap<Text, u64>,
}
