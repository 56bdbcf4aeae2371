//! What a tour says of a moment, so that it can be found out to be wrong.

use std::fmt;

use host_check::validity::Validity;
use host_check::value::Value;

use super::pattern::{Known, MessagePattern, StateClaim, value};

/// How the latest operation of a kind at a node stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stand {
    /// It has ended with this value.
    Gave(Value),
    /// It did not take place.
    Failed,
    /// Whether it took place is not known.
    Unknown,
    /// Its client waits for an answer.
    Open,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Up,
    Down,
    Paused,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Claim {
    State(StateClaim),
    Node {
        node: usize,
        is: Condition,
    },
    /// Whether all that a node has written would survive a power loss.
    Durable {
        node: usize,
        is: bool,
    },
    /// So many such messages are on their way.
    InFlight {
        count: usize,
        message: MessagePattern,
    },
    Operation {
        f: String,
        node: usize,
        stand: Stand,
    },
    Verdict(Validity),
}

const FORMS: &str = "`n1 /node/role is \"leader\"`, `n1 down` (`up`, `paused`), `n1 durable` (`not durable`), `2 gossip to n1 in flight`, \
                     `read at n1 gave [1 5]` (`failed`, `unknown`, `open`) or `verdict valid` (`invalid`, `unknown`)";

impl Claim {
    /// Reads what stands behind `expect`.
    pub(super) fn read(text: &str, known: &Known<'_>) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let node = |name: &str| known.node(name);
        Ok(match words.as_slice() {
            ["verdict", "valid"] => Claim::Verdict(Validity::True),
            ["verdict", "invalid"] => Claim::Verdict(Validity::False),
            ["verdict", "unknown"] => Claim::Verdict(Validity::Unknown),
            [name, pointer, ..] if pointer.starts_with('/') => {
                let rest = text.trim_start()[name.len()..].trim_start();
                Claim::State(StateClaim::read(node(name)?, rest)?)
            }
            [name, "up"] => Claim::Node {
                node: node(name)?,
                is: Condition::Up,
            },
            [name, "down"] => Claim::Node {
                node: node(name)?,
                is: Condition::Down,
            },
            [name, "paused"] => Claim::Node {
                node: node(name)?,
                is: Condition::Paused,
            },
            [name, "durable"] => Claim::Durable {
                node: node(name)?,
                is: true,
            },
            [name, "not", "durable"] => Claim::Durable {
                node: node(name)?,
                is: false,
            },
            [count, message @ .., "in", "flight"] => Claim::InFlight {
                count: match *count {
                    "no" => 0,
                    count => count
                        .parse()
                        .map_err(|_| format!("`{count}` is no number of messages"))?,
                },
                message: MessagePattern::read(message)?,
            },
            [f, "at", name, "gave", ..] => {
                let (_, gave) = text.split_once(" gave ").unwrap_or_default();
                Claim::Operation {
                    f: known.operation(f)?,
                    node: node(name)?,
                    stand: Stand::Gave(value(gave.trim())?),
                }
            }
            [f, "at", name, stand @ ("failed" | "unknown" | "open")] => Claim::Operation {
                f: known.operation(f)?,
                node: node(name)?,
                stand: match *stand {
                    "failed" => Stand::Failed,
                    "unknown" => Stand::Unknown,
                    _ => Stand::Open,
                },
            },
            _ => {
                return Err(format!(
                    "`{text}` says nothing that can be looked up: write {FORMS}"
                ));
            }
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Up => "up",
            Condition::Down => "down",
            Condition::Paused => "paused",
        })
    }
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stand::Gave(value) => write!(f, "gave {value}"),
            Stand::Failed => f.write_str("failed"),
            Stand::Unknown => f.write_str("is unknown: it may have taken place or not"),
            Stand::Open => f.write_str("is open"),
        }
    }
}
