//! The page of a run: its script, and the data that the script shows.

use serde::Serialize;

use super::budget::{PageSize, fitting};
use super::compare::Comparison;
use super::figures::{Figures, OperationList, faults};
use super::first_failure::FirstFailure;
use super::grounds::Grounds;
use super::page::{RUN_VIEWS, page};
use super::record::{Message, Record, TimedEntry};
use super::results::Results;
use super::states::StatesPart;
use host_check::history::{History, Op};
use host_check::value::Value;
use host_protocol::text::excerpt;

/// The script after [`RUN_VIEWS`], in an order in which each part only needs those before it.
pub(super) const SCRIPT: [&str; 6] = [
    include_str!("assets/this_run.js"),
    include_str!("assets/charts.js"),
    include_str!("assets/cause.js"),
    include_str!("assets/anomalies.js"),
    include_str!("assets/compare.js"),
    include_str!("assets/run.js"),
];

/// The most that the bodies of messages may cost, in bytes of a page.
const BODIES_BYTES_MAX: usize = 1_300_000;

/// The most faults that a page lists.
const FAULTS_MAX: usize = 2000;

/// The longest value of a fault, in characters.
const FAULT_CHARS_MAX: usize = 2000;

/// The data of the page.
#[derive(Serialize)]
pub(super) struct RunPage<'a> {
    /// The version of this format.
    pub(super) format: u32,
    pub(super) workload: &'a str,
    pub(super) problems: String,
    pub(super) replay: &'a str,
    pub(super) other: Option<LinkedRun>,
    /// What is different from the run that this one is the shortest form of.
    pub(super) comparison: Option<Comparison>,
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) result: &'a Results<'a>,
    pub(super) nodes: &'a [String],
    /// The number of workers: a process is that of the worker with its remainder.
    pub(super) concurrency: usize,
    pub(super) faults: Vec<(i64, String, FaultValue)>,
    pub(super) focus: Option<FirstFailure>,
    pub(super) grounds: Vec<Grounds>,
    pub(super) operations: OperationList<'a>,
    pub(super) figures: &'a Figures<'a>,
    pub(super) journal: JournalPart<'a>,
    /// Whether there are files beside the page.
    pub(super) has_files: bool,
}

impl RunPage<'_> {
    /// Renders the page. The title must not contain text from guests.
    pub(super) fn render(&self, title: &str) -> serde_json::Result<String> {
        page(&[&RUN_VIEWS[..], &SCRIPT].concat(), title, self)
    }
}

/// Another run that the page links to, by its size.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LinkedRun {
    /// The shortest run that fails in the same way.
    Shortest(String),
    /// The run that this one is the shortest form of.
    Whole(String),
}

/// The part of the journal that is on the page.
#[derive(Serialize)]
pub(super) struct JournalPart<'a> {
    /// The number of entries before the first one here.
    first: usize,
    /// The number of entries in the whole run.
    count: usize,
    /// The time of the first entry, in virtual nanoseconds.
    from_ns: u64,
    names: &'a [String],
    messages: Vec<ShortMessage<'a>>,
    /// The messages that were in flight before the first entry, by index.
    before: Vec<usize>,
    entries: Vec<TimedEntry<'a>>,
    states: Option<StatesPart<'a>>,
}

/// A message, with its body cut to a length in characters.
struct ShortMessage<'a>(&'a Message, usize);

impl Serialize for ShortMessage<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ShortMessage(message, chars_max) = self;
        let body = excerpt(&message.body, *chars_max);
        (message.id, message.src, message.dest, body).serialize(serializer)
    }
}

impl<'a> JournalPart<'a> {
    /// What was recorded of a journal with `count` entries.
    pub(super) fn of(record: &'a Record, count: usize, size: PageSize) -> Self {
        let messages = record.messages();
        let bodies = messages.iter().map(|message| message.body.as_str());
        let chars_max = fitting(bodies, size.of(BODIES_BYTES_MAX));
        let from_ns = record.entries.first().map_or(0, |entry| entry.at_ns);
        let mut last_ns = from_ns;
        let entries = record.entries.iter().map(|entry| {
            let since_ns = entry.at_ns - std::mem::replace(&mut last_ns, entry.at_ns);
            TimedEntry(since_ns, &entry.kind)
        });
        JournalPart {
            first: record.first(),
            count,
            from_ns,
            names: record.names(),
            messages: messages
                .iter()
                .map(|message| ShortMessage(message, chars_max))
                .collect(),
            before: record.before(),
            entries: entries.collect(),
            states: record.states(),
        }
    }
}

/// The value of a fault: as data if it is short, otherwise as text.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum FaultValue {
    Whole(Value),
    Cut(String),
}

/// The faults of a run: time, `:f` and value of each.
pub(super) fn fault_values(history: &History) -> Vec<(i64, String, FaultValue)> {
    let faults = faults(history).into_iter().take(FAULTS_MAX);
    faults.map(fault_value).collect()
}

/// Time, `:f` and value of a fault.
pub(super) fn fault_value(op: &Op) -> (i64, String, FaultValue) {
    let text = op.value.to_string();
    let value = match text.len() <= FAULT_CHARS_MAX {
        true => FaultValue::Whole(op.value.clone()),
        false => FaultValue::Cut(excerpt(&text, 200).into_owned()),
    };
    (op.time_ns, op.f.to_string(), value)
}
