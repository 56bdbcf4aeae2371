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
    /// Whether an option is set.
    pub(super) fn has(&self, option: &ScenarioOption) -> bool {
        self.0.iter().any(|(it, _)| std::ptr::eq(*it, option))
    }

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

    /// Takes the options that `keys_of` has keys for out of a table: the name of the option, and
    /// perhaps an older one. The table may have the `other` keys besides.
    fn take(
        table: &mut DeTable<'_>,
        other: &[&'static str],
        keys_of: impl Fn(&ScenarioOption) -> Option<(&'static str, Option<&'static str>)>,
    ) -> Result<Self, Wrong> {
        let keys = || option::ALL.iter().filter_map(|option| keys_of(option));
        let is_known = |key: &str| {
            let mut names = keys().flat_map(|(name, older)| std::iter::once(name).chain(older));
            other.contains(&key) || names.any(|name| name == key)
        };
        if let Some(key) = table.keys().find(|key| !is_known(key.get_ref())) {
            let known: Vec<String> = (other.iter().copied().chain(keys().map(|(name, _)| name)))
                .map(|key| format!("`{key}`"))
                .collect();
            let (unknown, known) = (key.get_ref(), known.join(", "));
            let text = format!("unknown field `{unknown}`, expected one of {known}");
            return Err((key.span(), text));
        }
        let mut options = Vec::new();
        for option in option::ALL {
            let Some((name, older)) = keys_of(option) else {
                continue;
            };
            let by_older = older.and_then(|key| table.remove(key));
            let Some(value) = table.remove(name).or_else(|| by_older.clone()) else {
                continue;
            };
            if let Some(again) = by_older.filter(|it| it.span() != value.span()) {
                let older = older.unwrap_or_default();
                let text = format!("`{older}` is the older name of `{name}`, which is there too");
                return Err((again.span(), text));
            }
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
        SuiteKey::Limit(older) => Some((option.name, older)),
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
        let is_key = matches!(option.suite, SuiteKey::Required | SuiteKey::Optional);
        is_key.then_some((option.name, None))
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
        let mut required = option::ALL.iter();
        let missing =
            required.find(|option| option.suite == SuiteKey::Required && !options.has(option));
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
