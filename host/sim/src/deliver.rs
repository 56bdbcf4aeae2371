//! What happens when a message reaches its receiver or a timer is due.

use host_protocol::abi::Log;
use host_protocol::message::{Error, Header, Message};

use super::address::Addr;
use super::client::ErrorHandling;
use super::exception::{Exception, error_value};
use super::journal::Lost;
use super::node::Life;
use super::outcome::{Reason, Stopped};
use super::packets::Packet;
use super::phases::{INIT_TIMEOUT_NS, kind_of};
use super::rpc::Owner;
use super::run::{Event, Run};
use crate::service::write_body;
use host_check::history::Kind;
use host_guest::{
    Effect, Event as GuestEvent, EventKind, Guest, GuestError, GuestOptions, check_timers,
};

impl Run<'_> {
    /// Starts a node's guest, and has a new client send it `init`.
    pub(super) fn start_node(&mut self, node: usize) -> Result<(), Stopped> {
        self.network.reset(&mut self.world, node);
        let guest = self.new_guest(node)?;
        let client = self.clients.open(Owner::Init(node));
        let this = &mut self.nodes[node];
        this.life = Life::Starting(guest);
        this.init_client = Some(client);
        // Before the next one starts: all start at once, and each may begin with much.
        self.count(node);
        self.check_bounds()?;
        let this = &self.nodes[node];
        let init = serde_json::json!({
            "type": "init",
            "node_id": this.name,
            "node_ids": self.world.names.nodes(),
        });
        self.call(client, node, &init.to_string(), INIT_TIMEOUT_NS);
        Ok(())
    }

    /// A guest for the node, of the version that it has now.
    pub(super) fn new_guest(&mut self, node: usize) -> Result<Box<dyn Guest + Send>, Stopped> {
        let this = &mut self.nodes[node];
        let name = format!("guest {} {}", this.name, this.incarnation);
        this.incarnation += 1;
        let module = match this.has_next_version {
            true => self.next_module.unwrap_or(self.module),
            false => self.module,
        };
        let started = module.start(GuestOptions {
            limits: self.options.limits,
            args: self.options.guest_args.clone(),
            seed: self.streams.seed(&name),
        });
        started.map_err(|error| self.stopped(Some(node), Reason::Guest(error)))
    }

    /// Hands a message over.
    pub(super) fn deliver(&mut self, packet: Packet) -> Result<(), Stopped> {
        match packet.dest {
            Addr::Node(node) => self.deliver_to_node(node, packet),
            Addr::Service(service) => {
                self.deliver_to_service(service, &packet);
                self.network.packets.recycle(packet);
                Ok(())
            }
            Addr::Client(client) => {
                let delivered = self.deliver_to_client(client, &packet);
                self.network.packets.recycle(packet);
                delivered
            }
        }
    }

    fn deliver_to_node(&mut self, node: usize, packet: Packet) -> Result<(), Stopped> {
        let this = &mut self.nodes[node];
        let is_init = this.init_client.map(Addr::Client) == Some(packet.src);
        let is_up = match &this.life {
            Life::Down => false,
            Life::Starting(_) => is_init,
            Life::Running(_) => true,
        };
        if !is_up {
            self.world.drop(&packet, Lost::Down);
            self.network.packets.recycle(packet);
            return Ok(());
        }
        if this.paused {
            this.backlog.push(self.network.packets.put(packet));
            return Ok(());
        }
        this.life.run();
        self.note_received(&packet);
        let stepped = self.step(node, EventKind::Message(&packet.text));
        self.network.packets.recycle(packet);
        stepped
    }

    fn note_received(&mut self, packet: &Packet) {
        let world = &mut self.world;
        world.journal.received(world.now_ns, &world.names, packet);
    }

    /// A node's timer is due, unless things have changed since.
    pub(super) fn wake(&mut self, node: usize) -> Result<(), Stopped> {
        let now_ns = self.world.now_ns;
        let this = &mut self.nodes[node];
        if this.wake_ns != Some(now_ns) {
            return Ok(());
        }
        this.wake_ns = None;
        if this.paused {
            return Ok(());
        }
        let elapsed_ns = this.clock.elapsed_ns(now_ns);
        while let Some(id) = self.nodes[node].timers.pop_due(elapsed_ns) {
            let name = &self.nodes[node].name;
            self.world.journal.timer(now_ns, name, id);
            self.step(node, EventKind::Timer(id))?;
        }
        self.plan_wake(node);
        Ok(())
    }

    /// Has the node woken for its next timer.
    pub(super) fn plan_wake(&mut self, node: usize) {
        if let Some(at_ns) = self.nodes[node].earlier_wake(self.world.now_ns) {
            self.world.queue.push(at_ns, Event::Wake(node));
        }
    }

    /// Has a node handle an event, and does what it asks for: all of it or nothing.
    fn step(&mut self, node: usize, kind: EventKind<'_>) -> Result<(), Stopped> {
        self.used.steps += 1;
        let stepped = self.try_step(node, kind);
        stepped.map_err(|reason| self.stopped(Some(node), reason))?;
        self.count(node);
        self.show(node);
        self.plan_wake(node);
        Ok(())
    }

    fn try_step(&mut self, node: usize, kind: EventKind<'_>) -> Result<(), Reason> {
        let now_ns = self.world.now_ns;
        let this = &mut self.nodes[node];
        let Life::Running(guest) = &mut this.life else {
            return Ok(());
        };
        let event = GuestEvent {
            now_ns: this.clock.reads_ns(now_ns),
            node: &this.name,
            kind,
        };
        let effects = guest.step(&event).map_err(Reason::Guest)?;
        check_timers(&this.timers, &effects, self.options.limits.timers)
            .map_err(|kind| Reason::Guest(GuestError::in_effects(kind, &event)))?;
        self.dests.clear();
        for effect in &effects {
            if let Effect::Send(send) = effect {
                let name = send.message.dest.as_ref();
                let dest = self.world.names.find(name);
                let exists = |dest: &Addr| match *dest {
                    Addr::Client(client) => self.clients.exists(client),
                    Addr::Node(_) | Addr::Service(_) => true,
                };
                let Some(dest) = dest.filter(exists) else {
                    return Err(Reason::UnknownDestination {
                        dest: name.to_owned(),
                        body: send.message.body.to_owned(),
                        event: event.to_string(),
                    });
                };
                self.dests.push(dest);
            }
        }
        let elapsed_ns = this.clock.elapsed_ns(now_ns);
        let mut dests = self.dests.iter();
        for effect in &effects {
            match effect {
                Effect::Send(send) => {
                    if let Some(dest) = dests.next() {
                        let (src, body) = (Addr::Node(node), send.message.body);
                        self.network.send(&mut self.world, src, *dest, body);
                    }
                }
                Effect::SetTimer(timer) => {
                    let deadline_ns = elapsed_ns.saturating_add(timer.after_ns);
                    this.timers.set(timer.id, deadline_ns);
                }
                Effect::CancelTimer(timer) => this.timers.cancel(timer.id),
                Effect::Log(Log { level, text }) => {
                    self.world.journal.log(now_ns, &this.name, *level, text);
                }
            }
        }
        Ok(())
    }

    fn deliver_to_service(&mut self, index: usize, packet: &Packet) {
        self.note_received(packet);
        self.used.steps += 1;
        let Addr::Node(node) = packet.src else {
            return; // only nodes know of services
        };
        let client = &self.nodes[node].name;
        let stream = self.service_streams[index].of(node, || client.clone());
        let answer = self.services[index].handle(client, packet.body(), stream.generator());
        let Some(msg_id) = header_of(packet).and_then(|header| header.msg_id) else {
            return; // nobody waits for the answer
        };
        let mut body = Vec::new();
        write_body(&mut body, &answer, msg_id);
        let (src, body) = (Addr::Service(index), String::from_utf8_lossy(&body));
        self.network.send(&mut self.world, src, packet.src, &body);
    }

    fn deliver_to_client(&mut self, client: usize, packet: &Packet) -> Result<(), Stopped> {
        if !self.clients.is_open(client) {
            self.world.drop(packet, Lost::Gone);
            return Ok(());
        }
        self.note_received(packet);
        self.used.answer_bytes += packet.text.len();
        let Some(header) = header_of(packet) else {
            return Ok(()); // nodes and services only send bodies that have one
        };
        let answered = header.in_reply_to;
        let Some(owner) = answered.and_then(|msg_id| self.clients.end(client, msg_id)) else {
            return Ok(()); // it answers nothing that this client waits for
        };
        let kind = header.kind.as_ref();
        match owner {
            Owner::Init(node) => {
                self.clients.close(client);
                self.nodes[node].init_client = None;
                if kind != "init_ok" {
                    let why = format!("expected init_ok, found {kind}");
                    return Err(self.bad_answer(node, "init", why, packet));
                }
                self.one_less();
                Ok(())
            }
            Owner::Setup(node) => {
                if let Err(why) = self.workload.set_up(packet.body()) {
                    let request = kind_of(&self.workload.setup(node).unwrap_or_default());
                    return Err(self.bad_answer(node, &request, why.0, packet));
                }
                self.one_less();
                Ok(())
            }
            Owner::Worker(worker) => {
                if kind == "error" {
                    self.fail(worker, packet.body());
                } else {
                    self.go_on(worker, packet.body());
                }
                Ok(())
            }
        }
    }

    fn bad_answer(&self, node: usize, request: &str, why: String, packet: &Packet) -> Stopped {
        let reason = Reason::BadAnswer {
            request: request.to_owned(),
            why,
            answer: packet.body().to_owned(),
        };
        self.stopped(Some(node), reason)
    }

    /// A worker's operation was answered with an error.
    fn fail(&mut self, worker: usize, body: &str) {
        let error = match serde_json::from_str::<Error>(body) {
            Ok(error) => error,
            Err(why) => {
                let why = super::Malformed(format!("it is not an error: {why}"));
                return self.throw(worker, Exception::malformed(body, &why));
            }
        };
        match self.workload.style() {
            ErrorHandling::Throws => self.throw(worker, Exception::error(&error, body)),
            ErrorHandling::Returns => {
                let kind: Kind = self.kind_of_failure(worker, error.is_definite());
                self.complete(worker, kind, None, Some(error_value(&error)), None);
            }
        }
    }
}

/// The reserved fields of a packet's body.
fn header_of(packet: &Packet) -> Option<Header<'_>> {
    let message = Message {
        src: "".into(),
        dest: "".into(),
        body: packet.body(),
    };
    message.header().ok()
}
