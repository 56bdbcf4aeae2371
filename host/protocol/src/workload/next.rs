//! The request for an operation, as text. There is one for each operation of a run, and a parser for any
//! JSON took a sixth of the time of an operation; so it is written and read here, in the order of its members.

use serde::{Deserialize, Serialize};

use super::Phase;
use crate::json::write_number;

/// What the host tells a module when it asks for the next operation of a worker that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRequest {
    /// Which operations are due.
    pub phase: Phase,
    /// The virtual time in nanoseconds since the beginning of the run.
    pub now_ns: u64,
    /// The worker, counted from 0.
    pub worker: usize,
    /// The process that the worker is at the moment.
    pub process: i64,
    /// Whether the worker begins the operation at once: then the answer may say how, [`Next::Begin`](super::Next::Begin).
    #[serde(default, skip_serializing_if = "is_no")]
    pub begins: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_no(flag: &bool) -> bool {
    !flag
}

const MAIN: &[u8] = b"{\"next\":{\"phase\":\"main\",\"now_ns\":";
const LAST: &[u8] = b"{\"next\":{\"phase\":\"last\",\"now_ns\":";
const WORKER: &[u8] = b",\"worker\":";
const PROCESS: &[u8] = b",\"process\":";
const BEGINS: &[u8] = b",\"begins\":true}}";
const ENDS: &[u8] = b"}}";

impl NextRequest {
    /// Appends [`Request::Next`](super::Request::Next) as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.phase {
            Phase::Main => MAIN,
            Phase::Last => LAST,
        });
        write_number(out, self.now_ns);
        out.extend_from_slice(WORKER);
        write_number(out, self.worker as u64);
        out.extend_from_slice(PROCESS);
        if self.process < 0 {
            out.push(b'-');
        }
        write_number(out, self.process.unsigned_abs());
        out.extend_from_slice(if self.begins { BEGINS } else { ENDS });
    }

    /// What [`write`](Self::write) has written; `None` of any other text, which may be the same request in another form.
    #[must_use]
    #[inline]
    pub fn read(text: &[u8]) -> Option<Self> {
        let (phase, rest) = match text.strip_prefix(MAIN) {
            Some(rest) => (Phase::Main, rest),
            None => (Phase::Last, text.strip_prefix(LAST)?),
        };
        let (now_ns, rest) = number(rest)?;
        let (worker, rest) = number(rest.strip_prefix(WORKER)?)?;
        let (process, rest) = number(rest.strip_prefix(PROCESS)?)?;
        Some(NextRequest {
            phase,
            now_ns,
            worker: usize::try_from(worker).ok()?,
            process: i64::try_from(process).ok()?,
            begins: match rest {
                BEGINS => true,
                ENDS => false,
                _ => return None,
            },
        })
    }
}

/// The number that a text begins with, and what follows it. `None` if it is too long to be sure of.
#[inline]
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    const DIGITS_MAX: usize = 19;
    let mut number = 0_u64;
    let mut at = 0;
    while let Some(byte @ b'0'..=b'9') = text.get(at) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    match text {
        [b'0', ..] if at > 1 => None,
        _ if at == 0 || at > DIGITS_MAX => None,
        _ => Some((number, &text[at..])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Operation, Request};
    use super::*;

    type OfHost<'a> = Request<'a, Operation<'a>>;

    #[test]
    fn it_is_written_and_read_as_by_serde() {
        let numbers = [0, 7, 10, 99_999_999, 12_345_678_901_234, u64::MAX];
        let processes = [0, 3, i64::MAX, -1];
        for (phase, begins) in [(Phase::Main, true), (Phase::Last, false)] {
            for (now_ns, process) in numbers.into_iter().zip(processes.into_iter().cycle()) {
                let next = NextRequest {
                    phase,
                    now_ns,
                    worker: 4,
                    process,
                    begins,
                };
                let mut text = Vec::new();
                next.write(&mut text);
                assert_eq!(text, serde_json::to_vec(&OfHost::Next(next)).unwrap());
                let is_usual = now_ns != u64::MAX && process >= 0;
                assert_eq!(NextRequest::read(&text), is_usual.then_some(next));
                let read = match serde_json::from_slice(&text).unwrap() {
                    OfHost::Next(read) => read,
                    other => panic!("{other:?}"),
                };
                assert_eq!(read, next);
            }
        }
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_a_parser() {
        for text in [
            "",
            r#"{"next":{"phase":"main","now_ns":"#,
            r#"{"next":{"phase":"main","now_ns":,"worker":0,"process":0}}"#,
            r#"{"next":{"phase":"main","now_ns":00,"worker":0,"process":0}}"#,
            r#"{"next":{"phase":"main","now_ns":1.5,"worker":0,"process":0}}"#,
            r#"{"next":{"phase":"main","now_ns":0,"worker":0,"process":0}} "#,
            r#"{"next":{"phase":"main","now_ns":0,"worker":0,"process":0,"begins":false}}"#,
            r#"{"next":{"phase":"main","worker":0,"now_ns":0,"process":0}}"#,
            r#"{"begin":{"worker":0,"operation":{"f":"read"}}}"#,
        ] {
            assert_eq!(NextRequest::read(text.as_bytes()), None, "{text}");
        }
    }
}
