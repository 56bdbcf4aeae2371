//! The services of a run: receive the requests of nodes, and respond.

use super::address::Addr;
use super::network::Network;
use super::packets::Packet;
use super::random::{Family, Streams};
use super::service::{Service, write_body};
use super::world::World;

/// All services, each with a stream for every node that calls it.
pub(super) struct Services {
    services: Vec<(Box<dyn Service>, Family)>,
}

impl Services {
    pub(super) fn new(services: Vec<Box<dyn Service>>, nodes: usize, streams: &Streams) -> Self {
        let with_streams = |service: Box<dyn Service>| {
            let family = Family::new(streams, service.name(), nodes);
            (service, family)
        };
        Services {
            services: services.into_iter().map(with_streams).collect(),
        }
    }

    /// Has a service handle a request, and sends its response.
    pub(super) fn deliver(
        &mut self,
        index: usize,
        packet: &Packet,
        world: &mut World<'_>,
        network: &mut Network,
    ) {
        world.received(packet);
        world.meter().step();
        let Addr::Node(node) = packet.src else {
            return; // only nodes know of services
        };
        let (service, streams) = &mut self.services[index];
        let client = &world.names().nodes()[node];
        let stream = streams.of(node, || client.clone());
        let answer = service.handle(client, packet.body(), stream.generator());
        let Some(msg_id) = packet.header().and_then(|header| header.msg_id) else {
            return; // nobody waits for the response
        };
        let mut body = Vec::new();
        write_body(&mut body, &answer, msg_id);
        let (src, body) = (Addr::Service(index), String::from_utf8_lossy(&body));
        network.send(world, src, packet.src, &body);
    }
}
