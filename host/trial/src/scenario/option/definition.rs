//! What the definition of an option is made of.

use std::fmt;
use std::str::FromStr;

use crate::scenario::facts::Scenario;

/// An option of a scenario.
///
/// Its value is text here: what a flag gives, and what a suite or a schedule has for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ScenarioOption {
    /// Its name, in kebab case: Maelstrom's if Maelstrom has it.
    pub name: &'static str,
    /// The letter of its short flag.
    pub short: Option<char>,
    /// What a command line shows in place of its value.
    pub value_name: &'static str,
    /// What it does, in one sentence without a full stop.
    pub help: &'static str,
    /// What a long help text adds, in whole sentences or as a list; empty if there is nothing to add.
    pub more: &'static str,
    /// Its value when it is not set, as text; `None` if there is none, or if no text says it.
    pub default: Option<&'static str>,
    /// Where it belongs.
    pub group: Group,
    /// What its value may be.
    pub values: Values,
    /// How a suite sets it.
    pub suite: SuiteKey,
    /// Why explorations of all schedules do not have it, in a sentence that follows its flag and a colon; `None` if they do.
    pub unexplored: Option<&'static str>,
    /// What follows the value in a report, such as ` ms`.
    pub unit: &'static str,
    /// Sets it to a value that `values` allows.
    pub(super) set: fn(&mut Scenario, &str) -> Result<(), OptionError>,
    /// Its value, if it has one.
    pub(super) write: fn(&Scenario) -> Option<String>,
}

/// Which part of a scenario an option belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The nodes.
    Cluster,
    /// What clients do.
    Clients,
    /// How messages travel.
    Network,
    /// What goes wrong.
    Faults,
    /// How the history is judged.
    Checks,
    /// How much one guest may use.
    GuestLimits,
    /// How much a run may use.
    RunLimits,
}

impl Group {
    /// The heading of its options in a help text.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Clients => "Clients",
            Self::Network => "Network",
            Self::Faults => "Faults",
            Self::Checks => "Checks",
            Self::GuestLimits => "Limits of the guest",
            Self::RunLimits => "Limits of the run",
        }
    }

    /// Whether its options are limits, which few need.
    #[must_use]
    pub fn is_limits(self) -> bool {
        matches!(self, Self::GuestLimits | Self::RunLimits)
    }
}

/// How a suite sets an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteKey {
    /// By a key of `[[challenge]]`, the option's name, that every challenge has.
    Required,
    /// By a key of `[[challenge]]`, the option's name, that may be left out.
    Optional,
    /// By a key of `[limits]`, the option's name, or by this older one.
    Limit(Option<&'static str>),
    /// A suite cannot set it, for this reason.
    None(&'static str),
}

/// What the value of an option may be, whatever the other options are.
#[derive(Debug)]
pub enum Values {
    /// A whole number, from the first to the second.
    Whole(u64, u64),
    /// A number, from the first to the second.
    Decimal(f64, f64),
    /// One of a few names.
    Names {
        /// All of them.
        choices: fn() -> Vec<Choice>,
        /// Whether a text is one.
        check: fn(&str) -> Result<(), OptionError>,
    },
    /// A text.
    Text {
        /// Whether a text can be read.
        check: fn(&str) -> Result<(), OptionError>,
    },
    /// A number or a text.
    NumberOrText {
        /// What is expected, for the message about a value of another type.
        expected: &'static str,
        /// Whether a text can be read.
        check: fn(&str) -> Result<(), OptionError>,
    },
    /// A text, or on the command line the name of a file that has it.
    TextOrFile {
        /// Whether it can be read.
        check: fn(&str) -> Result<(), OptionError>,
    },
    /// Texts separated by commas.
    List {
        /// Whether a text between commas can be read.
        check: fn(&str) -> Result<(), OptionError>,
    },
}

/// A name that an option may have as its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The name.
    pub name: &'static str,
    /// What it means; empty if the name says it.
    pub help: &'static str,
}

/// A value that an option cannot have.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionError {
    /// It is not a whole number from the first to the second.
    Whole(u64, u64, String),
    /// It is not a number from the first to the second.
    Decimal(f64, f64, String),
    /// It cannot be read, or does not fit to the other options.
    Invalid(String),
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(least, most, found) => write!(
                f,
                "expected a whole number from {least} to {most}, found {found}"
            ),
            Self::Decimal(least, most, found) => {
                write!(f, "expected a number from {least} to {most}, found {found}")
            }
            Self::Invalid(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for OptionError {}

impl Values {
    /// Checks a text by itself; a list item by item.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, text: &str) -> Result<(), OptionError> {
        match *self {
            Values::Whole(least, most) => match text.parse::<u64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err(OptionError::Whole(least, most, text.to_owned())),
            },
            Values::Decimal(least, most) => match text.parse::<f64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err(OptionError::Decimal(least, most, text.to_owned())),
            },
            Values::Names { check, .. }
            | Values::Text { check }
            | Values::TextOrFile { check }
            | Values::NumberOrText { check, .. } => check(text),
            Values::List { check } => items(text).try_for_each(check),
        }
    }
}

impl ScenarioOption {
    /// Reads its value from text. Options that come later in the table may depend on it: apply
    /// several in the order of [`ALL`](super::ALL).
    ///
    /// # Errors
    /// What is wrong with the text, by itself or beside the options set so far.
    pub fn set(&self, scenario: &mut Scenario, text: &str) -> Result<(), OptionError> {
        self.values.check(text)?;
        (self.set)(scenario, text)
    }

    /// Reads its value, a list, from its items.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn set_list(&self, scenario: &mut Scenario, items: &[String]) -> Result<(), OptionError> {
        if let Values::List { check } = self.values {
            items.iter().try_for_each(|item| check(item))?;
        }
        self.set(scenario, &items.join(","))
    }

    /// Its value as text; `None` if it is the default.
    #[must_use]
    pub fn get(&self, scenario: &Scenario) -> Option<String> {
        self.text(scenario)
            .filter(|text| Some(text) != self.text(&Scenario::default()).as_ref())
    }

    /// Its value as text, also if it is the default; `None` if it has none.
    #[must_use]
    pub fn text(&self, scenario: &Scenario) -> Option<String> {
        (self.write)(scenario)
    }

    /// Its value for people, with its unit.
    #[must_use]
    pub fn shown(&self, scenario: &Scenario) -> String {
        let text = self.text(scenario).unwrap_or_default();
        text + self.unit
    }

    /// Its flag: the short one if there is one.
    #[must_use]
    pub fn flag(&self) -> String {
        match self.short {
            Some(letter) => format!("-{letter}"),
            None => format!("--{}", self.name),
        }
    }

    /// Its name as a field of a schedule, if its unit is the same there.
    #[must_use]
    pub fn field(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Whether a schedule has it, or replaces what it would decide. Limits are not part of a
    /// schedule.
    #[must_use]
    pub fn is_in_schedules(&self) -> bool {
        !self.group.is_limits()
    }
}

/// The items of a list; an empty text is an empty list.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(move |_| !text.is_empty())
}

/// Reads a value whose type knows how.
pub(super) fn read<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, OptionError> {
    text.parse()
        .map_err(|error: T::Err| OptionError::Invalid(error.to_string()))
}

/// Whether a value can be read.
pub(super) fn reads<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<(), OptionError> {
    read::<T>(text).map(drop)
}
