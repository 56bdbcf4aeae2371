//! Client workers: each does one operation of the workload at a time.

use std::sync::Arc;

use host_check::history::Kind;
use host_check::value::{Name, Value};

use super::client::{Malformed, Next, Operation, Turn, WorkloadClient};
use super::clients::{Clients, Owner};
use super::ending::{self, Answered, Ending};
use super::network::Network;
use super::outcome::StopReason;
use super::packets::Body;
use super::random::Stream;
use super::ranges::SMALL_NODES_MAX;
use super::recorder::Recorder;
use super::silence::Instead;
use super::touch::WorkerNow;
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
        let timeout_ns = self.workload.timeout_ns();
        // The body of the last request that a large cluster may share, without its last brace.
        let mut shared: Option<Arc<str>> = None;
        for node in 0..self.nodes {
            let client = clients.open(Owner::Setup(node));
            let Some(body) = self.workload.setup(node) else {
                continue;
            };
            requests += 1;
            if self.nodes <= SMALL_NODES_MAX {
                clients.call(client, node, Body::own(&body), timeout_ns, world, network);
                continue;
            }
            let fields = body.strip_suffix('}').unwrap_or(&body);
            let shared = match &mut shared {
                Some(last) if **last == *fields => last,
                last => last.insert(fields.into()),
            };
            let body = Body {
                head: "",
                shared: Some(shared),
                tail: "}",
            };
            clients.call(client, node, body, timeout_ns, world, network);
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

    /// Whether there is such a worker, and it has no operation.
    pub(super) fn is_free(&self, worker: usize) -> bool {
        let worker = self.workers.get(worker);
        worker.is_some_and(|worker| worker.operation.is_none())
    }

    /// The client that a worker uses.
    pub(super) fn client(&self, worker: usize) -> Option<usize> {
        self.workers.get(worker).map(|worker| worker.client)
    }

    /// What each is doing; `name` names its client.
    pub(super) fn now(&self, name: impl Fn(usize) -> String) -> Vec<WorkerNow> {
        let workers = self.workers.iter().enumerate();
        workers
            .map(|(worker, it)| WorkerNow {
                client: name(it.client),
                node: self.node(worker),
                process: self.processes[worker],
                doing: it.operation.as_ref().map(|it| it.f.clone()),
            })
            .collect()
    }

    pub(super) fn is_busy(&self, worker: usize) -> bool {
        self.workers[worker].operation.is_some()
    }

    /// Asks the workload for an operation, which draws from `choices`, and for its worker. It has to
    /// [`begin`](Self::begin) at once.
    pub(super) fn next(&mut self, due: Due, now_ns: u64, choices: &mut Stream) -> Next {
        self.free.clear();
        let idle = self.workers.iter().enumerate();
        let idle = idle.filter_map(|(i, worker)| worker.operation.is_none().then_some(i));
        self.free.extend(idle);
        if self.free.is_empty() {
            return Next::Wait;
        }
        let turn = Turn::new(now_ns, &self.free, &self.processes, choices, self.turn);
        let mut turn = turn.beginning();
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
        self.go_on(worker, step.into(), world, network, clients, recorder)
    }

    /// An operation begins, of a worker or of the nemesis.
    pub(super) fn end_turn(&mut self) {
        self.turn = (self.turn + 1) % (self.workers.len() + 1);
    }

    /// A worker's request has got a response.
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
        let answered = ending::answered(self.workload.as_mut(), worker, operation, response);
        self.go_on(worker, answered, world, network, clients, recorder)
    }

    /// A worker's request has got no response in time.
    pub(super) fn time_out(
        &mut self,
        worker: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        let Some(operation) = self.workers[worker].operation.as_ref() else {
            return Progress::Ongoing;
        };
        let answered = ending::timed_out(self.workload.as_mut(), worker, operation);
        self.go_on(worker, answered, world, network, clients, recorder)
    }

    /// Why the workload cannot go on, if it cannot.
    pub(super) fn failure(&self) -> Option<String> {
        self.workload.failure()
    }

    /// Whether the workload wants to know what nodes hold.
    pub(super) fn observe_nodes(&self) -> bool {
        self.workload.observes()
    }

    /// Shows the workload what a node holds; none if it has crashed.
    pub(super) fn observe(
        &mut self,
        now_ns: u64,
        node: usize,
        state: Option<&[u8]>,
    ) -> Result<(), StopReason> {
        let observed = self.workload.observe(now_ns, node, state);
        observed.map(|_| ()).map_err(StopReason::Invariant)
    }

    fn go_on(
        &mut self,
        worker: usize,
        answered: Answered,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) -> Progress {
        match answered {
            Answered::Continues { body, node } => {
                let node = node.map_or_else(|| self.node(worker), |node| node % self.nodes);
                let client = self.workers[worker].client;
                let timeout_ns = self.workload.timeout_ns();
                clients.call(client, node, Body::own(&body), timeout_ns, world, network);
                Progress::Ongoing
            }
            Answered::Ends(ending) => self.complete(worker, ending, world, clients, recorder),
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
        let op = ending.op(operation, self.processes[worker]);
        let is_unknown = op.kind == Kind::Info;
        recorder.record(world.now_ns(), op);
        if is_unknown {
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
