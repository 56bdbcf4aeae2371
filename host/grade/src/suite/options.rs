//! The options of a suite: keys of `[[challenge]]` and `[limits]` that the table of options has.
//!
//! They are taken out of the file before the rest is read, so that each is read by its own entry
//! in the table.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::parts::CHALLENGE_KEYS;
use host_trial::Scenario;
use host_trial::scenario::option::{self, OptionError, ScenarioOption, SuiteKey, Values};

/// Bytes of the file.
pub(super) type Span = Range<usize>;

/// What is wrong with a part of a file, and where.
pub(super) type Wrong = (Span, String);

/// The options of one table, in the order of the table of options.
#[derive(Default)]
pub(super) struct Options(Vec<(&'static ScenarioOption, Spanned<Value>)>);

/// The value of an option.
enum Value {
    One(String),
    List(Vec<String>),
}

impl Options {
    /// Sets them.
    pub(super) fn apply(&self, scenario: &mut Scenario) -> Result<(), Wrong> {
        for (option, value) in &self.0 {
            let set = match value.get_ref() {
                Value::One(text) => option.set(scenario, text),
                Value::List(items) => option.set_list(scenario, items),
            };
            set.map_err(|error| (value.span(), within_toml(error).to_string()))?;
        }
        Ok(())
    }

    /// Takes the options that `key_of` has a key for out of a table. The table may have the
    /// `other` keys besides.
    fn take(
        table: &mut DeTable<'_>,
        other: &[&'static str],
        key_of: impl Fn(&ScenarioOption) -> Option<&'static str>,
    ) -> Result<Self, Wrong> {
        let keys = || option::ALL.iter().filter_map(|option| key_of(option));
        let is_known = |key: &str| other.contains(&key) || keys().any(|it| it == key);
        if let Some(key) = table.keys().find(|key| !is_known(key.get_ref())) {
            let known: Vec<String> = (other.iter().copied().chain(keys()))
                .map(|key| format!("`{key}`"))
                .collect();
            let (unknown, known) = (key.get_ref(), known.join(", "));
            let text = format!("unknown field `{unknown}`, expected one of {known}");
            return Err((key.span(), text));
        }
        let mut options = Vec::new();
        for option in option::ALL {
            let Some(value) = key_of(option).and_then(|key| table.remove(key)) else {
                continue;
            };
            let span = value.span();
            let value = ValueOf(option).deserialize(value.into_deserializer());
            let value = value.map_err(|error| {
                let span = error.span().unwrap_or(span.clone());
                (span, error.message().to_owned())
            })?;
            options.push((*option, Spanned::new(span, value)));
        }
        Ok(Options(options))
    }
}

/// Takes the options of `[limits]` out of a file.
pub(super) fn take_limits(file: &mut DeTable<'_>) -> Result<Options, Wrong> {
    let limit = |option: &ScenarioOption| match option.suite {
        SuiteKey::Limit(key) => Some(key),
        _ => None,
    };
    match file.get_mut("limits").map(Spanned::get_mut) {
        Some(DeValue::Table(table)) => Options::take(table, &[], limit),
        _ => Ok(Options::default()), // refused when the rest is read, if it is there
    }
}

/// Takes the options of every `[[challenge]]` out of a file.
pub(super) fn take_challenges(file: &mut DeTable<'_>) -> Result<Vec<Options>, Wrong> {
    let key = |option: &ScenarioOption| {
        matches!(option.suite, SuiteKey::Required | SuiteKey::Optional).then_some(option.name)
    };
    // Anything but a list of tables is refused when the rest is read.
    let Some(DeValue::Array(challenges)) = file.get_mut("challenge").map(Spanned::get_mut) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for challenge in challenges.iter_mut() {
        let span = challenge.span();
        let DeValue::Table(table) = challenge.get_mut() else {
            return Ok(Vec::new());
        };
        let options = Options::take(table, &CHALLENGE_KEYS, key)?;
        let is_there = |option| options.0.iter().any(|(it, _)| std::ptr::eq(*it, option));
        let mut required = option::ALL.iter();
        let missing =
            required.find(|option| option.suite == SuiteKey::Required && !is_there(**option));
        if let Some(option) = missing {
            return Err((span, format!("missing field `{}`", option.name)));
        }
        all.push(options);
    }
    Ok(all)
}

/// The error with a range that TOML has numbers for.
fn within_toml(error: OptionError) -> OptionError {
    match error {
        OptionError::Whole(least, most, found) => {
            OptionError::Whole(least, most.min(i64::MAX as u64), found)
        }
        other => other,
    }
}

/// Reads the value of an option.
struct ValueOf(&'static ScenarioOption);

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Ok(match &self.0.values {
            Values::Whole(..) => Value::One(i64::deserialize(deserializer)?.to_string()),
            Values::Decimal(..) => Value::One(f64::deserialize(deserializer)?.to_string()),
            Values::Names { .. } | Values::Text { .. } => {
                Value::One(String::deserialize(deserializer)?)
            }
            Values::NumberOrText { expected, .. } => {
                Value::One(deserializer.deserialize_any(NumberOrText(expected))?)
            }
            Values::List { .. } => Value::List(Vec::deserialize(deserializer)?),
        })
    }
}

/// A text, or a number as text; what is expected.
struct NumberOrText(&'static str);

impl Visitor<'_> for NumberOrText {
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
