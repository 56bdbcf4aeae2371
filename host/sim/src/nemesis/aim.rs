//! Which nodes and links an aimed fault hits, once it is known whom it is aimed at.
//!
//! Functions of the nodes at hand and a stream: they know nothing of time, and do nothing.

use super::action::{Cut, FaultAction, Trigger};
use super::partition::{Grudges, PartitionKind, majority};
use crate::random::Stream;
use crate::ranges::SMALL_NODES_MAX;
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
    match is_deaf {
        true => {
            let others = (0..nodes).filter(|other| *other != victim).collect();
            Grudges::deaf(nodes, |node| node == victim, others)
        }
        false => Grudges::deaf(nodes, |node| node != victim, vec![victim]),
    }
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
    // Three in eight stay away from both, as many join, and few go with the victim. Each that is alone has its
    // own links, so in a large cluster there are not many.
    for node in left {
        match stream.below(8) {
            0..=2 if alone.len() < SMALL_NODES_MAX => alone.push(*node),
            0..=5 => rest.push(*node),
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
    let mut receives = vec![false; nodes];
    receivers.iter().for_each(|node| receives[*node] = true);
    Grudges::deaf(nodes, |node| receives[node], senders)
}

/// As many as can be less than half.
fn minority(nodes: usize) -> usize {
    nodes.saturating_sub(1) / 2
}

/// All nodes but these, shuffled.
fn others(but: &[usize], nodes: usize, stream: &mut Stream) -> Vec<usize> {
    let mut is_other = vec![true; nodes];
    but.iter().for_each(|node| is_other[*node] = false);
    let mut others: Vec<usize> = (0..nodes).filter(|node| is_other[*node]).collect();
    stream.shuffle(&mut others);
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn draws<T>(mut draw: impl FnMut(&mut Stream) -> T) -> Vec<T> {
        let mut stream = Streams::new(1).stream("test");
        (0..400).map(|_| draw(&mut stream)).collect()
    }

    fn grudges(action: FaultAction) -> Vec<Vec<usize>> {
        match action {
            FaultAction::Cut(_, _, grudges) | FaultAction::Hold(grudges, _) => grudges
                .iter()
                .map(|(_, deaf_to)| deaf_to.to_vec())
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    /// Whether two nodes hear each other.
    fn linked(grudges: &[Vec<usize>], a: usize, b: usize) -> bool {
        !grudges[a].contains(&b) && !grudges[b].contains(&a)
    }

    #[test]
    fn whoever_is_isolated_keeps_at_most_one_companion() {
        let mut shapes: Vec<Vec<Vec<usize>>> = Vec::new();
        for action in draws(|stream| isolate(Trigger::Answers, 2, 5, stream)) {
            assert_eq!(action.asked(), crate::exception::keyword("answers"));
            let grudges = grudges(action);
            let companions = (0..5).filter(|node| *node != 2 && linked(&grudges, 2, *node));
            assert!(companions.count() <= 1);
            // The others hear each other, unless the companion has left them.
            let apart = (0..5).flat_map(|a| (0..5).map(move |b| (a, b)));
            let apart = apart.filter(|(a, b)| *a < *b && *a != 2 && *b != 2);
            let apart = apart.filter(|(a, b)| !linked(&grudges, *a, *b));
            assert!([0, 3].contains(&apart.count()), "{grudges:?}");
            if !shapes.contains(&grudges) {
                shapes.push(grudges);
            }
        }
        // Alone; with one of four; with one of four that hears all; deaf; mute.
        assert_eq!(shapes.len(), 1 + 4 + 4 + 2);
        let alone = [vec![2], vec![2], vec![0, 1, 3, 4], vec![2], vec![2]];
        assert!(shapes.contains(&alone.to_vec()));
        let with_node_0 = [
            vec![1, 3, 4],
            vec![0, 2],
            vec![1, 3, 4],
            vec![0, 2],
            vec![0, 2],
        ];
        assert!(shapes.contains(&with_node_0.to_vec()));
        let heard_by_0 = [vec![], vec![2], vec![1, 3, 4], vec![2], vec![2]];
        assert!(shapes.contains(&heard_by_0.to_vec()));
        let mute = [vec![2], vec![2], vec![], vec![2], vec![2]];
        assert!(shapes.contains(&mute.to_vec()));
    }

    #[test]
    fn of_three_nodes_whoever_is_isolated_has_no_majority() {
        for action in draws(|stream| isolate(Trigger::Busiest, 0, 3, stream)) {
            let grudges = grudges(action);
            let apart = !linked(&grudges, 0, 1) || !linked(&grudges, 0, 2);
            assert!(apart && linked(&grudges, 1, 2), "{grudges:?}");
        }
    }

    #[test]
    fn a_chain_begins_with_a_minority() {
        let mut sizes = [0; 4];
        for split in draws(|stream| chain_first(3, 5, stream)) {
            assert_eq!(split.off[0], 3);
            assert!(!split.returns);
            let mut all = [&split.off[..], &split.rest].concat();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4]);
            let expected = Grudges::groups(&[&split.off, &split.rest], 5);
            assert_eq!(split.grudges, expected);
            sizes[split.off.len()] += 1;
        }
        assert!(sizes[1] > 50 && sizes[2] > 200 && sizes[0] + sizes[3] == 0);
    }

    #[test]
    fn figure_8_is_one_of_the_chains() {
        // A leader, 0, with the companion 1. The next one, 4, alone, while a bare majority with the
        // first two is back. Then the first leader alone, while the second is back.
        let second = draws(|stream| chain_next(&[0, 1], 4, 5, stream));
        let bare = |split: &&Split| split.off == [4] && split.rest == [0, 1, 2];
        let split = second.iter().find(bare).unwrap();
        assert!(split.returns);
        let by_hand = [
            vec![3, 4],
            vec![3, 4],
            vec![3, 4],
            vec![0, 1, 2, 4],
            vec![0, 1, 2, 3],
        ];
        assert_eq!(split.grudges, Grudges::new(by_hand.to_vec()));
        let third = draws(|stream| chain_next(&split.off, 0, 5, stream));
        let back = |split: &&Split| split.off == [0] && split.rest[0] == 4 && split.returns;
        assert!(third.iter().filter(back).count() > 200);
        for split in second.iter().chain(&third).filter(|split| split.returns) {
            assert!(split.rest.len() >= 3, "{split:?}");
            assert!(split.off.len() <= 2, "{split:?}");
        }
    }

    #[test]
    fn a_chain_of_three_nodes_gives_the_first_a_majority_back() {
        for split in draws(|stream| chain_next(&[0], 1, 3, stream)) {
            if split.returns {
                assert_eq!((split.off, split.rest), (vec![1], vec![0, 2]));
                let by_hand = Grudges::new(vec![vec![1], vec![0, 2], vec![1]]);
                assert_eq!(split.grudges, by_hand);
            } else {
                assert_eq!(split.off, [1]);
            }
        }
    }

    #[test]
    fn a_flip_is_between_majorities_with_one_node_in_common() {
        let order = [4, 0, 2, 1, 3];
        let first = [
            vec![1, 3],
            vec![0, 2, 4],
            vec![1, 3],
            vec![0, 2, 4],
            vec![1, 3],
        ];
        assert_eq!(grudges(flip(&order, true)), first);
        let last = [
            vec![1, 2, 3],
            vec![0, 4],
            vec![0, 4],
            vec![0, 4],
            vec![1, 2, 3],
        ];
        assert_eq!(grudges(flip(&order, false)), last);
        for order in draws(|stream| flip_order(Some(3), 5, stream)) {
            assert_eq!(order[2], 3);
        }
        for order in draws(|stream| flip_order(Some(3), 4, stream)) {
            assert!([order[1], order[2]].contains(&3));
        }
    }

    #[test]
    fn a_message_is_held_between_one_node_and_others() {
        for action in draws(|stream| hold(1, 3, stream)) {
            let FaultAction::Hold(_, messages) = action else {
                panic!("{action:?}")
            };
            assert!((1..=HELD_MAX).contains(&messages));
            let held = grudges(action);
            let of_one: [&[&[usize]]; 6] = [
                &[&[1], &[], &[]],
                &[&[], &[], &[1]],
                &[&[1], &[], &[1]],
                &[&[], &[0], &[]],
                &[&[], &[2], &[]],
                &[&[], &[0, 2], &[]],
            ];
            assert!(of_one.iter().any(|links| held == *links), "{held:?}");
        }
    }

    #[test]
    fn one_message_is_lost_on_its_way_there_or_back() {
        let mut seen = [0; 4];
        for action in draws(|stream| lose_one(0, 2, 3, stream)) {
            let FaultAction::LoseOne {
                links,
                messages,
                answers,
            } = action
            else {
                panic!("{action:?}")
            };
            assert_eq!(messages, 1);
            let expected: [(bool, [&[usize]; 3]); 4] = [
                (true, [&[2], &[], &[]]),
                (true, [&[1, 2], &[], &[]]),
                (false, [&[], &[], &[0]]),
                (false, [&[], &[0], &[0]]),
            ];
            let same =
                |lists: &[&[usize]; 3]| links.iter().map(|it| it.1).eq(lists.iter().copied());
            let is_it = |it: &(bool, [&[usize]; 3])| it.0 == answers && same(&it.1);
            seen[expected.iter().position(is_it).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
    }

    #[test]
    fn every_aimed_fault_can_be_drawn_for_one_or_two_nodes() {
        for nodes in [1, 2] {
            draws(|stream| {
                let victim = stream.index(nodes);
                isolate(Trigger::Time, victim, nodes, stream);
                let split = chain_first(victim, nodes, stream);
                chain_next(&split.off, stream.index(nodes), nodes, stream);
                let order = flip_order(Some(victim), nodes, stream);
                assert_eq!(order.len(), nodes);
                flip(&order, stream.chance(500));
                flap(Some(victim), nodes, stream);
                stall(Trigger::Time, victim, nodes, stream);
                hold(victim, nodes, stream);
                lose_one(victim, stream.index(nodes), nodes, stream);
            });
        }
    }
}
