//! The trace of a run in words: its operations, messages between nodes, faults and logs, a line each.
//!
//! It leaves out the start of nodes, and the messages between clients and nodes: an operation
//! has a line when it begins and one when it ends. The line of a message says whether and when
//! the message arrives. The operations that the anomaly rests on are marked, and the last of them is
//! the last line.
//!
//! A page has [`LINES_MAX`] lines. What repeats is folded into one line first. If that is not
//! enough, the marked lines stay, and before them what they depend on: messages and operations
//! whose effect can have reached them, the closest first.
//!
//! | files | job |
//! |---|---|
//! | `events` | what is kept of a run |
//! | `lines` | a line for each event and operation, in order |
//! | `operations` `faults` | what they are in words |
//! | `causes` | which of them a marked operation can depend on |
//! | `fold` | repeats in one line |
//! | `page` | which lines are shown |

mod causes;
mod events;
mod faults;
mod fold;
mod lines;
mod operations;
mod page;

use super::play::Schedule;
use host_check::anomalies::AnomalyName;
use host_check::evidence::{Absent, Evidence};
use host_check::history::{History, Op, Process};
use host_check::workload::Workload;
use host_guest::Start;

use events::Events;
pub use events::message_in_words;
use lines::{Line, Subject};
pub use operations::{operation_in_words, request_in_words};

/// The most lines of a trace.
const LINES_MAX: usize = 60;

/// Maximum number of characters of a body, a value or a log.
const CHARS_MAX: usize = 100;

/// The operations to look at, by their positions in the history.
#[derive(Debug, Default)]
struct Marks {
    anomaly: String,
    shown_by: Option<usize>,
    against: Vec<usize>,
    /// The kind of operation that never succeeded.
    never: Option<String>,
}

/// Plays a schedule, with these programs as [`Trial`](crate::Trial) has them, and returns its
/// trace, in which the operations that show the `anomaly` are marked.
#[must_use]
pub fn trace(
    schedule: &Schedule,
    module: &dyn Start,
    next_module: Option<&dyn Start>,
    anomaly: &AnomalyName,
) -> Vec<String> {
    let mut events = Events::of_the_beginning();
    let report = schedule.play(module, next_module, vec![&mut events]);
    let found = report.evidence(&schedule.scenario.checks);
    let found = found.into_iter().find(|it| it.name == *anomaly);
    let marks = found.map(|found| Marks::of(anomaly, found.evidence));
    let marks = marks.unwrap_or_default();
    let history = report.history.as_ref();
    let ops = history.map(History::ops).unwrap_or_default();
    let until_ns = match marks.shown_by {
        Some(at) => u64::try_from(ops[at].time_ns).unwrap_or(0),
        None => report.end_ns,
    };
    if events.has_missed(until_ns) {
        events = Events::up_to(until_ns);
        let _ = schedule.play(module, next_module, vec![&mut events]);
    }
    let workers = schedule.scenario.options.concurrency;
    let cluster = schedule.scenario.options.cluster;
    let node = |process: i64| cluster.node_name(cluster.node_of(process, workers));
    let has_keys = schedule.scenario.workload == Workload::LinKv;
    let in_words = |op: &Op| match op.process {
        Process::Client(process) => operation_in_words(op, process, &node(process), has_keys),
        Process::Nemesis => String::new(), // events tell what it does
    };
    let whole_ns = events.is_whole().then_some(report.end_ns);
    let (mut lines, asked) = lines::merged(events.list, history, &in_words);
    let messages = &events.messages;
    causes::note(&mut lines, &asked, messages, &marks, history, whole_ns);
    for line in &mut lines {
        mark(line, &marks, ops);
    }
    // What comes later can be no cause of it.
    let decisive = lines.iter().rposition(|line| line.is_kept);
    lines.truncate(decisive.map_or(lines.len(), |decisive| decisive + 1));
    page::page(&fold::fold(lines))
}

impl Marks {
    fn of(anomaly: &AnomalyName, evidence: Evidence) -> Self {
        let anomaly = anomaly.to_string();
        match evidence {
            Evidence::Operations(contradiction) => Marks {
                anomaly,
                shown_by: Some(contradiction.shown_by),
                against: contradiction.against,
                never: None,
            },
            Evidence::Absence(Absent::Successes(f)) => Marks {
                anomaly,
                never: Some(f),
                ..Marks::default()
            },
            Evidence::Absence(Absent::Availability) | Evidence::History => Marks {
                anomaly,
                ..Marks::default()
            },
        }
    }
}

/// Marks a line if it is of an operation that the evidence names.
fn mark(line: &mut Line, marks: &Marks, ops: &[Op]) {
    let Subject::Operation { at, invoked } = line.subject else {
        return;
    };
    let names = |position: usize| position == at || Some(position) == invoked;
    let mut named = marks.shown_by.iter().chain(&marks.against);
    line.is_kept = named.any(|it| names(*it));
    let is_attempt = marks
        .never
        .as_ref()
        .is_some_and(|f| ops[at].f == f.as_str());
    line.is_anchor = line.is_kept || is_attempt;
    if marks.shown_by == Some(at) {
        line.text += &format!("  <-- shows {}", marks.anomaly);
    } else if let (Some(shown_by), true) = (marks.shown_by, marks.against.contains(&at)) {
        line.text += &format!("  <-- contradicts op {}", ops[shown_by].index);
    }
}
