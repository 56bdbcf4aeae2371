//! What befell the cluster, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::workload::prelude::*;

/// A time in which something lasted; what does not end lasts for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    /// The operation of the nemesis that began it.
    pub(crate) op: u64,
}

impl Span {
    fn overlaps(&self, from: Duration, until: Duration) -> bool {
        self.from <= until && from <= self.until
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    /// When each node was down.
    down: BTreeMap<String, Vec<Span>>,
    /// When any other fault was on.
    others: Vec<Span>,
    /// When a node went down or came back.
    changes: Vec<Duration>,
    /// When a node came back, or another fault ended.
    returns: Vec<Duration>,
}

/// Why a node is down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Killed,
    Paused,
    Stalled,
}

/// What an operation of the nemesis does.
enum Change<'a> {
    Down(Why),
    Back(Why),
    On(&'a str),
    Off(&'a str),
}

fn change(f: &str) -> Change<'_> {
    match f {
        "kill" | "power-off" | "wipe" => Change::Down(Why::Killed),
        "start" | "power-on" | "start-wiped" => Change::Back(Why::Killed),
        "pause" => Change::Down(Why::Paused),
        "resume" => Change::Back(Why::Paused),
        "start-stall" => Change::Down(Why::Stalled),
        "stop-stall" => Change::Back(Why::Stalled),
        _ => match f.strip_prefix("stop-") {
            Some(fault) => Change::Off(fault),
            None => Change::On(f.strip_prefix("start-").unwrap_or(f)),
        },
    }
}

impl Outages {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let mut outages = Outages::default();
        let mut reasons: BTreeMap<&str, BTreeSet<Why>> = BTreeMap::new();
        let mut on: BTreeMap<&str, usize> = BTreeMap::new();
        for fault in faults {
            let span = Span {
                from: fault.at,
                until: Duration::MAX,
                op: fault.index,
            };
            match change(&fault.f) {
                Change::Down(why) => {
                    for node in fault.nodes() {
                        let reasons = reasons.entry(node).or_default();
                        if reasons.is_empty() {
                            outages.goes_down(node, span);
                        }
                        // Whoever kills a node ends its pauses, and nobody can pause one that is killed.
                        if why == Why::Killed {
                            reasons.clear();
                        }
                        if !reasons.contains(&Why::Killed) {
                            reasons.insert(why);
                        }
                    }
                }
                Change::Back(why) => {
                    for node in fault.nodes() {
                        let reasons = reasons.entry(node).or_default();
                        if reasons.remove(&why) && reasons.is_empty() {
                            outages.comes_back(node, fault.at);
                        }
                    }
                }
                Change::On(name) => {
                    // What never ends, such as an upgrade, ends with the next of its kind.
                    if let Some(before) = on.insert(name, outages.others.len()) {
                        outages.ends(before, fault.at);
                    }
                    outages.others.push(span);
                }
                Change::Off(name) => {
                    if let Some(at) = on.remove(name) {
                        outages.ends(at, fault.at);
                    }
                }
            }
        }
        outages
    }

    fn goes_down(&mut self, node: &str, span: Span) {
        self.down.entry(node.to_owned()).or_default().push(span);
        self.changes.push(span.from);
    }

    fn comes_back(&mut self, node: &str, at: Duration) {
        if let Some(span) = self.down.get_mut(node).and_then(|spans| spans.last_mut()) {
            span.until = at;
        }
        self.changes.push(at);
        self.returns.push(at);
    }

    fn ends(&mut self, other: usize, at: Duration) {
        self.others[other].until = at;
        self.returns.push(at);
    }

    /// When nodes were down.
    pub(crate) fn all_down(&self) -> impl Iterator<Item = (&str, Span)> {
        let down = self.down.iter();
        down.flat_map(|(node, spans)| spans.iter().map(move |span| (node.as_str(), *span)))
    }

    /// Whether a node was up all the time.
    pub(crate) fn is_up(&self, node: &str, from: Duration, until: Duration) -> bool {
        let mut spans = self.down.get(node).into_iter().flatten();
        !spans.any(|span| span.overlaps(from, until))
    }

    /// Whether messages got through all the time: nothing was on but that nodes were down.
    pub(crate) fn gets_through(&self, from: Duration, until: Duration) -> bool {
        !self.others.iter().any(|span| span.overlaps(from, until))
    }

    /// The last time up to `at` when a node came back or another fault ended.
    pub(crate) fn last_return(&self, at: Duration) -> Duration {
        let until = self.returns.partition_point(|it| *it <= at);
        self.returns[..until].last().copied().unwrap_or_default()
    }

    /// Whether nothing happened at all.
    pub(crate) fn is_calm(&self, from: Duration, until: Duration) -> bool {
        let first = self.changes.partition_point(|change| *change < from);
        let changed = self.changes.get(first).is_some_and(|at| *at <= until);
        !changed && self.gets_through(from, until)
    }
}
