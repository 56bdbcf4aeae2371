//! The trace of a run: its operations, messages between nodes, faults and logs, a line each.
//!
//! It leaves out the start of nodes, and the messages between clients and nodes: an operation
//! has a line when it begins and one when it ends. The line of a message says whether and when
//! the message arrives. If much happens between two operations or faults, the middle is left
//! out.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::play::Schedule;
use host_check::anomalies::AnomalyName;
use host_check::history::{History, Kind, Op, Process};
use host_check::value::Value;
use host_guest::Start;
use host_protocol::text::{excerpt, one_line};
use host_sim::journal::{Entry, EntryKind, MessageEntry, Observer};
use host_sim::seconds;

/// Maximum number of lines; the middle of a longer trace is left out.
const LINES_MAX: usize = 60;
/// Maximum number of messages and logs in a row.
const ROW_MAX: usize = 10;
/// Maximum number of events that are kept of a run.
const EVENTS_MAX: usize = 100_000;
/// The fate of most messages in a network without latency.
const AT_ONCE: &str = "arrives at once";
/// Maximum number of characters of a body, a value or a log.
const CHARS_MAX: usize = 100;

/// Plays a schedule, with these programs as [`Trial`](crate::Trial) has them, and returns its
/// trace.
#[must_use]
pub fn trace(
    schedule: &Schedule,
    module: &dyn Start,
    next_module: Option<&dyn Start>,
    anomaly: &AnomalyName,
) -> Vec<String> {
    let _ = anomaly;
    let mut events = Events::default();
    let report = schedule.play(module, next_module, vec![&mut events]);
    let workers = schedule.scenario.options.concurrency;
    let cluster = schedule.scenario.options.cluster;
    let node = |process: i64| {
        let worker = usize::try_from(process).unwrap_or(0) % workers;
        format!("n{}", cluster.first + worker % cluster.count)
    };
    page(merged(events.list, report.history.as_ref(), &node))
}

/// A line of the trace.
struct Line {
    at_ns: u64,
    text: String,
    /// Whether it may be left out among many.
    is_detail: bool,
}

/// The events of a run, except its operations.
#[derive(Default)]
struct Events {
    list: Vec<Event>,
    /// The indices of messages in flight, by their ids.
    sent: BTreeMap<u64, usize>,
}

struct Event {
    at_ns: u64,
    what: Happened,
}

enum Happened {
    /// A client asks.
    Asked,
    /// A client is answered.
    Answered,
    /// A fault starts or ends.
    Fault(String),
    /// A node logs.
    Log(String),
    /// A server sends a message to a server; `fate` is what becomes of it.
    Message { text: String, fate: Vec<String> },
}

impl Observer for Events {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let at_ns = entry.at_ns;
        if self.list.len() == EVENTS_MAX {
            return Ok(());
        }
        let what = match entry.kind {
            EntryKind::Send(sent) if sent.src.starts_with('c') => {
                if prepares(sent.body) {
                    return Ok(());
                }
                Happened::Asked
            }
            EntryKind::Send(sent) if sent.dest.starts_with('c') => return Ok(()),
            EntryKind::Send(sent) => {
                self.sent.insert(sent.id, self.list.len());
                let text = message(sent);
                let fate = Vec::new();
                Happened::Message { text, fate }
            }
            EntryKind::Recv(received) if received.dest.starts_with('c') => Happened::Answered,
            EntryKind::Recv(received) => {
                self.fate(received, at_ns, |is_now| match is_now {
                    true => AT_ONCE.to_owned(),
                    false => format!("arrives at {}", seconds(at_ns)),
                });
                return Ok(());
            }
            EntryKind::Drop(letter, why) => {
                self.fate(letter, at_ns, |_| format!("lost: {why}"));
                return Ok(());
            }
            // What it has the node do follows.
            EntryKind::Timer { .. } => return Ok(()),
            EntryKind::Fault { f, value } => Happened::Fault(match value {
                "null" => f.to_owned(),
                value => format!("{f} {}", excerpt(value, CHARS_MAX)),
            }),
            EntryKind::Log { node, level, text } => {
                let text = excerpt(text, CHARS_MAX);
                Happened::Log(format!("{node} logs {}: {text}", level.name()))
            }
        };
        self.list.push(Event { at_ns, what });
        Ok(())
    }
}

impl Events {
    /// Notes the fate of a message, in words that may depend on whether it is immediate.
    fn fate(&mut self, message: MessageEntry<'_>, at_ns: u64, words: impl Fn(bool) -> String) {
        let event = self
            .sent
            .get(&message.id)
            .map(|index| &mut self.list[*index]);
        if let Some(Event {
            at_ns: sent_ns,
            what: Happened::Message { fate, .. },
        }) = event
        {
            fate.push(words(*sent_ns == at_ns));
        }
    }
}

/// Whether a client's request prepares a node for operations.
fn prepares(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        r#type: &'a str,
    }
    let typed = serde_json::from_str::<Typed<'_>>(body);
    typed.is_ok_and(|it| it.r#type == "init" || it.r#type == "topology")
}

/// `n0 -> n1 gossip {"message":0}`, without the fields that only number messages.
fn message(entry: MessageEntry<'_>) -> String {
    let MessageEntry {
        src, dest, body, ..
    } = entry;
    let mut fields: Map<String, Json> = serde_json::from_str(body).unwrap_or_default();
    let kind = fields.remove("type").unwrap_or_default();
    fields.remove("msg_id");
    fields.remove("in_reply_to");
    let kind = kind.as_str().unwrap_or_default();
    let rest = match fields.is_empty() {
        true => String::new(),
        false => format!(" {}", Json::Object(fields)),
    };
    excerpt(&format!("{src} -> {dest} {kind}{rest}"), CHARS_MAX).into_owned()
}

/// Events and operations in the order in which they happened.
fn merged(
    events: Vec<Event>,
    history: Option<&History>,
    node: &impl Fn(i64) -> String,
) -> Vec<Line> {
    let ops = history.map(History::ops).unwrap_or_default();
    let mut ops: VecDeque<&Op> = ops.iter().filter(|op| op.is_client()).collect();
    let mut lines = Vec::new();
    let time_of = |op: &Op| u64::try_from(op.time_ns).unwrap_or(0);
    for Event { at_ns, what } in events {
        while let Some(op) = ops.pop_front_if(|op| time_of(op) < at_ns) {
            lines.push(operation(op, node));
        }
        let mut line = |text: String, is_detail| {
            lines.push(Line {
                at_ns,
                text,
                is_detail,
            });
        };
        match what {
            Happened::Fault(text) => line(text, false),
            Happened::Log(text) => line(text, true),
            Happened::Message { text, fate } => {
                line(with_fate(text, &fate), true);
            }
            Happened::Asked => {
                let is_next = |op: &mut &Op| op.kind == Kind::Invoke && time_of(op) == at_ns;
                lines.extend(ops.pop_front_if(is_next).map(|op| operation(op, node)));
            }
            Happened::Answered => {
                let is_next = |op: &mut &Op| op.kind != Kind::Invoke && time_of(op) == at_ns;
                lines.extend(ops.pop_front_if(is_next).map(|op| operation(op, node)));
            }
        }
    }
    lines.extend(ops.into_iter().map(|op| operation(op, node)));
    lines
}

/// A message and what became of it, unless it arrived at once.
fn with_fate(text: String, fate: &[String]) -> String {
    match fate {
        [] => format!("{text}  (still on its way at the end)"),
        [only] if only == AT_ONCE => text,
        fate => format!("{text}  ({})", fate.join(", ")),
    }
}

/// `op 3: process 0 at n0 read ok [1 2]`
fn operation(op: &Op, node: &impl Fn(i64) -> String) -> Line {
    let who = match op.process {
        Process::Client(process) => format!("process {process} at {}", node(process)),
        Process::Nemesis => op.process.to_string(),
    };
    let mut text = format!("op {}: {who} {} {}", op.index, op.kind.name(), op.f);
    let mut add = |value: &Value| {
        if *value != Value::Nil {
            text.push(' ');
            text.push_str(&excerpt(&value.to_string(), CHARS_MAX));
        }
    };
    add(&op.value);
    op.error.iter().for_each(add);
    Line {
        at_ns: u64::try_from(op.time_ns).unwrap_or(0),
        text,
        is_detail: false,
    }
}

/// The lines with their times, shortened.
fn page(lines: Vec<Line>) -> Vec<String> {
    let width = lines.iter().map(|line| seconds(line.at_ns).len()).max();
    let width = width.unwrap_or(0);
    let shown = |line: &Line| format!("{:<width$}  {}", seconds(line.at_ns), one_line(&line.text));
    let mut page = Vec::new();
    for row in lines.chunk_by(|a, b| a.is_detail && b.is_detail) {
        page.extend(shorter(row.iter().map(shown).collect(), ROW_MAX, width));
    }
    shorter(page, LINES_MAX, width)
}

/// At most `lines_max` lines; one of them says how many are missing.
fn shorter(mut lines: Vec<String>, lines_max: usize, width: usize) -> Vec<String> {
    if lines.len() > lines_max {
        let head = lines_max / 2;
        let missing = head..lines.len() + 1 + head - lines_max;
        let text = format!("{:<width$}  … {} more", "", missing.len());
        lines.splice(missing, [text]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_what_is_too_long_is_left_out() {
        let lines = |count: usize| -> Vec<String> { (0..count).map(|n| n.to_string()).collect() };
        assert_eq!(shorter(lines(4), 4, 0), ["0", "1", "2", "3"]);
        assert_eq!(shorter(lines(5), 4, 1), ["0", "1", "   … 2 more", "4"]);
        assert_eq!(
            shorter(lines(100), 5, 0),
            ["0", "1", "  … 96 more", "98", "99"]
        );
    }

    #[test]
    fn a_message_is_its_type_and_what_it_carries() {
        let entry = |body| MessageEntry {
            id: 0,
            src: "n0",
            dest: "lin-kv",
            body,
        };
        let read = r#"{"type":"read","key":"x","msg_id":3}"#;
        assert_eq!(message(entry(read)), r#"n0 -> lin-kv read {"key":"x"}"#);
        let ok = r#"{"type":"write_ok","in_reply_to":3}"#;
        assert_eq!(message(entry(ok)), "n0 -> lin-kv write_ok");
    }
}
