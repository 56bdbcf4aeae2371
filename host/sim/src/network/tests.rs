//! Claims about the network.

use std::sync::Arc;

use super::*;
use crate::bounds::Bounds;
use crate::latency::Distribution;
use crate::memory::RunMemory;
use crate::nemesis::PartitionKind;
use crate::options::Cluster;
use crate::regions::Regions;

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
        Self::with_hops(model, 0)
    }

    fn with_hops(model: NetworkModel, median_ms: u64) -> Self {
        Self::with_regions(model, median_ms, None)
    }

    /// An ideal network with regions.
    fn of(regions: &str) -> Self {
        let regions = regions.parse().unwrap();
        Self::with_regions(NetworkModel::Ideal, 0, Some(Arc::new(regions)))
    }

    fn with_regions(model: NetworkModel, median_ms: u64, regions: Option<Arc<Regions>>) -> Self {
        let options = RunOptions {
            regions,
            cluster: Cluster::of(2),
            latency: Latency {
                mean_ms: 100,
                distribution: Distribution::Constant,
            },
            hops: Some(Hops::of(median_ms * MS)),
            network: model,
            ..RunOptions::default()
        };
        TestNetwork {
            network: Network::new(&options, 1, &Streams::new(1)),
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
                Scheduled::Leave { slot, latency_ns } => {
                    let next = self.network.left(&mut self.world, slot, latency_ns);
                    if let Some(next) = next {
                        self.world.schedule(at_ns, next);
                    }
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
    let from_n1 = crate::nemesis::Grudges::new(vec![vec![1], vec![]]);
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
    let from_n1 = crate::nemesis::Grudges::new(vec![vec![1], vec![]]);
    test.network.links().hold_next(&from_n1, 1);
    test.send(0, N1, N0).pass(20);
    test.network.reset(&mut test.world, 0, Fault::Kill);
    test.network.release_held(&mut test.world);
    test.arrive(&[]);
}

#[test]
fn a_node_that_starts_anew_finds_nothing_waiting() {
    let mut test = TestNetwork::new(NetworkModel::Maelstrom);
    test.send(0, N1, N0).send(10, N1, N0).pass(20);
    test.network.reset(&mut test.world, 0, Fault::Kill);
    test.send(30, CLIENT, N0).arrive(&[(2, 30)]);
}

#[test]
fn a_partition_takes_what_has_not_left_its_sender() {
    // A hop takes at least half of its median. Without hops the first would have been taken at 0.
    TestNetwork::with_hops(NetworkModel::Maelstrom, 60)
        .send(0, N1, N0)
        .cut(20)
        .arrive(&[]);
}

#[test]
fn messages_of_one_sender_leave_in_order_and_those_of_others_when_they_are_ready() {
    let mut test = TestNetwork::with_hops(NetworkModel::Ideal, 1000);
    for _ in 0..10 {
        test.send(0, SERVICE, CLIENT).send(0, N1, CLIENT);
    }
    test.pass(60_000);
    let of = |parity| {
        let ids = test.arrivals.iter().map(|(id, _)| *id);
        ids.filter(|id| id % 2 == parity).collect::<Vec<_>>()
    };
    let (of_service, of_node) = (of(0), of(1));
    assert_eq!(of_service, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    assert_eq!(of_node, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    let ids: Vec<u64> = test.arrivals.iter().map(|(id, _)| *id).collect();
    assert!(!ids.is_sorted(), "{ids:?}");
    assert!(test.arrivals.iter().all(|(_, at_ms)| *at_ms >= 500));
}

/// n0 in a region, n1 in the other, and the service in the first.
const TWO: &str = "regions us eu; us 1 40; eu 30 2";

#[test]
fn between_regions_a_message_takes_what_the_matrix_says_and_the_mean() {
    TestNetwork::of(TWO)
        .send(0, N0, N1) // 40 + 100
        .send(0, N1, N0) // 30 + 100
        .send(0, N0, SERVICE) // 1 + 100
        .send(0, SERVICE, N1)
        .send(0, CLIENT, N1) // near its node
        .arrive(&[(4, 0), (2, 101), (1, 130), (0, 140), (3, 140)]);
}

#[test]
fn nodes_services_and_clients_are_where_the_text_says() {
    TestNetwork::of(&format!("{TWO}; nodes eu n0; services eu; clients us"))
        .send(0, N0, N1) // both in eu: 2 + 100
        .send(0, SERVICE, N1)
        .send(0, CLIENT, N1) // 40, without the mean of servers
        .send(0, N1, CLIENT) // 30
        .arrive(&[(3, 30), (2, 40), (0, 102), (1, 102)]);
}

#[test]
fn on_a_slow_link_messages_follow_each_other_bit_by_bit() {
    // A message has 34 bytes, which take 272 ms at 1,000 bits a second.
    TestNetwork::of(&format!("{TWO}; bandwidth us eu 0.001"))
        .send(0, N0, N1) // 0 + 272 + 140
        .send(0, N0, N1) // 272 + 272 + 140
        .send(0, N1, N0) // the other direction has no limit: 130
        .send(1000, N0, N1) // the link is free
        .arrive(&[(2, 130), (0, 412), (1, 684), (3, 1412)]);
}

#[test]
fn a_link_loses_what_its_text_says_in_its_direction() {
    let mut network = TestNetwork::of(&format!("{TWO}; loss us eu 25"));
    for _ in 0..4000 {
        network.send(0, N0, N1).send(0, N1, N0).send(0, N0, SERVICE);
    }
    network.pass(10_000);
    // By their numbers: every third is of one kind.
    let arrived = |kind| {
        (network.arrivals.iter())
            .filter(|(id, _)| id % 3 == kind)
            .count()
    };
    assert!((2900..3100).contains(&arrived(0)), "{}", arrived(0));
    assert_eq!((arrived(1), arrived(2)), (4000, 4000));
}
