//! Exceptions of clients, as Jepsen's histories have them.

use host_protocol::message::Error;
use host_protocol::text::excerpt;

use super::client::Malformed;
use host_check::value::{Map, Name, Value};

/// An exception that a client throws.
#[derive(Debug)]
pub(super) struct Exception {
    message: String,
    data: Value,
}

impl Exception {
    /// No response in time.
    pub(super) fn timeout() -> Self {
        Exception {
            message: "Client read timeout".to_owned(),
            data: map([
                ("type", keyword("maelstrom.client/timeout")),
                ("name", keyword("timeout")),
                ("definite?", Value::Bool(false)),
                ("code", Value::Int(0)),
            ]),
        }
    }

    /// The response is an error.
    pub(super) fn error(error: &Error, body: &str) -> Self {
        let code = i64::try_from(error.code.number()).unwrap_or(i64::MAX);
        let data = map([
            ("type", keyword("rpc-error")),
            ("code", Value::Int(code)),
            ("name", keyword(error.code.name())),
            ("definite?", Value::Bool(error.code.is_definite())),
            ("body", body_value(body)),
        ]);
        Exception {
            message: format!("throw+: {data}"),
            data,
        }
    }

    /// The response breaks the schema.
    pub(super) fn malformed(body: &str, why: &Malformed) -> Self {
        Exception {
            message: "Malformed RPC response".to_owned(),
            data: map([
                ("type", keyword("malformed-rpc-response")),
                ("why", Value::from(&*excerpt(&why.0, BODY_BYTES_MAX))),
                ("body", body_value(body)),
            ]),
        }
    }

    /// The operation's `:error`.
    pub(super) fn summary(&self) -> Value {
        Value::from(format!("indeterminate: {}", self.message).as_str())
    }

    /// The operation's `:exception`.
    pub(super) fn value(self) -> Value {
        let message = Value::from(self.message.as_str());
        let via = map([
            ("type", Value::Symbol("clojure.lang.ExceptionInfo".into())),
            ("message", message.clone()),
            ("data", self.data.clone()),
            ("at", Value::from(Vec::<Value>::new())),
        ]);
        map([
            ("via", Value::from(vec![via])),
            ("trace", Value::from(Vec::<Value>::new())),
            ("cause", message),
            ("data", self.data),
        ])
    }
}

/// `:net-timeout`.
pub(super) fn net_timeout() -> Value {
    keyword("net-timeout")
}

/// `[:abort "why"]`.
pub(super) fn error_value(error: &Error) -> Value {
    Value::from(vec![
        keyword(error.code.name()),
        Value::from(&*excerpt(&error.text, BODY_BYTES_MAX)),
    ])
}

/// The longest body that an exception shows as a value, in bytes. It has it three times.
const BODY_BYTES_MAX: usize = 4096;

/// A body with keywords for its own keys, as Maelstrom parses it. Text that no value can
/// hold (an object with a key twice) stays text, and of a long one its beginning.
pub(super) fn body_value(body: &str) -> Value {
    if body.len() > BODY_BYTES_MAX {
        return Value::from(&*excerpt(body, BODY_BYTES_MAX));
    }
    match serde_json::from_str(body) {
        Ok(Value::Map(entries)) => {
            let keyed = entries.into_iter().map(|(key, value)| match key {
                Value::Str(name) if Name::is_readable(&name) => (keyword(&name), value),
                other => (other, value),
            });
            Value::Map(Box::new(keyed.collect()))
        }
        Ok(other) => other,
        Err(_) => Value::from(body),
    }
}

pub(super) fn keyword(name: &str) -> Value {
    Value::Keyword(name.into())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.map(|(key, value)| (keyword(key), value));
    Value::Map(Box::new(Map::from_iter(entries)))
}
