//! What clients got instead of what they asked for: answers that break the workload's schema, errors,
//! and no answer. Each kind is told once, with the first that was met and how many there are.
//!
//! These are causes, and decide nothing: the checkers see the same operations as not succeeded.

use indexmap::IndexMap;

use super::clients::Clients;
use super::completion::{exception_data, is_malformed_reply, is_timeout};
use super::history::{History, Kind, Op, brief_seconds};
use super::value::{Name, Value, cut};

/// The most kinds of each sort that are told.
const KINDS_MAX: usize = 8;

/// The most characters of an answer, and of a value in it.
const ANSWER_CHARS_MAX: usize = 160;
const PART_CHARS_MAX: usize = 40;

/// What clients got instead of what they asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Answers that break the workload's schema: `n0 answered read with {"type":"read_ok"}: missing
    /// field "messages"`.
    pub malformed: Vec<AnswerKind>,
    /// Errors, by kind of operation: `13 crash "oops in handler"`.
    pub errors: Vec<AnswerKind>,
    /// Requests without an answer, by kind of operation, as far as a history tells. A simulator knows
    /// more and may put it here: `n2 got broadcast from c8 at 0.009 s and did not answer within 5 s`.
    pub missing: Vec<AnswerKind>,
}

/// Answers of one kind, or requests that got none.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerKind {
    /// The `:f` of the operations.
    pub f: Name,
    /// The first of them, in words.
    pub text: String,
    /// How many there are.
    pub count: usize,
    /// The `index` of the first completion.
    pub op: u64,
}

impl Answers {
    /// Looks for them in a history.
    pub(crate) fn of(history: &History, clients: Option<Clients>) -> Self {
        let mut malformed = Kinds::default();
        let mut errors = Kinds::default();
        let mut missing = Kinds::default();
        for (at, op) in history.client_ops() {
            if !matches!(op.kind, Kind::Fail | Kind::Info) {
                continue;
            }
            if is_malformed_reply(op) {
                let why = why(op);
                malformed.add(op, &why, || told_malformed(op, &why, clients));
            } else if is_timeout(op) {
                missing.add(op, "", || told_missing(history.invocation(at), op, clients));
            } else if let Some(error) = AnsweredError::of(op) {
                errors.add(op, &error.name, || error.in_words());
            }
        }
        Answers {
            malformed: malformed.finish(),
            errors: errors.finish(),
            missing: missing.finish(),
        }
    }

    /// Why no operation of a kind succeeded, as far as that is not told as a malformed answer.
    pub(crate) fn causes(&self, f: &str) -> Vec<String> {
        let errors = self.errors.iter().filter(|it| *it.f == *f);
        let mut causes: Vec<String> = errors
            .map(|it| format!("{} × error {}", it.count, it.text))
            .collect();
        let missing = self.missing.iter().filter(|it| *it.f == *f);
        causes.extend(missing.map(|it| it.text.clone()));
        causes
    }
}

/// What an operation was answered instead of what it asked for, in words: `error 14 abort "no"`, or an
/// answer and what is wrong with it. `None` if it succeeded or got no answer.
#[must_use]
pub fn answered_with(op: &Op) -> Option<String> {
    if !matches!(op.kind, Kind::Fail | Kind::Info) {
        return None;
    }
    if is_malformed_reply(op) {
        return Some(format!("{}: {}", malformed_answer(op), why(op)));
    }
    AnsweredError::of(op).map(|error| format!("error {}", error.in_words()))
}

/// Kinds by operation and by a key that tells them apart.
#[derive(Default)]
struct Kinds(IndexMap<(Name, String), AnswerKind>);

impl Kinds {
    fn add(&mut self, op: &Op, key: &str, text: impl FnOnce() -> String) {
        let key = (op.f.clone(), key.to_owned());
        if let Some(kind) = self.0.get_mut(&key) {
            kind.count += 1;
        } else if self.0.len() < KINDS_MAX {
            let kind = AnswerKind {
                f: op.f.clone(),
                text: text(),
                count: 1,
                op: op.index,
            };
            self.0.insert(key, kind);
        }
    }

    fn finish(self) -> Vec<AnswerKind> {
        self.0.into_values().collect()
    }
}

/// The node that was asked, if that is known.
fn asked(op: &Op, clients: Option<Clients>) -> Option<String> {
    let clients = clients?;
    clients.node(op.process).map(|node| clients.name(node))
}

/// What the simulator, or Maelstrom, says is wrong with an answer.
fn why(op: &Op) -> String {
    let why = exception_data(op).and_then(|data| data.get("why"));
    let why = why.and_then(Value::as_name);
    why.unwrap_or("it breaks the workload's schema").to_owned()
}

fn told_malformed(op: &Op, why: &str, clients: Option<Clients>) -> String {
    let answer = malformed_answer(op);
    match asked(op, clients) {
        Some(node) => format!("{node} answered {} with {answer}: {why}", op.f),
        None => format!(
            "{} of process {} was answered with {answer}: {why}",
            op.f, op.process
        ),
    }
}

fn malformed_answer(op: &Op) -> String {
    let body = exception_data(op).and_then(|data| data.get("body"));
    answer_in_words(body.unwrap_or(&Value::Nil))
}

fn told_missing(invocation: &Op, op: &Op, clients: Option<Clients>) -> String {
    let at = brief_seconds(invocation.time_ns);
    let waited = brief_seconds(op.time_ns - invocation.time_ns);
    let who = asked(op, clients).unwrap_or_else(|| "a node".to_owned());
    format!(
        "{who} was asked {} by process {} at {at} s and did not answer within {waited} s",
        op.f, op.process
    )
}

/// The answer as it was sent, without the fields that only number messages; what is long in it is cut.
fn answer_in_words(body: &Value) -> String {
    let text = match body {
        // It was too long for a value.
        Value::Str(text) => text.to_string(),
        Value::Map(fields) => {
            let fields = fields.iter().filter_map(|(key, value)| {
                let name = key.as_name()?;
                let is_number = matches!(name, "msg_id" | "in_reply_to");
                (!is_number).then(|| format!("{}:{}", json(&Value::from(name)), part(value)))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        other => json(other),
    };
    cut(&text, ANSWER_CHARS_MAX)
}

/// A value of an answer: `[…]` for a long list.
fn part(value: &Value) -> String {
    let text = json(value);
    if text.chars().nth(PART_CHARS_MAX).is_none() {
        return text;
    }
    match value {
        Value::Vector(_) => "[…]".to_owned(),
        Value::Map(_) => "{…}".to_owned(),
        _ => cut(&text, PART_CHARS_MAX),
    }
}

fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// An error that a node answered with.
struct AnsweredError {
    name: String,
    code: Option<i64>,
    text: Option<String>,
}

impl AnsweredError {
    /// The error that an operation ended with, if it was answered with one.
    fn of(op: &Op) -> Option<Self> {
        if is_timeout(op) || is_malformed_reply(op) {
            return None;
        }
        if let Some(data) = exception_data(op) {
            let code = data.get("code").and_then(Value::as_int);
            let body = data.get("body");
            return Some(AnsweredError {
                name: text_of(data.get("name")?)?,
                code,
                text: body.and_then(|body| text_of(body.get("text")?)),
            });
        }
        // `[:abort "why"]`
        let (name, text) = match op.error.as_ref()? {
            Value::Vector(parts) => {
                let text = parts.get(1).and_then(|text| text_of(&text));
                (text_of(&*parts.get(0)?)?, text)
            }
            Value::Keyword(name) => (name.to_string(), None),
            _ => return None,
        };
        Some(AnsweredError {
            code: code(&name),
            name,
            text,
        })
    }

    /// `13 crash "oops in handler"`
    fn in_words(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.code.map(|code| code.to_string()));
        words.push(self.name.clone());
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            words.push(cut(&json(&Value::from(text)), ANSWER_CHARS_MAX));
        }
        words.join(" ")
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_name().map(str::to_owned)
}

/// The number of an error that Maelstrom's protocol names.
fn code(name: &str) -> Option<i64> {
    const CODES: [(&str, i64); 11] = [
        ("timeout", 0),
        ("node-not-found", 1),
        ("not-supported", 10),
        ("temporarily-unavailable", 11),
        ("malformed-request", 12),
        ("crash", 13),
        ("abort", 14),
        ("key-does-not-exist", 20),
        ("key-already-exists", 21),
        ("precondition-failed", 22),
        ("txn-conflict", 30),
    ];
    let named = CODES.iter().find(|(it, _)| *it == name);
    named.map(|(_, code)| *code)
}
