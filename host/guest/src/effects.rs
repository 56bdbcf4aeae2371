//! Decodes and checks what a guest asks for.

use std::collections::HashSet;

use host_disk::{Scope, SharedDisk, lock};
use host_protocol::abi::{self, Level, Log, SetTimer, TimerRef};
use host_protocol::disk::{self, Change};
use host_protocol::message::{Header, Message, write_string};
use host_protocol::services::SERVICES;
use host_protocol::text::{excerpt, printable};
use host_protocol::timers::Timers;

use crate::error::ErrorKind;

/// A request of a guest to its driver, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<'a> {
    /// Send a message.
    Send(SendMessage<'a>),
    /// Set or replace a timer.
    SetTimer(SetTimer),
    /// Cancel a timer.
    CancelTimer(TimerRef),
    /// Write a line to the node's log.
    Log(Log<'a>),
    /// Change the node's disk.
    Disk(Change<'a>),
    /// Make changes of the disk durable. The effects behind it happen once that is done, and then the
    /// guest gets [`Synced`](crate::EventKind::Synced); it gets nothing else before.
    Sync(Scope),
}

/// A message to send: its `src` is the node itself, its body an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendMessage<'a> {
    /// The envelope and the body.
    pub message: Message<'a>,
    /// The reserved fields of the body; `None` if another node gets a body without them, which
    /// only programs may send ([`read_send`]).
    pub header: Option<Header<'a>>,
}

/// Why a guest may not send a message.
#[derive(Debug, thiserror::Error)]
enum InvalidMessage {
    /// The `src` is another node.
    #[error("it sends from {src:?}, but this node is {node:?} and speaks only for itself")]
    ForeignSource {
        /// The `src` of the message.
        src: String,
        /// The name of the node.
        node: String,
    },
    /// The body is not a JSON object.
    #[error("the body of a message is a JSON object")]
    BodyNotAnObject,
    /// The reserved fields of the body are missing or invalid.
    #[error("the body is not one of a message: {0}")]
    Header(serde_json::Error),
}

/// Decodes the output of `handle`, one effect per line. `node` is the name of the
/// node, `limit` the most effects that a step may have.
///
/// # Errors
/// [`ErrorKind::Effects`] if there are too many effects, [`ErrorKind::BadEffect`] if
/// one is invalid.
pub fn decode<'a>(
    output: &'a [u8],
    node: &str,
    limit: usize,
) -> Result<Vec<Effect<'a>>, ErrorKind> {
    let mut effects = Vec::new();
    let mut number = 0;
    let ends = memchr::memchr_iter(b'\n', output).chain([output.len()]);
    let mut start = 0;
    for end in ends {
        let line = &output[start..end];
        start = end + 1;
        if line.is_empty() {
            continue;
        }
        number += 1;
        if number > limit {
            return Err(ErrorKind::Effects { limit });
        }
        let effect = decode_line(line, node).map_err(|reason| ErrorKind::BadEffect {
            number,
            reason,
            text: printable(&excerpt(&String::from_utf8_lossy(line), 200)).into_owned(),
        })?;
        effects.push(effect);
    }
    Ok(effects)
}

fn decode_line<'a>(line: &'a [u8], node: &str) -> Result<Effect<'a>, String> {
    let (effect, header) = abi::Effect::read(line).map_err(|e| e.to_string())?;
    if header.is_none() && !has_object(line) {
        return Err("the value of an effect is a JSON object".into());
    }
    Ok(match effect {
        abi::Effect::Send(message) => {
            let send = checked_send(message, header, node).map_err(|error| error.to_string())?;
            Effect::Send(send)
        }
        abi::Effect::SetTimer(mut timer) => {
            timer.after_ns = timer.after_ns.max(abi::TIMER_MIN_NS);
            Effect::SetTimer(timer)
        }
        abi::Effect::CancelTimer(timer) => Effect::CancelTimer(timer),
        abi::Effect::Log(log) => Effect::Log(log),
        abi::Effect::Sync(disk::Sync {}) => Effect::Sync(Scope::All),
        change => match Change::of(change).map_err(|error| error.to_string())? {
            Some(change) => Effect::Disk(change),
            None => return Err("it is no effect".into()), // all others are above
        },
    })
}

/// Whether the value of an effect is an object: serde accepts an array of the fields as well, which the
/// ABI does not allow.
fn has_object(line: &[u8]) -> bool {
    let value = line.split(|byte| *byte == b':').nth(1);
    value.is_some_and(|value| value.trim_ascii_start().starts_with(b"{"))
}

/// Reads the message in `line`, and checks that the program of `node` may send it. Maelstrom looks
/// into no body on its way from node to node, so only what clients and services get needs the
/// reserved fields.
///
/// # Errors
/// Why it is none, or may not be sent.
pub fn read_send<'a>(line: &'a [u8], node: &str) -> Result<SendMessage<'a>, String> {
    let usual = str::from_utf8(line).ok().and_then(Message::check);
    let (message, header) = match usual {
        Some((message, header)) => (message, Some(header)),
        // Unusual, or invalid: the parser's error says why.
        None => (
            serde_json::from_slice(line).map_err(|e| e.to_string())?,
            None,
        ),
    };
    let send = match header {
        None if is_for_a_node(&message) => check_envelope(&message, node).map(|()| SendMessage {
            header: message.header().ok(),
            message,
        }),
        header => checked_send(message, header, node),
    };
    send.map_err(|error| error.to_string())
}

/// Whether a message is for neither a client, whose names are `c1` and so on, nor a service.
fn is_for_a_node(message: &Message<'_>) -> bool {
    let number = message.dest.strip_prefix('c').unwrap_or_default();
    let is_client = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    !is_client && !SERVICES.contains(&&*message.dest)
}

/// Checks that the guest of `node` may send `message`, whose header is looked for if it is not known.
fn checked_send<'a>(
    message: Message<'a>,
    header: Option<Header<'a>>,
    node: &str,
) -> Result<SendMessage<'a>, InvalidMessage> {
    check_envelope(&message, node)?;
    let header = match header {
        Some(header) => header,
        None => message.header().map_err(InvalidMessage::Header)?,
    };
    Ok(SendMessage {
        message,
        header: Some(header),
    })
}

/// Checks that `message` is from `node`, and that its body is an object.
fn check_envelope(message: &Message<'_>, node: &str) -> Result<(), InvalidMessage> {
    if message.src != node {
        return Err(InvalidMessage::ForeignSource {
            src: message.src.clone().into_owned(),
            node: node.to_owned(),
        });
    }
    match message.body.starts_with('{') {
        true => Ok(()),
        false => Err(InvalidMessage::BodyNotAnObject),
    }
}

/// Makes a log effect of each line in `output`, which a step printed.
pub fn log_lines(output: &[u8]) -> impl Iterator<Item = Effect<'_>> {
    let lines = output.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(|line| {
        Effect::Log(Log {
            level: Level::Info,
            text: String::from_utf8_lossy(line),
        })
    })
}

/// Checks that there are at most `limit` timers outstanding after each of `effects`.
/// `timers` are those that are outstanding before.
///
/// # Errors
/// [`ErrorKind::Timers`] if there are more.
pub fn check_timers(
    timers: &Timers,
    effects: &[Effect<'_>],
    limit: usize,
) -> Result<(), ErrorKind> {
    let set = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::SetTimer(_)));
    if timers.len() + set.count() <= limit {
        return Ok(()); // the usual case, without counting each
    }
    let mut added: HashSet<u64> = HashSet::new();
    let mut removed: HashSet<u64> = HashSet::new();
    for effect in effects {
        match effect {
            Effect::SetTimer(timer) => {
                removed.remove(&timer.id);
                if !timers.contains(timer.id) {
                    added.insert(timer.id);
                }
            }
            Effect::CancelTimer(timer) => {
                added.remove(&timer.id);
                if timers.contains(timer.id) {
                    removed.insert(timer.id);
                }
            }
            Effect::Send(_) | Effect::Log(_) | Effect::Disk(_) | Effect::Sync(_) => {}
        }
        if timers.len() + added.len() - removed.len() > limit {
            return Err(ErrorKind::Timers { limit });
        }
    }
    Ok(())
}

/// Checks that the changes of a step can be made on `disk`.
///
/// # Errors
/// [`ErrorKind::Disk`] if one cannot.
pub fn check_disk(disk: &SharedDisk, effects: &[Effect<'_>]) -> Result<(), ErrorKind> {
    let mut changes = effects.iter().filter_map(|effect| match effect {
        Effect::Disk(change) => Some(change),
        _ => None,
    });
    let Some(first) = changes.next() else {
        return Ok(()); // the usual case
    };
    let disk = lock(disk);
    disk.check(std::iter::once(first).chain(changes))
        .map_err(ErrorKind::Disk)
}

impl SendMessage<'_> {
    /// Appends the message to `out` as one line of Maelstrom's protocol.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"src\":");
        write_string(out, &self.message.src);
        out.extend_from_slice(b",\"dest\":");
        write_string(out, &self.message.dest);
        out.extend_from_slice(b",\"body\":");
        // A carriage return is white space in JSON, but the end of a line for some readers.
        let body = out.len();
        out.extend_from_slice(self.message.body.as_bytes());
        if memchr::memchr(b'\r', &out[body..]).is_some() {
            let ends = out[body..].iter_mut().filter(|byte| **byte == b'\r');
            ends.for_each(|byte| *byte = b' ');
        }
        out.extend_from_slice(b"}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(output: &str) -> String {
        decode(output.as_bytes(), "n1", 3).unwrap_err().to_string()
    }

    #[test]
    fn good_effects_are_read_and_unknown_fields_ignored() {
        let output = concat!(
            r#"{"send":{"src":"n1","dest":"c1","body":{"type":"x","y":[1]},"id":7}}"#,
            "\n\n",
            r#"{"set_timer":{"id":1,"after_ns":0,"jitter":true}}"#,
            "\n",
            r#"{"log":{"text":"hm"}}"#,
        );
        let effects = decode(output.as_bytes(), "n1", 3).unwrap();
        let [
            Effect::Send(send),
            Effect::SetTimer(timer),
            Effect::Log(log),
        ] = &effects[..]
        else {
            panic!("{effects:?}");
        };
        let mut line = Vec::new();
        send.write_line(&mut line);
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\"x\",\"y\":[1]}}\n"
        );
        assert_eq!((timer.id, timer.after_ns), (1, abi::TIMER_MIN_NS));
        assert_eq!((log.level, log.text.as_ref()), (Level::Info, "hm"));
    }

    #[test]
    fn bad_effects_are_refused_with_a_reason() {
        assert_eq!(
            error("{\"cancel_timer\":{\"id\":1}}\nnonsense"),
            "effect 2 cannot be understood: expected value at line 1 column 1\n  effect: nonsense"
        );
        assert_eq!(
            error(r#"{"explode":{}}"#),
            "effect 1 cannot be understood: unknown variant `explode`, expected one of `send`, \
             `set_timer`, `cancel_timer`, `log`, `write`, `append`, `put`, `truncate`, `rename`, \
             `remove`, `sync` at line 1 column 10\n  effect: {\"explode\":{}}"
        );
        assert_eq!(
            error(r#"{"send":{"src":"n2","dest":"c1","body":{"type":"x"}}}"#),
            "effect 1 cannot be understood: it sends from \"n2\", but this node is \"n1\" and \
             speaks only for itself\n  \
             effect: {\"send\":{\"src\":\"n2\",\"dest\":\"c1\",\"body\":{\"type\":\"x\"}}}"
        );
        assert_eq!(
            error(r#"{"send":{"src":"n1","dest":"c1","body":[]}}"#),
            "effect 1 cannot be understood: the body of a message is a JSON object\n  \
             effect: {\"send\":{\"src\":\"n1\",\"dest\":\"c1\",\"body\":[]}}"
        );
        assert_eq!(
            error(&"{\"cancel_timer\":{\"id\":1}}\n".repeat(4)),
            "more than 3 effects in one step (--max-effects)"
        );
    }

    #[test]
    fn a_newline_inside_an_effect_breaks_it_in_two() {
        assert_eq!(
            error("{\"log\":{\"text\":\"a\nb\"}}"),
            "effect 1 cannot be understood: EOF while parsing a string at line 1 column 17\n  \
             effect: {\"log\":{\"text\":\"a"
        );
    }

    #[test]
    fn timers_are_counted_as_they_would_be_outstanding() {
        let mut timers = Timers::default();
        timers.set(1, 10);
        timers.set(2, 10);
        let effects = |text: &'static str| decode(text.as_bytes(), "n1", 9).unwrap();
        let replace = effects(r#"{"set_timer":{"id":1,"after_ns":5}}"#);
        assert_eq!(check_timers(&timers, &replace, 2), Ok(()));
        let swap =
            effects("{\"cancel_timer\":{\"id\":1}}\n{\"set_timer\":{\"id\":3,\"after_ns\":5}}");
        assert_eq!(check_timers(&timers, &swap, 2), Ok(()));
        let add = effects(r#"{"set_timer":{"id":3,"after_ns":5}}"#);
        assert_eq!(
            check_timers(&timers, &add, 2),
            Err(ErrorKind::Timers { limit: 2 })
        );
    }
}
