//! Histories of sends and polls, and verdicts in a line.

use crate::script::{history, json};
use host_check::history::History;
use host_check::kafka::kafka;
use host_check::validity::Checks;

/// A send by a process of a message to the key `k`, and where it was put.
pub(crate) fn send(process: i64, message: i64, offset: i64) -> String {
    format!(
        "{process} invoke send [[:send \"k\" {message}]]\n\
         {process} ok send [[:send \"k\" [{offset} {message}]]]\n"
    )
}

/// A send of a message to the key `k` that ends otherwise.
pub(crate) fn send_ends(process: i64, kind: &str, message: i64) -> String {
    format!(
        "{process} invoke send [[:send \"k\" {message}]]\n\
         {process} {kind} send [[:send \"k\" {message}]]\n"
    )
}

/// A poll by a process that shows these pairs of the key `k`.
pub(crate) fn poll(process: i64, pairs: &str) -> String {
    poll_map(process, &format!("\"k\" [{pairs}]"))
}

/// A poll by a process that shows these entries.
pub(crate) fn poll_map(process: i64, entries: &str) -> String {
    format!("{process} invoke poll [[:poll]]\n{process} ok poll [[:poll {{{entries}}}]]\n")
}

/// A transaction of these micro-operations, as asked and as answered.
pub(crate) fn txn(process: i64, asked: &str, answered: &str) -> String {
    format!("{process} invoke txn [{asked}]\n{process} ok txn [{answered}]\n")
}

/// Any other operation that succeeds with the value it was asked with.
pub(crate) fn ok(process: i64, rest: &str) -> String {
    format!("{process} invoke {rest}\n{process} ok {rest}\n")
}

/// What Maelstrom's rules say (verdict, kinds of errors with how many), and after the bar what
/// strict ones add (verdict, complaints with operation and elements).
pub(crate) fn judge(parts: &[String]) -> String {
    judged(&history(&parts.concat()))
}

/// The same of a history.
pub(crate) fn judged(history: &History) -> String {
    let maelstrom = kafka(history, Checks::Maelstrom).unwrap();
    let strict = kafka(history, Checks::Strict).unwrap();
    assert!(maelstrom.missed.is_empty());
    let valid = |it: &serde_json::Value| it["valid?"].to_string().replace('"', "");
    let mut line = valid(&json(&maelstrom));
    for (error_type, errors) in &maelstrom.errors {
        line.push_str(&format!(" {}×{}", error_type.name(), errors.count()));
    }
    let strict = json(&strict);
    line.push_str(&format!(" | {}", valid(&strict)));
    for complaint in strict["maelstrom-missed"].as_array().into_iter().flatten() {
        line.push_str(&format!(
            " {}@{}{}",
            complaint["what"].as_str().unwrap(),
            complaint["op"],
            complaint["elements"].to_string().replace("\"k\",", "")
        ));
    }
    line
}
