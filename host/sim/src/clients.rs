//! Clients, and the one request that each may have open.

use host_protocol::message::Header;

use super::address::Addr;
use super::client::with_msg_id;
use super::cost::answer_bytes;
use super::journal::DropReason;
use super::network::Network;
use super::packets::{Body, Packet};
use super::queue::Alarm;
use super::scheduled::Scheduled;
use super::silence::Instead;
use super::world::World;

/// Whose requests a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The client sends `init` to this node.
    Init(usize),
    /// The client sends the workload's setup to this node.
    Setup(usize),
    /// The client is this worker's.
    Worker(usize),
    /// The client sends what a person says, and waits for nothing.
    Hand,
}

/// All clients that there ever were: `c0`, `c1` and so on.
#[derive(Debug, Default)]
pub(super) struct Clients {
    clients: Vec<Client>,
    /// Bytes of the bodies of all operations' requests.
    request_bytes: u64,
}

#[derive(Debug)]
struct Client {
    owner: Owner,
    open: bool,
    calls: u64,
    /// The node that it last called.
    node: Option<usize>,
    awaited: Option<Awaited>,
}

/// The request that is open.
#[derive(Debug)]
struct Awaited {
    msg_id: u64,
    /// When it was sent, or began to be waited for again.
    from_ns: u64,
    /// The last message to the client since then that is no answer to it.
    stray: Option<Instead>,
    /// How long it is waited for.
    timeout_ns: u64,
    /// When it times out; `None` while the run is directed.
    timeout: Option<Alarm>,
}

/// A request that is not open any more.
#[derive(Debug)]
pub(super) struct Ended {
    /// Whose it was.
    pub(super) owner: Owner,
    /// The node that was asked.
    pub(super) node: Option<usize>,
    /// When it was sent.
    pub(super) asked_ns: u64,
    /// What the client got until then instead of an answer.
    pub(super) instead: Instead,
}

impl Clients {
    /// Opens a new client.
    pub(super) fn open(&mut self, owner: Owner) -> usize {
        self.clients.push(Client {
            owner,
            open: true,
            calls: 0,
            node: None,
            awaited: None,
        });
        self.clients.len() - 1
    }

    /// Closes a client. Messages to it are dropped from now on.
    pub(super) fn close(&mut self, client: usize, world: &mut World<'_>) {
        self.clients[client].open = false;
        if let Some(timeout) = self.clients[client]
            .awaited
            .take()
            .and_then(|it| it.timeout)
        {
            world.cancel(timeout);
        }
    }

    /// The client that sends what a person says.
    pub(super) fn of_hand(&mut self) -> usize {
        let known = self.clients.iter().position(|it| it.owner == Owner::Hand);
        known.unwrap_or_else(|| self.open(Owner::Hand))
    }

    /// When a client's open request times out.
    pub(super) fn timeout_ns(&self, client: usize) -> Option<u64> {
        let awaited = self.clients.get(client)?.awaited.as_ref()?;
        Some(awaited.from_ns + awaited.timeout_ns)
    }

    /// The request that a client has open.
    pub(super) fn open_request(&self, client: usize) -> Option<u64> {
        let awaited = self.clients.get(client)?.awaited.as_ref();
        awaited.map(|awaited| awaited.msg_id)
    }

    /// The open request that would time out first: when, its client and itself.
    pub(super) fn first_timeout(&self) -> Option<(u64, usize, u64)> {
        let clients = self.clients.iter().enumerate();
        let open = clients.filter_map(|(client, it)| {
            let awaited = it.awaited.as_ref()?;
            Some((awaited.from_ns + awaited.timeout_ns, client, awaited.msg_id))
        });
        open.min()
    }

    /// Has open requests time out again: they are waited for from now on.
    pub(super) fn release(&mut self, world: &mut World<'_>) {
        for (client, it) in self.clients.iter_mut().enumerate() {
            if let Some(awaited) = &mut it.awaited {
                let at_ns = world.now_ns() + awaited.timeout_ns;
                let msg_id = awaited.msg_id;
                let timeout = world.set_alarm(at_ns, Scheduled::TimeOut { client, msg_id });
                awaited.timeout = Some(timeout);
            }
        }
    }

    /// Whether there is or was such a client.
    pub(super) fn exists(&self, client: usize) -> bool {
        client < self.clients.len()
    }

    /// How many operations wait for a node.
    pub(super) fn open_at(&self, node: usize) -> u64 {
        let is_open = |client: &&Client| {
            let is_operation = matches!(client.owner, Owner::Worker(_));
            is_operation && client.awaited.is_some() && client.node == Some(node)
        };
        self.clients.iter().filter(is_open).count() as u64
    }

    /// The bytes of the bodies of all operations' requests so far.
    pub(super) fn request_bytes(&self) -> u64 {
        self.request_bytes
    }

    /// Sends a request to a node, and has it time out.
    pub(super) fn call(
        &mut self,
        client: usize,
        node: usize,
        body: Body<'_>,
        timeout_ns: u64,
        world: &mut World<'_>,
        network: &mut Network,
    ) {
        let this = &mut self.clients[client];
        this.calls += 1;
        this.node = Some(node);
        let msg_id = this.calls;
        let tail = &with_msg_id(body.tail, msg_id);
        if let Owner::Worker(_) = this.owner {
            self.request_bytes += tail.len() as u64;
        }
        let body = Body { tail, ..body };
        network.send_body(world, Addr::Client(client), Addr::Node(node), body);
        self.wait(client, msg_id, timeout_ns, world);
    }

    /// Hands a message to a client. If it is the response to the open request, that ends, and
    /// the one whose request it was goes on with the response.
    pub(super) fn receive<'p>(
        &mut self,
        client: usize,
        packet: &'p Packet,
        world: &mut World<'_>,
    ) -> Option<(Owner, Header<'p>)> {
        if !self.clients.get(client).is_some_and(|client| client.open) {
            world.dropped(packet, DropReason::Gone);
            return None;
        }
        world.received(packet);
        world.meter().answer(answer_bytes(packet.body()));
        // Nodes and services only send bodies that have a header.
        let header = packet.header()?;
        let awaited = self.clients[client].awaited.as_mut()?;
        if header.in_reply_to != Some(awaited.msg_id) {
            let stray = Instead::stray(header.in_reply_to, awaited.msg_id, packet.body());
            awaited.stray = Some(stray);
            return None;
        }
        let msg_id = awaited.msg_id;
        let (owner, _) = self.end(client, msg_id, world)?;
        Some((owner, header))
    }

    /// Ends the request `msg_id`, if it is the one that is open.
    fn end(
        &mut self,
        client: usize,
        msg_id: u64,
        world: &mut World<'_>,
    ) -> Option<(Owner, Awaited)> {
        let client = self.clients.get_mut(client)?;
        let awaited = client.awaited.take_if(|it| it.msg_id == msg_id)?;
        if let Some(timeout) = awaited.timeout {
            world.cancel(timeout);
        }
        Some((client.owner, awaited))
    }

    /// Ends the request `msg_id`, if it is the one that is open: its response has not come.
    pub(super) fn time_out(
        &mut self,
        client: usize,
        msg_id: u64,
        world: &mut World<'_>,
    ) -> Option<Ended> {
        let (owner, awaited) = self.end(client, msg_id, world)?;
        let node = self.clients[client].node;
        let instead = match world.asked(client, awaited.from_ns) {
            Some(Ok(())) => Instead::Nothing,
            Some(Err(why)) => Instead::NeverAsked(Some(why)),
            None => Instead::NeverAsked(None),
        };
        Some(Ended {
            owner,
            node,
            asked_ns: awaited.from_ns,
            instead: awaited.stray.unwrap_or(instead),
        })
    }

    /// The client waits for the response to `msg_id` for `timeout_ns`.
    pub(super) fn wait(
        &mut self,
        client: usize,
        msg_id: u64,
        timeout_ns: u64,
        world: &mut World<'_>,
    ) {
        let from_ns = world.now_ns();
        let at_ns = from_ns + timeout_ns;
        let timeout = match world.is_directed() {
            true => None,
            false => Some(world.set_alarm(at_ns, Scheduled::TimeOut { client, msg_id })),
        };
        self.clients[client].awaited = Some(Awaited {
            msg_id,
            from_ns,
            stray: None,
            timeout_ns,
            timeout,
        });
    }
}
