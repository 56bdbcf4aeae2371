//! What is kept of a run, besides its operations.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::CHARS_MAX;
use super::faults::Faults;
use crate::heavy::is_node;
use host_protocol::abi::Level;
use host_protocol::text::{excerpt, printable};
use host_sim::journal::{DropReason, Entry, EntryKind, MessageEntry, Observer};

/// Maximum number of events that are kept of a run.
const EVENTS_MAX: usize = 100_000;

/// The events of a part of a run.
pub(super) struct Events {
    pub(super) list: VecDeque<Event>,
    /// All messages of that part, by their ids, also those of clients.
    pub(super) messages: BTreeMap<u64, Sent>,
    part: Part,
    /// Counts what happens, so that it is in order.
    order: u64,
    /// When the first event was left out.
    missed_ns: Option<u64>,
    faults: Faults,
}

/// Which part of a run to keep if it has too many events.
#[derive(Clone, Copy)]
enum Part {
    Beginning,
    /// The last events up to this time.
    UpTo(u64),
}

pub(super) struct Event {
    pub(super) at_ns: u64,
    pub(super) what: Happened,
}

pub(super) enum Happened {
    /// A client asks, with this message.
    Asked(u64),
    /// A client is answered, with this message.
    Answered(u64),
    /// A fault starts or ends.
    Fault(String),
    /// A node logs.
    Log { node: String, text: String },
    /// A server sends a server this message, over this link.
    Message { id: u64, link: String, text: String },
}

/// A message and what became of it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) src: String,
    pub(super) dest: String,
    pub(super) sent_ns: u64,
    /// The place of its sending among all that happens.
    pub(super) order: u64,
    pub(super) fates: Vec<Fate>,
}

/// What became of a message, or of a copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was received at a time, and at a place among all that happens.
    Received { at_ns: u64, order: u64 },
    /// It was lost, for this reason.
    Lost(DropReason),
}

impl Events {
    /// To keep the first events of a run.
    pub(super) fn of_the_beginning() -> Self {
        Events {
            list: VecDeque::new(),
            messages: BTreeMap::new(),
            part: Part::Beginning,
            order: 0,
            missed_ns: None,
            faults: Faults::default(),
        }
    }

    /// To keep the last events up to a time.
    pub(super) fn up_to(until_ns: u64) -> Self {
        Events {
            part: Part::UpTo(until_ns),
            ..Events::of_the_beginning()
        }
    }

    /// Whether events up to a time were left out.
    pub(super) fn has_missed(&self, until_ns: u64) -> bool {
        self.missed_ns
            .is_some_and(|missed_ns| missed_ns <= until_ns)
    }

    /// Whether nothing that happened is left out.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.part, Part::Beginning) && self.missed_ns.is_none()
    }

    fn push(&mut self, at_ns: u64, what: Happened) {
        self.list.push_back(Event { at_ns, what });
        if self.list.len() <= EVENTS_MAX {
            return;
        }
        let dropped = match self.part {
            Part::Beginning => self.list.pop_back(),
            Part::UpTo(_) => self.list.pop_front(),
        };
        self.missed_ns = self.missed_ns.or(Some(at_ns));
        let happened = dropped.map(|event| event.what);
        if let Some(Happened::Message { id, .. } | Happened::Answered(id)) = happened {
            self.messages.remove(&id);
        }
    }

    fn send(&mut self, message: MessageEntry<'_>, at_ns: u64) {
        let sent = Sent {
            src: message.src.to_owned(),
            dest: message.dest.to_owned(),
            sent_ns: at_ns,
            order: self.order,
            fates: Vec::new(),
        };
        self.messages.insert(message.id, sent);
    }

    fn fate(&mut self, message: MessageEntry<'_>, fate: Fate) {
        if let Some(sent) = self.messages.get_mut(&message.id) {
            sent.fates.push(fate);
        }
    }
}

impl Observer for Events {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let at_ns = entry.at_ns;
        if matches!(self.part, Part::UpTo(until_ns) if at_ns > until_ns) {
            return Ok(());
        }
        self.order += 1;
        let what = match entry.kind {
            EntryKind::Send(sent) if sent.src.starts_with('c') => {
                if prepares(sent.body) {
                    return Ok(());
                }
                self.send(sent, at_ns);
                Happened::Asked(sent.id)
            }
            EntryKind::Send(sent) => {
                self.send(sent, at_ns);
                if sent.dest.starts_with('c') {
                    return Ok(());
                }
                Happened::Message {
                    id: sent.id,
                    link: format!("{} {}", sent.src, sent.dest),
                    text: message_in_words(sent.src, sent.dest, sent.body),
                }
            }
            EntryKind::Recv(received) => {
                let order = self.order;
                self.fate(received, Fate::Received { at_ns, order });
                if !received.dest.starts_with('c') {
                    return Ok(());
                }
                Happened::Answered(received.id)
            }
            EntryKind::Drop(letter, why) => {
                self.fate(letter, Fate::Lost(why));
                return Ok(());
            }
            // What it has the node do follows.
            EntryKind::Timer { .. } => return Ok(()),
            EntryKind::Fault { f, value } => match self.faults.told(f, value) {
                Some(text) => Happened::Fault(text),
                None => return Ok(()),
            },
            EntryKind::Disk { node, what } => {
                let text = format!("{node} {what}");
                let text = excerpt(&printable(&text), CHARS_MAX).into_owned();
                match what.is_harm() {
                    true => Happened::Fault(text),
                    false => Happened::Log {
                        node: node.to_owned(),
                        text,
                    },
                }
            }
            EntryKind::Log { node, level, text } => {
                let text = excerpt(text, CHARS_MAX);
                Happened::Log {
                    node: node.to_owned(),
                    text: format!("{node} logs{}: {text}", level_in_words(level)),
                }
            }
        };
        self.push(at_ns, what);
        Ok(())
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

fn level_in_words(level: Level) -> &'static str {
    match level {
        Level::Warn => " a warning",
        Level::Error => " an error",
        _ => "",
    }
}

/// A message of `src` to `dest` in words: `n0 tells n1: gossip {"message":0}`, without the fields that only
/// number messages.
#[must_use]
pub fn message_in_words(src: &str, dest: &str, body: &str) -> String {
    let mut fields: Map<String, Json> = serde_json::from_str(body).unwrap_or_default();
    let kind = fields.remove("type").unwrap_or_default();
    fields.remove("msg_id");
    // Many a library writes null in a request.
    let is_answer = fields.remove("in_reply_to").is_some_and(|id| !id.is_null());
    let verb = match is_answer {
        true => "answers",
        false if is_node(dest) => "tells",
        false => "asks",
    };
    let kind = kind.as_str().unwrap_or_default();
    let rest = match fields.is_empty() {
        true => String::new(),
        false => format!(" {}", Json::Object(fields)),
    };
    excerpt(&format!("{src} {verb} {dest}: {kind}{rest}"), CHARS_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, src: &'static str, dest: &'static str, body: &'static str) -> Entry<'static> {
        let message = MessageEntry {
            id,
            src,
            dest,
            body,
        };
        Entry {
            at_ns: id,
            kind: EntryKind::Send(message),
        }
    }

    #[test]
    fn a_message_is_its_type_and_what_it_carries() {
        let text = |body| message_in_words("n0", "lin-kv", body);
        let read = r#"{"type":"read","key":"x","msg_id":3}"#;
        assert_eq!(text(read), r#"n0 asks lin-kv: read {"key":"x"}"#);
        let ok = r#"{"type":"write_ok","in_reply_to":3}"#;
        assert_eq!(text(ok), "n0 answers lin-kv: write_ok");
    }

    #[test]
    fn a_request_whose_answer_to_is_null_is_no_answer() {
        let words = |in_reply_to| {
            let body = format!(r#"{{"type":"read","key":1,"in_reply_to":{in_reply_to}}}"#);
            message_in_words("n1", "lin-kv", &body)
        };
        assert_eq!(words("null"), r#"n1 asks lin-kv: read {"key":1}"#);
        assert_eq!(words("0"), r#"n1 answers lin-kv: read {"key":1}"#);
    }

    #[test]
    fn of_many_events_the_first_or_the_last_up_to_a_time_are_kept() {
        let count = EVENTS_MAX as u64 + 10;
        let note_all = |mut events: Events| {
            for id in 0..count {
                let entry = entry(id, "n0", "n1", r#"{"type":"gossip"}"#);
                events.note(&entry).unwrap();
            }
            let times = [events.list.front(), events.list.back()];
            let times = times.map(|event| event.unwrap().at_ns);
            (times, events.messages.len(), events)
        };
        let (times, messages, first) = note_all(Events::of_the_beginning());
        assert_eq!((times, messages), ([0, EVENTS_MAX as u64 - 1], EVENTS_MAX));
        assert!(first.has_missed(EVENTS_MAX as u64) && !first.has_missed(100));
        let (times, messages, _) = note_all(Events::up_to(count - 5));
        assert_eq!((times, messages), ([6, count - 5], EVENTS_MAX));
    }
}
