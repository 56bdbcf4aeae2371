//! A line for each event and each operation, in the order in which they happened.

use std::collections::{BTreeMap, VecDeque};

use super::events::{Event, Happened};
use host_check::history::{History, Kind, Op};

/// A line of the trace.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) at_ns: u64,
    pub(super) text: String,
    pub(super) subject: Subject,
    /// What became of a message.
    pub(super) fate: Option<LineFate>,
    /// Whether a message was lost, and its sender sent its receiver nothing after that.
    pub(super) is_last: bool,
    /// Lines of the same link, or of the same node's log, may be repeats.
    pub(super) link: Option<String>,
    /// Whether a marked operation can depend on it.
    pub(super) is_cause: bool,
    /// Whether it is always shown.
    pub(super) is_kept: bool,
    /// Whether what comes just before it matters.
    pub(super) is_anchor: bool,
    /// How many lines it stands for, and the time of the last.
    pub(super) times: usize,
    pub(super) until_ns: u64,
}

/// What became of a message, as its line says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LineFate {
    AtOnce,
    /// At this time.
    Later(u64),
    /// For this reason: `the link is cut`.
    Lost(String),
    /// Still on its way at the end.
    Open,
    /// A copy each.
    Several(String),
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// An entry of the history, and its invocation if it is a completion.
    Operation {
        at: usize,
        invoked: Option<usize>,
    },
    /// A message between servers.
    Message {
        id: u64,
    },
    Fault,
    /// A log of a node.
    Log,
}

impl Line {
    pub(super) fn new(at_ns: u64, text: String, subject: Subject) -> Self {
        Line {
            at_ns,
            text,
            subject,
            fate: None,
            is_last: false,
            link: None,
            is_cause: false,
            is_kept: false,
            is_anchor: false,
            times: 1,
            until_ns: at_ns,
        }
    }
}

/// The messages with which operations began and ended, by the positions of the latter.
pub(super) type Asked = BTreeMap<usize, u64>;

/// Events and operations as lines.
pub(super) fn merged(
    events: VecDeque<Event>,
    history: Option<&History>,
    in_words: &impl Fn(&Op) -> String,
) -> (Vec<Line>, Asked) {
    let ops = history.map(History::ops).unwrap_or_default();
    let partner = |at: usize| history.and_then(|history| history.pairs().partner(at));
    let client = ops.iter().enumerate().filter(|(_, op)| op.is_client());
    let mut ops: VecDeque<(usize, &Op)> = client.collect();
    let mut lines = Vec::new();
    let mut asked = Asked::new();
    let time_of = |op: &Op| u64::try_from(op.time_ns).unwrap_or(0);
    let line_of = |(at, op): (usize, &Op)| {
        let invoked = partner(at).filter(|_| op.kind != Kind::Invoke);
        let completed = partner(at).filter(|_| op.kind == Kind::Invoke);
        // An invocation belongs to what its completion is about.
        let subject = Subject::Operation {
            at,
            invoked: invoked.or(completed),
        };
        Line::new(time_of(op), in_words(op), subject)
    };
    for Event { at_ns, what } in events {
        while let Some(op) = ops.pop_front_if(|(_, op)| time_of(op) < at_ns) {
            lines.push(line_of(op));
        }
        match what {
            Happened::Fault(text) => lines.push(Line::new(at_ns, text, Subject::Fault)),
            Happened::Log { node, text } => lines.push(Line {
                link: Some(node),
                ..Line::new(at_ns, text, Subject::Log)
            }),
            Happened::Message { id, link, text } => lines.push(Line {
                link: Some(link),
                ..Line::new(at_ns, text, Subject::Message { id })
            }),
            Happened::Asked(id) | Happened::Answered(id) => {
                let is_asked = matches!(what, Happened::Asked(_));
                let is_next = |(_, op): &mut (usize, &Op)| {
                    (op.kind == Kind::Invoke) == is_asked && time_of(op) == at_ns
                };
                if let Some((at, op)) = ops.pop_front_if(is_next) {
                    asked.insert(at, id);
                    lines.push(line_of((at, op)));
                }
            }
        }
    }
    lines.extend(ops.into_iter().map(line_of));
    (lines, asked)
}
