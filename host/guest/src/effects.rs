//! What a guest's output means.

use std::collections::HashSet;

use host_protocol::abi::{self, Level, Log, SetTimer, TimerRef};
use host_protocol::message::{Header, Message, write_string};
use host_protocol::timers::Timers;

use super::error::ErrorKind;
use host_protocol::text::{excerpt, printable};

/// Something that a guest asks its driver to do, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<'a> {
    /// Send a message.
    Send(Send<'a>),
    /// Set or replace a timer.
    SetTimer(SetTimer),
    /// Forget a timer.
    CancelTimer(TimerRef),
    /// Write to the node's log.
    Log(Log<'a>),
}

/// A message from the node itself, its body an object with a `type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send<'a> {
    /// The message.
    pub message: Message<'a>,
    /// The reserved fields of its body.
    pub header: Header<'a>,
}

/// Reads the lines that `handle` returned. `limit` bounds their number.
pub fn decode<'a>(
    output: &'a [u8],
    node: &str,
    limit: usize,
) -> Result<Vec<Effect<'a>>, ErrorKind> {
    let mut effects = Vec::new();
    let mut number = 0;
    for line in output.split(|byte| *byte == b'\n') {
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
    let effect: abi::Effect<'a> = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    // serde would take an array of the fields as well, which is nothing to rely on.
    let value = line.split(|byte| *byte == b':').nth(1);
    if !value.is_some_and(|value| value.trim_ascii_start().starts_with(b"{")) {
        return Err("the value of an effect is a JSON object".into());
    }
    Ok(match effect {
        abi::Effect::Send(message) => Effect::Send(check_send(message, node)?),
        abi::Effect::SetTimer(mut timer) => {
            timer.after_ns = timer.after_ns.max(abi::TIMER_MIN_NS);
            Effect::SetTimer(timer)
        }
        abi::Effect::CancelTimer(timer) => Effect::CancelTimer(timer),
        abi::Effect::Log(log) => Effect::Log(log),
    })
}

/// Makes an effect of a message that the guest wants to send, if it may.
///
/// # Errors
/// What is wrong with the message.
pub fn check_send<'a>(message: Message<'a>, node: &str) -> Result<Send<'a>, String> {
    if message.src != node {
        let src = &message.src;
        return Err(format!(
            "it sends from {src:?}, but this node is {node:?} and speaks only for itself"
        ));
    }
    if !message.body.starts_with('{') {
        return Err("the body of a message is a JSON object".into());
    }
    let header = message
        .header()
        .map_err(|e| format!("the body is not one of a message: {e}"))?;
    Ok(Send { message, header })
}

/// The lines that a step wrote to stdout and stderr, as log effects.
pub fn log_lines(stderr: &[u8]) -> impl Iterator<Item = Effect<'_>> {
    let lines = stderr.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(|line| {
        Effect::Log(Log {
            level: Level::Info,
            text: String::from_utf8_lossy(line),
        })
    })
}

/// Checks that `effects` leave no more than `limit` timers outstanding.
///
/// # Errors
/// [`ErrorKind::Timers`] if they would.
pub fn check_timers(
    timers: &Timers,
    effects: &[Effect<'_>],
    limit: usize,
) -> Result<(), ErrorKind> {
    let set = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::SetTimer(_)));
    if timers.len() + set.count() <= limit {
        return Ok(()); // the usual case, without keeping books
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
            Effect::Send(_) | Effect::Log(_) => {}
        }
        if timers.len() + added.len() - removed.len() > limit {
            return Err(ErrorKind::Timers { limit });
        }
    }
    Ok(())
}

impl Send<'_> {
    /// Appends the message as a line of the wire protocol.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"src\":");
        write_string(out, &self.message.src);
        out.extend_from_slice(b",\"dest\":");
        write_string(out, &self.message.dest);
        out.extend_from_slice(b",\"body\":");
        // For JSON a carriage return is a blank; some readers take it for the end of a line.
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

    fn fault(output: &str) -> String {
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
            fault("{\"cancel_timer\":{\"id\":1}}\nnonsense"),
            "effect 2 cannot be understood: expected value at line 1 column 1\n  effect: nonsense"
        );
        assert_eq!(
            fault(r#"{"explode":{}}"#),
            "effect 1 cannot be understood: unknown variant `explode`, expected one of `send`, \
             `set_timer`, `cancel_timer`, `log` at line 1 column 10\n  effect: {\"explode\":{}}"
        );
        assert_eq!(
            fault(r#"{"send":{"src":"n2","dest":"c1","body":{"type":"x"}}}"#),
            "effect 1 cannot be understood: it sends from \"n2\", but this node is \"n1\" and \
             speaks only for itself\n  \
             effect: {\"send\":{\"src\":\"n2\",\"dest\":\"c1\",\"body\":{\"type\":\"x\"}}}"
        );
        assert_eq!(
            fault(r#"{"send":{"src":"n1","dest":"c1","body":[]}}"#),
            "effect 1 cannot be understood: the body of a message is a JSON object\n  \
             effect: {\"send\":{\"src\":\"n1\",\"dest\":\"c1\",\"body\":[]}}"
        );
        assert_eq!(
            fault(&"{\"cancel_timer\":{\"id\":1}}\n".repeat(4)),
            "more than 3 effects in one step (--max-effects)"
        );
    }

    #[test]
    fn a_newline_inside_an_effect_breaks_it_in_two() {
        assert_eq!(
            fault("{\"log\":{\"text\":\"a\nb\"}}"),
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
