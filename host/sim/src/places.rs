//! Where the participants of a run are, and what their links do to messages.

use std::collections::HashMap;
use std::sync::Arc;

use super::address::{Addr, Names};
use super::packets::Packet;
use super::random::{Family, Streams};
use super::regions::{RegionLink, Regions};

/// A million, of which losses are parts.
const MILLION: u64 = 1_000_000;

/// Nanoseconds in a second.
const SECOND_NS: u128 = 1_000_000_000;

/// The places of all participants.
pub(super) struct Places {
    regions: Arc<Regions>,
    /// The region of each node.
    of_nodes: Vec<usize>,
    /// Until when each link with a bandwidth is busy. Only looked up, never gone through.
    busy_ns: HashMap<(Addr, Addr), u64>,
    losses: Family,
}

impl Places {
    /// Those of a cluster of `nodes` nodes, the first of which has the number `first`.
    pub(super) fn new(
        regions: &Arc<Regions>,
        nodes: usize,
        first: usize,
        streams: &Streams,
    ) -> Self {
        let of_node = |place| regions.of_node(first + place, place);
        Places {
            regions: Arc::clone(regions),
            of_nodes: (0..nodes).map(of_node).collect(),
            busy_ns: HashMap::new(),
            losses: Family::new(streams, "link-loss"),
        }
    }

    /// `None` for clients that are near whomever they talk to.
    fn region(&self, addr: Addr) -> Option<usize> {
        match addr {
            Addr::Node(node) => self.of_nodes.get(node).copied(),
            Addr::Service(_) => Some(self.regions.of_services()),
            Addr::Client(_) => self.regions.of_clients(),
        }
    }

    /// What a message finds between two participants.
    pub(super) fn link(&self, src: Addr, dest: Addr) -> RegionLink {
        match (self.region(src), self.region(dest)) {
            (Some(from), Some(to)) => self.regions.link(from, to),
            _ => RegionLink::default(),
        }
    }

    /// Whether a message between nodes is lost on its link.
    pub(super) fn loses(&mut self, names: &Names, src: Addr, dest: Addr) -> bool {
        let RegionLink { loss_ppm, .. } = self.link(src, dest);
        let (Addr::Node(from), Addr::Node(to)) = (src, dest) else {
            return false;
        };
        let link = from * self.of_nodes.len() + to;
        let name = || format!("{} {}", names.name(src), names.name(dest));
        loss_ppm > 0 && self.losses.of(link, name).below(MILLION) < loss_ppm
    }

    /// How long a message that leaves now waits for its link, and then takes to go over it bit by bit.
    pub(super) fn transmission_ns(&mut self, now_ns: u64, packet: &Packet) -> u64 {
        let (src, dest) = (packet.src, packet.dest);
        let Some(bits_per_s) = self.link(src, dest).bits_per_s.filter(|_| src != dest) else {
            return 0;
        };
        let bits = 8 * packet.len() as u128;
        let takes_ns = (bits * SECOND_NS).div_ceil(u128::from(bits_per_s.max(1)));
        let busy_ns = self.busy_ns.entry((src, dest)).or_default();
        let begins_ns = now_ns.max(*busy_ns);
        *busy_ns = begins_ns.saturating_add(u64::try_from(takes_ns).unwrap_or(u64::MAX));
        *busy_ns - now_ns
    }
}
