//! What a worker does next.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Workload;
use host_protocol::data;
use host_protocol::error::ErrorCode;
use host_protocol::scan::Scanner;

/// What a worker does next for its operation.
pub struct Step<W: Workload>(pub(super) Kind<W>);

pub(super) enum Kind<W: Workload> {
    Call {
        request: Body<W::Request>,
        node: Option<usize>,
        completes: Completes<W::Outcome>,
    },
    Ok(W::Outcome),
    Fail(String),
    Info(String),
    Malformed(String),
    ByRule,
}

/// The body of a request.
pub(super) enum Body<Request> {
    Typed(Request),
    /// It is written already.
    Written(Vec<u8>),
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
        Step::send(Body::Typed(request))
    }

    /// Sends an operation as its own request: of the type `get_all` if the operation is `get-all`, with the fields of its value.
    ///
    /// # Panics
    /// If its value is neither an object nor nothing.
    #[must_use]
    pub fn call_as_invoked(operation: &W::Operation) -> Self {
        Step::send(Body::Written(body_of_operation(raw(operation).get())))
    }

    fn send(request: Body<W::Request>) -> Self {
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

/// The body of a request that is as its operation, `{"f":…,"value":…}`.
fn body_of_operation(operation: &str) -> Vec<u8> {
    let mut scanner = Scanner::new(operation);
    let (mut f, mut fields) = ("", "{}");
    let mut key = scanner.open().and_then(|()| scanner.key());
    while let Some(name) = key {
        let value = scanner.value().unwrap_or_default();
        match name {
            "f" => f = value,
            "value" if value != "null" => fields = value,
            _ => {}
        }
        key = scanner.key();
    }
    let Some(fields) = fields.strip_prefix('{') else {
        panic!("the value of an operation has no names for the fields of a request: {operation}");
    };
    let separator = if fields == "}" { "" } else { "," };
    format!("{{\"type\":{}{separator}{fields}", f.replace('-', "_")).into_bytes()
}

/// Writes `value` as JSON.
pub(super) fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    let bytes = data::to_vec(value).unwrap_or_else(|why| panic!("this is no JSON: {why}"));
    let text = String::from_utf8(bytes).unwrap_or_default();
    RawValue::from_string(text).unwrap_or_else(|why| panic!("this is no JSON: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_its_own_request() {
        let body = |operation: &str| String::from_utf8(body_of_operation(operation));
        for (operation, expected) in [
            (r#"{"f":"read"}"#, r#"{"type":"read"}"#),
            (r#"{"f":"get-all","value":null}"#, r#"{"type":"get_all"}"#),
            (r#"{"f":"sync","value":{}}"#, r#"{"type":"sync"}"#),
            (
                r#"{"f":"move-all","value":{"from":"a-b","to":[1,{"x":2}]}}"#,
                r#"{"type":"move_all","from":"a-b","to":[1,{"x":2}]}"#,
            ),
        ] {
            assert_eq!(body(operation).as_deref(), Ok(expected));
        }
    }

    #[test]
    #[should_panic(expected = r#"no names for the fields of a request: {"f":"add","value":3}"#)]
    fn an_operation_whose_value_has_no_names_is_no_request() {
        body_of_operation(r#"{"f":"add","value":3}"#);
    }
}
