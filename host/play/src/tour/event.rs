//! Moments of a run, by what happens at them.

use super::pattern::{Known, MessagePattern, StateClaim};

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    Received,
    Lost,
}

/// Something that a run is waited for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    Message(MessagePattern, Fate),
    Timer {
        node: usize,
    },
    /// A sync of the node's disk is done.
    Synced {
        node: usize,
    },
    /// An operation of a client begins or ends.
    Operation {
        f: String,
        node: usize,
        ends: bool,
    },
    /// A state is so; it may be so already.
    State(StateClaim),
    /// So many milliseconds have passed since the moment before.
    Passed {
        ms: u64,
    },
    /// The run is over.
    End,
}

const FORMS: &str = "`gossip from n0 to n1 sent` (`received`, `lost`), `timer of n1`, `sync of n1`, `write at n0 begun` (`ended`), \
                     `n1 /node/role is \"leader\"`, `200 ms later` or `end`";

impl Event {
    /// Reads what stands behind `go to`.
    pub(super) fn read(text: &str, known: &Known<'_>) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["end"] => Event::End,
            [number, "ms", "later"] => Event::Passed {
                ms: number
                    .parse()
                    .map_err(|_| format!("`{number}` is no number of milliseconds"))?,
            },
            ["timer", "of", node] => Event::Timer {
                node: known.node(node)?,
            },
            ["sync", "of", node] => Event::Synced {
                node: known.node(node)?,
            },
            [node, pointer, ..] if pointer.starts_with('/') => {
                let rest = text.trim_start()[node.len()..].trim_start();
                Event::State(StateClaim::read(known.node(node)?, rest)?)
            }
            [f, "at", node, end @ ("begun" | "ended")] => Event::Operation {
                f: known.operation(f)?,
                node: known.node(node)?,
                ends: *end == "ended",
            },
            [message @ .., fate @ ("sent" | "received" | "lost")] => {
                let fate = match *fate {
                    "sent" => Fate::Sent,
                    "received" => Fate::Received,
                    _ => Fate::Lost,
                };
                Event::Message(MessagePattern::read(message)?, fate)
            }
            _ => return Err(format!("`{text}` says no event: write {FORMS}")),
        })
    }
}
