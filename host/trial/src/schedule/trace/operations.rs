//! Operations in words: `client 1 asks n0 to broadcast 3`, `n0 answers client 1: ok`.

use super::CHARS_MAX;
use host_check::answers::answered_with;
use host_check::history::{Kind, Op};
use host_check::is_timeout;
use host_check::value::Value;
use host_protocol::text::{excerpt, joined};

/// The line of an operation of the client `process` of `node`. Where operations have keys, an answer
/// to a read names the key.
#[must_use]
pub fn operation_in_words(op: &Op, process: i64, node: &str, has_keys: bool) -> String {
    let client = format!("client {process}");
    let is_own = matches!(&*op.f, "assign" | "subscribe" | "crash");
    let text = match op.kind {
        Kind::Invoke if is_own => format!("{client} {}", on_its_own(op)),
        Kind::Invoke => format!("{client} asks {node} to {}", request_in_words(op)),
        Kind::Ok if is_own => format!("{client} has done so"),
        Kind::Ok => format!("{node} answers {client}: {}", answer(op, has_keys)),
        Kind::Fail | Kind::Info => match answered_with(op) {
            Some(answer) => format!("{node} answers {client} with {answer}"),
            None if is_timeout(op) => format!("{client} gives up: {node} has not answered"),
            None if op.f == "crash" => format!("{client} has crashed"),
            None => match &op.error {
                Some(error) => format!("{client} does not know how it ended: {}", shown(error)),
                None => format!("{client} does not know how it ended"),
            },
        },
    };
    format!("op {}: {text}", op.index)
}

/// What a client does without a node.
fn on_its_own(op: &Op) -> String {
    match &*op.f {
        "assign" => format!("assigns itself {}", list(&op.value)),
        "subscribe" => format!("subscribes to {}", list(&op.value)),
        _ => "crashes".to_owned(),
    }
}

/// What a client asks for: `read key 0`, `broadcast 3`.
#[must_use]
pub fn request_in_words(op: &Op) -> String {
    let value = &op.value;
    let parts = value.items().unwrap_or_default();
    match (&*op.f, &parts[..]) {
        ("generate", _) => "generate an id".to_owned(),
        ("read", [key, _]) => format!("read key {}", shown(key)),
        ("write", [key, new]) => format!("write {} to key {}", shown(new), shown(key)),
        ("cas", [key, Value::Vector(pair)]) if pair.len() == 2 => {
            let pair: Vec<String> = pair.iter().map(|it| shown(&it)).collect();
            format!("set key {} from {} to {}", shown(key), pair[0], pair[1])
        }
        ("txn" | "send" | "poll", parts) if !parts.is_empty() => {
            joined(&parts.iter().map(part_asked).collect::<Vec<_>>())
        }
        (f, _) if *value == Value::Nil => f.to_owned(),
        (f, _) => format!("{f} {}", shown(value)),
    }
}

/// A part of a transaction that is asked for: `append 4 to 9`.
fn part_asked(part: &Value) -> String {
    let parts = part.items().unwrap_or_default();
    let Some(f) = parts.first().and_then(Value::as_name) else {
        return shown(part);
    };
    match (f, &parts[1..]) {
        ("r", [key, ..]) => format!("read {}", shown(key)),
        ("append", [key, new]) => format!("append {} to {}", shown(new), shown(key)),
        ("w", [key, new]) => format!("write {} to {}", shown(new), shown(key)),
        ("send", [key, new]) => format!("send {} to {}", shown(new), shown(key)),
        ("poll", _) => "poll".to_owned(),
        _ => shown(part),
    }
}

fn answer(op: &Op, has_keys: bool) -> String {
    let parts = op.value.items().unwrap_or_default();
    match (&*op.f, &parts[..]) {
        ("broadcast" | "add" | "write" | "cas", _) => "ok".to_owned(),
        ("read", [key, value]) if has_keys => {
            format!("key {} is {}", shown(key), shown(value))
        }
        ("echo", _) => shown(op.value.get("echo").unwrap_or(&op.value)),
        ("txn" | "send" | "poll", parts) => {
            let told: Vec<String> = parts.iter().filter_map(part_answered).collect();
            match told.is_empty() {
                true => "ok".to_owned(),
                false => format!("ok, {}", joined(&told)),
            }
        }
        _ => shown(&op.value),
    }
}

/// What an answer tells of a part of a transaction, if that is more than that it is done.
fn part_answered(part: &Value) -> Option<String> {
    let parts = part.items()?;
    let f = parts.first()?.as_name()?;
    match (f, &parts[1..]) {
        ("r", [key, value]) => Some(format!("{} is {}", shown(key), shown(value))),
        ("send", [key, Value::Vector(pair)]) => {
            let offset = pair.get(0)?;
            Some(format!("offset {} in {}", shown(&offset), shown(key)))
        }
        ("poll", [polled]) => Some(format!("polled {}", shown(polled))),
        ("append" | "w", _) => None,
        _ => Some(shown(part)),
    }
}

fn list(value: &Value) -> String {
    let items = value.items().unwrap_or_default();
    match items.is_empty() {
        true => "nothing".to_owned(),
        false => joined(&items.iter().map(shown).collect::<Vec<_>>()),
    }
}

fn shown(value: &Value) -> String {
    excerpt(&value.to_string(), CHARS_MAX).into_owned()
}
