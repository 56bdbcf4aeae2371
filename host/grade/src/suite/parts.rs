//! The fields of a suite that are not options: what a value alone can get wrong is found here,
//! so that the message points to it.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, de::Error as _};
use toml::Spanned;

use super::explore::ExplorePart;
use super::runtime_part::{LimitsPart, RuntimePart};
use super::seed_key::SeedKey;
use super::target::Measure;
use super::visibility::Visibility;
use host_sim::SeedRange;

/// The most seeds of a challenge.
pub(super) const SEEDS_MAX: u64 = 100_000;

/// The most seeds in a list.
const LIST_MAX: usize = 1000;

/// The longest id, and the longest name of a module.
const NAME_CHARS_MAX: usize = 40;

/// The longest title.
const TITLE_CHARS_MAX: usize = 100;

/// The longest text about a world.
const WHY_CHARS_MAX: usize = 400;

/// The most points of a challenge.
pub(crate) const POINTS_MAX: u32 = 1_000_000;

/// A whole file, without its options.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    #[serde(deserialize_with = "version")]
    #[expect(dead_code, reason = "it is right if it could be read")]
    pub(super) version: (),
    #[serde(deserialize_with = "title")]
    pub(super) name: String,
    pub(super) seeds: Option<Seeds>,
    pub(super) seed_key: Option<SeedKey>,
    #[serde(default)]
    pub(super) limits: LimitsPart,
    #[serde(default)]
    pub(super) runtime: Vec<Spanned<RuntimePart>>,
    #[serde(default)]
    pub(super) challenge: Vec<Spanned<Challenge>>,
}

/// One `[[challenge]]`, without its options.
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
    pub(super) hidden: Visibility,
    pub(super) seeds: Option<Seeds>,
    #[serde(default)]
    pub(super) below: std::collections::BTreeMap<Spanned<Measure>, f64>,
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) world: Vec<Spanned<World>>,
}

/// `hidden = true`, or until when: `hidden = "until-due-date"`.
impl<'de> Deserialize<'de> for Visibility {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Visibility;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, \"until-due-date\" or \"until-published\"")
            }

            fn visit_bool<E: de::Error>(self, hidden: bool) -> Result<Visibility, E> {
                Ok(match hidden {
                    true => Visibility::Hidden,
                    false => Visibility::Visible,
                })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Visibility, E> {
                match text {
                    "until-due-date" => Ok(Visibility::AfterDueDate),
                    "until-published" => Ok(Visibility::AfterPublished),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// One `[[challenge.world]]`, without its options.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct World {
    pub(super) name: Spanned<Id>,
    #[serde(deserialize_with = "why")]
    pub(super) why: String,
    pub(super) seeds: Option<Seeds>,
    #[serde(default)]
    pub(super) below: std::collections::BTreeMap<Spanned<Measure>, f64>,
    pub(super) explore: Option<ExplorePart>,
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
                    if seeds.len() == LIST_MAX {
                        return Err(A::Error::custom(format!(
                            "expected at most {LIST_MAX} seeds; a range may have more"
                        )));
                    }
                    if seeds.contains(&seed) {
                        return Err(A::Error::custom(format!("the seed {seed} is there twice")));
                    }
                    seeds.push(seed);
                }
                if seeds.is_empty() {
                    return Err(A::Error::custom(format!("expected 1 to {LIST_MAX} seeds")));
                }
                Ok(Seeds(seeds))
            }
        }
        deserializer.deserialize_any(Either)
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
    one_line_of(deserializer, TITLE_CHARS_MAX)
}

fn why<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    one_line_of(deserializer, WHY_CHARS_MAX)
}

/// A text on one line, which is not empty.
fn one_line_of<'de, D: Deserializer<'de>>(
    deserializer: D,
    chars_max: usize,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(D::Error::custom(format!(
            "expected 1 to {chars_max} characters on one line"
        )))
    }
}

fn points<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let points = i64::deserialize(deserializer)?;
    let found = u32::try_from(points).ok();
    found.filter(|points| *points <= POINTS_MAX).ok_or_else(|| {
        D::Error::custom(format!(
            "expected a whole number from 0 to {POINTS_MAX}, found {points}"
        ))
    })
}
