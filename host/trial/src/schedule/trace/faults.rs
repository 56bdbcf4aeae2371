//! Faults in words: `the link from n0 to n1 is cut`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::CHARS_MAX;
use host_protocol::text::{excerpt, joined};
use host_sim::nemesis::Fault;
use strum::VariantArray;

/// Which faults are on, so that what changes nothing is not told.
#[derive(Debug, Default)]
pub(super) struct Faults {
    on: BTreeSet<Fault>,
}

impl Faults {
    /// What the nemesis does, in words; `None` if it changes nothing.
    pub(super) fn told(&mut self, f: &str, value: &str) -> Option<String> {
        let value: Json = serde_json::from_str(value).unwrap_or_default();
        let mut all = Fault::VARIANTS.iter().copied();
        if f == Fault::Swap.start_f() {
            return Some(each(&value));
        }
        if let Some(fault) = all.clone().find(|fault| fault.start_f() == f) {
            self.on.insert(fault);
            return Some(begun(fault, &value));
        }
        let fault = all.find(|fault| fault.stop_f() == f)?;
        if !self.on.remove(&fault) {
            return None;
        }
        ended(fault, &value)
    }
}

fn begun(fault: Fault, value: &Json) -> String {
    match fault {
        Fault::Kill
        | Fault::Power
        | Fault::Wipe
        | Fault::Pause
        | Fault::Stall
        | Fault::Swap
        | Fault::DiskSlow
        | Fault::DiskFull
        | Fault::DiskError
        | Fault::BitRot => each(value),
        Fault::Loss => format!("the network loses {}", share(value)),
        Fault::Duplicate => format!("the network doubles {}", share(value)),
        Fault::ClockSkew => clocks(value),
        Fault::Partition
        | Fault::Isolate
        | Fault::Chain
        | Fault::Flip
        | Fault::Flap
        | Fault::OneWay => links(value, "is cut", "are cut"),
        Fault::Slow => links(value, "is slow", "are slow"),
        Fault::Hold => {
            let next = next(value, "message");
            links(
                value,
                &format!("holds back {next}"),
                &format!("hold back {next}"),
            )
        }
        Fault::LoseOne => {
            let is_answers = value[0] == "answers-lost-from";
            let next = next(value, if is_answers { "answer" } else { "message" });
            links(value, &format!("loses {next}"), &format!("lose {next}"))
        }
        Fault::Hunt => "the hunt begins".to_owned(),
    }
}

fn ended(fault: Fault, value: &Json) -> Option<String> {
    Some(match fault {
        Fault::Kill | Fault::Power | Fault::Wipe | Fault::Pause | Fault::Stall => {
            let nodes = value.as_object()?;
            if nodes.is_empty() {
                return None;
            }
            each(value)
        }
        Fault::Loss => "the network loses nothing any more".to_owned(),
        Fault::Duplicate => "the network doubles nothing any more".to_owned(),
        Fault::ClockSkew => "all clocks are right again".to_owned(),
        Fault::DiskSlow => "all disks are as fast as before".to_owned(),
        Fault::DiskFull => "all disks have room again".to_owned(),
        Fault::DiskError => "all disks work again".to_owned(),
        Fault::BitRot => return None,
        Fault::Slow => "the links are as fast as before".to_owned(),
        Fault::Hold => "what was held back is let go".to_owned(),
        Fault::LoseOne => "the links lose nothing any more".to_owned(),
        Fault::Hunt => "the hunt ends".to_owned(),
        _ => "the links work again".to_owned(),
    })
}

/// `{"n1":"killed"}`: `n1 is killed and forgets everything`
fn each(value: &Json) -> String {
    let mut by_what: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (node, what) in value.as_object().into_iter().flatten() {
        let what = what.as_str().unwrap_or_default();
        by_what.entry(what).or_default().push(node.clone());
    }
    let told = by_what.into_iter().map(|(what, nodes)| {
        let is_one = nodes.len() == 1;
        let (is, s) = if is_one { ("is", "s") } else { ("are", "") };
        let nodes = joined(&nodes);
        match what {
            "killed" => format!("{nodes} {is} killed: only what is on disk is left"),
            "powered-off" => format!("{nodes} lose{s} power"),
            "wiped" => format!("{nodes} {is} replaced and forget{s} everything"),
            "disk-slow" => format!("the disk of {nodes} gets slow"),
            "disk-full" => format!("the disk of {nodes} is full"),
            "disk-fails" => format!("the disk of {nodes} fails"),
            "bit-flipped" => format!("a bit flips on the disk of {nodes}"),
            "started" => format!("{nodes} start{s} again"),
            "paused" => format!("{nodes} {is} paused"),
            "resumed" => format!("{nodes} go{} on", if is_one { "es" } else { "" }),
            "swapped" => format!("{nodes} change{s} to the other version"),
            "restarted" => format!("{nodes} {is} restarted with the other version"),
            "refused" => format!("{nodes} refuse{s} the other version"),
            "not-running" => format!("{nodes}, which {is} down, will start with the other version"),
            other => format!("{nodes}: {other}"),
        }
    });
    cut(joined(&told.collect::<Vec<_>>()))
}

/// `["lost-permille",50]`: `5 % of all messages between servers`
fn share(value: &Json) -> String {
    match value[1].as_u64().unwrap_or(0) {
        1000 => "all messages between servers".to_owned(),
        permille if permille % 10 == 0 => {
            format!("{} % of all messages between servers", permille / 10)
        }
        permille => format!("{permille} of 1000 messages between servers"),
    }
}

/// `["held-from",{…},3]`: `the next 3 messages`
fn next(value: &Json, what: &str) -> String {
    match value[2].as_u64().unwrap_or(1) {
        1 => format!("the next {what}"),
        count => format!("the next {count} {what}s"),
    }
}

fn clocks(value: &Json) -> String {
    let told = value.as_object().into_iter().flatten().map(|(node, skew)| {
        let rate = skew["rate-permille"].as_u64().unwrap_or(1000);
        let jump_ms = skew["jump-ns"].as_u64().unwrap_or(0) / 1_000_000;
        let (percent, tenth) = (rate / 10, rate % 10);
        let (s, ms) = (jump_ms / 1000, jump_ms % 1000);
        format!("the clock of {node} jumps {s}.{ms:03} s ahead and runs at {percent}.{tenth} % of its rate")
    });
    cut(joined(&told.collect::<Vec<_>>()))
}

/// `["isolated",{"n0":[],"n1":["n0"]}]`, which says whom each node does not hear: `the link from n0 to
/// n1 is cut`.
fn links(value: &Json, one: &str, several: &str) -> String {
    let mut from_to: BTreeSet<(&str, &str)> = BTreeSet::new();
    let nodes = value[1].as_object().into_iter().flatten();
    for (to, deaf_to) in nodes {
        let from = deaf_to.as_array().into_iter().flatten();
        from_to.extend(from.filter_map(|from| Some((from.as_str()?, to.as_str()))));
    }
    let is_both = |(from, to): &(&str, &str)| from_to.contains(&(*to, *from));
    if from_to.len() > 2
        && from_to.iter().all(is_both)
        && let Some(sides) = sides(value, &from_to)
    {
        return cut(format!("all links between {sides} {several}"));
    }
    let links = from_to
        .iter()
        .filter(|link| !is_both(link) || link.0 < link.1);
    let links: Vec<String> = links
        .map(|link| match is_both(link) {
            true => format!("between {} and {}", link.0, link.1),
            false => format!("from {} to {}", link.0, link.1),
        })
        .collect();
    match links.len() {
        0 => format!("no link {one}"),
        1 => format!("the link {} {one}", links[0]),
        // The verb first: the list may be cut.
        _ => cut(format!("these links {several}: {}", joined(&links))),
    }
}

/// `n0, n1 and n2, n3, n4`, if links are those between two groups of nodes.
fn sides(value: &Json, from_to: &BTreeSet<(&str, &str)>) -> Option<String> {
    let nodes: Vec<&str> = value[1].as_object()?.keys().map(String::as_str).collect();
    let first = from_to.first()?.0;
    let (there, here): (Vec<&str>, Vec<&str>) = nodes
        .into_iter()
        .filter(|node| from_to.iter().any(|(from, to)| from == node || to == node))
        .partition(|node| from_to.contains(&(first, *node)));
    let is_cut = |a: &&str| there.iter().all(|b| from_to.contains(&(*a, *b)));
    let is_all = here.iter().all(is_cut) && 2 * here.len() * there.len() == from_to.len();
    is_all.then(|| format!("{} and {}", here.join(", "), there.join(", ")))
}

fn cut(text: String) -> String {
    excerpt(&text, 2 * CHARS_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entries: &[(&str, &str)], expected: &[Option<&str>]) {
        let mut faults = Faults::default();
        let told: Vec<Option<String>> = entries
            .iter()
            .map(|(f, value)| faults.told(f, value))
            .collect();
        let told: Vec<Option<&str>> = told.iter().map(Option::as_deref).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn links_are_named_by_their_ends() {
        check(
            &[
                ("start-partition", r#"["isolated",{"n0":[],"n1":["n0"]}]"#),
                ("stop-partition", r#""network-healed""#),
                ("stop-partition", r#""network-healed""#),
                ("start-isolate", r#"["isolated",{"n0":["n1"],"n1":["n0"]}]"#),
                (
                    "start-partition",
                    r#"["isolated",{"n0":["n1","n2"],"n1":["n0"],"n2":["n0"]}]"#,
                ),
                (
                    "start-flap",
                    r#"["isolated",{"n0":["n1"],"n1":["n2"],"n2":["n1"]}]"#,
                ),
                ("start-slow", r#"["slow-from",{"n0":["n1"],"n1":[]}]"#),
                ("start-hold", r#"["held-from",{"n0":["n1"],"n1":[]},3]"#),
                (
                    "start-lose-one",
                    r#"["answers-lost-from",{"n0":["n1"],"n1":[]},1]"#,
                ),
            ],
            &[
                Some("the link from n0 to n1 is cut"),
                Some("the links work again"),
                None,
                Some("the link between n0 and n1 is cut"),
                Some("all links between n0 and n1, n2 are cut"),
                Some("these links are cut: from n1 to n0 and between n1 and n2"),
                Some("the link from n1 to n0 is slow"),
                Some("the link from n1 to n0 holds back the next 3 messages"),
                Some("the link from n1 to n0 loses the next answer"),
            ],
        );
    }

    #[test]
    fn nodes_are_named_with_what_happens_to_them() {
        check(
            &[
                ("start", "{}"),
                ("kill", r#"{"n0":"killed","n2":"killed"}"#),
                ("start", r#"{"n0":"started","n2":"started"}"#),
                ("pause", r#"{"n1":"paused"}"#),
                ("resume", r#"{"n1":"resumed"}"#),
                ("start-loss", r#"["lost-permille",1000]"#),
                ("start-duplicate", r#"["doubled-permille",50]"#),
                (
                    "start-clock-skew",
                    r#"{"n1":{"rate-permille":500,"jump-ns":1500000000}}"#,
                ),
                ("swap", r#"{"n1":"swapped"}"#),
            ],
            &[
                None,
                Some("n0 and n2 are killed: only what is on disk is left"),
                Some("n0 and n2 start again"),
                Some("n1 is paused"),
                Some("n1 goes on"),
                Some("the network loses all messages between servers"),
                Some("the network doubles 5 % of all messages between servers"),
                Some("the clock of n1 jumps 1.500 s ahead and runs at 50.0 % of its rate"),
                Some("n1 changes to the other version"),
            ],
        );
    }
}
