//! The network: takes messages in, and delivers them at their time.
//!
//! A message first leaves its sender's process, which takes a hop ([`super::hop`]); those of one
//! sender leave in the order of sending. Then it takes its latency.
//!
//! By default the network is Maelstrom's. Each node and each service has a queue of its own,
//! ordered by deadline, and a receiver that takes the head, checks at that moment
//! whether the link is cut, and then waits until the message's deadline before it
//! hands it over. Whatever arrives meanwhile waits too: a client's request, which
//! has no latency of its own, can wait as long as a message between nodes takes.
//! [`NetworkModel::Ideal`] has no such receiver: every message comes at its deadline.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::{Addr, Names};
use super::hop::{Hops, draw_ns};
use super::journal::DropReason;
use super::latency::{Distribution, Latency};
use super::links::{LinkFault, Links, link};
use super::meter::InFlight;
use super::nemesis::Fault;
use super::options::RunOptions;
use super::packets::{Body, Packet, Packets, Slot};
use super::places::Places;
use super::pool::Pool;
use super::queue::Queue;
use super::random::{Family, Stream, Streams};
use super::scheduled::Scheduled;
use super::time::MS;
use super::world::World;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

mod directed;
mod touched;

/// How receivers take messages, under its name in `--network`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum NetworkModel {
    /// One after the other, each waiting for its deadline, as in Maelstrom.
    #[default]
    Maelstrom,
    /// Each at its own deadline.
    Ideal,
}

/// A slow link takes this many times as long …
const SLOW_FACTOR: u64 = 10;
/// … and at least this much longer.
const SLOW_MIN_NS: u64 = 100 * MS;

/// Messages in flight, and the links that they take.
pub(super) struct Network {
    packets: Packets,
    /// The texts that messages have shared.
    shared: Vec<Arc<str>>,
    links: Links,
    model: NetworkModel,
    latency: Latency,
    /// Where everybody is, if that matters.
    places: Option<Places>,
    nodes: usize,
    /// Those of the nodes, then those of the services.
    receivers: Vec<Receiver>,
    medians: Hops,
    /// When the last message of each sender leaves: of nodes, services and clients.
    leaves_ns: Vec<u64>,
    /// Messages that are held on their links, each with its deadline, in the order of sending.
    held: Vec<(u64, Slot)>,
    /// Messages that wait for a move, while the run is directed.
    pool: Option<Pool>,
    /// How many messages of each link were sent, if they are numbered.
    numbers: Option<BTreeMap<(Addr, Addr), u64>>,
    sent: u64,
    hops: Family,
    latencies: Family,
    losses: Family,
    duplicates: Family,
}

/// Where messages wait for a node or a service.
struct Receiver {
    waiting: Queue<Slot>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing is there.
    Idle,
    /// It will look at its queue in this very moment.
    Woken,
    /// It has taken a message and waits for its deadline.
    Holding { slot: Slot, deadline_ns: u64 },
}

impl Network {
    pub(super) fn new(options: &RunOptions, services: usize, streams: &Streams) -> Self {
        let (nodes, regions) = (options.cluster.count, options.regions.as_ref());
        let ends = nodes + services;
        let family = |purpose| Family::new(streams, purpose);
        let receivers = (0..ends).map(|_| Receiver {
            waiting: Queue::new(),
            state: State::Idle,
        });
        Network {
            packets: Packets::default(),
            shared: Vec::new(),
            links: Links::default(),
            model: options.network,
            latency: options.latency,
            places: regions.map(|it| Places::new(it, nodes, options.cluster.first, streams)),
            nodes,
            receivers: receivers.collect(),
            medians: options.hops(streams),
            leaves_ns: Vec::new(),
            held: Vec::new(),
            pool: None,
            numbers: None,
            sent: 0,
            hops: family("hop"),
            latencies: family("latency"),
            losses: family("loss"),
            duplicates: family("duplicate"),
        }
    }

    /// How many messages were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The links between nodes.
    pub(super) fn links(&mut self) -> &mut Links {
        &mut self.links
    }

    /// The messages that have not reached their receivers.
    pub(super) fn in_flight(&self) -> InFlight {
        InFlight {
            messages: self.packets.len(),
            bytes: self.packets.bytes() + self.shared.iter().map(|it| it.len()).sum::<usize>(),
        }
    }

    /// Keeps a message whose receiver is paused.
    pub(super) fn hold(&mut self, packet: Packet) -> Slot {
        self.packets.put(packet)
    }

    /// Hands out a message that was kept.
    pub(super) fn release(&mut self, slot: Slot) -> Option<Packet> {
        self.packets.take(slot)
    }

    /// Takes back the buffer of a message that has been handled.
    pub(super) fn recycle(&mut self, packet: Packet) {
        self.packets.recycle(packet);
    }

    /// Takes a message in. Its journal entry is made now, whether or not it arrives.
    pub(super) fn send(&mut self, world: &mut World<'_>, src: Addr, dest: Addr, body: &str) {
        self.send_body(world, src, dest, Body::own(body));
    }

    /// The same with a body that others may have a part of.
    pub(super) fn send_body(
        &mut self,
        world: &mut World<'_>,
        src: Addr,
        dest: Addr,
        body: Body<'_>,
    ) {
        let mut packet = self.pack(world, src, dest, body);
        packet.number = self.next_number(src, dest);
        match packet.shared.is_some() && world.is_seen() {
            true => {
                let mut whole = packet.clone();
                whole.complete();
                world.sent(&whole);
            }
            false => world.sent(&packet),
        }
        let packet = match self.wait(packet) {
            Ok(()) => return,
            Err(packet) => packet,
        };
        if src.is_client() || dest.is_client() {
            let latency_ns = self.client_latency_ns(src, dest);
            self.leave(world, packet, latency_ns);
            return;
        }
        let between_nodes = link(src, dest).is_some();
        let lost_by = match () {
            () if !between_nodes => None,
            () if self.links.loses(src, dest) => Some(Fault::LoseOne),
            () if self.loss_strikes(world.names(), src, dest) => Some(Fault::Loss),
            () => None,
        };
        if let Some(fault) = lost_by {
            world.taken(&packet, DropReason::Loss, fault);
            self.packets.recycle(packet);
            return;
        }
        if let Some(places) = &mut self.places
            && between_nodes
            && places.loses(world.names(), src, dest)
        {
            world.dropped(&packet, DropReason::Loss);
            self.packets.recycle(packet);
            return;
        }
        if between_nodes && self.duplicate_strikes(world.names(), src, dest) {
            world.tally().message(Fault::Duplicate);
            let copy = packet.clone(); // those between nodes share nothing
            let latency_ns = self.latency_ns(world, src, dest);
            self.leave(world, copy, latency_ns);
        }
        let latency_ns = self.latency_ns(world, src, dest);
        self.leave(world, packet, latency_ns);
    }

    /// Has a message leave its sender, after those that the sender has sent before.
    fn leave(&mut self, world: &mut World<'_>, packet: Packet, latency_ns: u64) {
        let src = packet.src;
        let slot = self.packets.put(packet);
        self.leave_from(world, src, slot, latency_ns);
    }

    fn leave_from(&mut self, world: &mut World<'_>, src: Addr, slot: Slot, latency_ns: u64) {
        if self.medians.are_instant() {
            if let Some(next) = self.left(world, slot, latency_ns) {
                world.schedule(world.now_ns(), next);
            }
            return;
        }
        let Hops {
            request_ns,
            message_ns,
        } = self.medians;
        let (sender, median_ns) = match src {
            Addr::Client(client) => (self.receivers.len() + client, request_ns),
            Addr::Node(_) | Addr::Service(_) => (self.receiver(src), message_ns),
        };
        let stream = self.hops.of(sender, || world.names().name(src));
        let arrives_ns = world.now_ns() + draw_ns(median_ns, stream);
        if self.leaves_ns.len() <= sender {
            self.leaves_ns.resize(sender + 1, 0);
        }
        let leaves_ns = arrives_ns.max(self.leaves_ns[sender]);
        self.leaves_ns[sender] = leaves_ns;
        world.schedule(leaves_ns, Scheduled::Leave { slot, latency_ns });
    }

    /// Has a message that has left its sender take its latency. Returns what happens now, if
    /// anything does.
    pub(super) fn left(
        &mut self,
        world: &mut World<'_>,
        slot: Slot,
        latency_ns: u64,
    ) -> Option<Scheduled> {
        let packet = self.packets.get(slot)?;
        let places = self.places.as_mut();
        let latency_ns =
            latency_ns + places.map_or(0, |it| it.transmission_ns(world.now_ns(), packet));
        if self.links.holds(packet.src, packet.dest) {
            world.tally().message(Fault::Hold);
            self.held.push((world.now_ns() + latency_ns, slot));
            return None;
        }
        self.enqueue(world, slot, latency_ns)
    }

    /// A node has received a message.
    pub(super) fn received(&mut self, packet: &Packet) {
        self.links.received(packet.src, packet.dest);
    }

    /// Lets the messages arrive that were held. Each takes at least its own latency since it was
    /// sent.
    pub(super) fn release_held(&mut self, world: &mut World<'_>) {
        self.links.repair(LinkFault::Hold);
        for (deadline_ns, slot) in std::mem::take(&mut self.held) {
            let latency_ns = deadline_ns.saturating_sub(world.now_ns());
            if let Some(next) = self.enqueue(world, slot, latency_ns) {
                world.schedule(world.now_ns(), next);
            }
        }
    }

    fn loss_strikes(&mut self, names: &Names, src: Addr, dest: Addr) -> bool {
        let permille = self.links.loss_permille();
        permille > 0
            && self
                .chance(|it| &mut it.losses, names, src, dest)
                .chance(permille)
    }

    fn duplicate_strikes(&mut self, names: &Names, src: Addr, dest: Addr) -> bool {
        let permille = self.links.duplicate_permille();
        permille > 0
            && self
                .chance(|it| &mut it.duplicates, names, src, dest)
                .chance(permille)
    }

    fn latency_ns(&mut self, world: &mut World<'_>, src: Addr, dest: Addr) -> u64 {
        let latency = self.latency;
        if let Some(places) = &self.places {
            let mean_ns = latency.mean_ms * MS + places.link(src, dest).latency_ns;
            let drawn_ns = match latency.distribution {
                Distribution::Constant => mean_ns,
                _ => {
                    let stream = self.chance(|it| &mut it.latencies, world.names(), src, dest);
                    latency.draw_around_ns(mean_ns, stream)
                }
            };
            return self.slowed_ns(world, src, dest, drawn_ns);
        }
        let drawn_ns = match latency.constant_ns() {
            Some(constant_ns) => constant_ns,
            None => latency.draw_ns(self.chance(|it| &mut it.latencies, world.names(), src, dest)),
        };
        self.slowed_ns(world, src, dest, drawn_ns)
    }

    fn client_latency_ns(&self, src: Addr, dest: Addr) -> u64 {
        let places = self.places.as_ref();
        places.map_or(0, |places| places.link(src, dest).latency_ns)
    }

    /// A latency, on a link that may be slow.
    fn slowed_ns(&self, world: &mut World<'_>, src: Addr, dest: Addr, drawn_ns: u64) -> u64 {
        if self.links.is_slow(src, dest) {
            world.tally().message(Fault::Slow);
            (drawn_ns * SLOW_FACTOR).max(drawn_ns + SLOW_MIN_NS)
        } else {
            drawn_ns
        }
    }

    /// The stream of a family for the link between two servers.
    fn chance(
        &mut self,
        family: impl FnOnce(&mut Self) -> &mut Family,
        names: &Names,
        src: Addr,
        dest: Addr,
    ) -> &mut Stream {
        let member = self.receiver(src) * self.receivers.len() + self.receiver(dest);
        family(self).of(member, || {
            format!("{} {}", names.name(src), names.name(dest))
        })
    }

    /// The index of a server among the receivers.
    fn receiver(&self, server: Addr) -> usize {
        match server {
            Addr::Node(node) => node,
            Addr::Service(service) => self.nodes + service,
            Addr::Client(_) => unreachable!("clients have no latency"),
        }
    }

    fn pack(&mut self, world: &World<'_>, src: Addr, dest: Addr, body: Body<'_>) -> Packet {
        let names = world.names();
        // Envelope and body: 64 bytes are more than two names.
        let own = body.head.len() + body.tail.len();
        let mut text = self.packets.buffer(own + 64);
        text.push_str("{\"src\":\"");
        names.write(&mut text, src);
        text.push_str("\",\"dest\":\"");
        names.write(&mut text, dest);
        text.push_str("\",\"body\":");
        let body_at = text.len();
        text.push_str(body.head);
        let shared_at = text.len();
        text.push_str(body.tail);
        text.push('}');
        if let Some(shared) = body.shared
            && !self.shared.iter().any(|known| Arc::ptr_eq(known, shared))
        {
            self.shared.retain(|it| Arc::strong_count(it) > 1); // others may be gone
            self.shared.push(Arc::clone(shared));
        }
        self.sent += 1;
        Packet {
            id: self.sent - 1,
            src,
            dest,
            number: 0,
            text,
            body_at,
            shared: body.shared.map(|it| (shared_at, Arc::clone(it))),
            cause: world.cause(),
        }
    }

    /// Has a message wait for its deadline. Returns what happens now, if anything does.
    fn enqueue(&mut self, world: &mut World<'_>, slot: Slot, latency_ns: u64) -> Option<Scheduled> {
        let dest = self.packets.get(slot)?.dest;
        let deadline_ns = world.now_ns() + latency_ns;
        if dest.is_client() || self.model == NetworkModel::Ideal {
            if latency_ns == 0 {
                return Some(Scheduled::Deliver(slot));
            }
            world.schedule(deadline_ns, Scheduled::Deliver(slot));
            return None;
        }
        let receiver = self.receiver(dest);
        self.receivers[receiver].waiting.push(deadline_ns, slot);
        if let State::Idle = self.receivers[receiver].state {
            if latency_ns == 0 {
                self.receivers[receiver].state = State::Woken;
                return Some(Scheduled::Ready(receiver));
            }
            // It takes the message at once, and nothing is due before its deadline.
            self.poll(world, receiver);
        }
        None
    }

    /// The next message that `receiver` can hand over now. The caller asks until there
    /// is none.
    pub(super) fn ready(&mut self, world: &mut World<'_>, receiver: usize) -> Option<Packet> {
        match self.receivers[receiver].state {
            State::Holding { deadline_ns, .. } if deadline_ns > world.now_ns() => None,
            State::Holding { slot, .. } => {
                self.receivers[receiver].state = State::Woken;
                match self.packets.take(slot) {
                    None => self.poll(world, receiver),
                    packet => packet,
                }
            }
            State::Idle | State::Woken => self.poll(world, receiver),
        }
    }

    /// Takes the head of the queue, and again if its link is cut.
    fn poll(&mut self, world: &mut World<'_>, receiver: usize) -> Option<Packet> {
        loop {
            let this = &mut self.receivers[receiver];
            let Some((deadline_ns, slot)) = this.waiting.pop() else {
                this.state = State::Idle;
                return None;
            };
            if self.packets.get(slot).is_none() || self.drop_if_cut(world, slot) {
                continue;
            }
            if deadline_ns > world.now_ns() {
                self.receivers[receiver].state = State::Holding { slot, deadline_ns };
                world.schedule(deadline_ns, Scheduled::Ready(receiver));
                return None;
            }
            self.receivers[receiver].state = State::Woken;
            return self.packets.take(slot);
        }
    }

    /// The message of a [`Scheduled::Deliver`], if it arrives.
    pub(super) fn arrived(&mut self, world: &mut World<'_>, slot: Slot) -> Option<Packet> {
        if self.drop_if_cut(world, slot) {
            return None;
        }
        self.packets.take(slot)
    }

    fn drop_if_cut(&mut self, world: &mut World<'_>, slot: Slot) -> bool {
        let packet = self.packets.get(slot);
        let cut_by = packet.and_then(|packet| self.links.cut_by(packet.src, packet.dest));
        if let Some(fault) = cut_by
            && let Some(packet) = self.packets.take(slot)
        {
            world.taken(&packet, DropReason::Partition, fault);
            self.packets.recycle(packet);
        }
        cut_by.is_some()
    }

    /// Drops all that waits for the node `node`, which starts anew.
    pub(super) fn reset(&mut self, world: &mut World<'_>, node: usize, by: Fault) {
        let receiver = &mut self.receivers[node];
        let held = match receiver.state {
            State::Holding { slot, .. } => Some(slot),
            State::Idle | State::Woken => None,
        };
        receiver.state = State::Idle;
        let waiting = std::iter::from_fn(|| receiver.waiting.pop().map(|(_, slot)| slot));
        let mut lost: Vec<Slot> = held.into_iter().chain(waiting).collect();
        self.held.retain(|(_, slot)| {
            let packet = self.packets.get(*slot);
            let is_its = packet.is_some_and(|packet| packet.dest == Addr::Node(node));
            if is_its {
                lost.push(*slot);
            }
            !is_its
        });
        for slot in lost {
            if let Some(packet) = self.packets.take(slot) {
                world.taken(&packet, DropReason::Down, by);
                self.packets.recycle(packet);
            }
        }
    }
}

#[cfg(test)]
mod tests;
