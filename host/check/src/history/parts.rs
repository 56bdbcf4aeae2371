//! An operation while it is being read: its keys may come in any order and either notation.

use crate::value::{Name, Value};

use super::op::{Kind, Op, Process};

/// The keys of one operation so far.
#[derive(Debug, Default)]
pub(super) struct Parts {
    index: Option<u64>,
    time_ns: Option<i64>,
    kind: Option<Kind>,
    process: Option<Process>,
    f: Option<Name>,
    value: Option<Value>,
    error: Option<Value>,
    extra: Vec<(Name, Value)>,
}

impl Parts {
    /// Takes one key.
    ///
    /// # Errors
    /// The key came before, or its value is not of its type.
    pub(super) fn set(&mut self, key: &str, value: Value) -> Result<(), String> {
        let is_first = match key {
            "index" => replace(&mut self.index, index(value)?),
            "time" => replace(&mut self.time_ns, time(&value)?),
            "type" => replace(&mut self.kind, kind(&value)?),
            "process" => replace(&mut self.process, process(&value)?),
            "f" => replace(&mut self.f, name(value)?),
            "value" => replace(&mut self.value, value),
            "error" => replace(&mut self.error, value),
            _ => {
                let is_first = self.extra.iter().all(|(name, _)| *name != key);
                self.extra.push((key.into(), value));
                is_first
            }
        };
        if is_first {
            Ok(())
        } else {
            Err(format!("expected each key once, found {key} again"))
        }
    }

    /// The operation.
    ///
    /// # Errors
    /// Which key is missing.
    pub(super) fn finish(self) -> Result<Op, String> {
        let missing = |key: &str| {
            format!(
                "expected an operation with index, time, type, process, f and value, \
                 found none for {key}"
            )
        };
        Ok(Op {
            index: self.index.ok_or_else(|| missing("index"))?,
            time_ns: self.time_ns.ok_or_else(|| missing("time"))?,
            kind: self.kind.ok_or_else(|| missing("type"))?,
            process: self.process.ok_or_else(|| missing("process"))?,
            f: self.f.ok_or_else(|| missing("f"))?,
            value: self.value.ok_or_else(|| missing("value"))?,
            error: self.error,
            extra: self.extra,
        })
    }
}

fn replace<T>(slot: &mut Option<T>, value: T) -> bool {
    slot.replace(value).is_none()
}

fn index(value: Value) -> Result<u64, String> {
    value
        .as_int()
        .and_then(|n| u64::try_from(n).ok())
        .ok_or_else(|| format!("expected an index of 0 or more, found {}", short(&value)))
}

fn time(value: &Value) -> Result<i64, String> {
    value
        .as_int()
        .ok_or_else(|| format!("expected a time in nanoseconds, found {}", short(value)))
}

fn kind(value: &Value) -> Result<Kind, String> {
    let named = value.as_name().and_then(|name| name.parse().ok());
    named.ok_or_else(|| {
        format!(
            "expected a type of invoke, ok, fail or info, found {}",
            short(value)
        )
    })
}

fn process(value: &Value) -> Result<Process, String> {
    match value {
        Value::Int(n) => Ok(Process::Client(*n)),
        value if value.as_name() == Some("nemesis") => Ok(Process::Nemesis),
        value => Err(format!(
            "expected a process that is an integer or nemesis, found {}",
            short(value)
        )),
    }
}

fn name(value: Value) -> Result<Name, String> {
    match value {
        Value::Keyword(name) => Ok(name),
        Value::Str(text) if Name::is_readable(&text) => Ok(Name::from(&*text)),
        value => Err(format!("expected a name for f, found {}", short(&value))),
    }
}

/// A value for a message: as EDN, unless that is long.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= 40 {
        format!("`{text}`")
    } else {
        value.kind().to_owned()
    }
}
