//! What is done to a run by hand, in words.

use host_check::value::Value;
use host_disk::Survival;

use super::pattern::{Known, MessagePattern, value};

/// Something that is done to a run. Messages and workers are found when it is done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    Invoke {
        f: String,
        value: Value,
        node: usize,
    },
    Deliver(MessagePattern),
    Lose(MessagePattern),
    Copy(MessagePattern),
    Delay {
        message: MessagePattern,
        by_ms: u64,
    },
    /// The next timer of the node fires.
    Fire {
        node: usize,
    },
    /// A client of the node that waits for an answer gives up.
    TimeOut {
        node: usize,
    },
    Kill {
        node: usize,
    },
    Power {
        node: usize,
        survival: Survival,
    },
    Start {
        node: usize,
    },
    Pause {
        node: usize,
    },
    Resume {
        node: usize,
    },
    /// The nodes of a group hear each other, and no others. Those that are in no group are one more.
    Cut(Vec<Vec<usize>>),
    /// These do not hear those.
    CutOneWay {
        deaf: Vec<usize>,
        to: Vec<usize>,
    },
    Heal,
    Send {
        node: usize,
        body: String,
    },
    Finish,
}

/// The first words of deeds.
pub(super) const VERBS: &str = "invoke, deliver, lose, copy, delay, fire, time-out, kill, power-off, start, pause, resume, cut, heal, send, finish";

impl Deed {
    /// Reads a line; `None` if it does not begin with the verb of a deed.
    pub(super) fn read(text: &str, known: &Known<'_>) -> Option<Result<Self, String>> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        read(verb, rest.trim(), known).transpose()
    }
}

fn read(verb: &str, rest: &str, known: &Known<'_>) -> Result<Option<Deed>, String> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let message = || MessagePattern::read(&words);
    let node = || match words.as_slice() {
        [node] => known.node(node),
        _ => Err(format!("write `{verb} n1`, with the name of a node")),
    };
    Ok(Some(match verb {
        "invoke" => invoke(rest, known)?,
        "deliver" => Deed::Deliver(message()?),
        "lose" => Deed::Lose(message()?),
        "copy" => Deed::Copy(message()?),
        "delay" => match words.as_slice() {
            [message @ .., "by", number, "ms"] => Deed::Delay {
                message: MessagePattern::read(message)?,
                by_ms: number.parse().map_err(|_| format!("`{number}` is no number of milliseconds"))?,
            },
            _ => return Err("write `delay gossip from n0 to n1 by 50 ms`".to_owned()),
        },
        "fire" => Deed::Fire { node: node()? },
        "time-out" => Deed::TimeOut { node: node()? },
        "kill" => Deed::Kill { node: node()? },
        "power-off" => match words.as_slice() {
            [node, "keeping", keeps @ ("none" | "all")] => Deed::Power {
                node: known.node(node)?,
                survival: match *keeps {
                    "none" => Survival::None,
                    _ => Survival::All,
                },
            },
            _ => return Err("write `power-off n0 keeping none`: how much of what is not synced is left, `none` or `all`".to_owned()),
        },
        "start" => Deed::Start { node: node()? },
        "pause" => Deed::Pause { node: node()? },
        "resume" => Deed::Resume { node: node()? },
        "cut" => cut(rest, known)?,
        "heal" if rest.is_empty() => Deed::Heal,
        "finish" if rest.is_empty() => Deed::Finish,
        "heal" | "finish" => return Err(format!("write `{verb}` alone")),
        "send" => {
            let (node, body) = rest.split_once(' ').ok_or("write `send n0 {\"type\":\"read\"}`")?;
            Deed::Send {
                node: known.node(node)?,
                body: body.trim().to_owned(),
            }
        }
        _ => return Ok(None),
    }))
}

fn invoke(rest: &str, known: &Known<'_>) -> Result<Deed, String> {
    let wrong = || {
        format!(
            "`invoke {rest}` says no operation: write `invoke write [1 5] at n0`, with the value as EDN"
        )
    };
    let (operation, node) = rest.rsplit_once(" at ").ok_or_else(wrong)?;
    let (f, text) = operation.split_once(' ').unwrap_or((operation, "nil"));
    Ok(Deed::Invoke {
        f: known.operation(f)?,
        value: value(text.trim())?,
        node: known.node(node.trim())?,
    })
}

fn cut(rest: &str, known: &Known<'_>) -> Result<Deed, String> {
    let group = |text: &str| -> Result<Vec<usize>, String> {
        let nodes: Vec<usize> = text
            .split_whitespace()
            .map(|name| known.node(name))
            .collect::<Result<_, _>>()?;
        match nodes.is_empty() {
            true => Err(
                "write `cut n0 | n1 n2`, or `cut n0 from n1` if only n0 does not hear n1"
                    .to_owned(),
            ),
            false => Ok(nodes),
        }
    };
    if let Some((deaf, to)) = rest.split_once(" from ") {
        let (deaf, to) = (group(deaf)?, group(to)?);
        return Ok(Deed::CutOneWay { deaf, to });
    }
    let mut groups: Vec<Vec<usize>> = rest.split('|').map(group).collect::<Result<_, _>>()?;
    let mut named: Vec<usize> = groups.concat();
    named.sort_unstable();
    if named.windows(2).any(|two| two[0] == two[1]) {
        return Err("a node is on one side of a cut".to_owned());
    }
    let others: Vec<usize> = (0..known.cluster.count)
        .filter(|node| !named.contains(node))
        .collect();
    if !others.is_empty() {
        groups.push(others);
    }
    Ok(Deed::Cut(groups))
}
