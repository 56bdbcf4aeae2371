//! What was done to a run, in words.

use super::breakpoint::type_of;
use host_report::live::LiveRecord;
use host_sim::{Cluster, MS, MessageRef, MoveKind, Survival, TouchKind, short_seconds};

/// A touch of a run whose record so far is this one.
pub(super) fn in_words(what: &TouchKind, cluster: Cluster, record: &LiveRecord) -> String {
    let name = |node: usize| cluster.node_name(node);
    let message = |it: &MessageRef| message_in_words(it, record);
    match what {
        TouchKind::Move(what) => match what {
            MoveKind::Invoke { worker, operation } => {
                let (f, value) = (&operation.f, &operation.value);
                let node = name(*worker % cluster.count.max(1));
                format!("worker {worker} asks {node} to {f} {value}")
            }
            MoveKind::Deliver { message: it } => format!("deliver {}", message(it)),
            MoveKind::Lose { message: it } => format!("lose {}", message(it)),
            MoveKind::Copy { message: it } => format!("deliver a copy of {}", message(it)),
            MoveKind::Fire { node, timer } => format!("fire timer {timer} of {}", name(*node)),
            MoveKind::Synced { node } => format!("end the sync of {}", name(*node)),
            MoveKind::TimeOut { worker } => format!("worker {worker} gives up to wait"),
            MoveKind::Kill { node } => format!("kill {}", name(*node)),
            MoveKind::Power { node, survival } => {
                format!("the power of {} fails: {}", name(*node), kept(*survival))
            }
            MoveKind::Start { node } => format!("start {}", name(*node)),
            MoveKind::Cut { grudges } => {
                let deaf = grudges.iter().filter(|(_, senders)| !senders.is_empty());
                let links = deaf.flat_map(|(dest, senders)| {
                    senders
                        .iter()
                        .map(move |src| format!("from {} to {}", name(*src), name(dest)))
                });
                let links: Vec<String> = links.collect();
                format!("cut these links and no others: {}", links.join(", "))
            }
            MoveKind::Heal => "heal all links".to_owned(),
        },
        TouchKind::Delay { message: it, by_ns } => match by_ns % MS {
            0 => format!("delay {} by {} ms", message(it), by_ns / MS),
            _ => format!("delay {} by {} s", message(it), short_seconds(*by_ns)),
        },
        TouchKind::Pause { node } => format!("pause {}", name(*node)),
        TouchKind::Resume { node } => format!("resume {}", name(*node)),
        TouchKind::Send { node, body } => format!("send {} to {}", type_of(body), name(*node)),
        TouchKind::Finish => "finish".to_owned(),
    }
}

fn message_in_words(message: &MessageRef, record: &LiveRecord) -> String {
    let MessageRef { src, dest, number } = message;
    let body = record.message_of_link(src, dest, *number).map(|it| it.body);
    let kind = body.map_or_else(|| format!("message {number}"), type_of);
    format!("{kind} from {src} to {dest}")
}

fn kept(survival: Survival) -> String {
    let percent = |permille: u64| match permille % 10 {
        0 => format!("{} %", permille / 10),
        tenths => format!("{}.{tenths} %", permille / 10),
    };
    match survival {
        Survival::None => "nothing that was not synced is kept".to_owned(),
        Survival::All => "all that was written is kept".to_owned(),
        Survival::Prefix {
            permille,
            torn_permille: 0,
        } => format!(
            "the first {} of what was not synced is kept",
            percent(permille)
        ),
        Survival::Prefix {
            permille,
            torn_permille,
        } => format!(
            "the first {} of what was not synced is kept, and {} of the write after that",
            percent(permille),
            percent(torn_permille)
        ),
        Survival::Any { .. } => "any of what was not synced is kept".to_owned(),
    }
}
