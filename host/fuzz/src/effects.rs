//! The effects of a step: all or none are decoded, and decoded effects can be written again.

use std::collections::BTreeSet;

use host_guest::effects::decode;
use host_guest::{Effect, ErrorKind, check_timers};
use host_protocol::disk::{Change, write_bytes};
use host_protocol::line_kind::{LineKind, classify};
use host_protocol::message::write_string;
use host_protocol::timers::Timers;

/// The node that sends the effects, and how many a step may have.
const NODE: &str = "n1";
const EFFECTS_MAX: usize = 16;

/// Fuzzes the decoder of effects with `output`, the result of `handle`.
///
/// # Panics
/// If lines are skipped or a valid one is refused; if an effect changes when it is written and
/// decoded again; if a message that may be sent could not be received; or if timers are counted
/// wrongly.
pub fn effects(output: &[u8]) {
    let lines = || output.split(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = lines().filter(|line| !line.is_empty()).collect();
    match decode(output, NODE, EFFECTS_MAX) {
        Ok(effects) => {
            assert_eq!(effects.len(), lines.len());
            assert_round_trip(&effects);
            (1..4).for_each(|limit| assert_timers(&effects, limit));
        }
        Err(ErrorKind::Effects { limit }) => {
            assert_eq!(limit, EFFECTS_MAX);
            assert!(lines.len() > limit);
            assert!(decode(&lines[..limit].join(&b'\n'), NODE, limit).is_ok());
        }
        Err(ErrorKind::BadEffect { number, .. }) => {
            let (good, bad) = lines.split_at(number - 1);
            assert!(decode(&good.join(&b'\n'), NODE, EFFECTS_MAX).is_ok());
            assert!(decode(bad[0], NODE, EFFECTS_MAX).is_err());
        }
        Err(error) => panic!("not an error of decoding: {error}"),
    }
}

fn assert_round_trip(effects: &[Effect<'_>]) {
    let mut written = Vec::new();
    for effect in effects {
        write(effect, &mut written);
    }
    let again = decode(&written, NODE, EFFECTS_MAX);
    let again = again.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.len(), effects.len());
    for (before, after) in effects.iter().zip(&again) {
        match (before, after) {
            (Effect::Send(before), Effect::Send(after)) => {
                // A carriage return becomes a space in a line.
                assert_eq!(before.message.body.replace('\r', " "), after.message.body);
                assert_eq!(before.message.dest, after.message.dest);
                assert_eq!(before.header, after.header);
            }
            (before, after) => assert_eq!(before, after),
        }
    }
}

/// Appends `effect` as a line of the ABI.
fn write(effect: &Effect<'_>, out: &mut Vec<u8>) {
    match effect {
        Effect::Send(send) => {
            let mut line = Vec::new();
            send.write_line(&mut line);
            assert_eq!(line.pop(), Some(b'\n'));
            assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')));
            let kind = send.header.as_ref().map(|header| &*header.kind);
            let received = match classify(&line) {
                LineKind::Message => kind.is_some_and(|kind| kind != "init"),
                LineKind::Init => kind == Some("init"),
                LineKind::Untyped(_) | LineKind::Blank | LineKind::Invalid(_) => false,
            };
            assert!(received, "{}", line.escape_ascii());
            out.extend_from_slice(b"{\"send\":");
            out.extend_from_slice(&line);
        }
        Effect::SetTimer(timer) => {
            let (id, after_ns) = (timer.id, timer.after_ns);
            let text = format!("{{\"set_timer\":{{\"id\":{id},\"after_ns\":{after_ns}}}");
            out.extend_from_slice(text.as_bytes());
        }
        Effect::CancelTimer(timer) => {
            let text = format!("{{\"cancel_timer\":{{\"id\":{}}}", timer.id);
            out.extend_from_slice(text.as_bytes());
        }
        Effect::Log(log) => {
            let text = format!("{{\"log\":{{\"level\":\"{}\",\"text\":", log.level.name());
            out.extend_from_slice(text.as_bytes());
            write_string(out, &log.text);
            out.push(b'}');
        }
        Effect::Disk(change) => write_change(change, out),
        Effect::Sync(_) => out.extend_from_slice(b"{\"sync\":{}"),
    }
    out.extend_from_slice(b"}\n");
}

/// Appends the key and the value of a change of the disk, without the brace that ends the line.
fn write_change(change: &Change<'_>, out: &mut Vec<u8>) {
    let mut begin = |key: &str, name: &str, value: &str| {
        out.extend_from_slice(format!("{{\"{key}\":{{\"{name}\":").as_bytes());
        write_string(out, value);
    };
    match change {
        Change::Write { file, at, data } => {
            begin("write", "file", file);
            out.extend_from_slice(format!(",\"at\":{at},").as_bytes());
            write_bytes(out, data);
        }
        Change::Append { file, data } => {
            begin("append", "file", file);
            out.push(b',');
            write_bytes(out, data);
        }
        Change::Put { file, data } => {
            begin("put", "file", file);
            out.push(b',');
            write_bytes(out, data);
        }
        Change::Truncate { file, len } => {
            begin("truncate", "file", file);
            out.extend_from_slice(format!(",\"len\":{len}").as_bytes());
        }
        Change::Rename { from, to } => {
            begin("rename", "from", from);
            out.extend_from_slice(b",\"to\":");
            write_string(out, to);
        }
        Change::Remove { file } => begin("remove", "file", file),
    }
    out.push(b'}');
}

/// Counts the timers one effect after the other, beginning with timer 0 outstanding.
fn assert_timers(effects: &[Effect<'_>], limit: usize) {
    let mut timers = Timers::default();
    timers.set(0, 10);
    let mut outstanding = BTreeSet::from([0]);
    let mut fits = true;
    for effect in effects {
        match effect {
            Effect::SetTimer(timer) => outstanding.insert(timer.id),
            Effect::CancelTimer(timer) => outstanding.remove(&timer.id),
            Effect::Send(_) | Effect::Log(_) | Effect::Disk(_) | Effect::Sync(_) => continue,
        };
        fits &= outstanding.len() <= limit;
    }
    let checked = check_timers(&timers, effects, limit);
    assert_eq!(checked.is_ok(), fits, "{limit} timers: {effects:?}");
}
