//! The services of a run: receive the requests of nodes, and respond.

use super::address::Addr;
use super::cost::value_bytes;
use super::network::Network;
use super::outcome::Stopped;
use super::packets::Packet;
use super::random::{Family, Streams};
use super::service::{Service, draws, write_body};
use super::world::World;

/// All services, each with a stream for every node that calls it.
pub(super) struct Services {
    services: Vec<(Box<dyn Service>, Family)>,
    /// What each holds.
    bytes: Vec<usize>,
    /// Whether what they draw is decided by their state and the request, to the end of the run: so it is
    /// in a run whose beginning a script directs.
    draws_by_state: bool,
}

impl Services {
    pub(super) fn new(
        services: Vec<Box<dyn Service>>,
        streams: &Streams,
        draws_by_state: bool,
    ) -> Self {
        let with_streams = |service: Box<dyn Service>| {
            let family = Family::new(streams, service.name());
            (service, family)
        };
        Services {
            bytes: vec![0; services.len()],
            services: services.into_iter().map(with_streams).collect(),
            draws_by_state,
        }
    }

    /// Has a service handle a request, and sends its response. What the request takes while it is
    /// read, and what the service keeps of it, is the run's memory.
    pub(super) fn deliver(
        &mut self,
        index: usize,
        packet: &Packet,
        world: &mut World<'_>,
        network: &mut Network,
    ) -> Result<(), Stopped> {
        world.received(packet);
        world.meter().step();
        let Addr::Node(node) = packet.src else {
            return Ok(()); // only nodes know of services
        };
        if !world.meter().may_hold(value_bytes(packet.body())) {
            return world.check(network.in_flight());
        }
        let (service, streams) = &mut self.services[index];
        let client = &world.names().nodes()[node];
        let answer = if self.draws_by_state {
            let mut draws = draws(service.as_ref(), client, packet.body());
            service.handle(client, packet.body(), &mut draws)
        } else {
            let stream = streams.of(node, || client.clone());
            service.handle(client, packet.body(), stream.generator())
        };
        let (before, now) = (self.bytes[index], service.bytes());
        self.bytes[index] = now;
        world.meter().service(before, now);
        let Some(msg_id) = packet.header().and_then(|header| header.msg_id) else {
            return Ok(()); // nobody waits for the response
        };
        let mut body = Vec::new();
        write_body(&mut body, &answer, msg_id);
        let (src, body) = (Addr::Service(index), String::from_utf8_lossy(&body));
        network.send(world, src, packet.src, &body);
        Ok(())
    }
}
