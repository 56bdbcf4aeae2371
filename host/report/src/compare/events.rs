//! The first event that differs in two journals.
//!
//! Journals are read side by side, so that their size does not matter. Two events are alike if they
//! are at the same time, of the same kind and between the same participants, and if their bodies say the
//! same. Numbers of messages do not count: one message more would make all later events differ. The start of
//! nodes does not count either, since it names all nodes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::error::CompareError;
use host_protocol::text::excerpt;
use host_sim::seconds;

/// The longest body, in characters.
const BODY_CHARS_MAX: usize = 160;

/// The longest line of a journal, in bytes. A line that is cut is no event.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// The first event in each run that is not as in the other; `None` where a journal ended.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Differs {
    pub(super) a: Option<Shown>,
    pub(super) b: Option<Shown>,
}

/// An event as it is shown.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Shown {
    /// Its position among all events of the run, from 0: the page has it as `#event-N`.
    pub(super) position: usize,
    /// When and what.
    pub(super) words: String,
}

/// A line of a journal.
#[derive(Debug, Deserialize)]
struct Line {
    at_ns: u64,
    event: String,
    #[serde(default)]
    id: u64,
    #[serde(default)]
    src: String,
    #[serde(default)]
    dest: String,
    #[serde(default)]
    body: Map<String, Json>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    node: String,
    #[serde(default)]
    f: String,
    #[serde(default)]
    value: Json,
    #[serde(default)]
    level: String,
    #[serde(default)]
    text: String,
}

/// An event, as it is compared.
#[derive(Debug, PartialEq)]
struct Event {
    at_ns: u64,
    words: String,
}

/// Reads the events of a journal.
struct Events {
    path: PathBuf,
    lines: BufReader<File>,
    /// The number of lines read so far.
    read: usize,
    /// The bodies of messages that may still arrive, by their numbers.
    flying: BTreeMap<u64, Map<String, Json>>,
}

/// The number of events that are alike before the first that is not, and that one.
pub(super) fn first_difference(
    a: &Path,
    b: &Path,
) -> Result<(usize, Option<Differs>), CompareError> {
    let (mut a, mut b) = (Events::of(a)?, Events::of(b)?);
    let mut alike = 0;
    loop {
        match (a.next()?, b.next()?) {
            (None, None) => return Ok((alike, None)),
            (Some((_, one)), Some((_, other))) if one == other => alike += 1,
            (one, other) => {
                let shown = |found: Option<(usize, Event)>| {
                    let (position, Event { at_ns, words }) = found?;
                    let words = format!("{} s: {words}", seconds(at_ns));
                    Some(Shown { position, words })
                };
                let differs = Differs {
                    a: shown(one),
                    b: shown(other),
                };
                return Ok((alike, Some(differs)));
            }
        }
    }
}

impl Events {
    fn of(path: &Path) -> Result<Self, CompareError> {
        match File::open(path) {
            Ok(file) => Ok(Events {
                path: path.to_owned(),
                lines: BufReader::new(file),
                read: 0,
                flying: BTreeMap::new(),
            }),
            Err(error) => Err(CompareError::Read {
                path: path.to_owned(),
                error,
            }),
        }
    }

    /// The next event that counts, and its position.
    fn next(&mut self) -> Result<Option<(usize, Event)>, CompareError> {
        let mut text = Vec::new();
        loop {
            text.clear();
            let mut line = (&mut self.lines).take(LINE_BYTES_MAX);
            let read = line.read_until(b'\n', &mut text);
            let bytes = read.map_err(|error| CompareError::Read {
                path: self.path.clone(),
                error,
            })?;
            if bytes == 0 {
                return Ok(None);
            }
            self.read += 1;
            let line = serde_json::from_slice(&text).map_err(|_| CompareError::NoEvent {
                path: self.path.clone(),
                line: self.read,
            })?;
            if let Some(event) = self.event(line) {
                return Ok(Some((self.read - 1, event)));
            }
        }
    }

    /// A line as an event, unless it is about the start of a node.
    fn event(&mut self, mut line: Line) -> Option<Event> {
        let body = match &*line.event {
            "send" => {
                let body = std::mem::take(&mut line.body);
                self.flying.insert(line.id, body.clone());
                body
            }
            // A message that was doubled has its body the first time only.
            "recv" | "drop" => self.flying.remove(&line.id).unwrap_or_default(),
            _ => Map::new(),
        };
        let kind = body.get("type").and_then(Json::as_str).unwrap_or_default();
        if matches!(kind, "init" | "init_ok" | "topology" | "topology_ok") {
            return None;
        }
        let words = in_words(&line, body);
        Some(Event {
            at_ns: line.at_ns,
            words,
        })
    }
}

/// An event in words, as a page says it, with the body of its message.
fn in_words(line: &Line, mut body: Map<String, Json>) -> String {
    let Line { src, dest, .. } = line;
    let kind = match body.remove("type") {
        Some(Json::String(kind)) => kind,
        _ => "a message".to_owned(),
    };
    body.remove("msg_id");
    body.remove("in_reply_to");
    let body = match body.is_empty() {
        true => String::new(),
        false => {
            let text = Json::Object(body).to_string();
            format!(" {}", excerpt(&text, BODY_CHARS_MAX))
        }
    };
    match &*line.event {
        "send" => format!("{src} sends {kind} to {dest}{body}"),
        "recv" => format!("{dest} receives {kind} from {src}{body}"),
        "drop" => format!("{kind} from {src} to {dest} is lost: {}{body}", line.why),
        "timer" => format!("timer {} of {} fires", line.id, line.node),
        "fault" => {
            let value = line.value.to_string();
            format!("fault: {} {}", line.f, excerpt(&value, BODY_CHARS_MAX))
        }
        _ => {
            let text = excerpt(&line.text, BODY_CHARS_MAX);
            format!("{} logs ({}): {text}", line.node, line.level)
        }
    }
}
