//! The links between nodes: which are cut, slow or unreliable.
//!
//! Faults touch only links between nodes. Clients and services are always reachable, as in
//! Maelstrom.

use super::address::Addr;
use super::nemesis::{Fault, Grudges};

/// The state of all links. Links are directed. What one fault does to a link ends with that fault,
/// and leaves what others do to it.
#[derive(Debug)]
pub(super) struct Links {
    nodes: usize,
    /// What is wrong with each link, `[src * nodes + dest]`: a bit for each [`LinkFault`].
    wrong: Vec<u16>,
    loss_permille: u64,
    duplicate_permille: u64,
    /// How many more messages of each link are held, while `LinkFault::Hold` is its.
    to_hold: Vec<u64>,
    /// How many more messages of each link are lost, while `LinkFault::LoseOne` is its.
    to_lose: Vec<u64>,
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

impl LinkFault {
    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

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
    /// Links that work.
    pub(super) fn new(nodes: usize) -> Self {
        Links {
            nodes,
            wrong: vec![0; nodes * nodes],
            loss_permille: 0,
            duplicate_permille: 0,
            to_hold: Vec::new(),
            to_lose: Vec::new(),
        }
    }

    /// Breaks the links that `grudges` names, and repairs all others.
    pub(super) fn break_links(&mut self, fault: LinkFault, grudges: &Grudges) {
        self.repair(fault);
        for (dest, sources) in grudges.iter() {
            for src in sources {
                self.wrong[src * self.nodes + dest] |= fault.bit();
            }
        }
    }

    /// Repairs all links.
    pub(super) fn repair(&mut self, fault: LinkFault) {
        for wrong in &mut self.wrong {
            *wrong &= !fault.bit();
        }
    }

    /// Whether this is wrong with any link.
    pub(super) fn are_broken_by(&self, fault: LinkFault) -> bool {
        self.wrong.iter().any(|wrong| wrong & fault.bit() != 0)
    }

    /// Has the next `messages` messages of each of these links held.
    pub(super) fn hold_next(&mut self, grudges: &Grudges, messages: u64) {
        self.break_links(LinkFault::Hold, grudges);
        self.to_hold = vec![messages; self.wrong.len()];
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
        self.to_lose = vec![messages; self.wrong.len()];
    }

    /// Ends what [`lose_next`](Self::lose_next) began.
    pub(super) fn stop_losing(&mut self) {
        self.repair(LinkFault::LoseOne);
        self.repair(LinkFault::LoseAnswer);
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
        let link = self.link(src, dest)?;
        let wrong = self.wrong[link];
        let mut cuts = CUTS.iter().filter(|_| wrong != 0);
        let found = cuts.find(|(cut, _)| wrong & cut.bit() != 0);
        found.map(|(_, fault)| *fault)
    }

    /// Whether the link from `src` to `dest` is slow.
    pub(super) fn is_slow(&self, src: Addr, dest: Addr) -> bool {
        self.has(src, dest, LinkFault::Slow).is_some()
    }

    /// Whether a message that is sent now is held.
    pub(super) fn holds(&mut self, src: Addr, dest: Addr) -> bool {
        let link = self.has(src, dest, LinkFault::Hold);
        link.is_some_and(|link| self.count_down(link, LinkFault::Hold))
    }

    /// Whether a message that is sent now is the one to be lost.
    pub(super) fn loses(&mut self, src: Addr, dest: Addr) -> bool {
        let link = self.has(src, dest, LinkFault::LoseOne);
        link.is_some_and(|link| self.count_down(link, LinkFault::LoseOne))
    }

    /// A message has been received: its answer may be the one to be lost.
    pub(super) fn received(&mut self, src: Addr, dest: Addr) {
        if let Some(answers) = self.has(dest, src, LinkFault::LoseAnswer) {
            self.wrong[answers] &= !LinkFault::LoseAnswer.bit();
            self.wrong[answers] |= LinkFault::LoseOne.bit();
        }
    }

    /// One message less. After the last the link works again.
    fn count_down(&mut self, link: usize, fault: LinkFault) -> bool {
        let left = match fault {
            LinkFault::Hold => &mut self.to_hold[link],
            _ => &mut self.to_lose[link],
        };
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.wrong[link] &= !fault.bit();
        }
        is_left
    }

    fn has(&self, src: Addr, dest: Addr, fault: LinkFault) -> Option<usize> {
        let link = self.link(src, dest)?;
        (self.wrong[link] & fault.bit() != 0).then_some(link)
    }

    /// The index of a link between two different nodes.
    pub(super) fn link(&self, src: Addr, dest: Addr) -> Option<usize> {
        match (src, dest) {
            (Addr::Node(src), Addr::Node(dest)) if src != dest => Some(src * self.nodes + dest),
            _ => None,
        }
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
        Grudges(vec![vec![], vec![0], vec![]])
    }

    #[test]
    fn what_one_fault_has_cut_stays_cut_when_another_ends() {
        let mut links = Links::new(3);
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
        let mut links = Links::new(3);
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
        let mut links = Links::new(3);
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
    fn clients_services_and_a_node_itself_have_no_links() {
        let mut links = Links::new(2);
        let all = Grudges(vec![vec![0, 1], vec![0, 1]]);
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
