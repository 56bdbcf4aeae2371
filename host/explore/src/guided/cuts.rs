//! Who is cut off from whom for a while.

use host_sim::random::Stream;

use super::links::Holds;
use super::schedulers::View;
use crate::moves::Move;
use crate::participants::Addr;

/// Of so many nodes, in thousands, one is cut off from all others.
const NODES: [u64; 2] = [350, 700];

/// Of so many pairs of nodes, in thousands, one is cut off from each other.
const PAIRS: u64 = 450;

/// Of so many nodes, in thousands, the syncs of one are late.
const SYNCS: u64 = 200;

/// Who is cut off. Sets of nodes have a bit for each.
#[derive(Default)]
pub(crate) struct Cut {
    /// For each node, those that do not hear it.
    deaf: Vec<u64>,
    /// Those that services do not hear and that do not hear them.
    services: u64,
    /// Those whose syncs are late.
    syncs: u64,
}

/// Which of two ways is cut: as a rule both.
#[derive(Clone, Copy)]
struct Ways {
    there: bool,
    back: bool,
}

impl Ways {
    fn draw(stream: &mut Stream) -> Self {
        let way = stream.below(6);
        Ways {
            there: way != 0,
            back: way != 1,
        }
    }
}

impl Cut {
    /// Nodes are cut off from all others, or pairs from each other: then a third may still hear both.
    pub(crate) fn draw(nodes: usize, stream: &mut Stream) -> Self {
        let mut cut = Cut::of_syncs(vec![0; nodes], stream);
        if stream.below(2) == 0 {
            for one in 0..nodes {
                for other in 0..one {
                    if stream.chance(PAIRS) {
                        cut.part(one, other, stream);
                    }
                }
            }
            return cut;
        }
        let with_services = stream.below(4) == 0;
        let permille = stream.pick(&NODES);
        for node in 0..nodes {
            if stream.chance(permille) {
                cut.isolate(node, stream);
                cut.services |= if with_services { bit(node) } else { 0 };
            }
        }
        cut
    }

    /// The same, but that one node is cut off from all others.
    pub(crate) fn around(self, node: usize, stream: &mut Stream) -> Self {
        let mut cut = Cut::of_syncs(self.deaf, stream);
        cut.isolate(node, stream);
        cut
    }

    /// The same, but that a pair or two that were cut off from each other are not, or the reverse.
    pub(crate) fn changed(self, stream: &mut Stream) -> Self {
        let mut cut = Cut::of_syncs(self.deaf, stream);
        let nodes = cut.deaf.len();
        if nodes < 2 {
            return cut;
        }
        for _ in 0..=stream.below(2) {
            let one = stream.index(nodes);
            let other = (one + 1 + stream.index(nodes - 1)) % nodes;
            if cut.deaf[one] & bit(other) == 0 {
                cut.part(one, other, stream);
            } else {
                cut.deaf[one] &= !bit(other);
                cut.deaf[other] &= !bit(one);
            }
        }
        cut
    }

    fn of_syncs(deaf: Vec<u64>, stream: &mut Stream) -> Self {
        let late = (0..deaf.len()).filter(|_| stream.chance(SYNCS));
        let syncs = late.fold(0, |set, node| set | bit(node));
        Cut {
            deaf,
            services: 0,
            syncs,
        }
    }

    /// Cuts off two nodes from each other.
    fn part(&mut self, one: usize, other: usize, stream: &mut Stream) {
        let ways = Ways::draw(stream);
        self.deaf[one] |= if ways.there { bit(other) } else { 0 };
        self.deaf[other] |= if ways.back { bit(one) } else { 0 };
    }

    /// Cuts off a node from all others.
    fn isolate(&mut self, node: usize, stream: &mut Stream) {
        let ways = Ways::draw(stream);
        if ways.there {
            self.deaf[node] = !bit(node);
        }
        if ways.back {
            let others = (0..).zip(&mut self.deaf).filter(|(it, _)| *it != node);
            others.for_each(|(_, deaf)| *deaf |= bit(node));
        }
    }
}

/// What waits. Clients are never cut off.
impl Holds for Cut {
    fn holds(&self, view: &View<'_, '_>, it: Move) -> bool {
        let has = |set: u64, node: u8| set & bit(node.into()) != 0;
        match it {
            Move::Deliver(message) => {
                let of = view.model.messages.get(message);
                match (of.src, of.dest) {
                    (Addr::Node(src), Addr::Node(dest)) => has(self.deaf[usize::from(src)], dest),
                    (Addr::Node(node), Addr::Service(_)) | (Addr::Service(_), Addr::Node(node)) => {
                        has(self.services, node)
                    }
                    _ => false,
                }
            }
            Move::Synced(node) => has(self.syncs, node),
            _ => false,
        }
    }
}

/// The set of one node. Clusters of more nodes than it has bits share them.
pub(crate) fn bit(node: usize) -> u64 {
    1 << (node % 64)
}

#[cfg(test)]
mod tests {
    use host_sim::random::Streams;

    use super::*;

    fn cuts(of: impl Fn(&mut Stream) -> Cut) -> Vec<Cut> {
        let cut = |seed| of(&mut Streams::new(seed).stream("cut"));
        (0..200).map(cut).collect()
    }

    /// Whether a node hears another.
    fn hears(cut: &Cut, dest: usize, src: usize) -> bool {
        cut.deaf[src] & bit(dest) == 0
    }

    #[test]
    fn a_third_may_hear_two_that_do_not_hear_each_other() {
        let bridges = cuts(|stream| Cut::draw(3, stream));
        let mut bridges = bridges.iter();
        assert!(bridges.any(|cut| {
            !hears(cut, 0, 1)
                && !hears(cut, 1, 0)
                && [0, 1]
                    .iter()
                    .all(|it| hears(cut, *it, 2) && hears(cut, 2, *it))
        }));
    }

    #[test]
    fn around_a_node_nobody_hears_it_or_it_hears_nobody() {
        let cuts = cuts(|stream| Cut::draw(4, stream).around(2, stream));
        for cut in &cuts {
            let others = [0, 1, 3];
            let is_unheard = others.iter().all(|it| !hears(cut, *it, 2));
            let is_deaf = others.iter().all(|it| !hears(cut, 2, *it));
            assert!(is_unheard || is_deaf);
        }
    }

    #[test]
    fn a_change_is_of_one_pair_or_two() {
        let pairs = |cut: &Cut| {
            let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
            pairs.map(|(one, other)| (hears(cut, one, other), hears(cut, other, one)))
        };
        for seed in 0..200 {
            let mut stream = Streams::new(seed).stream("cut");
            let cut = Cut::draw(4, &mut stream);
            let before = pairs(&cut);
            let after = pairs(&cut.changed(&mut stream));
            let changes = before
                .iter()
                .zip(&after)
                .filter(|(one, other)| one != other);
            assert!(changes.count() <= 2);
        }
    }
}
