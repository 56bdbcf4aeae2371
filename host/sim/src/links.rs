//! The links between nodes: which are cut, slow or unreliable at the moment.
//!
//! Only links between nodes are ever touched: clients and services are always
//! reachable, as in Maelstrom.

use super::address::Addr;
use super::nemesis::Grudges;

/// The state of all links. Links are directed.
#[derive(Debug)]
pub(super) struct Links {
    nodes: usize,
    /// Links that a partition has cut: `[src * nodes + dest]`.
    partition: Vec<bool>,
    /// Links that a one-way partition has cut.
    one_way: Vec<bool>,
    slow: Vec<bool>,
    /// How many of 1000 messages are lost.
    pub(super) loss_permille: u64,
    /// How many of 1000 messages arrive twice.
    pub(super) duplicate_permille: u64,
}

/// A kind of damage that links can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    Partition,
    OneWay,
    Slow,
}

impl Links {
    /// Links without any damage.
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

    /// Damages the links that `grudges` names, and repairs all others.
    pub(super) fn damage(&mut self, damage: Damage, grudges: &Grudges) {
        let nodes = self.nodes;
        let links = self.links(damage);
        links.fill(false);
        for (dest, sources) in grudges.iter() {
            for src in sources {
                links[src * nodes + dest] = true;
            }
        }
    }

    /// Repairs all links.
    pub(super) fn repair(&mut self, damage: Damage) {
        self.links(damage).fill(false);
    }

    fn links(&mut self, damage: Damage) -> &mut Vec<bool> {
        match damage {
            Damage::Partition => &mut self.partition,
            Damage::OneWay => &mut self.one_way,
            Damage::Slow => &mut self.slow,
        }
    }

    /// Whether messages from `src` do not reach `dest`.
    pub(super) fn is_cut(&self, src: Addr, dest: Addr) -> bool {
        let link = self.link(src, dest);
        link.is_some_and(|link| self.partition[link] || self.one_way[link])
    }

    /// Whether messages from `src` to `dest` take long.
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
