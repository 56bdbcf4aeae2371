//! Decodes the stdout of a program.

use host_guest::effects::read_send;
use host_guest::{Effect, ErrorKind, Limits};
use host_protocol::text::{excerpt, printable};

/// The end of `stdout` after the last newline.
pub(super) fn unfinished(stdout: &[u8]) -> &[u8] {
    &stdout[memchr::memrchr(b'\n', stdout).map_or(0, |at| at + 1)..]
}

/// Decodes complete lines as messages and appends them to `effects`. Blank lines are
/// ignored, as by Maelstrom. `before` is the number of earlier lines. Returns the number
/// of lines.
pub(super) fn decode<'a>(
    stdout: &'a [u8],
    node: &str,
    before: u64,
    limits: &Limits,
    effects: &mut Vec<Effect<'a>>,
) -> Result<u64, ErrorKind> {
    let (mut lines, mut sends) = (0, 0);
    for line in stdout.split_inclusive(|byte| *byte == b'\n') {
        lines += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        sends += 1;
        if sends > limits.effects {
            return Err(ErrorKind::Effects {
                limit: limits.effects,
            });
        }
        let effect = decode_line(line, node).map_err(|reason| ErrorKind::BadLine {
            number: before + lines,
            reason,
            text: printable(&excerpt(&String::from_utf8_lossy(line), 200)).into_owned(),
        })?;
        effects.push(effect);
    }
    Ok(lines)
}

fn decode_line<'a>(line: &'a [u8], node: &str) -> Result<Effect<'a>, String> {
    if !line.starts_with(b"{") {
        return Err("a message is a JSON object; write anything else to stderr".into());
    }
    read_send(line, node).map(Effect::Send)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stdout: &str) -> Result<(u64, Vec<String>), String> {
        let mut effects = Vec::new();
        let limits = Limits {
            effects: 2,
            ..Limits::default()
        };
        let lines = decode(stdout.as_bytes(), "n1", 10, &limits, &mut effects);
        let lines = lines.map_err(|error| error.to_string())?;
        let sends = effects.iter().map(|effect| match effect {
            Effect::Send(send) => format!("{}: {}", send.message.dest, send.message.body),
            other => panic!("{other:?}"),
        });
        Ok((lines, sends.collect()))
    }

    #[test]
    fn lines_become_sends_and_blank_ones_nothing() {
        let line = r#"{"id":3,"dest":"c1","body":{"type":"x"},"src":"n1"}"#;
        assert_eq!(
            read(&format!("{line}\n\n \r\n{line}\r\n")),
            Ok((4, vec![r#"c1: {"type":"x"}"#.into(); 2]))
        );
        assert_eq!(read(""), Ok((0, vec![])));
    }

    #[test]
    fn whatever_is_not_a_message_is_refused_with_its_line() {
        assert_eq!(
            read("\nhello\n"),
            Err(
                "line 12 of its stdout is not a message: a message is a JSON object; write anything \
                 else to stderr\n  line: hello"
                    .into()
            )
        );
        assert_eq!(
            read("{\"src\":\"n1\"}\n"),
            Err(
                "line 11 of its stdout is not a message: missing field `dest` at line 1 column \
                 12\n  line: {\"src\":\"n1\"}"
                    .into()
            )
        );
        let foreign = r#"{"src":"n2","dest":"c1","body":{"type":"x"}}"#;
        assert_eq!(
            read(&format!("{foreign}\n")),
            Err(format!(
                "line 11 of its stdout is not a message: it sends from \"n2\", but this node is \
                 \"n1\" and speaks only for itself\n  line: {foreign}"
            ))
        );
        let line = r#"{"src":"n1","dest":"c1","body":{"type":"x"}}"#;
        assert_eq!(
            read(&format!("{line}\n").repeat(3)),
            Err("more than 2 effects in one step (--max-effects)".into())
        );
    }

    /// Maelstrom looks into the bodies of clients and services only.
    #[test]
    fn nodes_may_send_each_other_any_object() {
        for body in [
            r#"{"in_reply_to":1}"#,
            r#"{"type":"x","msg_id":"4f1c"}"#,
            r#"{"type":7,"in_reply_to":-1.5}"#,
            "{}",
        ] {
            let line = |dest| format!("{{\"src\":\"n1\",\"dest\":\"{dest}\",\"body\":{body}}}\n");
            for node in ["n2", "c", "cat"] {
                let sent = format!("{node}: {body}");
                assert_eq!(read(&line(node)), Ok((1, vec![sent])));
            }
            for other in ["c12", "seq-kv"] {
                let error = read(&line(other)).unwrap_err();
                let told =
                    error.contains("its stdout is not a message: the body is not one of a message");
                assert!(told, "{error}");
            }
        }
        let list = r#"{"src":"n1","dest":"n2","body":[1]}"#;
        assert_eq!(
            read(&format!("{list}\n")),
            Err(format!(
                "line 11 of its stdout is not a message: the body of a message is a JSON object\n  \
                 line: {list}"
            ))
        );
    }

    #[test]
    fn what_follows_the_last_newline_is_unfinished() {
        assert_eq!(unfinished(b"a\nbc"), b"bc");
        assert_eq!(unfinished(b"a\n"), b"");
        assert_eq!(unfinished(b"abc"), b"abc");
    }
}
