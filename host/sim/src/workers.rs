//! Client workers: each does one operation of the workload at a time.

use host_check::history::{Kind, Op, Process};
use host_check::value::{Name, Value};
use host_protocol::message::Error;

use super::client::{
    Completion, ErrorHandling, Malformed, Next, Operation, Step, Turn, WorkloadClient,
    without_place,
};
use super::clients::{Clients, Owner};
use super::exception::{Exception, error_value, net_timeout};
use super::network::Network;
use super::outcome::StopReason;
use super::random::Stream;
use super::recorder::Recorder;
use super::silence::Instead;
use super::world::World;

/// A worker of the run.
#[derive(Debug)]
struct Worker {
    /// The client that it uses at the moment.
    client: usize,
    /// What it is doing.
    operation: Option<Operation>,
}

/// All workers, the processes that they are, and the workload that they are busy with.
pub(super) struct Workers {
    workload: Box<dyn WorkloadClient>,
    /// How many nodes they talk to.
    nodes: usize,
    workers: Vec<Worker>,
    /// The process of each: grows by their number whenever an operation stays open.
    processes: Vec<i64>,
    busy: usize,
    /// The workers that do nothing, while the workload looks at them.
    free: Vec<usize>,
    /// The worker whose turn it is, or their number if it is the nemesis'. Whoever does an
    /// operation, the turn goes on by one, as Jepsen's scheduler has it (`generator/context.clj`):
    /// so the first worker, which follows on the nemesis, has two of `workers + 1` turns while
    /// there are no faults.
    turn: usize,
}

/// Which of the workload's operations are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Those of the main phase.
    Main,
    /// The last ones.
    Last,
    /// Those of the inspection.
    Inspection,
}

/// Whether a worker has completed its operation, and is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Progress {
    /// It has completed its operation.
    Completed,
    /// It goes on.
    Ongoing,
}

/// How an operation ends.
struct Ending {
    kind: Kind,
    /// The result; the value that it was invoked with if there is none.
    value: Option<Value>,
    error: Option<Value>,
    exception: Option<Exception>,
    extra: Vec<(Name, Value)>,
}

impl Workers {
    /// No workers yet.
    pub(super) fn new(workload: Box<dyn WorkloadClient>, nodes: usize) -> Self {
        Workers {
            workload,
            nodes,
            workers: Vec::new(),
            processes: Vec::new(),
            busy: 0,
            free: Vec::new(),
            turn: 0,
        }
    }

    /// Sends each node the request that prepares it for the workload, from a client of its
    /// own; how many requests there are.
    pub(super) fn set_up(
        &mut self,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) -> usize {
        let mut requests = 0;
        for node in 0..self.nodes {
            let client = clients.open(Owner::Setup(node));
            if let Some(body) = self.workload.setup(node) {
                let timeout_ns = self.workload.timeout_ns();
                clients.call(client, node, &body, timeout_ns, world, network);
                requests += 1;
            }
        }
        requests
    }

    /// Checks a node's response to that request.
    pub(super) fn check_setup(&self, node: usize, response: &str) -> Result<(), StopReason> {
        let checked = self.workload.check_setup(response);
        checked.map_err(|Malformed(why)| StopReason::BadAnswer {
            request: self.setup_type(node),
            why,
            answer: response.to_owned(),
        })
    }

    /// The node that a worker talks to.
    pub(super) fn node(&self, worker: usize) -> usize {
        worker % self.nodes
    }

    /// The `:f` of the operation that a worker is busy with.
    pub(super) fn operation(&self, worker: usize) -> Option<&Name> {
        let operation = self.workers[worker].operation.as_ref();
        operation.map(|operation| &operation.f)
    }

    /// The node did not respond to that request.
    pub(super) fn no_setup(&self, node: usize, instead: Instead) -> StopReason {
        StopReason::NoAnswer {
            request: self.setup_type(node),
            waited_ns: self.workload.timeout_ns(),
            instead,
        }
    }

    /// The `type` of that request.
    fn setup_type(&self, node: usize) -> String {
        let body = self.workload.setup(node).unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let kind = body.get("type").and_then(Value::as_name);
        kind.unwrap_or_default().to_owned()
    }

    /// Makes `count` workers, each with a client.
    pub(super) fn open(&mut self, count: usize, clients: &mut Clients) {
        let workers = (0..count).map(|worker| Worker {
            client: clients.open(Owner::Worker(worker)),
            operation: None,
        });
        self.workers = workers.collect();
        self.processes = (0..).take(count).collect();
    }

    /// Whether the workload has operations after the main phase.
    pub(super) fn has_last(&self) -> bool {
        self.workload.has_last()
    }

    /// Whether clients inspect the cluster at the end.
    pub(super) fn inspect(&self) -> bool {
        self.workload.inspects()
    }

    pub(super) fn are_idle(&self) -> bool {
        self.busy == 0
    }

    pub(super) fn is_busy(&self, worker: usize) -> bool {
        self.workers[worker].operation.is_some()
    }

    /// Asks the workload for an operation, which draws from `choices`, and for its worker.
    pub(super) fn next(&mut self, due: Due, now_ns: u64, choices: &mut Stream) -> Next {
        self.free.clear();
        let idle = self.workers.iter().enumerate();
        let idle = idle.filter_map(|(i, worker)| worker.operation.is_none().then_some(i));
        self.free.extend(idle);
        if self.free.is_empty() {
            return Next::Wait;
        }
        let mut turn = Turn {
            now_ns,
            free: &self.free,
            processes: &self.processes,
            stream: choices,
            turn: self.turn,
        };
        match due {
            Due::Main => self.workload.next(&mut turn),
            Due::Last => self.workload.last(&mut turn),
            Due::Inspection => self.workload.inspect(&mut turn),
        }
    }

    /// Has a free worker begin an operation.
    pub(super) fn begin(
        &mut self,
        worker: usize,
        operation: Operation,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        world.meter().operation();
        recorder.invoke(world.now_ns(), self.processes[worker], &operation);
        let step = self.workload.begin(worker, &operation);
        self.workers[worker].operation = Some(operation);
        self.busy += 1;
        self.end_turn();
        self.take_step(worker, step, world, network, clients, recorder)
    }

    /// An operation begins, of a worker or of the nemesis.
    pub(super) fn end_turn(&mut self) {
        self.turn = (self.turn + 1) % (self.workers.len() + 1);
    }

    fn take_step(
        &mut self,
        worker: usize,
        step: Step,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        match step {
            Step::Call(body) => {
                let node = self.node(worker);
                let client = self.workers[worker].client;
                let timeout_ns = self.workload.timeout_ns();
                clients.call(client, node, &body, timeout_ns, world, network);
                Progress::Ongoing
            }
            Step::Done(Completion { kind, value, extra }) => {
                let ending = Ending {
                    kind,
                    value: Some(value),
                    error: None,
                    exception: None,
                    extra,
                };
                self.complete(worker, ending, world, clients, recorder)
            }
        }
    }

    /// A worker's request has got a response that is not an error.
    pub(super) fn respond(
        &mut self,
        worker: usize,
        response: &str,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        let Some(operation) = self.workers[worker].operation.as_ref() else {
            return Progress::Ongoing;
        };
        match self.workload.answer(worker, operation, response) {
            Ok(step) => self.take_step(worker, step, world, network, clients, recorder),
            Err(why) => {
                let ending = Ending::thrown(Exception::malformed(response, &why));
                self.complete(worker, ending, world, clients, recorder)
            }
        }
    }

    /// A worker's request has got an error.
    pub(super) fn fail(
        &mut self,
        worker: usize,
        body: &str,
        world: &mut World<'_>,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        let ending = match serde_json::from_str::<Error>(body) {
            Ok(error) => match self.workload.error_handling() {
                ErrorHandling::Throws => Ending::thrown(Exception::error(&error, body)),
                ErrorHandling::Returns => {
                    self.returned(worker, error.is_definite(), error_value(&error))
                }
            },
            Err(why) => {
                let why = why.to_string();
                let why = Malformed(format!("it is no error: {}", without_place(&why)));
                Ending::thrown(Exception::malformed(body, &why))
            }
        };
        self.complete(worker, ending, world, clients, recorder)
    }

    /// A worker's request has got no response in time.
    pub(super) fn time_out(
        &mut self,
        worker: usize,
        world: &mut World<'_>,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        let ending = match self.workload.error_handling() {
            ErrorHandling::Throws => Ending::thrown(Exception::timeout()),
            ErrorHandling::Returns => self.returned(worker, false, net_timeout()),
        };
        self.complete(worker, ending, world, clients, recorder)
    }

    /// The end of an operation by an error: `fail` if it surely did not take place, or `info`.
    fn returned(&self, worker: usize, is_definite: bool, error: Value) -> Ending {
        let operation = self.workers[worker].operation.as_ref();
        let changes_nothing =
            operation.is_some_and(|operation| self.workload.is_idempotent(&operation.f));
        Ending {
            kind: match is_definite || changes_nothing {
                true => Kind::Fail,
                false => Kind::Info,
            },
            value: None,
            error: Some(error),
            exception: None,
            extra: Vec::new(),
        }
    }

    fn complete(
        &mut self,
        worker: usize,
        ending: Ending,
        world: &mut World<'_>,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        let Some(operation) = self.workers[worker].operation.take() else {
            return Progress::Ongoing;
        };
        self.busy -= 1;
        let mut extra = operation.extra;
        extra.extend(ending.extra);
        if let Some(exception) = ending.exception {
            extra.push(("exception".into(), exception.value()));
        }
        let op = Op {
            index: 0,
            time_ns: 0,
            kind: ending.kind,
            process: Process::Client(self.processes[worker]),
            f: operation.f,
            value: ending.value.unwrap_or(operation.value),
            error: ending.error,
            extra,
        };
        recorder.record(world.now_ns(), op);
        if ending.kind == Kind::Info {
            self.crash(worker, world, clients);
        }
        Progress::Completed
    }

    /// The worker goes on as another process: nobody knows how its operation ended.
    fn crash(&mut self, worker: usize, world: &mut World<'_>, clients: &mut Clients) {
        self.processes[worker] += i64::try_from(self.workers.len()).unwrap_or(i64::MAX);
        if !self.workload.keeps_client() {
            clients.close(self.workers[worker].client, world);
            self.workers[worker].client = clients.open(Owner::Worker(worker));
            self.workload.reopened(worker);
        }
    }
}

impl Ending {
    /// The client did not expect that: nobody knows how the operation ended.
    fn thrown(exception: Exception) -> Self {
        Ending {
            kind: Kind::Info,
            value: None,
            error: Some(exception.summary()),
            exception: Some(exception),
            extra: Vec::new(),
        }
    }
}
