//! Answers of nodes: whether they have the form that was declared, and their values.

use host_check::value::Value;
use host_protocol::schema::{Body, Message, Type};
use host_sim::workload::take_ints;
use serde_json::value::RawValue;

use crate::session::value;

/// An answer of so many bytes is long.
const LONG: usize = 256;

/// How an answer completes an operation.
#[derive(Debug, Clone)]
pub(crate) enum Completes {
    /// The module is asked.
    Asks,
    /// With the value of this field.
    Field(String),
    /// With the value that it was invoked with.
    Invoked,
    /// With this value.
    Value(Value),
}

/// Checks an answer, a JSON object.
pub(crate) fn check<'a>(message: &Message, answer: &'a str) -> Result<Body<'a>, String> {
    let body = Body::read(answer).map_err(|why| format!("it is no JSON object: {why}"))?;
    message.check(&body)?;
    Ok(body)
}

/// The value of the field `name` of an answer, which is checked, if that is a list of integers and nothing else: most
/// long answers are such, and a parser for any value has several calls for each integer. `None` for other answers.
pub(crate) fn integers(message: &Message, name: &str, answer: &str) -> Option<Value> {
    let field = message.fields.iter().find(|field| field.name == name)?;
    let takes_integers = |of: &Type| matches!(of, Type::Any | Type::Integer | Type::Number);
    let fits = match &field.of {
        Type::List(of) => takes_integers(of),
        of => *of == Type::Any,
    };
    if !fits || answer.len() < LONG {
        return None;
    }
    let (without, ints) = take_ints(answer, &format!("\"{name}\":["))?;
    let body = check(message, &without).ok()?;
    // If it is not empty, the integers are those of another field with this name, deep within it.
    let is_emptied = body.get(name).map(RawValue::get) == Some("[]");
    is_emptied.then(|| Value::from(ints))
}

/// The value of a field of an answer that was checked; nil if it is absent.
pub(crate) fn field(body: &Body<'_>, name: &str) -> Result<Value, String> {
    body.get(name).map_or(Ok(Value::Nil), value)
}
