//! The guest ABI, version 1, as the host and the SDK both use it.
//!
//! `docs/abi.md` specifies it for authors of guests in any language. A guest is
//! a step: one [`Event`] goes in as JSON, any number of [`Effect`]s come out as
//! JSON, one on each line.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::data::{self, JsonError};
use crate::disk::{FileData, FileRef, Rename, Sync, SyncFailure, Truncate, write_bytes};
use crate::fields::Places;
use crate::json::{write_number, write_string};
use crate::message::{Header, Message};
use crate::scan::Scanner;
use crate::words::name;

/// The export whose name carries the ABI version; never called.
pub const MARKER: &str = "maelstrom_abi_v1";
/// What the names of all versions' markers start with.
pub const MARKER_PREFIX: &str = "maelstrom_abi_v";
/// The export that holds the guest's linear memory.
pub const MEMORY: &str = "memory";
/// `alloc(len: i32) -> ptr: i32`: reserves memory for the next input.
pub const ALLOC: &str = "alloc";
/// `handle(ptr: i32, len: i32) -> i64`: takes an event, returns [packed](pack) effects.
pub const HANDLE: &str = "handle";
/// `snapshot() -> i64`, optional: returns the whole state, [packed](pack).
pub const SNAPSHOT: &str = "snapshot";
/// `restore(ptr: i32, len: i32) -> i32`, optional: takes a state; 0 means success.
pub const RESTORE: &str = "restore";
/// `_initialize()`, optional: called once, before anything else.
pub const INITIALIZE: &str = "_initialize";

const NOW_NS: u64 = name("now_ns");
const MESSAGE: u64 = name("message");
const TIMER: u64 = name("timer");
const ID: u64 = name("id");

/// The shortest timer, 1 ms: a smaller `after_ns` is raised to it, so that a guest
/// cannot stop virtual time by setting timers for now.
pub const TIMER_MIN_NS: u64 = 1_000_000;

/// Joins a pointer and a length into the result of `handle`.
#[must_use]
pub fn pack(ptr: u32, len: u32) -> u64 {
    (u64::from(ptr) << 32) | u64::from(len)
}

/// Splits the result of `handle` into pointer and length.
#[must_use]
pub fn unpack(packed: u64) -> (u32, u32) {
    ((packed >> 32) as u32, (packed & 0xffff_ffff) as u32)
}

/// A duration in whole nanoseconds, at most `u64::MAX` (584 years).
#[must_use]
pub const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let nanos = nanos as u64;
        nanos
    }
}

/// What happened: exactly one of `message`, `timer` and `sync_failed` is present.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Event<'a> {
    /// The driver's clock in nanoseconds. It never goes backwards. It counts from the
    /// Unix epoch on a live node, from the start of the run in the simulator.
    pub now_ns: u64,
    /// A message arrived.
    #[serde(borrow, default)]
    pub message: Option<Message<'a>>,
    /// A timer fired.
    #[serde(default)]
    pub timer: Option<TimerRef>,
    /// A sync failed: what was behind it in its step has not happened.
    #[serde(default, deserialize_with = "sync_failure")]
    pub sync_failed: Option<SyncFailure>,
    /// The files of the node's disk, beside the first message: the text of an object with a
    /// [`Content`](crate::disk::Content) for each name. `None` if there are none.
    #[serde(borrow, default, deserialize_with = "raw_text")]
    pub disk: Option<&'a str>,
}

fn raw_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de str>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(|raw| Some(raw.get()))
}

/// Finds the reason of a sync that failed; any but `full` is an error of the disk. Serde's code for it would be in every guest,
/// and takes more than a kilobyte.
fn sync_failure<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SyncFailure>, D::Error> {
    let failed = <&RawValue>::deserialize(deserializer)?.get();
    Ok(Some(
        match failed.as_bytes().windows(6).any(|six| six == b"\"full\"") {
            true => SyncFailure::Full,
            false => SyncFailure::Error,
        },
    ))
}

impl<'a> Event<'a> {
    /// Reads an event that the host has written; the header is that of its message, and `places`
    /// gets the places of the fields of its body.
    ///
    /// # Errors
    /// If `json` is not an event.
    #[inline(always)]
    pub fn read(
        json: &'a str,
        places: &mut Places,
    ) -> Result<(Self, Option<Header<'a>>), JsonError> {
        match Event::scan(json, places) {
            Some(read) => Ok(read),
            None => Event::parse(json, places),
        }
    }

    /// Reads an event that is rare, unusual or invalid: the parser's error says why.
    #[cold]
    #[inline(never)]
    fn parse(json: &'a str, places: &mut Places) -> Result<(Self, Option<Header<'a>>), JsonError> {
        places.clear();
        let event: Event<'a> = data::from_str(json)?;
        let body = event.message.as_ref().map(|message| message.body);
        let header = body.map(data::from_str).transpose()?;
        Ok((event, header))
    }

    /// Reads an event just as [`encode_message`] and [`encode_timer`] write it.
    // In one function with what it calls and with its caller: what it returns would be copied three times.
    #[inline(always)]
    fn scan(json: &'a str, places: &mut Places) -> Option<(Self, Option<Header<'a>>)> {
        places.clear();
        let mut scanner = Scanner::new(json);
        scanner.open()?;
        if scanner.find_key()?.word != NOW_NS {
            return None;
        }
        let mut event = Event {
            now_ns: scanner.number()?,
            message: None,
            timer: None,
            sync_failed: None,
            disk: None,
        };
        let mut header = None;
        match scanner.find_key()?.word {
            MESSAGE => {
                let found = Message::scan(&mut scanner, places)?;
                (event.message, header) = (Some(found.0), Some(found.1));
            }
            TIMER => {
                scanner.open()?;
                if scanner.find_key()?.word != ID {
                    return None;
                }
                let id = scanner.number()?;
                scanner.end()?;
                event.timer = Some(TimerRef { id });
            }
            _ => return None,
        }
        scanner.end()?;
        scanner.is_at_end().then_some((event, header))
    }
}

/// Refers to a timer. The guest chooses the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRef {
    /// The id that the guest gave in `set_timer`.
    pub id: u64,
}

/// Writes the event of a message that arrived to `event`, which is cleared first.
/// `message` is the message as JSON text; it is copied without parsing.
pub fn encode_message(event: &mut Vec<u8>, now_ns: u64, message: &str) {
    begin_event(event, now_ns, b",\"message\":");
    event.extend_from_slice(message.as_bytes());
    event.push(b'}');
}

/// Writes the event of a timer that fired to `event`, which is cleared first.
pub fn encode_timer(event: &mut Vec<u8>, now_ns: u64, id: u64) {
    begin_event(event, now_ns, b",\"timer\":{\"id\":");
    write_number(event, id);
    event.extend_from_slice(b"}}");
}

/// Writes the first event, with `message` and all files of the node's disk, to `event`, which is
/// cleared first. If there are no files, it is an event like any other.
pub fn encode_first(
    event: &mut Vec<u8>,
    now_ns: u64,
    message: &str,
    files: impl Iterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
) {
    encode_message(event, now_ns, message);
    let mut before: &[u8] = b",\"disk\":{";
    for (name, bytes) in files {
        // The brace that closes the event, or the member.
        event.pop();
        event.extend_from_slice(before);
        write_string(event, name.as_ref());
        event.extend_from_slice(b":{");
        write_bytes(event, bytes.as_ref());
        event.extend_from_slice(b"}}");
        before = b",";
    }
    if before == b"," {
        event.push(b'}');
    }
}

/// Writes the event of a sync that failed to `event`, which is cleared first.
pub fn encode_sync_failed(event: &mut Vec<u8>, now_ns: u64, reason: SyncFailure) {
    begin_event(event, now_ns, b",\"sync_failed\":{\"reason\":\"");
    event.extend_from_slice(<&str>::from(reason).as_bytes());
    event.extend_from_slice(b"\"}}");
}

fn begin_event(event: &mut Vec<u8>, now_ns: u64, key: &[u8]) {
    event.clear();
    event.extend_from_slice(b"{\"now_ns\":");
    write_number(event, now_ns);
    event.extend_from_slice(key);
}

/// A request of the guest to its driver.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect<'a> {
    /// Send a message. Its `src` must be the node itself.
    #[serde(borrow)]
    Send(Message<'a>),
    /// Set a timer: an event with its id follows later. An outstanding timer with the
    /// same id is replaced.
    SetTimer(SetTimer),
    /// Cancel an outstanding timer. An unknown id has no effect.
    CancelTimer(TimerRef),
    /// Write a line to the node's log.
    #[serde(borrow)]
    Log(Log<'a>),
    /// Write bytes to a file of the node's disk, at an offset.
    #[serde(borrow)]
    Write(FileData<'a>),
    /// Write bytes to the end of a file.
    #[serde(borrow)]
    Append(FileData<'a>),
    /// Replace a file.
    #[serde(borrow)]
    Put(FileData<'a>),
    /// Set the length of a file.
    #[serde(borrow)]
    Truncate(Truncate<'a>),
    /// Rename a file.
    #[serde(borrow)]
    Rename(Rename<'a>),
    /// Remove a file.
    #[serde(borrow)]
    Remove(FileRef<'a>),
    /// Wait until all changes to the disk are durable: what comes behind it happens then.
    Sync(Sync),
}

impl<'a> Effect<'a> {
    /// Reads an effect that a guest has written; the header is that of its message, if it was
    /// found on the way.
    ///
    /// # Errors
    /// If `line` is not an effect. An effect whose value is an array of its fields is one for serde.
    pub fn read(line: &'a [u8]) -> Result<(Self, Option<Header<'a>>), serde_json::Error> {
        if let Some((message, header)) = Effect::send(line) {
            return Ok((Effect::Send(message), Some(header)));
        }
        // A timer or a log, or unusual, or invalid: the parser's error says why.
        Ok((serde_json::from_slice(line)?, None))
    }

    /// Reads a `send` in the usual form.
    fn send(line: &'a [u8]) -> Option<(Message<'a>, Header<'a>)> {
        let line = line.strip_prefix(b"{\"send\":")?.strip_suffix(b"}")?;
        Message::check(str::from_utf8(line).ok()?)
    }
}

/// A timer to set: the value of [`Effect::SetTimer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTimer {
    /// The id, chosen by the guest; the event repeats it.
    pub id: u64,
    /// The delay from the event's `now_ns`, in nanoseconds; at least [`TIMER_MIN_NS`].
    pub after_ns: u64,
}

/// A log line: the value of [`Effect::Log`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log<'a> {
    /// The severity; `info` if it is missing.
    #[serde(default)]
    pub level: Level,
    /// The text of the line.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
}

/// The severity of a log line.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Level {
    /// Every step of an algorithm.
    Trace,
    /// Details that help to find a bug.
    Debug,
    /// A normal event that is worth a line.
    #[default]
    Info,
    /// Something unexpected that the node has handled.
    Warn,
    /// A failure.
    Error,
}

impl Level {
    /// The level's lower-case name, as in the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_the_page_says() {
        let mut event = Vec::new();
        encode_message(&mut event, 7, r#"{"src":"c1"}"#);
        assert_eq!(
            String::from_utf8(event.clone()).unwrap(),
            r#"{"now_ns":7,"message":{"src":"c1"}}"#
        );
        encode_timer(&mut event, 8, 3);
        assert_eq!(
            String::from_utf8(event.clone()).unwrap(),
            r#"{"now_ns":8,"timer":{"id":3}}"#
        );
        encode_sync_failed(&mut event, 9, SyncFailure::Full);
        assert_eq!(
            String::from_utf8(event).unwrap(),
            r#"{"now_ns":9,"sync_failed":{"reason":"full"}}"#
        );
    }

    #[test]
    fn the_first_event_has_all_files_if_there_are_any() {
        let mut event = Vec::new();
        let mut written = |files: &[(&str, &[u8])]| {
            encode_first(&mut event, 7, r#"{"src":"c1"}"#, files.iter().copied());
            String::from_utf8(event.clone()).unwrap()
        };
        let (none, one): (_, &[u8]) = (r#"{"now_ns":7,"message":{"src":"c1"}"#, b"\"");
        assert_eq!(written(&[]), format!("{none}}}"));
        assert_eq!(
            written(&[("a\"", one)]),
            format!(r#"{none},"disk":{{"a\"":{{"text":"\""}}}}}}"#)
        );
        assert_eq!(
            written(&[("a", one), ("b", b"\xff")]),
            format!(r#"{none},"disk":{{"a":{{"text":"\""}},"b":{{"base64":"/w=="}}}}}}"#)
        );
    }

    #[test]
    fn the_files_of_the_first_event_stay_text() {
        let message = r#"{"src":"c1","dest":"n1","body":{"type":"init"}}"#;
        let files = [("a", "}"), ("b", "\"")];
        let mut event = Vec::new();
        encode_first(&mut event, 7, message, files.into_iter());
        let event = str::from_utf8(&event).unwrap();
        let (read, header) = Event::read(event, &mut Places::new()).unwrap();
        let expected = Event {
            now_ns: 7,
            message: serde_json::from_str(message).unwrap(),
            timer: None,
            sync_failed: None,
            disk: Some(r#"{"a":{"text":"}"},"b":{"text":"\""}}"#),
        };
        assert_eq!(header, expected.message.as_ref().unwrap().header().ok());
        assert_eq!(read, expected);
    }

    #[test]
    fn a_failed_sync_has_a_reason() {
        let reason = |json: &str| {
            let json = format!(r#"{{"now_ns":7,"sync_failed":{json}}}"#);
            let (event, _) = Event::read(&json, &mut Places::new()).unwrap();
            event.sync_failed
        };
        assert_eq!(reason(r#"{"reason":"full"}"#), Some(SyncFailure::Full));
        assert_eq!(reason(r#"{ "reason" : "full" }"#), Some(SyncFailure::Full));
        assert_eq!(reason(r#"{"reason":"error"}"#), Some(SyncFailure::Error));
        assert_eq!(reason(r#"{"reason":"other"}"#), Some(SyncFailure::Error));
    }

    #[test]
    fn pointers_and_lengths_survive_packing() {
        for (ptr, len) in [(0, 0), (1, 2), (u32::MAX, u32::MAX), (0x8000_0000, 7)] {
            assert_eq!(unpack(pack(ptr, len)), (ptr, len));
        }
    }

    #[test]
    fn the_usual_message_is_read_by_scanning_alone() {
        let mut event = Vec::new();
        let message = r#"{"id":1,"src":"c1","dest":"n1","body":{"type":"x","msg_id":1,"a":[2]}}"#;
        encode_message(&mut event, 1_700_000_000_000_000_000, message);
        let event = str::from_utf8(&event).unwrap();
        let mut places = Places::new();
        assert!(Event::scan(event, &mut places).is_some());
        let expected = [("type", "\"x\""), ("msg_id", "1"), ("a", "[2]")];
        assert_eq!(
            places.fields(event).all().unwrap().collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn scanning_for_the_event_agrees_with_parsing_it() {
        for json in [
            r#"{"now_ns":7,"timer":{"id":3,"x":1}}"#,
            r#"{"now_ns":7,"timer":{"id":-3}}"#,
            r#"{"now_ns":7,"timer":{"id":18446744073709551615}}"#,
            r#"{"now_ns":7,"timer":{"id":3},"message":null}"#,
            r#"{"now_ns":7}"#,
            r#"{"now_ns":7,"message":{"src":"c1","dest":"n1","body":{"type":"x","a":[{}]}}}"#,
            r#"{"now_ns":7,"message":{"id":1,"dest":"n1","body":{},"src":"c\"1"}}"#,
            r#"{"now_ns":7,"message":{"\u0073rc":"c1","dest":"n1","body":{}}}"#,
            r#"{"message":{"src":"c1","dest":"n1","body":{"type":"x"}},"now_ns":7}"#,
            r#"{"now_ns":7,"timer":{"id":3}}"#,
            r#"{"now_ns":7,"message":{"src":"c1","body":{}}}"#,
        ] {
            let parsed: Option<Event<'_>> = serde_json::from_str(json).ok();
            let header = parsed
                .as_ref()
                .and_then(|event| event.message.as_ref()?.header().ok());
            let expected = parsed.filter(|event| event.message.is_none() || header.is_some());
            let read = Event::read(json, &mut Places::new()).ok();
            assert_eq!(read, expected.map(|event| (event, header)), "{json}");
        }
    }
}
