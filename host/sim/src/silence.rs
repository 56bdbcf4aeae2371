//! Requests that got no answer, and what the node did instead: the most frequent mistake is an answer
//! that its client cannot know as one.

use std::fmt;

use super::journal::DropReason;
use super::time::brief_seconds;
use host_check::value::Name;
use host_protocol::text::{excerpt, one_line};

/// The most characters of a body or a line that is shown.
const CHARS_MAX: usize = 160;

/// A request that got no answer in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The `:f` of the operation.
    pub f: Name,
    /// The node that was asked.
    pub node: String,
    /// The client that asked.
    pub client: String,
    /// When, in virtual nanoseconds.
    pub asked_ns: u64,
    /// How long it waited, in nanoseconds.
    pub waited_ns: u64,
    /// What the node did instead.
    pub instead: Instead,
}

/// What a node did instead of answering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// It never got the request; if that was dropped, for this reason.
    NeverAsked(Option<DropReason>),
    /// Nothing that its client heard of.
    Nothing,
    /// It sent the client a message that is no answer to the request.
    Stray {
        /// Which request the message says that it answers.
        in_reply_to: Option<u64>,
        /// Which request is open.
        msg_id: u64,
        /// The body, or its beginning.
        body: String,
    },
    /// It wrote a line without a newline at its end.
    Unfinished(String),
}

impl Instead {
    /// A message to a client that is no answer to its request.
    pub(super) fn stray(in_reply_to: Option<u64>, msg_id: u64, body: &str) -> Self {
        Instead::Stray {
            in_reply_to,
            msg_id,
            body: shown(body),
        }
    }

    /// A line that has not ended.
    pub(super) fn unfinished(line: &[u8]) -> Self {
        let line = line.get(..4 * CHARS_MAX).unwrap_or(line);
        Instead::Unfinished(shown(&String::from_utf8_lossy(line)))
    }

    fn rank(&self) -> u8 {
        match self {
            Instead::NeverAsked(_) => 0,
            Instead::Nothing => 1,
            Instead::Stray { .. } => 2,
            Instead::Unfinished(_) => 3,
        }
    }
}

fn shown(text: &str) -> String {
    one_line(&excerpt(text, CHARS_MAX)).into_owned()
}

/// What follows "it did not answer within 5 s": nothing, or what it did, and what to do about it.
impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Instead::NeverAsked(_) | Instead::Nothing => Ok(()),
            Instead::Stray {
                in_reply_to: None,
                msg_id,
                body,
            } => write!(
                f,
                "; it sent {body}, which has no \"in_reply_to\": expected \"in_reply_to\":{msg_id}, the \
                 request's msg_id"
            ),
            Instead::Stray {
                in_reply_to: Some(_),
                msg_id,
                body,
            } => write!(
                f,
                "; it sent {body}: expected \"in_reply_to\":{msg_id}, the request's msg_id"
            ),
            Instead::Unfinished(line) => write!(
                f,
                "; it wrote {line} without a newline at the end: a message is sent when its line ends"
            ),
        }
    }
}

/// `n2 got broadcast from c8 at 0.009 s and did not answer within 5 s`
impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Silence {
            node,
            client,
            instead,
            ..
        } = self;
        let (at, waited) = (brief_seconds(self.asked_ns), brief_seconds(self.waited_ns));
        match instead {
            Instead::NeverAsked(why) => {
                let why = match why {
                    Some(DropReason::Down) => " because it was down",
                    Some(DropReason::Loss) => " because the network lost it",
                    Some(DropReason::Partition) => " because the link was cut",
                    Some(DropReason::Gone) | None => "",
                };
                write!(
                    f,
                    "{client} sent {node} {} at {at} s, which {node} never got{why}, and waited {waited} s",
                    self.f
                )
            }
            _ => write!(
                f,
                "{node} got {} from {client} at {at} s and did not answer within {waited} s{instead}",
                self.f
            ),
        }
    }
}

/// The first silence of each kind of operation; of those with different reasons, the one that
/// explains most.
#[derive(Debug, Default)]
pub(super) struct Silences(Vec<Silence>);

impl Silences {
    pub(super) fn note(&mut self, silence: Silence) {
        let same = self.0.iter_mut().find(|it| it.f == silence.f);
        match same {
            None => self.0.push(silence),
            Some(before) if before.instead.rank() < silence.instead.rank() => *before = silence,
            Some(_) => {}
        }
    }

    pub(super) fn finish(self) -> Vec<Silence> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_never_arrived_says_what_has_taken_it() {
        let told = |instead| {
            let silence = Silence {
                f: "read".into(),
                node: "n1".to_owned(),
                client: "c7".to_owned(),
                asked_ns: 28_000_000,
                waited_ns: 5_000_000_000,
                instead,
            };
            silence.to_string()
        };
        for (dropped, because) in [
            (None, ""),
            (Some(DropReason::Down), " because it was down"),
            (Some(DropReason::Loss), " because the network lost it"),
            (Some(DropReason::Partition), " because the link was cut"),
        ] {
            assert_eq!(
                told(Instead::NeverAsked(dropped)),
                format!("c7 sent n1 read at 0.028 s, which n1 never got{because}, and waited 5 s")
            );
        }
        assert_eq!(
            told(Instead::Nothing),
            "n1 got read from c7 at 0.028 s and did not answer within 5 s"
        );
    }
}
