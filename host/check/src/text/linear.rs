//! The text of a check of linearizability: for each object that failed, the operation that cannot be
//! explained, what was open then, and the ways to explain everything before it.

use std::fmt::{self, Write};

use crate::history::Op;
use crate::linear::{
    Configuration, Failure, KeyResult, LinKv, Linearizable, ModelName, SHOWN_MAX as LISTED_MAX,
};
use crate::validity::Validity;
use crate::value::Value;

use super::parts::{SHOWN_MAX, closing_line, value};

/// How many of the keys that failed are described in full.
const KEYS_MAX: usize = 3;

/// Renders the result of [`check_model`](crate::linear::check_model). Every line ends with a
/// newline.
///
/// # Panics
/// Never: a string takes what is written.
#[must_use]
pub fn render_linearizable(model: ModelName, result: &Linearizable) -> String {
    let mut text = String::new();
    render_one(model, result, &mut text).expect("writing to a string does not fail");
    text
}

fn render_one(model: ModelName, result: &Linearizable, out: &mut String) -> fmt::Result {
    let verdict = match result.valid {
        Validity::True => "linearizable",
        Validity::False => "NOT LINEARIZABLE",
        Validity::Unknown => "unknown",
    };
    writeln!(out, "{model}: {verdict}\n")?;
    if let Some(line) = problem(result) {
        if !result.missed.is_empty() {
            writeln!(out, "Knossos would have let this pass:")?;
        }
        writeln!(out, "- {line}\n")?;
    }
    if let Some(failure) = &result.failure {
        render_failure(failure, out)?;
    }
    writeln!(
        out,
        "operations    {} ok, {} that may have taken place",
        result.ok_count, result.info_count
    )?;
    writeln!(out, "\n{}", closing_line(result.valid))
}

/// What is wrong with some keys: the first few lines, and how many there are.
pub(super) fn problems(kv: &LinKv) -> (Vec<String>, usize) {
    // What Maelstrom lets pass is told elsewhere.
    let missed = &kv.missed.list;
    let is_missed = |key: &Value| missed.iter().any(|it| it.elements.elements.contains(key));
    let lines = kv
        .results
        .iter()
        .filter(|(key, _)| !is_missed(key))
        .filter_map(|(key, result)| {
            let line = problem(&result.linearizable)?;
            Some(match key {
                Value::Nil => line,
                key => format!("key {}: {line}", value(key)),
            })
        });
    let missed_count: usize = kv.missed.counts.values().sum();
    (
        lines.take(SHOWN_MAX).collect(),
        kv.failure_count + kv.unknown_count - missed_count,
    )
}

fn problem(result: &Linearizable) -> Option<String> {
    let failure = result.failure.as_ref();
    failure
        .map(|failure| failure.explanation.clone())
        .or_else(|| result.spent.map(|spent| format!("unknown: {spent}")))
}

/// Writes how many keys are linearizable, or right in the way that `right` says, and where the first few that are not
/// stop being so.
pub(super) fn render(kv: &LinKv, right: &str, out: &mut String) -> fmt::Result {
    let is_one = kv.results.iter().any(|(key, _)| *key == Value::Nil);
    if is_one {
        // An object without a key is the only one.
        return render_failures(kv, out);
    }
    writeln!(
        out,
        "keys          {}: {} {right}, {} not, {} unknown",
        kv.key_count,
        kv.key_count - kv.failure_count - kv.unknown_count,
        kv.failure_count,
        kv.unknown_count
    )?;
    render_failures(kv, out)
}

fn render_failures(kv: &LinKv, out: &mut String) -> fmt::Result {
    for (key, KeyResult { linearizable, .. }) in kv.results.iter().take(KEYS_MAX) {
        if let Some(failure) = &linearizable.failure {
            if *key != Value::Nil {
                writeln!(out, "key {}", value(key))?;
            }
            render_failure(failure, out)?;
        }
    }
    Ok(())
}

fn render_failure(failure: &Failure, out: &mut String) -> fmt::Result {
    let Failure {
        open,
        crashed,
        configs,
        linearized_count,
        ..
    } = failure;
    write!(out, "  before      {linearized_count} operations")?;
    match &failure.previous_ok {
        Some(op) => writeln!(out, ", the last of them {}", in_words(op))?,
        None => writeln!(out)?,
    }
    let lines = [
        ("  open", open, failure.open_count),
        ("  crashed", crashed, failure.crashed_count),
    ];
    for (label, ops, count) in lines {
        for (line, op) in ops.iter().enumerate() {
            let label = if line == 0 { label } else { "" };
            writeln!(out, "{label:<14}{}", in_words(op))?;
        }
        render_more(count - ops.len(), out)?;
    }
    for (line, config) in configs.iter().enumerate() {
        let label = if line == 0 { "  possible" } else { "" };
        writeln!(out, "{label:<14}{}", configuration(config))?;
    }
    render_more(failure.config_count - configs.len(), out)
}

fn render_more(count: usize, out: &mut String) -> fmt::Result {
    if count > 0 {
        writeln!(out, "{:<14}and {count} more", "")
    } else {
        Ok(())
    }
}

/// "op 3 (write, process 1, 0.120 s) of 5"; without what is not there.
fn in_words(op: &Op) -> String {
    match &op.value {
        Value::Nil if op.f != "read" => op.to_string(),
        done => format!("{op} of {}", value(done)),
    }
}

fn configuration(config: &Configuration) -> String {
    let done = config.linearized.iter().chain(&config.crashed_linearized);
    format!(
        "{} (done: {}; not done: {})",
        value(&config.model),
        ops(done),
        ops(&config.pending)
    )
}

/// "op 3, op 5", or "none".
fn ops<'a>(indices: impl IntoIterator<Item = &'a u64>) -> String {
    let words: Vec<String> = indices
        .into_iter()
        .take(2 * LISTED_MAX)
        .map(|index| format!("op {index}"))
        .collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}
