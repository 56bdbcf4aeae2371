//! What operations, and the parts of their values, are called.

use crate::client::Operation;
use host_check::value::{Name, Value};

/// What operations, and the parts of their values, are called.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) assign: Name,
    pub(super) crash: Name,
    pub(super) poll: Name,
    pub(super) send: Name,
}

impl Names {
    pub(super) fn new() -> Self {
        Names {
            assign: "assign".into(),
            crash: "crash".into(),
            poll: "poll".into(),
            send: "send".into(),
        }
    }

    /// Has the client forget all that it knows.
    pub(super) fn crash(&self) -> Operation {
        Operation::new(&self.crash, Value::Nil)
    }

    pub(super) fn poll(&self) -> Operation {
        let poll = Value::from(vec![Value::Keyword(self.poll.clone())]);
        Operation::new(&self.poll, Value::from(vec![poll]))
    }

    /// `value` is the message, or the offset and the message.
    pub(super) fn sent(&self, key: Value, value: Value) -> Value {
        let send = vec![Value::Keyword(self.send.clone()), key, value];
        Value::from(vec![Value::from(send)])
    }

    pub(super) fn assign(&self, keys: impl Iterator<Item = i64>) -> Operation {
        let keys: Vec<Value> = keys.map(named).collect();
        Operation::new(&self.assign, Value::from(keys))
    }
}

/// A key, in the protocol's form.
pub(super) fn named(key: i64) -> Value {
    Value::from(key.to_string().as_str())
}

/// What an assignment was told of committed offsets.
pub(super) const COMMITTED: &str = "committed";

/// What marks an assignment that starts at offset 0.
pub(super) const SEEK: &str = "seek-to-beginning?";
