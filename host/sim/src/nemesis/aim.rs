//! Which nodes and links an aimed fault hits, once it is known whom it is aimed at.
//!
//! Functions of the nodes at hand and a stream: they know nothing of time, and do nothing.

use super::action::{Cut, FaultAction, Trigger};
use super::partition::{Grudges, PartitionKind, majority};
use crate::random::Stream;
use strum::VariantArray;

/// Nodes that are cut off, and those that go on without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    /// Whom it is about first, then its companions.
    pub(crate) off: Vec<usize>,
    /// The part that may have a majority.
    pub(crate) rest: Vec<usize>,
    /// Whether nodes that were cut off are back without the others.
    pub(crate) returns: bool,
    /// The links that are cut.
    pub(crate) grudges: Grudges,
}

/// Cuts `victim` off: from all others, or with one companion, or from all but one that hears both
/// sides, or in one direction only.
pub(crate) fn isolate(
    trigger: Trigger,
    victim: usize,
    nodes: usize,
    stream: &mut Stream,
) -> FaultAction {
    let others = others(&[victim], nodes, stream);
    let shape = stream.below(8);
    let grudges = match (shape, others.split_first()) {
        // With a companion a victim among three or fewer would be no minority.
        (4 | 5, Some((companion, rest))) if nodes > 3 => {
            Grudges::groups(&[&[victim, *companion], rest], nodes)
        }
        (6, Some((companion, _))) if nodes > 2 => {
            Grudges::groups(&[&[victim, *companion], &others], nodes)
        }
        (7, Some(_)) => one_direction(victim, nodes, stream),
        _ => Grudges::groups(&[&others], nodes),
    };
    FaultAction::Cut(Cut::Isolate, Some(trigger), grudges)
}

/// The victim does not hear the others, or they do not hear it.
fn one_direction(victim: usize, nodes: usize, stream: &mut Stream) -> Grudges {
    let is_deaf = stream.chance(500);
    let deaf_to = |node: usize| match (node == victim, is_deaf) {
        (true, true) => (0..nodes).filter(|other| *other != victim).collect(),
        (false, false) => vec![victim],
        _ => Vec::new(),
    };
    Grudges((0..nodes).map(deaf_to).collect())
}

/// The first link of a chain: `victim` and some companions, still a minority, are cut off.
pub(crate) fn chain_first(victim: usize, nodes: usize, stream: &mut Stream) -> Split {
    let others = others(&[victim], nodes, stream);
    let companions_max = minority(nodes).saturating_sub(1);
    // One is the interesting number: more is a majority that they nearly have.
    let companions = match stream.below(4) {
        0 => 0,
        3 => companions_max,
        _ => companions_max.min(1),
    };
    let (companions, rest) = others.split_at(companions);
    let off = [&[victim], companions].concat();
    let grudges = Grudges::groups(&[&off, rest], nodes);
    Split {
        off,
        rest: rest.to_vec(),
        returns: false,
        grudges,
    }
}

/// The next link of a chain: `victim`, which came after those that are `off` now, is cut off.
/// Often exactly as many come back with those `off` as make a majority of them, so that what they
/// alone know meets nodes that went on without it; otherwise all others come back.
///
/// Figure 8 of the Raft paper is such a chain of three: a leader with one companion, the next
/// leader alone, the one after it.
pub(crate) fn chain_next(off: &[usize], victim: usize, nodes: usize, stream: &mut Stream) -> Split {
    let returns = !off.is_empty() && !off.contains(&victim) && stream.chance(800);
    if !returns {
        return chain_first(victim, nodes, stream);
    }
    let known: Vec<usize> = off.iter().copied().chain([victim]).collect();
    let others = others(&known, nodes, stream);
    let needed = majority(nodes).saturating_sub(off.len()).min(others.len());
    let (joining, left) = others.split_at(needed);
    let mut rest = [off, joining].concat();
    let mut new_off = vec![victim];
    let mut alone = Vec::new();
    // Three in eight stay away from both, as many join, and few go with the victim.
    for node in left {
        match stream.below(8) {
            0..=2 => alone.push(*node),
            3..=5 => rest.push(*node),
            _ if new_off.len() < minority(nodes) => new_off.push(*node),
            _ => rest.push(*node),
        }
    }
    let grudges = Grudges::groups(&[&rest, &new_off], nodes);
    Split {
        off: new_off,
        rest,
        returns: true,
        grudges,
    }
}

/// The action of a link of a chain.
pub(crate) fn chain(trigger: Trigger, split: &Split) -> FaultAction {
    FaultAction::Cut(Cut::Chain, Some(trigger), split.grudges.clone())
}

/// Two majorities with as few nodes in common as possible, given as an order of all nodes: the
/// first majority of it and the last. `in_both`, if it is a node, is in both.
pub(crate) fn flip_order(in_both: Option<usize>, nodes: usize, stream: &mut Stream) -> Vec<usize> {
    let known: Vec<usize> = in_both.into_iter().collect();
    let mut order = others(&known, nodes, stream);
    if let Some(node) = in_both {
        order.insert((nodes - majority(nodes)).min(order.len()), node);
    }
    order
}

/// One of the two majorities of an order, and the others apart from it.
pub(crate) fn flip(order: &[usize], is_first: bool) -> FaultAction {
    let (nodes, majority) = (order.len(), majority(order.len()).min(order.len()));
    let (some, others) = match is_first {
        true => order.split_at(majority),
        false => {
            let (others, some) = order.split_at(nodes - majority);
            (some, others)
        }
    };
    let grudges = Grudges::groups(&[some, others], nodes);
    FaultAction::Cut(Cut::Flip, None, grudges)
}

/// One of many short cuts: of the shape of a partition, or around one node.
pub(crate) fn flap(busiest: Option<usize>, nodes: usize, stream: &mut Stream) -> FaultAction {
    let around = busiest.filter(|_| stream.chance(400));
    let grudges = match around {
        Some(node) => {
            let others = others(&[node], nodes, stream);
            Grudges::groups(&[&others], nodes)
        }
        None => stream.pick(PartitionKind::VARIANTS).draw(nodes, stream),
    };
    FaultAction::Cut(Cut::Flap, None, grudges)
}

/// Pauses `victim`, seldom with one other.
pub(crate) fn stall(
    trigger: Trigger,
    victim: usize,
    nodes: usize,
    stream: &mut Stream,
) -> FaultAction {
    let mut paused = vec![victim];
    if nodes > 2 && stream.chance(125) {
        paused.extend(others(&[victim], nodes, stream).first());
        paused.sort_unstable();
    }
    FaultAction::Stall(Some(trigger), paused)
}

/// The most messages of a link that are held.
const HELD_MAX: u64 = 8;

/// Holds the next messages between `victim` and one other or all: its own, or those to it.
pub(crate) fn hold(victim: usize, nodes: usize, stream: &mut Stream) -> FaultAction {
    let mut others = others(&[victim], nodes, stream);
    if stream.chance(400) {
        others.truncate(1);
    }
    let links = match stream.chance(600) {
        true => from_to(&[victim], &others, nodes),
        false => from_to(&others, &[victim], nodes),
    };
    let messages = match stream.chance(500) {
        true => 1,
        false => 1 + stream.below(HELD_MAX),
    };
    FaultAction::Hold(links, messages)
}

/// Loses the next message between `asking` and `asked`: the request or its answer. Sometimes that
/// of each other node too.
pub(crate) fn lose_one(
    asking: usize,
    asked: usize,
    nodes: usize,
    stream: &mut Stream,
) -> FaultAction {
    let answers = stream.chance(600);
    let all: Vec<usize> = (0..nodes).filter(|node| *node != asking).collect();
    let asked = match stream.chance(250) {
        true => all,
        false => vec![asked],
    };
    let links = match answers {
        true => from_to(&asked, &[asking], nodes),
        false => from_to(&[asking], &asked, nodes),
    };
    FaultAction::LoseOne {
        links,
        messages: 1,
        answers,
    }
}

/// The links from some nodes to some others.
fn from_to(senders: &[usize], receivers: &[usize], nodes: usize) -> Grudges {
    let mut senders = senders.to_vec();
    senders.sort_unstable();
    let from = |node: usize| match receivers.contains(&node) {
        true => senders.clone(),
        false => Vec::new(),
    };
    Grudges((0..nodes).map(from).collect())
}

/// As many as can be less than half.
fn minority(nodes: usize) -> usize {
    nodes.saturating_sub(1) / 2
}

/// All nodes but these, shuffled.
fn others(but: &[usize], nodes: usize, stream: &mut Stream) -> Vec<usize> {
    let mut others: Vec<usize> = (0..nodes).filter(|node| !but.contains(node)).collect();
    stream.shuffle(&mut others);
    others
}
