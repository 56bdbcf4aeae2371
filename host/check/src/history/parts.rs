//! An operation while it is being read: its keys may come in any order and any notation.

use crate::value::{Full, Name, Store, Value, grow};

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
    /// The usual keys that came, as bits.
    seen: u8,
}

/// What keys are that an operation does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Absent {
    /// The number after the last operation's.
    pub(super) index: u64,
    /// The last operation's time.
    pub(super) time_ns: i64,
    /// The operation of a workload that has only one.
    pub(super) f: Option<Name>,
}

impl Absent {
    /// The same after `op`.
    pub(super) fn follow(&mut self, op: &Op) {
        // What cannot be written is the last number again, and an error.
        self.index = op.index.saturating_add(1).min(i64::MAX.cast_unsigned());
        self.time_ns = op.time_ns;
    }
}

impl Parts {
    /// Takes one key. An index or a time that is nil, or -1 as Jepsen writes an index that was not
    /// given, is absent.
    ///
    /// # Errors
    /// The key came before, its value is not of its type, or there is no room for it.
    pub(super) fn set(&mut self, key: &str, value: Value, store: &mut Store) -> Result<(), String> {
        let bit = match key {
            "index" => {
                self.index = index(&value)?;
                1
            }
            "time" => {
                self.time_ns = time(&value)?;
                2
            }
            "type" => {
                self.kind = Some(kind(&value)?);
                4
            }
            "process" => {
                self.process = Some(process(&value)?);
                8
            }
            "f" => {
                self.f = Some(name(value, store)?);
                16
            }
            "value" => {
                self.value = Some(value);
                32
            }
            "error" => {
                self.error = Some(value);
                64
            }
            _ => {
                let is_first = self.extra.iter().all(|(name, _)| *name != key);
                self.push(key, value, store)
                    .map_err(|full| full.to_string())?;
                u8::from(!is_first) << 7
            }
        };
        let was_seen = (self.seen | (1 << 7)) & bit != 0;
        self.seen |= bit;
        if was_seen {
            Err(format!("expected each key once, found {key} again"))
        } else {
            Ok(())
        }
    }

    fn push(&mut self, key: &str, value: Value, store: &mut Store) -> Result<(), Full> {
        grow(&mut self.extra, store)?;
        self.extra.push((store.name(key)?, value));
        Ok(())
    }

    /// The operation.
    ///
    /// # Errors
    /// Which key is missing.
    pub(super) fn finish(self, absent: &Absent) -> Result<Op, String> {
        let missing = |what: &str| {
            format!("expected an operation with type, process and f, found none for {what}")
        };
        let f = self.f.or_else(|| absent.f.clone()).ok_or_else(|| {
            missing("f (only a workload of one operation, such as txn-list-append, needs none)")
        });
        Ok(Op {
            index: self.index.unwrap_or(absent.index),
            time_ns: self.time_ns.unwrap_or(absent.time_ns),
            kind: self.kind.ok_or_else(|| missing("type"))?,
            process: self.process.ok_or_else(|| {
                missing("process (by which completions are paired with their invocations)")
            })?,
            f: f?,
            value: self.value.unwrap_or_default(),
            error: self.error,
            extra: self.extra,
        })
    }
}

fn index(value: &Value) -> Result<Option<u64>, String> {
    match value {
        Value::Nil | Value::Int(-1) => Ok(None),
        value => value
            .as_int()
            .and_then(|n| u64::try_from(n).ok())
            .map(Some)
            .ok_or_else(|| format!("expected an index of 0 or more, found {}", short(value))),
    }
}

fn time(value: &Value) -> Result<Option<i64>, String> {
    match value {
        Value::Nil => Ok(None),
        Value::Int(time_ns) => Ok(Some(*time_ns)),
        value => Err(format!(
            "expected a time in nanoseconds, found {}",
            short(value)
        )),
    }
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

/// A process that is a client has a number, perhaps in quotes.
fn process(value: &Value) -> Result<Process, String> {
    let named = |name: &str| match name {
        "nemesis" => Some(Process::Nemesis),
        name => name.parse().ok().map(Process::Client),
    };
    let process = match value {
        Value::Int(n) => Some(Process::Client(*n)),
        value => value.as_name().and_then(named),
    };
    process.ok_or_else(|| {
        format!(
            "expected a process that is an integer or nemesis, found {}; give each client a number",
            short(value)
        )
    })
}

fn name(value: Value, store: &mut Store) -> Result<Name, String> {
    match value {
        Value::Keyword(name) | Value::Symbol(name) => Ok(name),
        Value::Str(text) if Name::is_readable(&text) => {
            store.name(&text).map_err(|full| full.to_string())
        }
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
