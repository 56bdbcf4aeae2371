//! The suite's text as it stands in the file, value by value. Whatever a value alone can get
//! wrong is found here, so that the message points to it.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, de::Error as _};
use toml::Spanned;

use super::target::Measure;
use host_check::availability::Goal;
use host_check::txn::model::Model;
use host_check::validity::Checks;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::ranges::{
    KEYS_MAX, LATENCY_MS_MAX, NODES_MAX, RATE_MAX, SECONDS_MAX, TXN_LENGTH_MAX,
};
use host_sim::workload::Topology;
use host_sim::{Concurrency, Distribution, NetworkModel, SeedRange};

/// The most seeds of a challenge.
pub(super) const SEEDS_MAX: u64 = 100_000;

/// The longest id, and the longest name of a module.
const NAME_CHARS_MAX: usize = 40;

/// The longest title.
const TITLE_CHARS_MAX: usize = 100;

/// The most points of a challenge.
const POINTS_MAX: u32 = 1_000_000;

/// A whole file.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    #[serde(deserialize_with = "version")]
    #[expect(dead_code, reason = "it is right if it could be read")]
    pub(super) version: (),
    #[serde(deserialize_with = "title")]
    pub(super) name: String,
    pub(super) seeds: Option<Seeds>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) challenge: Vec<Spanned<Challenge>>,
}

/// One `[[challenge]]`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Challenge {
    pub(super) id: Spanned<Id>,
    #[serde(deserialize_with = "title")]
    pub(super) title: String,
    pub(super) module: Id,
    #[serde(deserialize_with = "points")]
    pub(super) points: u32,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(default)]
    pub(super) hidden: bool,
    pub(super) seeds: Option<Seeds>,
    #[serde(default)]
    pub(super) below: std::collections::BTreeMap<Spanned<Measure>, f64>,
    #[serde(default)]
    pub(super) args: Vec<String>,

    #[serde(deserialize_with = "parsed")]
    pub(super) workload: Workload,
    #[serde(deserialize_with = "node_count")]
    pub(super) node_count: usize,
    pub(super) concurrency: Option<Spanned<Clients>>,
    #[serde(deserialize_with = "rate")]
    pub(super) rate: f64,
    #[serde(deserialize_with = "duration")]
    pub(super) time_limit: f64,
    #[serde(default, deserialize_with = "latency")]
    pub(super) latency: u64,
    #[serde(default)]
    pub(super) latency_dist: LatencyDist,
    #[serde(default, deserialize_with = "parsed")]
    pub(super) topology: Topology,
    #[serde(default, deserialize_with = "key_count")]
    pub(super) key_count: Option<usize>,
    #[serde(default, deserialize_with = "txn_length")]
    pub(super) max_txn_length: Option<u64>,
    #[serde(default, deserialize_with = "writes_per_key")]
    pub(super) max_writes_per_key: Option<i64>,
    #[serde(default, deserialize_with = "all_parsed")]
    pub(super) nemesis: Vec<Fault>,
    #[serde(default, deserialize_with = "optional_duration")]
    pub(super) nemesis_interval: Option<f64>,
    #[serde(default)]
    pub(super) availability: Option<Availability>,
    #[serde(default, deserialize_with = "models")]
    pub(super) consistency_models: Option<Vec<Model>>,
    #[serde(default, deserialize_with = "parsed")]
    pub(super) checks: Checks,
    #[serde(default)]
    pub(super) network: Network,
}

/// `[limits]`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Limits {
    #[serde(default, deserialize_with = "mebibytes")]
    pub(super) memory_mib: Option<usize>,
    #[serde(default, deserialize_with = "positive")]
    pub(super) step_fuel: Option<u64>,
    #[serde(default, deserialize_with = "positive")]
    pub(super) run_fuel: Option<u64>,
    #[serde(default, deserialize_with = "mebibytes")]
    pub(super) run_memory_mib: Option<usize>,
    #[serde(default, deserialize_with = "positive")]
    pub(super) steps: Option<u64>,
}

/// A name that file systems, shells and tables can take.
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(plain) {
            Ok(Id(text))
        } else {
            Err(D::Error::custom(format!(
                "expected 1 to {NAME_CHARS_MAX} letters, digits, `-`, `_` or `.`, found {text:?}"
            )))
        }
    }
}

/// `seeds = "1..11"` or `seeds = [1, 5, 7]`.
pub(super) struct Seeds(pub(super) Vec<u64>);

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Seeds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a range such as \"1..11\", or a list of different numbers")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seeds, E> {
                let range: SeedRange = text.parse().map_err(E::custom)?;
                if range.count > SEEDS_MAX {
                    return Err(E::custom(format!("at most {SEEDS_MAX} seeds may be")));
                }
                Ok(Seeds(range.all().collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Seeds, A::Error> {
                let mut seeds = Vec::new();
                while let Some(seed) = list.next_element::<u64>()? {
                    if seeds.contains(&seed) {
                        return Err(A::Error::custom(format!("the seed {seed} is there twice")));
                    }
                    seeds.push(seed);
                }
                if seeds.is_empty() || seeds.len() > 1000 {
                    return Err(A::Error::custom("expected 1 to 1000 seeds"));
                }
                Ok(Seeds(seeds))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// `concurrency = 4` or `concurrency = "2n"`.
pub(super) struct Clients(pub(super) Concurrency);

impl<'de> Deserialize<'de> for Clients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = word_or_number(deserializer, "a number, or \"2n\" for two a node")?;
        text.parse().map(Clients).map_err(D::Error::custom)
    }
}

/// `availability = "total"` or `availability = 0.99`.
pub(super) struct Availability(pub(super) Goal);

impl<'de> Deserialize<'de> for Availability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = word_or_number(deserializer, "\"total\" or a number from 0 to 1")?;
        text.parse().map(Availability).map_err(D::Error::custom)
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LatencyDist {
    #[default]
    Constant,
    Uniform,
    Exponential,
}

impl From<LatencyDist> for Distribution {
    fn from(distribution: LatencyDist) -> Self {
        match distribution {
            LatencyDist::Constant => Distribution::Constant,
            LatencyDist::Uniform => Distribution::Uniform,
            LatencyDist::Exponential => Distribution::Exponential,
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Network {
    #[default]
    Maelstrom,
    Ideal,
}

impl From<Network> for NetworkModel {
    fn from(network: Network) -> Self {
        match network {
            Network::Maelstrom => NetworkModel::Maelstrom,
            Network::Ideal => NetworkModel::Ideal,
        }
    }
}

/// A text, or a number as text.
fn word_or_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<String, D::Error> {
    struct Either(&'static str);
    impl Visitor<'_> for Either {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    deserializer.deserialize_any(Either(expected))
}

/// What is read from its name.
fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Parsed::deserialize(deserializer).map(|Parsed(value)| value)
}

fn all_parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Parsed<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Parsed(value)| value).collect())
}

fn models<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Model>>, D::Error> {
    all_parsed(deserializer).map(Some)
}

struct Parsed<T>(T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Parsed).map_err(D::Error::custom)
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u64::deserialize(deserializer)? {
        1 => Ok(()),
        other => Err(D::Error::invalid_value(
            Unexpected::Unsigned(other),
            &"1, the only version of suites that there is",
        )),
    }
}

fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if (1..=TITLE_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    {
        Ok(text)
    } else {
        Err(D::Error::custom(format!(
            "expected 1 to {TITLE_CHARS_MAX} characters on one line"
        )))
    }
}

/// A number in a range.
fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    (least, greatest): (u64, u64),
) -> Result<u64, D::Error> {
    let number = i64::deserialize(deserializer)?;
    u64::try_from(number)
        .ok()
        .filter(|number| (least..=greatest).contains(number))
        .ok_or_else(|| {
            D::Error::custom(format!(
                "expected a whole number from {least} to {greatest}, found {number}"
            ))
        })
}

fn fraction<'de, D: Deserializer<'de>>(
    deserializer: D,
    (least, greatest): (f64, f64),
) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if (least..=greatest).contains(&number) {
        Ok(number)
    } else {
        let text = format!("expected a number from {least} to {greatest}, found {number}");
        Err(D::Error::custom(text))
    }
}

fn points<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let points = number(deserializer, (0, POINTS_MAX.into()))?;
    Ok(u32::try_from(points).unwrap_or(POINTS_MAX))
}

fn node_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    number(deserializer, (1, NODES_MAX as u64)).map(whole)
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    fraction(deserializer, (0.0, RATE_MAX))
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    fraction(deserializer, (0.001, SECONDS_MAX))
}

fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    duration(deserializer).map(Some)
}

fn latency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    number(deserializer, (0, LATENCY_MS_MAX))
}

fn key_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let count = number(deserializer, (1, KEYS_MAX.into()))?;
    Ok(Some(whole(count)))
}

fn txn_length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    number(deserializer, (1, TXN_LENGTH_MAX.into())).map(Some)
}

fn writes_per_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let count = number(deserializer, (1, u32::MAX.into()))?;
    Ok(i64::try_from(count).ok())
}

fn mebibytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let count = number(deserializer, (1, 1 << 20))?;
    Ok(Some(whole(count)))
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    number(deserializer, (1, i64::MAX as u64)).map(Some)
}

/// A count that is known to be small.
fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
