//! What a worker does next.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Workload;
use host_protocol::data;
use host_protocol::error::ErrorCode;

/// What a worker does next for its operation.
pub struct Step<W: Workload>(pub(super) Kind<W>);

pub(super) enum Kind<W: Workload> {
    Call {
        request: W::Request,
        node: Option<usize>,
        completes: Completes<W::Outcome>,
    },
    Ok(W::Outcome),
    Fail(String),
    Info(String),
    Malformed(String),
    ByRule,
}

/// What an answer that is no error does.
pub(super) enum Completes<Outcome> {
    /// The workload is asked.
    Asks,
    Field(&'static str),
    Invoked,
    Value(Outcome),
}

impl<W: Workload> Step<W> {
    /// Sends a request to the worker's node.
    #[must_use]
    pub fn call(request: W::Request) -> Self {
        Step(Kind::Call {
            request,
            node: None,
            completes: Completes::Asks,
        })
    }

    /// The same to another node, counted from 0.
    #[must_use]
    pub fn at(mut self, other: usize) -> Self {
        if let Kind::Call { node, .. } = &mut self.0 {
            *node = Some(other);
        }
        self
    }

    /// The answer, if it is no error, completes the operation with its field `field`.
    #[must_use]
    pub fn completes_with(self, field: &'static str) -> Self {
        self.with(Completes::Field(field))
    }

    /// The answer, if it is no error, completes the operation with the value that it was invoked with.
    #[must_use]
    pub fn completes_as_invoked(self) -> Self {
        self.with(Completes::Invoked)
    }

    /// The answer, if it is no error, completes the operation with `outcome`.
    #[must_use]
    pub fn completes(self, outcome: W::Outcome) -> Self {
        self.with(Completes::Value(outcome))
    }

    fn with(mut self, how: Completes<W::Outcome>) -> Self {
        if let Kind::Call { completes, .. } = &mut self.0 {
            *completes = how;
        }
        self
    }

    /// The operation has succeeded.
    #[must_use]
    pub fn ok(outcome: W::Outcome) -> Self {
        Step(Kind::Ok(outcome))
    }

    /// The operation did not take place.
    #[must_use]
    pub fn fail(why: impl Into<String>) -> Self {
        Step(Kind::Fail(why.into()))
    }

    /// Nobody knows whether the operation took place.
    #[must_use]
    pub fn info(why: impl Into<String>) -> Self {
        Step(Kind::Info(why.into()))
    }

    /// The answer is not what it should be.
    #[must_use]
    pub fn malformed(why: impl Into<String>) -> Self {
        Step(Kind::Malformed(why.into()))
    }

    /// As usual: an error that is definite fails the operation, everything else leaves it open.
    #[must_use]
    pub fn by_rule() -> Self {
        Step(Kind::ByRule)
    }
}

/// An answer that is an error.
#[derive(Debug)]
pub struct ErrorAnswer<'a> {
    /// Its code.
    pub code: u64,
    pub(super) body: &'a RawValue,
}

impl ErrorAnswer<'_> {
    /// Whether its code says that the operation did not take place: see `docs/messages.md`.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        ErrorCode::from(self.code).is_definite()
    }

    /// Its fields, as a `T`: `struct NotLeader { leader: Option<String> }`. `None` if they do not fit.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        data::from_str(self.body.get()).ok()
    }
}

/// Writes `value` as JSON.
pub(super) fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    let bytes = data::to_vec(value).unwrap_or_else(|why| panic!("this is no JSON: {why}"));
    let text = String::from_utf8(bytes).unwrap_or_default();
    RawValue::from_string(text).unwrap_or_else(|why| panic!("this is no JSON: {why}"))
}
