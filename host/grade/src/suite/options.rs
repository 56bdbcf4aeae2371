//! The options of a suite: keys of `[[challenge]]`, `[[challenge.world]]` and `[limits]` that the
//! table of options has.
//!
//! They are taken out of the file before the rest is read, so that each is read by its own entry
//! in the table.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{CHALLENGE_KEYS, WORLD_KEYS};
use super::runtime_part::LIMIT_KEYS;
use crate::hash::sha256;
use host_sandbox::{CHOSEN_BYTES_MAX, read_module};
use host_sim::{Bounds, RunOptions, SECOND};
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group, OptionError, ScenarioOption, SuiteKey, Values};
use host_trial::scenario::{is_workload_file, workload_in};

/// Bytes of the file.
pub(super) type Span = Range<usize>;

/// What is wrong with a part of a file, and where.
pub(super) type Wrong = (Span, String);

/// The options of one table or of several, in the order of the table of options.
#[derive(Debug, Clone, Default)]
pub(super) struct Options(Vec<(&'static ScenarioOption, Spanned<Value>)>);

/// The value of an option.
#[derive(Debug, Clone)]
enum Value {
    One(String),
    List(Vec<String>),
}

/// A value that does not fit to the others.
pub(super) struct WrongValue {
    pub(super) option: &'static ScenarioOption,
    /// Where the value is.
    pub(super) span: Span,
    pub(super) error: OptionError,
}

/// In a file.
impl From<WrongValue> for Wrong {
    fn from(wrong: WrongValue) -> Self {
        (wrong.span, within_toml(wrong.error).to_string())
    }
}

/// The options of a challenge and of its worlds, before they are put together.
pub(super) struct ChallengeOptions {
    pub(super) own: Options,
    pub(super) worlds: Vec<Options>,
}

impl Options {
    /// Options that are not from a file.
    pub(super) fn given(given: &[(&'static ScenarioOption, String)]) -> Self {
        let values = given
            .iter()
            .map(|(option, text)| (*option, Spanned::new(0..0, Value::One(text.clone()))));
        Options(values.collect())
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first that explorations do not have, where it is, and why not.
    pub(super) fn unexplored(&self) -> Option<(&'static ScenarioOption, Span, &'static str)> {
        let mut all = self.0.iter();
        all.find_map(|(option, value)| Some((*option, value.span(), option.unexplored?)))
    }

    /// Those that explorations have.
    pub(super) fn explored(&self) -> Options {
        let all = self.0.iter();
        let explored = all.filter(|(option, _)| option.unexplored.is_none());
        Options(explored.cloned().collect())
    }

    /// Has a workload that is a file be found from the folder of the suite. A suite names its hash, since grades are
    /// of the same workload only then.
    pub(super) fn find_workload(&mut self, folder: &Path) -> Result<(), Wrong> {
        let mut all = self.0.iter_mut();
        let found = all.find(|(option, _)| std::ptr::eq(*option, &option::WORKLOAD));
        let Some((_, value)) = found else {
            return Ok(());
        };
        let span = value.span();
        let Value::One(text) = value.get_mut() else {
            return Ok(()); // refused when the scenario is made
        };
        if !is_workload_file(text) {
            return Ok(());
        }
        let found = workload_in(folder, text);
        if !text.contains('#') {
            let bytes = read_module(Path::new(&found), CHOSEN_BYTES_MAX);
            let bytes = bytes.map_err(|error| (span.clone(), error.to_string()))?;
            let message = format!(
                "a suite names a workload with its SHA-256: `{text}#{}`",
                sha256(&bytes)
            );
            return Err((span, message));
        }
        *text = found;
        Ok(())
    }

    /// Whether an option is set.
    pub(super) fn has(&self, option: &ScenarioOption) -> bool {
        self.find(option).is_some()
    }

    /// These, with the values that `others` have in place of theirs.
    pub(super) fn with(&self, others: &Options) -> Options {
        let value = |option: &'static ScenarioOption| {
            let value = others.find(option).or_else(|| self.find(option))?;
            Some((option, value.clone()))
        };
        Options(option::ALL.iter().copied().filter_map(value).collect())
    }

    /// Those that are not of this group.
    pub(super) fn without(&self, group: Group) -> Options {
        let others = self.0.iter().filter(|(option, _)| option.group != group);
        Options(others.cloned().collect())
    }

    /// The scenario that they make. What they do not set is as usual.
    pub(super) fn scenario(&self) -> Result<Scenario, WrongValue> {
        let mut scenario = Scenario::default();
        for (option, value) in &self.0 {
            let set = match value.get_ref() {
                Value::One(text) => option.set(&mut scenario, text),
                Value::List(items) => option.set_list(&mut scenario, items),
            };
            set.map_err(|error| WrongValue {
                option,
                span: value.span(),
                error,
            })?;
        }
        if !self.has(&option::MAX_ANSWERS_MIB) {
            let options = &mut scenario.options;
            let of_rate = answer_bytes(options);
            options.bounds.answer_bytes = of_rate.max(options.bounds.answer_bytes);
        }
        Ok(scenario)
    }

    /// The flags of `host sim` that set them.
    pub(super) fn flags(&self) -> Vec<String> {
        let words = self.0.iter().map(|(option, value)| {
            let text = match value.get_ref() {
                Value::One(text) => text.clone(),
                Value::List(items) if items.is_empty() => "none".to_owned(),
                Value::List(items) => items.join(","),
            };
            [option.flag(), text]
        });
        words.flatten().collect()
    }

    fn find(&self, option: &ScenarioOption) -> Option<&Spanned<Value>> {
        let mut all = self.0.iter();
        let found = all.find(|(it, _)| std::ptr::eq(*it, option));
        found.map(|(_, value)| value)
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
        Some(DeValue::Table(table)) => Options::take(table, &LIMIT_KEYS, limit),
        _ => Ok(Options::default()), // refused when the rest is read, if it is there
    }
}

/// Takes the options of every `[[challenge]]` and its worlds out of a file.
pub(super) fn take_challenges(file: &mut DeTable<'_>) -> Result<Vec<ChallengeOptions>, Wrong> {
    let key = |option: &ScenarioOption| {
        let is_key = matches!(option.suite, SuiteKey::Required | SuiteKey::Optional);
        is_key.then_some((option.name, None))
    };
    // Another workload would be another challenge.
    let world_key = |option: &ScenarioOption| {
        let is_workload = std::ptr::eq(option, &option::WORKLOAD);
        key(option).filter(|_| !is_workload)
    };
    // Anything but a list of tables is refused when the rest is read.
    let mut all = Vec::new();
    for (span, table) in tables(file, "challenge") {
        let mut worlds = Vec::new();
        for (_, world) in tables(table, "world") {
            worlds.push(Options::take(world, &WORLD_KEYS, world_key)?);
        }
        let own = Options::take(table, &CHALLENGE_KEYS, key)?;
        let mut required = option::ALL.iter();
        let missing =
            required.find(|option| option.suite == SuiteKey::Required && !own.has(option));
        if let Some(option) = missing {
            return Err((span, format!("missing field `{}`", option.name)));
        }
        all.push(ChallengeOptions { own, worlds });
    }
    Ok(all)
}

/// The tables of a list of tables, with where they are; none if it is anything else.
fn tables<'a, 'de>(file: &'a mut DeTable<'de>, name: &str) -> Vec<(Span, &'a mut DeTable<'de>)> {
    let Some(DeValue::Array(list)) = file.get_mut(name).map(Spanned::get_mut) else {
        return Vec::new();
    };
    let tables = list.iter_mut().map(|item| {
        let span = item.span();
        match item.get_mut() {
            DeValue::Table(table) => Some((span, table)),
            _ => None,
        }
    });
    tables.collect::<Option<_>>().unwrap_or_default()
}

/// The room for each answer as a value in a long challenge, in bytes.
const ANSWER_BYTES: f64 = 256.0;

/// How often the usual room for answers a long challenge has at most.
const ANSWERS_MAX: usize = 4;

/// What the answers of a run may have, if its suite does not say: room for as many as its clients
/// ask for.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, which is positive and has an upper limit"
)]
fn answer_bytes(options: &RunOptions) -> usize {
    let seconds = options.time_limit_ns as f64 / SECOND as f64;
    let bytes = options.rate * seconds * ANSWER_BYTES;
    let usual = Bounds::default().answer_bytes;
    (bytes as usize).clamp(usual, ANSWERS_MAX * usual)
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
            Values::Names { .. } | Values::Text { .. } | Values::TextOrFile { .. } => {
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
