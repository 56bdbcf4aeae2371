//! The links between nodes: which are cut, slow or unreliable.
//!
//! Faults touch only links between nodes. Clients and services are always reachable, as in
//! Maelstrom.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Addr;
use super::nemesis::{Fault, Grudges};

/// A link: the positions of its sender and its receiver.
type Link = (usize, usize);

/// The state of all links. Links are directed. What one fault does to a link ends with that fault,
/// and leaves what others do to it.
///
/// What is wrong is kept as the faults have it, so a link takes no place until a message of it counts.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The links that each [`LinkFault`] has broken, by its number.
    broken: [Option<Grudges>; LINK_FAULTS],
    loss_permille: u64,
    duplicate_permille: u64,
    held: Counted,
    lost: Counted,
    /// The links of `LinkFault::LoseAnswer` that have become ones of `LinkFault::LoseOne`.
    answering: BTreeSet<Link>,
}

/// The first messages of each broken link.
#[derive(Debug, Default)]
struct Counted {
    /// How many of each link count.
    messages: u64,
    /// How many have counted, if any have.
    done: BTreeMap<Link, u64>,
}

impl Counted {
    fn of(messages: u64) -> Self {
        Counted {
            messages,
            done: BTreeMap::new(),
        }
    }

    /// Whether one more message of a broken link counts.
    fn count(&mut self, link: Link) -> bool {
        let done = self.done.entry(link).or_default();
        let counts = *done < self.messages;
        *done += u64::from(counts);
        counts
    }
}

/// What can be wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkFault {
    Partition,
    OneWay,
    Slow,
    Isolate,
    Chain,
    Flip,
    Flap,
    Hold,
    LoseOne,
    /// It will be `LoseOne` when a message of the opposite direction has been received.
    LoseAnswer,
}

/// How many there are.
const LINK_FAULTS: usize = LinkFault::LoseAnswer as usize + 1;

/// What loses all messages of a link, and the faults that do it.
const CUTS: [(LinkFault, Fault); 6] = [
    (LinkFault::Partition, Fault::Partition),
    (LinkFault::OneWay, Fault::OneWay),
    (LinkFault::Isolate, Fault::Isolate),
    (LinkFault::Chain, Fault::Chain),
    (LinkFault::Flip, Fault::Flip),
    (LinkFault::Flap, Fault::Flap),
];

impl Links {
    /// Breaks the links that `grudges` names, and repairs all others.
    pub(super) fn break_links(&mut self, fault: LinkFault, grudges: &Grudges) {
        self.broken[fault as usize] = (!grudges.are_none()).then(|| grudges.clone());
    }

    /// Repairs all links.
    pub(super) fn repair(&mut self, fault: LinkFault) {
        self.broken[fault as usize] = None;
    }

    /// Whether this is wrong with any link.
    pub(super) fn are_broken_by(&self, fault: LinkFault) -> bool {
        self.broken[fault as usize].is_some()
    }

    /// Has the next `messages` messages of each of these links held.
    pub(super) fn hold_next(&mut self, grudges: &Grudges, messages: u64) {
        self.break_links(LinkFault::Hold, grudges);
        self.held = Counted::of(messages);
    }

    /// Loses the next `messages` messages of each of these links; if `answers`, the next ones
    /// after a message in the opposite direction has been received.
    pub(super) fn lose_next(&mut self, grudges: &Grudges, messages: u64, answers: bool) {
        let fault = match answers {
            true => LinkFault::LoseAnswer,
            false => LinkFault::LoseOne,
        };
        self.stop_losing();
        self.break_links(fault, grudges);
        self.lost = Counted::of(messages);
    }

    /// Ends what [`lose_next`](Self::lose_next) began.
    pub(super) fn stop_losing(&mut self) {
        self.repair(LinkFault::LoseOne);
        self.repair(LinkFault::LoseAnswer);
        self.answering.clear();
    }

    /// Sets how many of 1000 messages between nodes are lost.
    pub(super) fn set_loss(&mut self, permille: u64) {
        self.loss_permille = permille;
    }

    /// Sets how many of 1000 messages between nodes arrive twice.
    pub(super) fn set_duplication(&mut self, permille: u64) {
        self.duplicate_permille = permille;
    }

    /// How many of 1000 messages between nodes are lost.
    pub(super) fn loss_permille(&self) -> u64 {
        self.loss_permille
    }

    /// How many of 1000 messages between nodes arrive twice.
    pub(super) fn duplicate_permille(&self) -> u64 {
        self.duplicate_permille
    }

    /// The fault for which messages from `src` do not reach `dest`, if there is one.
    pub(super) fn cut_by(&self, src: Addr, dest: Addr) -> Option<Fault> {
        let link = link(src, dest)?;
        let found = CUTS.iter().find(|(cut, _)| self.has(link, *cut));
        found.map(|(_, fault)| *fault)
    }

    /// Whether the link from `src` to `dest` is slow.
    pub(super) fn is_slow(&self, src: Addr, dest: Addr) -> bool {
        link(src, dest).is_some_and(|link| self.has(link, LinkFault::Slow))
    }

    /// Whether a message that is sent now is held.
    pub(super) fn holds(&mut self, src: Addr, dest: Addr) -> bool {
        let link = link(src, dest).filter(|link| self.has(*link, LinkFault::Hold));
        link.is_some_and(|link| self.held.count(link))
    }

    /// Whether a message that is sent now is the one to be lost.
    pub(super) fn loses(&mut self, src: Addr, dest: Addr) -> bool {
        let is_meant =
            |link: &Link| self.has(*link, LinkFault::LoseOne) || self.answering.contains(link);
        let link = link(src, dest).filter(is_meant);
        link.is_some_and(|link| self.lost.count(link))
    }

    /// A message has been received: its answer may be the one to be lost.
    pub(super) fn received(&mut self, src: Addr, dest: Addr) {
        let answers = link(dest, src).filter(|link| self.has(*link, LinkFault::LoseAnswer));
        self.answering.extend(answers);
    }

    fn has(&self, (src, dest): Link, fault: LinkFault) -> bool {
        let broken = &self.broken[fault as usize];
        broken.as_ref().is_some_and(|links| links.cuts(src, dest))
    }
}

/// The link between two different nodes.
pub(super) fn link(src: Addr, dest: Addr) -> Option<Link> {
    match (src, dest) {
        (Addr::Node(src), Addr::Node(dest)) if src != dest => Some((src, dest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Addr = Addr::Node(0);
    const B: Addr = Addr::Node(1);
    const C: Addr = Addr::Node(2);

    /// Node 1 does not hear node 0.
    fn grudges() -> Grudges {
        Grudges::new(vec![vec![], vec![0], vec![]])
    }

    #[test]
    fn what_one_fault_has_cut_stays_cut_when_another_ends() {
        let mut links = Links::default();
        links.break_links(LinkFault::Partition, &grudges());
        links.break_links(LinkFault::Chain, &grudges());
        assert!(links.cut_by(A, B).is_some() && links.cut_by(B, A).is_none());
        links.repair(LinkFault::Chain);
        assert!(links.cut_by(A, B).is_some());
        links.break_links(LinkFault::Slow, &grudges());
        links.repair(LinkFault::Partition);
        assert!(links.cut_by(A, B).is_none() && links.is_slow(A, B));
    }

    #[test]
    fn so_many_messages_are_held_or_lost_and_no_others() {
        let mut links = Links::default();
        links.hold_next(&grudges(), 2);
        assert!(!links.holds(B, A) && !links.holds(A, C));
        assert_eq!([0; 3].map(|_| links.holds(A, B)), [true, true, false]);
        links.lose_next(&grudges(), 1, false);
        assert!(!links.loses(B, A));
        assert_eq!([0; 2].map(|_| links.loses(A, B)), [true, false]);
        links.lose_next(&grudges(), 1, false);
        links.stop_losing();
        assert!(!links.loses(A, B));
    }

    #[test]
    fn the_answer_that_is_lost_is_the_first_after_the_request() {
        let mut links = Links::default();
        links.lose_next(&grudges(), 1, true);
        assert!(!links.loses(A, B)); // nothing was asked yet
        links.received(C, A);
        assert!(!links.loses(A, B)); // somebody else asked
        links.received(B, A);
        assert!(!links.loses(A, C)); // it answers somebody else
        assert_eq!([0; 2].map(|_| links.loses(A, B)), [true, false]);
        links.received(B, A);
        assert!(!links.loses(A, B));
    }

    #[test]
    fn links_say_what_a_table_of_pairs_would_whatever_begins_and_ends() {
        use crate::nemesis::PartitionKind;
        use crate::random::Streams;

        let mut stream = Streams::new(1).stream("links");
        let nodes = 7;
        let mut links = Links::default();
        let mut table = [[0_u16; 49]; 2]; // of cuts, and of what is slow: a bit for each fault
        for _ in 0..500 {
            let fault = [
                LinkFault::Partition,
                LinkFault::OneWay,
                LinkFault::Chain,
                LinkFault::Slow,
            ][stream.index(4)];
            let (row, bit) = (usize::from(fault == LinkFault::Slow), 1 << fault as u16);
            table[row].iter_mut().for_each(|wrong| *wrong &= !bit);
            if stream.chance(600) {
                let kind =
                    [PartitionKind::Majority, PartitionKind::MajoritiesRing][stream.index(2)];
                let grudges = kind.draw(nodes, &mut stream);
                for (dest, sources) in grudges.iter() {
                    sources
                        .iter()
                        .for_each(|src| table[row][src * nodes + dest] |= bit);
                }
                links.break_links(fault, &grudges);
            } else {
                links.repair(fault);
            }
            for (src, dest) in (0..nodes).flat_map(|src| (0..nodes).map(move |it| (src, it))) {
                let (from, to) = (Addr::Node(src), Addr::Node(dest));
                let wrong = |row: usize| table[row][src * nodes + dest] != 0;
                assert_eq!(links.cut_by(from, to).is_some(), wrong(0));
                assert_eq!(links.is_slow(from, to), wrong(1));
            }
        }
    }

    #[test]
    fn clients_services_and_a_node_itself_have_no_links() {
        let mut links = Links::default();
        let all = Grudges::new(vec![vec![0, 1], vec![0, 1]]);
        links.break_links(LinkFault::Isolate, &all);
        links.hold_next(&all, 9);
        links.lose_next(&all, 9, false);
        for other in [Addr::Client(0), Addr::Client(1), Addr::Service(0), A] {
            for (src, dest) in [(A, other), (other, A)] {
                assert!(links.cut_by(src, dest).is_none());
                assert!(!links.holds(src, dest) && !links.loses(src, dest));
            }
        }
    }
}
