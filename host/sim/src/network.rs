//! The network: takes messages in, and delivers them at their time.
//!
//! By default it is Maelstrom's. Each node and each service has a queue of its own,
//! ordered by deadline, and a receiver that takes the head, checks at that moment
//! whether the link is cut, and then waits until the message's deadline before it
//! hands it over. Whatever arrives meanwhile waits too: a client's request, which
//! has no latency of its own, can wait as long as a message between nodes takes.
//! [`NetworkModel::Ideal`] has no such receiver: every message comes at its deadline.

use super::address::{Addr, Names};
use super::journal::DropReason;
use super::latency::Latency;
use super::links::{LinkFault, Links};
use super::meter::InFlight;
use super::nemesis::Fault;
use super::packets::{Packet, Packets, Slot};
use super::queue::Queue;
use super::random::{Family, Stream, Streams};
use super::scheduled::Scheduled;
use super::time::MS;
use super::world::World;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

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
    links: Links,
    model: NetworkModel,
    latency: Latency,
    nodes: usize,
    /// Those of the nodes, then those of the services.
    receivers: Vec<Receiver>,
    /// Messages that are held on their links, each with its deadline, in the order of sending.
    held: Vec<(u64, Slot)>,
    sent: u64,
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
    pub(super) fn new(
        model: NetworkModel,
        latency: Latency,
        nodes: usize,
        services: usize,
        streams: &Streams,
    ) -> Self {
        let ends = nodes + services;
        let family = |purpose| Family::new(streams, purpose, ends * ends);
        let receivers = (0..ends).map(|_| Receiver {
            waiting: Queue::new(),
            state: State::Idle,
        });
        Network {
            packets: Packets::default(),
            links: Links::new(nodes),
            model,
            latency,
            nodes,
            receivers: receivers.collect(),
            held: Vec::new(),
            sent: 0,
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
            bytes: self.packets.bytes(),
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
        let packet = self.pack(world.names(), src, dest, body);
        world.sent(&packet);
        if src.is_client() || dest.is_client() {
            self.enqueue(world, packet, 0);
            return;
        }
        let between_nodes = self.links.link(src, dest).is_some();
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
        if between_nodes && self.duplicate_strikes(world.names(), src, dest) {
            world.tally().message(Fault::Duplicate);
            let mut copy = self.pack(world.names(), src, dest, body);
            copy.id = packet.id;
            self.sent -= 1;
            let latency_ns = self.latency_ns(world, src, dest);
            self.enqueue_or_hold(world, copy, latency_ns);
        }
        let latency_ns = self.latency_ns(world, src, dest);
        self.enqueue_or_hold(world, packet, latency_ns);
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
            if let Some(packet) = self.packets.take(slot) {
                let latency_ns = deadline_ns.saturating_sub(world.now_ns());
                self.enqueue(world, packet, latency_ns);
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
        let drawn_ns = match latency.constant_ns() {
            Some(constant_ns) => constant_ns,
            None => latency.draw_ns(self.chance(|it| &mut it.latencies, world.names(), src, dest)),
        };
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

    fn pack(&mut self, names: &Names, src: Addr, dest: Addr, body: &str) -> Packet {
        // Envelope and body: 64 bytes are more than two names.
        let mut text = self.packets.buffer(body.len() + 64);
        text.push_str("{\"src\":\"");
        names.write(&mut text, src);
        text.push_str("\",\"dest\":\"");
        names.write(&mut text, dest);
        text.push_str("\",\"body\":");
        let body_at = text.len();
        text.push_str(body);
        text.push('}');
        self.sent += 1;
        Packet {
            id: self.sent - 1,
            src,
            dest,
            text,
            body_at,
        }
    }

    fn enqueue_or_hold(&mut self, world: &mut World<'_>, packet: Packet, latency_ns: u64) {
        if self.links.holds(packet.src, packet.dest) {
            world.tally().message(Fault::Hold);
            let slot = self.packets.put(packet);
            self.held.push((world.now_ns() + latency_ns, slot));
        } else {
            self.enqueue(world, packet, latency_ns);
        }
    }

    fn enqueue(&mut self, world: &mut World<'_>, packet: Packet, latency_ns: u64) {
        let deadline_ns = world.now_ns() + latency_ns;
        let dest = packet.dest;
        let slot = self.packets.put(packet);
        if dest.is_client() || self.model == NetworkModel::Ideal {
            world.schedule(deadline_ns, Scheduled::Deliver(slot));
            return;
        }
        let receiver = self.receiver(dest);
        self.receivers[receiver].waiting.push(deadline_ns, slot);
        if let State::Idle = self.receivers[receiver].state {
            if latency_ns == 0 {
                self.receivers[receiver].state = State::Woken;
                world.schedule(deadline_ns, Scheduled::Ready(receiver));
            } else {
                // It takes the message at once, and nothing is due before its deadline.
                self.poll(world, receiver);
            }
        }
    }

    /// The next message that `receiver` can hand over now. The caller asks until there
    /// is none.
    pub(super) fn ready(&mut self, world: &mut World<'_>, receiver: usize) -> Option<Packet> {
        match self.receivers[receiver].state {
            State::Holding { deadline_ns, .. } if deadline_ns > world.now_ns() => None,
            State::Holding { slot, .. } => {
                self.receivers[receiver].state = State::Woken;
                self.packets.take(slot)
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
            if self.drop_if_cut(world, slot) {
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
    pub(super) fn reset(&mut self, world: &mut World<'_>, node: usize) {
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
                world.taken(&packet, DropReason::Down, Fault::Kill);
                self.packets.recycle(packet);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bounds::Bounds;
    use crate::latency::Distribution;
    use crate::memory::RunMemory;
    use crate::nemesis::PartitionKind;

    /// Two nodes and a service, with 100 ms between them.
    struct TestNetwork {
        network: Network,
        world: World<'static>,
        arrivals: Vec<(u64, u64)>,
    }

    const N0: Addr = Addr::Node(0);
    const N1: Addr = Addr::Node(1);
    const CLIENT: Addr = Addr::Client(0);
    const SERVICE: Addr = Addr::Service(0);

    impl TestNetwork {
        fn new(model: NetworkModel) -> Self {
            let latency = Latency {
                mean_ms: 100,
                distribution: Distribution::Constant,
            };
            TestNetwork {
                network: Network::new(model, latency, 2, 1, &Streams::new(1)),
                world: World::new(
                    Names::new(2, 0, vec!["lin-kv".into()]),
                    Vec::new(),
                    Bounds::default(),
                    Arc::new(RunMemory::new(0, None)),
                ),
                arrivals: Vec::new(),
            }
        }

        /// Lets everything happen that happens up to `ms`.
        fn pass(&mut self, ms: u64) -> &mut Self {
            // A marker that nobody acts on ends the wait.
            self.world.schedule(ms * MS, Scheduled::Recovered);
            while let Some(event) = self.world.next() {
                let at_ns = self.world.now_ns();
                match event {
                    Scheduled::Ready(receiver) => {
                        while let Some(packet) = self.network.ready(&mut self.world, receiver) {
                            self.arrivals.push((packet.id, at_ns / MS));
                        }
                    }
                    Scheduled::Deliver(slot) => {
                        let packet = self.network.arrived(&mut self.world, slot);
                        self.arrivals
                            .extend(packet.map(|packet| (packet.id, at_ns / MS)));
                    }
                    _ => break,
                }
            }
            self
        }

        /// Sends at `ms`; messages have the numbers 0, 1 and so on.
        fn send(&mut self, ms: u64, src: Addr, dest: Addr) -> &mut Self {
            self.pass(ms);
            self.network.send(&mut self.world, src, dest, "{}");
            self
        }

        fn cut(&mut self, ms: u64) -> &mut Self {
            self.pass(ms);
            let grudges = PartitionKind::One.draw(2, &mut Streams::new(1).stream("cut"));
            self.network
                .links
                .break_links(LinkFault::Partition, &grudges);
            self
        }

        /// The number of each message that arrived, and when.
        #[track_caller]
        fn arrive(&mut self, expected: &[(u64, u64)]) {
            self.pass(10_000);
            assert_eq!(self.arrivals, expected);
            assert_eq!(self.network.packets.len(), 0);
        }
    }

    #[test]
    fn a_receiver_that_waits_for_one_message_keeps_all_others_waiting() {
        TestNetwork::new(NetworkModel::Maelstrom)
            .send(0, N1, N0) // taken at once, due at 100
            .send(40, CLIENT, N0) // due at 40, but the receiver waits
            .send(50, N1, N0) // due at 150
            .send(120, CLIENT, N0) // the receiver waits for the one before
            .arrive(&[(0, 100), (1, 100), (2, 150), (3, 150)]);
    }

    #[test]
    fn on_an_ideal_network_each_comes_when_it_is_due() {
        TestNetwork::new(NetworkModel::Ideal)
            .send(0, N1, N0)
            .send(40, CLIENT, N0)
            .send(50, N1, N0)
            .send(120, CLIENT, N0)
            .arrive(&[(1, 40), (0, 100), (3, 120), (2, 150)]);
    }

    #[test]
    fn a_partition_takes_what_has_not_been_taken_by_the_receiver() {
        TestNetwork::new(NetworkModel::Maelstrom)
            .send(0, N1, N0) // taken at 0, before the partition
            .send(10, N1, N0) // looked at when the first is handed over, at 100
            .cut(20)
            .send(30, CLIENT, N0)
            .send(40, N1, N0)
            .arrive(&[(0, 100), (2, 100)]);
    }

    #[test]
    fn on_an_ideal_network_a_partition_takes_all_that_is_on_its_way() {
        TestNetwork::new(NetworkModel::Ideal)
            .send(0, N1, N0)
            .send(10, N1, SERVICE)
            .cut(20)
            .send(30, CLIENT, N0)
            .arrive(&[(2, 30), (1, 110)]);
    }

    #[test]
    fn services_are_as_far_as_nodes_and_never_cut_off() {
        TestNetwork::new(NetworkModel::Maelstrom)
            .cut(0)
            .send(0, N1, SERVICE)
            .send(100, SERVICE, N1)
            .send(100, N0, N0)
            .arrive(&[(0, 100), (1, 200), (2, 200)]);
    }

    #[test]
    fn a_message_that_is_held_arrives_when_the_fault_ends_and_not_before_its_time() {
        let mut test = TestNetwork::new(NetworkModel::Maelstrom);
        let from_n1 = crate::nemesis::Grudges(vec![vec![1], vec![]]);
        test.network.links().hold_next(&from_n1, 2);
        test.send(0, N1, N0) // held
            .send(10, N1, SERVICE)
            .send(20, CLIENT, N0)
            .send(550, N1, N0) // held
            .send(560, N1, N0) // passes, due at 660
            .pass(600);
        test.network.release_held(&mut test.world);
        // The receiver has taken the third, and hands the first over after it.
        test.arrive(&[(2, 20), (1, 110), (4, 660), (0, 660), (3, 660)]);
    }

    #[test]
    fn a_node_that_starts_anew_gets_nothing_of_what_was_held() {
        let mut test = TestNetwork::new(NetworkModel::Ideal);
        let from_n1 = crate::nemesis::Grudges(vec![vec![1], vec![]]);
        test.network.links().hold_next(&from_n1, 1);
        test.send(0, N1, N0).pass(20);
        test.network.reset(&mut test.world, 0);
        test.network.release_held(&mut test.world);
        test.arrive(&[]);
    }

    #[test]
    fn a_node_that_starts_anew_finds_nothing_waiting() {
        let mut test = TestNetwork::new(NetworkModel::Maelstrom);
        test.send(0, N1, N0).send(10, N1, N0).pass(20);
        test.network.reset(&mut test.world, 0);
        test.send(30, CLIENT, N0).arrive(&[(2, 30)]);
    }
}
