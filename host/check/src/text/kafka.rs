//! The errors of logs, in words.

use std::fmt::{self, Write};

use crate::history::Op;
use crate::kafka::{Case, CycleCase, ErrorType, Errors, JumpCase, Kafka, StepCase, UnseenMessages};
use crate::value::Value;

use super::parts::{SHOWN_MAX, first_of, value};

/// A line for each kind of error that makes a run invalid, with the worst example; and how many
/// lines that are.
pub(super) fn found(kafka: &Kafka) -> (Vec<String>, usize) {
    let bad = kafka
        .errors
        .iter()
        .filter(|(error_type, _)| !error_type.is_allowed());
    let mut lines: Vec<String> = bad
        .map(|(error_type, errors)| of_type(*error_type, errors))
        .collect();
    lines.extend(kafka.error.map(|error| format!("unknown: {error}")));
    let count = lines.len();
    (lines, count)
}

/// Writes how far consumers stayed behind, and errors that are no reason to fail.
pub(super) fn render(kafka: &Kafka, out: &mut String) -> fmt::Result {
    let lag = &kafka.worst_realtime_lag;
    write!(out, "worst lag     {:.3} s", lag.lag)?;
    if let (Some(process), Some(key), true) = (&lag.process, &lag.key, lag.lag > 0.0) {
        let (key, time_s) = (value(key), lag.time);
        write!(out, ": process {process} in {key}, at {time_s:.3} s")?;
    }
    writeln!(out)?;
    let allowed = kafka
        .errors
        .iter()
        .filter(|(error_type, _)| error_type.is_allowed());
    for (error_type, errors) in allowed {
        writeln!(out, "allowed       {}", of_type(*error_type, errors))?;
    }
    if !kafka.info_txn_causes.is_empty() {
        let causes = kafka.info_txn_causes.iter().map(value);
        let causes = first_of(causes, kafka.info_txn_causes.len());
        writeln!(out, "left open     because of {causes}")?;
    }
    Ok(())
}

fn of_type(error_type: ErrorType, errors: &Errors) -> String {
    let name = error_type.name();
    match errors {
        Errors::Listed { count, errs } => {
            let shows_last = matches!(
                error_type,
                ErrorType::PollSkip | ErrorType::IntPollSkip | ErrorType::IntSendSkip
            );
            let example = if shows_last {
                errs.last()
            } else {
                errs.first()
            };
            let example = example.map(in_words).unwrap_or_default();
            format!("{count} × {name}: {example}")
        }
        Errors::Unseen(unseen) => format!("{name}: {}", of_unseen(unseen)),
        Errors::Present { .. } => {
            format!("{name}: no operation came after another or polled what it sent")
        }
    }
}

fn of_unseen(unseen: &UnseenMessages) -> String {
    let count: usize = unseen.unseen.iter().map(|(_, count)| count).sum();
    let of_key = |(key, messages): &(Value, Vec<Value>)| {
        let shown = messages.iter().take(SHOWN_MAX).map(value);
        format!("{} of {}", first_of(shown, messages.len()), value(key))
    };
    let (s, were) = if count == 1 {
        ("", "was")
    } else {
        ("s", "were")
    };
    format!(
        "{count} acknowledged message{s} {were} polled by nobody: {}",
        first_of(unseen.messages.iter().map(of_key), unseen.messages.len())
    )
}

fn in_words(case: &Case) -> String {
    match case {
        Case::Duplicate {
            key,
            value: message,
            count,
            offsets,
        } => format!(
            "{} of {} is at the offsets {}",
            value(message),
            value(key),
            first_of(offsets.iter().map(ToString::to_string), *count)
        ),
        Case::InconsistentOffset {
            key,
            offset,
            values,
            ..
        } => format!(
            "the offset {offset} of {} has {}",
            value(key),
            first_of(values.iter().map(value), values.len())
        ),
        Case::Lost {
            key,
            value: message,
            writer,
            max_read,
            ..
        } => {
            let beyond = max_read
                .as_ref()
                .map(|reader| format!(", and {reader} shows what comes after it"));
            format!(
                "{} of {}, sent by {writer}, is polled by nobody{}",
                value(message),
                value(key),
                beyond.unwrap_or_default()
            )
        }
        Case::Aborted {
            key,
            value: message,
            writer,
            reader,
        } => format!(
            "{reader} shows {} of {}, though {writer} failed to send it",
            value(message),
            value(key)
        ),
        Case::Unwritten {
            key,
            value: message,
            reader,
        } => format!(
            "{reader} shows {} of {}, which nobody sent",
            value(message),
            value(key)
        ),
        Case::Precommitted {
            op,
            key,
            value: message,
        } => format!("{op} polls {} of {}, its own", value(message), value(key)),
        Case::Jump(jump) => of_jump(jump),
        Case::Cycle(cycle) => of_cycle(cycle),
        Case::CycleExists { not, scc_size, .. } => {
            format!("no {not}, by a cycle among {scc_size} operations")
        }
    }
}

fn of_jump(jump: &JumpCase) -> String {
    let key = value(&jump.key);
    let who = match (&jump.op, &jump.ops) {
        (Some(op), _) => op.to_string(),
        (None, Some([before, after])) => format!("{after}, after {before},"),
        (None, None) => String::new(),
    };
    match (&jump.skipped, &jump.values) {
        (Some(skipped), _) => {
            let count = usize::try_from(jump.delta - 1).unwrap_or(skipped.len());
            let skipped = first_of(skipped.iter().map(value), count);
            format!("{who} leaves out {skipped} of {key}")
        }
        (None, Some([message, _])) if jump.delta == 0 => {
            format!("{who} comes to {} of {key} again", value(message))
        }
        (None, Some([from, to])) => {
            format!(
                "{who} goes back from {} to {} of {key}",
                value(from),
                value(to)
            )
        }
        (None, None) => format!("{who} goes back in {key}"),
    }
}

fn of_cycle(cycle: &CycleCase) -> String {
    let step = |(pair, step): (&[Op], &StepCase)| match step {
        StepCase::Wr {
            key,
            value: message,
        } => format!(
            "{} sent {} to {}, which {} polled",
            pair[0],
            value(message),
            value(key),
            pair[1]
        ),
        StepCase::Realtime => format!("{} had ended when {} began", pair[0], pair[1]),
    };
    let mut steps: Vec<String> = cycle.cycle.windows(2).zip(&cycle.steps).map(step).collect();
    let last = steps.pop().unwrap_or_default();
    let more = steps.len().saturating_sub(SHOWN_MAX);
    steps.truncate(SHOWN_MAX);
    if more > 0 {
        steps.push(format!("and so on, {more} more steps"));
    }
    format!("{}; but {last}", steps.join("; "))
}
