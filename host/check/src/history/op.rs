//! One entry of a history.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::value::{Name, Value};

/// What an entry of a history says about its operation. `:type` in Jepsen.
#[derive(
    Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// It begins.
    Invoke,
    /// It took place.
    Ok,
    /// It did not take place and never will.
    Fail,
    /// It may have taken place, or may still. Everything a nemesis does is `info` too.
    Info,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// `invoke`, `ok`, `fail` or `info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who does an operation. A process does one thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Process {
    /// A client. After an `info`, the same worker goes on as a process of another number.
    Client(i64),
    /// The process that injects faults.
    Nemesis,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(n) => write!(f, "{n}"),
            Self::Nemesis => f.write_str("nemesis"),
        }
    }
}

/// A number, or `"nemesis"`.
impl Serialize for Process {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Client(n) => serializer.serialize_i64(*n),
            Self::Nemesis => serializer.serialize_str("nemesis"),
        }
    }
}

/// One entry of a history: an invocation or a completion.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Its number in the run.
    pub index: u64,
    /// When, in nanoseconds since the run began.
    pub time_ns: i64,
    /// `:type`: begun, or ended in which way.
    pub kind: Kind,
    /// The client or the nemesis.
    pub process: Process,
    /// What kind of operation: `read`, `add`, `txn`.
    pub f: Name,
    /// Its argument, and on completion its result.
    pub value: Value,
    /// Why it did not succeed, if the history says.
    pub error: Option<Value>,
    /// Other keys: `final?`, `exception`, `poll-ms`.
    pub extra: Vec<(Name, Value)>,
}

impl Op {
    /// What the history says under another key than the usual ones.
    #[must_use]
    pub fn extra(&self, key: &str) -> Option<&Value> {
        self.extra
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// Whether the generator marked it as one of the last, after recovery: `:final? true`.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.extra("final?") == Some(&Value::Bool(true))
    }

    /// Whether a client does it.
    #[must_use]
    pub fn is_client(&self) -> bool {
        matches!(self.process, Process::Client(_))
    }
}

/// `op 205 (read, process 1, 15.004 s)`
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            index,
            f: name,
            process,
            ..
        } = self;
        write!(
            f,
            "op {index} ({name}, process {process}, {} s)",
            seconds(self.time_ns)
        )
    }
}

/// Nanoseconds as seconds with three decimals, rounded down.
pub(crate) fn seconds(time_ns: i64) -> String {
    let ms = time_ns.div_euclid(1_000_000);
    format!(
        "{}{}.{:03}",
        if ms < 0 { "-" } else { "" },
        ms.unsigned_abs() / 1000,
        ms.unsigned_abs() % 1000
    )
}

/// Nanoseconds as seconds with three decimals at most, rounded down: `5`, `0.009`.
#[must_use]
pub(crate) fn brief_seconds(time_ns: i64) -> String {
    let text = seconds(time_ns);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An object with Jepsen's keys, without their colons.
impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("index", &self.index)?;
        map.serialize_entry("time", &self.time_ns)?;
        map.serialize_entry("type", self.kind.name())?;
        map.serialize_entry("process", &self.process)?;
        map.serialize_entry("f", &*self.f)?;
        map.serialize_entry("value", &self.value)?;
        if let Some(error) = &self.error {
            map.serialize_entry("error", error)?;
        }
        for (key, value) in &self.extra {
            map.serialize_entry(&**key, value)?;
        }
        map.end()
    }
}
