//! The links between nodes: which are cut, slow or unreliable.
//!
//! Faults touch only links between nodes. Clients and services are always reachable, as in
//! Maelstrom.

use super::address::Addr;
use super::nemesis::{Fault, Grudges};

/// The state of all links. Links are directed.
#[derive(Debug)]
pub(super) struct Links {
    nodes: usize,
    /// Links that a partition has cut: `[src * nodes + dest]`.
    partition: Vec<bool>,
    /// Links that a one-way partition has cut.
    one_way: Vec<bool>,
    slow: Vec<bool>,
    loss_permille: u64,
    duplicate_permille: u64,
}

/// What can be wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkFault {
    Partition,
    OneWay,
    Slow,
}

impl Links {
    /// Links that work.
    pub(super) fn new(nodes: usize) -> Self {
        let none = vec![false; nodes * nodes];
        Links {
            nodes,
            partition: none.clone(),
            one_way: none.clone(),
            slow: none,
            loss_permille: 0,
            duplicate_permille: 0,
        }
    }

    /// Breaks the links that `grudges` names, and repairs all others.
    pub(super) fn break_links(&mut self, fault: LinkFault, grudges: &Grudges) {
        let nodes = self.nodes;
        let links = self.links(fault);
        links.fill(false);
        for (dest, sources) in grudges.iter() {
            for src in sources {
                links[src * nodes + dest] = true;
            }
        }
    }

    /// Repairs all links.
    pub(super) fn repair(&mut self, fault: LinkFault) {
        self.links(fault).fill(false);
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

    fn links(&mut self, fault: LinkFault) -> &mut Vec<bool> {
        match fault {
            LinkFault::Partition => &mut self.partition,
            LinkFault::OneWay => &mut self.one_way,
            LinkFault::Slow => &mut self.slow,
        }
    }

    /// The fault for which messages from `src` do not reach `dest`, if there is one.
    pub(super) fn cut_by(&self, src: Addr, dest: Addr) -> Option<Fault> {
        let link = self.link(src, dest)?;
        match () {
            () if self.partition[link] => Some(Fault::Partition),
            () if self.one_way[link] => Some(Fault::OneWay),
            () => None,
        }
    }

    /// Whether the link from `src` to `dest` is slow.
    pub(super) fn is_slow(&self, src: Addr, dest: Addr) -> bool {
        self.link(src, dest).is_some_and(|link| self.slow[link])
    }

    /// The index of a link between two different nodes.
    pub(super) fn link(&self, src: Addr, dest: Addr) -> Option<usize> {
        match (src, dest) {
            (Addr::Node(src), Addr::Node(dest)) if src != dest => Some(src * self.nodes + dest),
            _ => None,
        }
    }
}
