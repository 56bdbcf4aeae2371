//! The loop: takes the next scheduled event and hands it to the part that it is for, until
//! the run is over.
//!
//! Each part owns its state. What an event changes can be read from what it is handed to:
//!
//! | part | owns |
//! |---|---|
//! | [`World`] | virtual time, the queue, names, the journal, the meter |
//! | [`Network`] | messages in flight, links |
//! | [`Clients`] | clients and their open requests |
//! | [`Nodes`] | guests, timers, clocks, versions of the program |
//! | [`Services`] | the services |
//! | [`Workers`] | the workload, workers and the processes that they are |
//! | [`Generator`] | when which operation begins |
//! | [`Nemeses`] | when which fault starts and stops |
//! | [`Recorder`] | the history, and the script that is recorded |

use std::ops::Range;
use std::sync::Arc;

use host_check::value::Value;
use host_guest::Start;

use super::address::{Addr, Names};
use super::client::WorkloadClient;
use super::clients::{Clients, Owner};
use super::faults;
use super::generator::Generator;
use super::growth::Observed;
use super::hunter::Scale;
use super::journal::Observer;
use super::memory::{MemoryGrant, RunMemory};
use super::moment::Hand;
use super::nemeses::{Decision, Nemeses};
use super::nemesis::Fault;
use super::network::Network;
use super::nodes::{INIT_TIMEOUT_NS, Nodes};
use super::options::RunOptions;
use super::outcome::{Outcome, StopReason, Stopped};
use super::packets::Packet;
use super::phase::{MainPhase, Phase};
use super::programs::Programs;
use super::random::Streams;
use super::recorder::Recorder;
use super::scheduled::Scheduled;
use super::script::Script;
use super::service::Service;
use super::services::Services;
use super::silence::{Silence, Silences};
use super::time::{MS, SECOND};
use super::touch::{Touch, TouchOutcome};
use super::workers::{Progress, Workers};
use super::world::{Pacing, World};

mod directed;
mod look;
mod touched;

/// How long the cluster has to recover before the last operations.
const RECOVERY_NS: u64 = 10 * SECOND;

/// How long after one node the next one is upgraded.
const BETWEEN_UPGRADES_NS: u64 = SECOND;

/// What a run is made of.
pub struct Simulation<'a> {
    /// The program of every node.
    pub module: &'a dyn Start,
    /// The version that nodes are upgraded to; the same one if there is none.
    pub next_module: Option<&'a dyn Start>,
    /// The options.
    pub options: &'a RunOptions,
    /// The seed of all random choices.
    pub seed: u64,
    /// What clients do.
    pub workload: Box<dyn WorkloadClient>,
    /// What nodes can call besides each other.
    pub services: Vec<Box<dyn Service>>,
    /// The observers of everything that happens.
    pub observers: Vec<&'a mut (dyn Observer + 'a)>,
    /// The operations and the faults; they are drawn if there is no script.
    pub script: Option<&'a Script>,
    /// Whether to record what is drawn as a script.
    pub records: bool,
    /// Who touches the run, besides its script.
    pub hand: Option<&'a mut (dyn Hand + 'a)>,
    /// Says how much memory it may hold beside other runs; as much as its bounds allow if none.
    pub memory: Option<Arc<dyn MemoryGrant>>,
}

/// A run in progress.
struct Run<'a> {
    options: &'a RunOptions,
    /// What directs the run, if a script does.
    director: Option<&'a Script>,
    /// What each of its moves has sent; `None` if it was not possible.
    moves: Vec<Option<Range<u64>>>,
    /// What its script does by hand.
    touches: &'a [Touch],
    /// What came of each touch so far.
    touched: Vec<TouchOutcome>,
    hand: Option<&'a mut (dyn Hand + 'a)>,
    /// The moment at which the hand was asked last: the entries, and the phase.
    asked: Option<(u64, Phase)>,
    /// Whether time has passed to the next touch.
    passed_to_touch: bool,
    /// Whether anything was done by hand.
    has_been_touched: bool,
    /// Whether the main phase was ended by hand.
    is_finished: bool,
    phase: Phase,
    main: Option<MainPhase>,
    world: World<'a>,
    network: Network,
    clients: Clients,
    nodes: Nodes<'a>,
    services: Services,
    workers: Workers,
    /// The goal that its script is about.
    goal: Option<look::GoalWatch>,
    generator: Generator<'a>,
    nemeses: Nemeses,
    recorder: Recorder,
    silences: Silences,
}

/// Runs a simulation to its end.
#[must_use]
pub fn run(simulation: Simulation<'_>) -> Outcome {
    simulation.module.begin_run();
    let mut run = Run::new(simulation);
    let stopped = run.finish().err();
    run.outcome(stopped)
}

impl<'a> Run<'a> {
    fn new(simulation: Simulation<'a>) -> Self {
        let Simulation {
            options,
            services,
            script,
            ..
        } = simulation;
        let streams = Streams::new(simulation.seed);
        let nodes = options.cluster.count;
        let names = services.iter().map(|service| service.name().to_owned());
        let names = Names::new(nodes, options.cluster.first, names.collect());
        let faults = match script {
            Some(script) => script.kinds(),
            None => options.faults.clone(),
        };
        let memory = Arc::new(RunMemory::new(
            options.bounds.memory_bytes,
            simulation.memory,
        ));
        let programs = Programs {
            current: simulation.module,
            next: simulation.next_module,
            limits: options.limits,
            disk_latency: options.disk_latency,
            args: &options.guest_args,
            same_draws: options.same_draws,
            streams,
            memory: Arc::clone(&memory),
        };
        let director = script.filter(|script| script.is_directed());
        let mut run = Run {
            options,
            director,
            moves: Vec::new(),
            touches: script.map_or(&[], |script| &script.touches),
            touched: Vec::new(),
            hand: simulation.hand,
            asked: None,
            passed_to_touch: false,
            has_been_touched: false,
            is_finished: false,
            phase: Phase::Init { left: nodes },
            main: None,
            network: Network::new(options, services.len(), &streams),
            clients: Clients::default(),
            nodes: Nodes::new(names.nodes(), programs),
            services: Services::new(services, &streams, director.is_some()),
            goal: look::GoalWatch::of(script, simulation.workload.as_ref(), nodes),
            workers: Workers::new(simulation.workload, nodes),
            generator: Generator::new(options, script, streams),
            nemeses: Nemeses::new(
                &options.faults,
                Scale {
                    interval_ns: options.nemesis_interval_ns,
                    latency_ns: options.mean_latency_ms() * MS,
                },
                script,
                nodes,
                &streams,
            ),
            recorder: Recorder::new(simulation.records),
            silences: Silences::default(),
            world: World::new(names, simulation.observers, options.bounds, memory)
                .interrupted_by(simulation.module.interrupt())
                .with_faults(faults),
        };
        let observes = run.workers.observe_nodes() || run.goal.is_some();
        run.world.observe_nodes(observes);
        if run.may_be_touched() {
            run.world.let_be_late(true);
            run.network.number_messages();
        }
        if run.director.is_some() {
            run.world.set_pacing(Pacing::Script);
            run.network.direct();
        }
        run
    }

    fn finish(&mut self) -> Result<(), Stopped> {
        for node in 0..self.nodes.len() {
            self.nodes
                .start(node, &mut self.world, &mut self.network, &mut self.clients)?;
        }
        if let Some(script) = self.director {
            self.direct(script)?;
        }
        loop {
            self.touch()?;
            let phase = self.phase;
            if !self.advance()? {
                return Ok(());
            }
            // The next phase is a moment of its own, and so is that of the next touch.
            let is_new = self.phase != phase && self.may_be_touched();
            if is_new || self.pass_to_touch() {
                continue;
            }
            let Some(event) = self.world.next() else {
                let text = "nothing is left to happen, but the run is not over";
                return Err(self.world.stop(StopReason::Internal(text.to_owned())));
            };
            self.handle(event)?;
            self.nemeses.watch(&mut self.world);
            self.world.check(self.network.in_flight())?;
            self.look()?;
        }
    }

    /// Hands an event to the part that it is for.
    fn handle(&mut self, event: Scheduled) -> Result<(), Stopped> {
        match event {
            Scheduled::Ready(receiver) => {
                while let Some(packet) = self.network.ready(&mut self.world, receiver) {
                    self.deliver(packet)?;
                    self.world.check(self.network.in_flight())?;
                }
                Ok(())
            }
            Scheduled::Leave { slot, latency_ns } => {
                match self.network.left(&mut self.world, slot, latency_ns) {
                    Some(next) => self.handle(next),
                    None => Ok(()),
                }
            }
            Scheduled::Deliver(slot) => match self.network.arrived(&mut self.world, slot) {
                Some(packet) => self.deliver(packet),
                None => Ok(()),
            },
            Scheduled::Wake(node) => {
                let (world, network) = (&mut self.world, &mut self.network);
                self.nodes.wake(node, world, network, &self.clients)
            }
            Scheduled::Synced(node) => {
                let (world, network) = (&mut self.world, &mut self.network);
                self.nodes.synced(node, world, network, &self.clients)
            }
            Scheduled::Crashed(node) => {
                let (world, network) = (&mut self.world, &mut self.network);
                self.nodes.crash(node, world, network, &mut self.clients);
                Ok(())
            }
            Scheduled::Restart(node) => {
                let (world, network) = (&mut self.world, &mut self.network);
                self.nodes.restart(node, world, network, &mut self.clients)
            }
            Scheduled::NextOperation(epoch) => {
                if self.generator.expects(epoch) {
                    self.next_operation();
                }
                Ok(())
            }
            Scheduled::TimeOut { client, msg_id } => self.time_out(client, msg_id),
            Scheduled::Upgrade(node) => self.upgrade(node),
            Scheduled::Nemesis(_) | Scheduled::Hunt(_) if self.is_finished => Ok(()),
            Scheduled::Nemesis(nemesis) => {
                let (world, recorder) = (&mut self.world, &mut self.recorder);
                let decision = self.nemeses.flip(nemesis, world, recorder);
                self.perform(decision)
            }
            Scheduled::Hunt(hunter) => {
                let (world, recorder) = (&mut self.world, &mut self.recorder);
                match self.nemeses.wake(hunter, world, recorder) {
                    Some(decision) => self.perform(decision),
                    None => Ok(()),
                }
            }
            Scheduled::Recovered => {
                self.judge_goal()?;
                if !self.workers.has_last() {
                    self.begin_inspection();
                    return Ok(());
                }
                self.phase = Phase::Last;
                self.generator.begin_last();
                self.next_operation();
                Ok(())
            }
        }
    }

    /// Starts or stops a fault.
    fn perform(&mut self, decision: Decision) -> Result<(), Stopped> {
        let action = match decision {
            Decision::Start(action) => action,
            Decision::Stop(fault) => return self.stop_fault(fault),
        };
        let (fault, asked) = (action.fault(), action.asked());
        let done = faults::start(
            action,
            &mut self.nodes,
            &mut self.network,
            &mut self.clients,
            &mut self.world,
        )?;
        let start_f = fault.start_f();
        self.workers.end_turn();
        self.recorder.nemesis(&mut self.world, start_f, asked, done);
        Ok(())
    }

    /// Goes to the next phase if this one is done. Whether the run goes on.
    fn advance(&mut self) -> Result<bool, Stopped> {
        if let Phase::Init { left: 0 } = self.phase {
            let (world, network) = (&mut self.world, &mut self.network);
            let left = self.workers.set_up(world, network, &mut self.clients);
            self.phase = Phase::Setup { left };
        }
        if let Phase::Setup { left: 0 } = self.phase {
            self.begin_main();
        }
        let is_done = self.generator.is_exhausted() && self.workers.are_idle();
        match self.phase {
            Phase::Main if is_done && self.is_main_over() => self.end_main()?,
            Phase::Last if is_done && self.workers.inspect() => {
                self.world.end_figures();
                self.begin_inspection();
                return self.advance(); // there may be nothing to inspect, and nothing else to happen
            }
            Phase::Last | Phase::Inspection if is_done => self.phase = Phase::Over,
            _ => {}
        }
        Ok(self.phase != Phase::Over)
    }

    fn begin_main(&mut self) {
        let now_ns = self.world.now_ns();
        let main = MainPhase {
            from_ns: now_ns,
            until_ns: now_ns + self.options.time_limit_ns,
        };
        self.phase = Phase::Main;
        self.main = Some(main);
        self.workers
            .open(self.options.concurrency, &mut self.clients);
        self.nemeses.begin_main(main, &mut self.world);
        if self.director.is_some() {
            return;
        }
        if let Some(after_ns) = self.options.swap_after_ns {
            self.world
                .schedule(now_ns + after_ns, Scheduled::Upgrade(0));
        }
        self.generator.begin_main(main, &mut self.world);
    }

    fn end_main(&mut self) -> Result<(), Stopped> {
        if !self.workers.has_last() && self.goal.is_none() {
            if !self.workers.inspect() {
                self.phase = Phase::Over;
                return Ok(());
            }
            self.world.end_figures();
        }
        self.phase = Phase::Recovery;
        self.generator.end_main();
        let mut faults = self.nemeses.end_main(&mut self.world);
        let by_hand = self.faults_by_hand().into_iter();
        let by_hand: Vec<Fault> = by_hand.filter(|it| !faults.contains(it)).collect();
        faults.extend(by_hand);
        for fault in faults {
            self.stop_fault(fault)?;
        }
        let at_ns = self.world.now_ns() + RECOVERY_NS;
        self.world.schedule(at_ns, Scheduled::Recovered);
        Ok(())
    }

    fn begin_inspection(&mut self) {
        self.phase = Phase::Inspection;
        self.generator.begin_inspection();
        self.next_operation();
    }

    fn stop_fault(&mut self, fault: Fault) -> Result<(), Stopped> {
        let (asked, done) = faults::stop(
            fault,
            &mut self.nodes,
            &mut self.network,
            &mut self.clients,
            &mut self.world,
        )?;
        self.workers.end_turn();
        self.recorder
            .nemesis(&mut self.world, fault.stop_f(), asked, done);
        Ok(())
    }

    /// Upgrades a node, and a second later the one after it.
    fn upgrade(&mut self, node: usize) -> Result<(), Stopped> {
        let (world, network) = (&mut self.world, &mut self.network);
        let done = self
            .nodes
            .upgrade(node, world, network, &mut self.clients)?;
        self.recorder.nemesis(world, "swap", Value::Nil, done);
        if node + 1 < self.nodes.len() {
            let at_ns = world.now_ns() + BETWEEN_UPGRADES_NS;
            world.schedule(at_ns, Scheduled::Upgrade(node + 1));
        }
        Ok(())
    }

    fn next_operation(&mut self) {
        self.generator.next_operation(
            &mut self.workers,
            &mut self.world,
            &mut self.network,
            &mut self.clients,
            &mut self.recorder,
        );
    }

    /// Hands a message to its receiver.
    fn deliver(&mut self, packet: Packet) -> Result<(), Stopped> {
        let (world, network) = (&mut self.world, &mut self.network);
        match packet.dest {
            Addr::Node(node) => {
                return self
                    .nodes
                    .deliver(node, packet, world, network, &self.clients);
            }
            Addr::Service(service) => {
                let (world, network) = (&mut self.world, &mut self.network);
                self.services.deliver(service, &packet, world, network)?;
            }
            Addr::Client(client) => self.deliver_to_client(client, &packet)?,
        }
        self.network.recycle(packet);
        Ok(())
    }

    fn deliver_to_client(&mut self, client: usize, packet: &Packet) -> Result<(), Stopped> {
        let received = self.clients.receive(client, packet, &mut self.world);
        let Some((owner, header)) = received else {
            return Ok(()); // nobody waits for it
        };
        // Before a value is made of it.
        self.world.check(self.network.in_flight())?;
        let body = packet.body();
        match owner {
            Owner::Init(node) => {
                self.clients.close(client, &mut self.world);
                self.nodes.initialised(node);
                if header.kind != "init_ok" {
                    let reason = StopReason::BadAnswer {
                        request: "init".to_owned(),
                        why: format!("its type is {:?}; expected \"init_ok\"", header.kind),
                        answer: body.to_owned(),
                    };
                    return Err(self.world.stop_at(node, reason));
                }
                self.phase.one_less();
            }
            Owner::Setup(node) => {
                let checked = self.workers.check_setup(node, body);
                checked.map_err(|reason| self.world.stop_at(node, reason))?;
                self.phase.one_less();
            }
            Owner::Worker(worker) => {
                let (world, clients) = (&mut self.world, &mut self.clients);
                let (network, recorder) = (&mut self.network, &mut self.recorder);
                let progress = self
                    .workers
                    .respond(worker, body, world, network, clients, recorder);
                self.note(progress);
            }
            Owner::Hand => {} // it asks for nothing
        }
        Ok(())
    }

    /// A client has waited long enough, unless the response has come.
    fn time_out(&mut self, client: usize, msg_id: u64) -> Result<(), Stopped> {
        let (world, clients) = (&mut self.world, &mut self.clients);
        let Some(ended) = clients.time_out(client, msg_id, world) else {
            return Ok(());
        };
        let node = match ended.owner {
            Owner::Hand => return Ok(()),
            Owner::Init(node) | Owner::Setup(node) => node,
            Owner::Worker(worker) => ended.node.unwrap_or_else(|| self.workers.node(worker)),
        };
        let instead = self.nodes.unfinished(node).unwrap_or(ended.instead);
        match ended.owner {
            Owner::Hand => Ok(()),
            // It may not have had the time that it is due.
            Owner::Init(node) if self.nodes.is_paused(node) => {
                clients.wait(client, msg_id, INIT_TIMEOUT_NS, world);
                Ok(())
            }
            Owner::Init(node) => {
                let reason = StopReason::NoAnswer {
                    request: "init".to_owned(),
                    waited_ns: INIT_TIMEOUT_NS,
                    instead,
                };
                Err(world.stop_at(node, reason))
            }
            Owner::Setup(node) => Err(world.stop_at(node, self.workers.no_setup(node, instead))),
            Owner::Worker(worker) => {
                let asked_ns = ended.asked_ns;
                if let Some(f) = self.workers.operation(worker) {
                    self.silences.note(Silence {
                        f: f.clone(),
                        node: world.names().name(Addr::Node(node)),
                        client: world.names().name(Addr::Client(client)),
                        asked_ns,
                        waited_ns: world.now_ns() - asked_ns,
                        instead,
                    });
                }
                let (network, recorder) = (&mut self.network, &mut self.recorder);
                let progress = (self.workers).time_out(worker, world, network, clients, recorder);
                self.note(progress);
                Ok(())
            }
        }
    }

    /// Tells the generator if a worker is free.
    fn note(&mut self, progress: Progress) {
        if progress == Progress::Completed {
            self.generator.worker_freed(&mut self.world);
        }
    }

    fn outcome(mut self, stopped: Option<Stopped>) -> Outcome {
        self.end_touches(stopped.is_none());
        self.nodes.count(&mut self.world);
        let growth = match (self.main, &stopped) {
            (Some(main), None) => Observed {
                main,
                request_bytes: self.clients.request_bytes(),
                node_limit: self.options.limits.memory_bytes,
                run_limit: self.options.bounds.memory_bytes,
            }
            .growth(self.nodes.sizes()),
            _ => None,
        };
        let (ops, script) = self.recorder.finish();
        Outcome {
            ops,
            script,
            net: self.world.stats().clone(),
            stopped,
            end_ns: self.world.now_ns(),
            messages: self.network.sent(),
            used: self.world.meter().usage(),
            coverage: self.world.tally().coverage().clone(),
            growth,
            silences: self.silences.finish(),
            logged: self.world.logged().clone(),
            moves: self.moves,
            touches: self.touched,
        }
    }
}
