//! The loop: takes the next event, lets it happen, until the run is over.

use super::address::{Addr, Names};
use super::bounds::Used;
use super::client::WorkloadClient;
use super::faults::Nemesis;
use super::journal::{Journal, Observer};
use super::network::Network;
use super::node::{Counted, Node};
use super::options::RunOptions;
use super::outcome::{Outcome, Reason, Stopped};
use super::packets::Slot;
use super::phases::Phases;
use super::queue::Queue;
use super::random::{Family, Streams};
use super::rpc::Clients;
use super::script::Script;
use super::workers::Workers;
use crate::service::Service;
use host_check::history::{Kind, Op, Process};
use host_check::value::{Name, Value};
use host_guest::Start;

/// What will happen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// This receiver may have a message to hand over.
    Ready(usize),
    /// A message has reached its deadline.
    Deliver(Slot),
    /// A node's next timer is due.
    Wake(usize),
    /// It is time for the next operation.
    NextOperation,
    /// A client has waited long enough for the answer to its request.
    TimeOut { client: usize, msg_id: u64 },
    /// This node gets the next version of its program.
    Swap(usize),
    /// This nemesis starts or stops its fault.
    Nemesis(usize),
    /// The cluster has had its time to recover.
    Recovered,
}

/// What every part of a run needs: time, names and where to note things down.
pub(super) struct World<'a> {
    pub(super) now_ns: u64,
    pub(super) queue: Queue<Event>,
    pub(super) names: Names,
    pub(super) journal: Journal<'a>,
}

/// What a run is made of.
pub struct Simulation<'a> {
    /// The program of every node.
    pub module: &'a dyn Start,
    /// The version that nodes are upgraded to; the same one if there is none.
    pub next_module: Option<&'a dyn Start>,
    /// The facts.
    pub options: &'a RunOptions,
    /// Where all chance comes from.
    pub seed: u64,
    /// What clients do.
    pub workload: Box<dyn WorkloadClient>,
    /// What nodes can call besides each other.
    pub services: Vec<Box<dyn Service>>,
    /// Who sees everything that happens.
    pub observers: Vec<&'a mut (dyn Observer + 'a)>,
    /// What clients begin and what goes wrong; it is drawn if there is none.
    pub script: Option<&'a Script>,
    /// Whether what is drawn is written down.
    pub records: bool,
}

/// A run in progress.
pub(super) struct Run<'a> {
    pub(super) module: &'a dyn Start,
    pub(super) next_module: Option<&'a dyn Start>,
    /// Whose turn it is when versions change as a fault.
    pub(super) next_swap: usize,
    pub(super) options: &'a RunOptions,
    pub(super) streams: Streams,
    pub(super) world: World<'a>,
    pub(super) network: Network,
    pub(super) nodes: Vec<Node>,
    pub(super) services: Vec<Box<dyn Service>>,
    pub(super) service_streams: Vec<Family>,
    pub(super) clients: Clients,
    pub(super) workers: Workers,
    pub(super) workload: Box<dyn WorkloadClient>,
    pub(super) phases: Phases,
    pub(super) nemeses: Vec<Nemesis>,
    pub(super) script: Option<&'a Script>,
    pub(super) written: Option<Script>,
    pub(super) ops: Vec<Op>,
    pub(super) used: Used,
    /// Bytes that all guests together hold now.
    pub(super) memory_bytes: usize,
    /// Where the messages of a step go, while they are checked.
    pub(super) dests: Vec<Addr>,
}

/// Runs a simulation to its end.
#[must_use]
pub fn run(simulation: Simulation<'_>) -> Outcome {
    let mut run = Run::new(simulation);
    let stopped = run.finish().err();
    run.outcome(stopped)
}

impl<'a> Run<'a> {
    fn new(simulation: Simulation<'a>) -> Self {
        let options = simulation.options;
        let streams = Streams::new(simulation.seed);
        let services = simulation.services;
        let names = services.iter().map(|service| service.name().to_owned());
        let cluster = options.cluster;
        let names = Names::new(cluster.count, cluster.first, names.collect());
        let nodes = names.nodes().iter().cloned().map(Node::new).collect();
        let network = Network::new(
            options.network,
            options.latency,
            cluster.count,
            services.len(),
            &streams,
        );
        Run {
            module: simulation.module,
            next_module: simulation.next_module,
            next_swap: 0,
            options,
            world: World {
                now_ns: 0,
                queue: Queue::new(),
                names,
                journal: Journal::new(simulation.observers),
            },
            network,
            nodes,
            service_streams: services
                .iter()
                .map(|service| Family::new(&streams, service.name(), cluster.count))
                .collect(),
            services,
            clients: Clients::default(),
            workers: Workers::default(),
            workload: simulation.workload,
            phases: Phases::new(&streams),
            nemeses: Nemesis::all(&options.faults, simulation.script, &streams),
            streams,
            script: simulation.script,
            written: simulation.records.then(Script::default),
            ops: Vec::new(),
            used: Used::default(),
            memory_bytes: 0,
            dests: Vec::new(),
        }
    }

    fn finish(&mut self) -> Result<(), Stopped> {
        self.start()?;
        while self.advance()? {
            let Some((at_ns, event)) = self.world.queue.pop() else {
                let text = "nothing is left to happen, but the run is not over";
                return Err(self.stopped(None, Reason::Internal(text.to_owned())));
            };
            assert!(at_ns >= self.world.now_ns, "time does not go backwards");
            self.world.now_ns = at_ns;
            self.happen(event)?;
            self.check_bounds()?;
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), Stopped> {
        match event {
            Event::Ready(receiver) => {
                while let Some(packet) = self.network.ready(&mut self.world, receiver) {
                    self.deliver(packet)?;
                    self.check_bounds()?;
                }
                Ok(())
            }
            Event::Deliver(slot) => match self.network.arrived(&mut self.world, slot) {
                Some(packet) => self.deliver(packet),
                None => Ok(()),
            },
            Event::Wake(node) => self.wake(node),
            Event::NextOperation => {
                self.next_operation();
                Ok(())
            }
            Event::TimeOut { client, msg_id } => self.time_out(client, msg_id),
            Event::Swap(node) => self.rolling_swap(node),
            Event::Nemesis(nemesis) => self.flip(nemesis),
            Event::Recovered => {
                self.recovered();
                Ok(())
            }
        }
    }

    pub(super) fn check_bounds(&mut self) -> Result<(), Stopped> {
        if self.world.journal.is_broken()
            && let Some(error) = self.world.journal.take_broken()
        {
            return Err(self.stopped(None, Reason::Journal(error)));
        }
        let packets = &self.network.packets;
        let used = &mut self.used;
        used.in_flight = used.in_flight.max(packets.len());
        used.in_flight_bytes = used.in_flight_bytes.max(packets.bytes());
        match used.beyond(&self.options.bounds) {
            Some(bound) => Err(self.stopped(None, Reason::Bound(bound))),
            None => Ok(()),
        }
    }

    /// Adds what a node's guest has used since it was last counted.
    pub(super) fn count(&mut self, node: usize) {
        let this = &mut self.nodes[node];
        let Some(guest) = this.guest() else { return };
        let (fuel, memory_bytes) = (guest.fuel_used(), guest.memory_bytes());
        let counted = &mut this.counted;
        self.memory_bytes = self.memory_bytes - counted.memory_bytes + memory_bytes;
        let used = &mut self.used;
        used.fuel += fuel - counted.fuel;
        used.node_memory_bytes = used.node_memory_bytes.max(memory_bytes);
        used.memory_bytes = used.memory_bytes.max(self.memory_bytes);
        *counted = Counted { fuel, memory_bytes };
    }

    /// The same for the last time, before the guest is gone.
    pub(super) fn count_last(&mut self, node: usize) {
        self.count(node);
        let counted = std::mem::take(&mut self.nodes[node].counted);
        self.memory_bytes -= counted.memory_bytes;
    }

    /// Shows observers a node between two events. What their questions cost is not the run's.
    pub(super) fn show(&mut self, node: usize) {
        let (world, this) = (&mut self.world, &mut self.nodes[node]);
        world.journal.stepped(world.now_ns, this);
        this.counted.fuel = this.guest().map_or(0, |guest| guest.fuel_used());
    }

    /// The end of the run, now.
    pub(super) fn stopped(&self, node: Option<usize>, reason: Reason) -> Stopped {
        Stopped {
            at_ns: self.world.now_ns,
            node: node.map(|node| self.nodes[node].name.clone()),
            reason,
        }
    }

    /// Adds to the history.
    pub(super) fn record(
        &mut self,
        kind: Kind,
        process: Process,
        f: Name,
        value: Value,
        error: Option<Value>,
        extra: Vec<(Name, Value)>,
    ) {
        self.ops.push(Op {
            index: self.ops.len() as u64,
            time_ns: i64::try_from(self.world.now_ns).unwrap_or(i64::MAX),
            kind,
            process,
            f,
            value,
            error,
            extra,
        });
    }

    fn outcome(mut self, stopped: Option<Stopped>) -> Outcome {
        for node in 0..self.nodes.len() {
            self.count(node);
        }
        Outcome {
            ops: self.ops,
            script: self.written,
            net: self.world.journal.stats().clone(),
            stopped,
            end_ns: self.world.now_ns,
            messages: self.network.sent(),
            used: self.used,
        }
    }
}
