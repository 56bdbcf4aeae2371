//! The phases of a run: nodes start, are prepared, work; then, for workloads that look
//! at the end once more, faults stop, the cluster recovers, and the last operations run.

use super::SECOND;
use super::address::Addr;
use super::client::{Completion, ErrorHandling, Next, Operation, Step, Turn};
use super::exception::{Exception, net_timeout};
use super::outcome::{Reason, Stopped};
use super::random::{Stream, Streams};
use super::rpc::{Owner, with_msg_id};
use super::run::{Event, Run};
use super::script::{Invocation, Script};
use super::workers::Workers;
use host_check::history::{Kind, Process};
use host_check::value::Value;

/// How long a node may take to answer `init`.
pub(super) const INIT_TIMEOUT_NS: u64 = 10 * SECOND;

/// How long the cluster has to recover before the last operations.
const RECOVERY_NS: u64 = 10 * SECOND;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// So many nodes still have to answer `init`.
    Init { left: usize },
    /// So many still have to answer the workload's own preparation.
    Setup { left: usize },
    /// Clients do operations and faults come and go.
    Main,
    /// Faults have ended.
    Recovery,
    /// Clients do their last operations.
    Last,
    /// It is over.
    Over,
}

/// The state of the phases, and of the generator that they draw operations from.
pub(super) struct Phases {
    phase: Phase,
    /// When the main phase began.
    pub(super) main_ns: u64,
    /// From this time on no operation and no fault begins.
    pub(super) cutoff_ns: u64,
    /// Whether the generator has no more operations in this phase.
    exhausted: bool,
    /// Whether an operation waits for a worker to be free.
    wanting: bool,
    /// Since when it waits.
    wanting_ns: Option<u64>,
    /// When the generator has to be asked again at the latest, if it said so.
    ask_ns: Option<u64>,
    /// How many operations of the script have begun.
    begun: usize,
    gaps: Stream,
    choices: Stream,
    picks: Stream,
    free: Vec<usize>,
}

impl Phases {
    pub(super) fn new(streams: &Streams) -> Self {
        Phases {
            phase: Phase::Init { left: 0 },
            main_ns: 0,
            cutoff_ns: 0,
            exhausted: false,
            wanting: false,
            wanting_ns: None,
            ask_ns: None,
            begun: 0,
            gaps: streams.stream("gaps"),
            choices: streams.stream("operations"),
            picks: streams.stream("workers"),
            free: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// Starts all nodes.
    pub(super) fn start(&mut self) -> Result<(), Stopped> {
        self.phases.phase = Phase::Init {
            left: self.nodes.len(),
        };
        (0..self.nodes.len()).try_for_each(|node| self.start_node(node))
    }

    /// Goes to the next phase if this one is done. Whether the run goes on.
    pub(super) fn advance(&mut self) -> Result<bool, Stopped> {
        if let Phase::Init { left: 0 } = self.phases.phase {
            self.begin_setup();
        }
        if let Phase::Setup { left: 0 } = self.phases.phase {
            self.begin_main();
        }
        let is_done = self.phases.exhausted && self.workers.is_idle();
        match self.phases.phase {
            Phase::Main if is_done && !self.nemeses.iter().any(|nemesis| nemesis.is_pending) => {
                self.end_main()?;
            }
            Phase::Last if is_done => self.phases.phase = Phase::Over,
            _ => {}
        }
        Ok(self.phases.phase != Phase::Over)
    }

    /// A node has answered what it was asked before the operations begin.
    pub(super) fn one_less(&mut self) {
        if let Phase::Init { left } | Phase::Setup { left } = &mut self.phases.phase {
            *left -= 1;
        }
    }

    fn begin_setup(&mut self) {
        let mut left = 0;
        for node in 0..self.nodes.len() {
            let client = self.clients.open(Owner::Setup(node));
            if let Some(body) = self.workload.setup(node) {
                self.call(client, node, &body, self.workload.timeout_ns());
                left += 1;
            }
        }
        self.phases.phase = Phase::Setup { left };
    }

    fn begin_main(&mut self) {
        let now_ns = self.world.now_ns;
        self.phases.phase = Phase::Main;
        self.phases.main_ns = now_ns;
        self.phases.cutoff_ns = now_ns + self.options.time_limit_ns;
        self.workers = Workers::new(self.options.concurrency, &mut self.clients);
        self.begin_faults();
        self.plan_swaps();
        let first_ns = match self.script {
            Some(script) => script
                .operations
                .first()
                .map(|first| now_ns.saturating_add(first.at_ns)),
            None => (self.options.rate > 0.0).then_some(now_ns),
        };
        let cutoff_ns = self.phases.cutoff_ns;
        let first_ns = first_ns.map_or(cutoff_ns, |first_ns| first_ns.min(cutoff_ns));
        self.world.queue.push(first_ns, Event::NextOperation);
    }

    fn end_main(&mut self) -> Result<(), Stopped> {
        if !self.workload.has_last() {
            self.phases.phase = Phase::Over;
            return Ok(());
        }
        self.phases.phase = Phase::Recovery;
        self.end_faults()?;
        let at_ns = self.world.now_ns + RECOVERY_NS;
        self.world.queue.push(at_ns, Event::Recovered);
        Ok(())
    }

    pub(super) fn recovered(&mut self) {
        self.phases.phase = Phase::Last;
        // Whatever was drawn before, the last operations are drawn alike.
        self.phases.choices = self.streams.stream("last operations");
        self.phases.picks = self.streams.stream("last workers");
        self.phases.exhausted = false;
        self.phases.wanting = false;
        self.next_operation();
    }

    /// Asks the generator for an operation, now that one is due.
    pub(super) fn next_operation(&mut self) {
        match self.phases.phase {
            Phase::Main if self.world.now_ns >= self.phases.cutoff_ns => {
                self.phases.exhausted = true;
            }
            Phase::Main => {
                let has_begun = match self.script {
                    Some(script) => self.begin_scripted(script),
                    None => self.begin_next(),
                };
                if has_begun {
                    self.plan_next();
                }
            }
            Phase::Last => while self.begin_next() {},
            Phase::Init { .. } | Phase::Setup { .. } | Phase::Recovery | Phase::Over => {}
        }
    }

    /// Has the next operation come when the script says, or else after a random gap.
    fn plan_next(&mut self) {
        let now_ns = self.world.now_ns;
        let at_ns = match self.script {
            Some(script) => match script.operations.get(self.phases.begun) {
                Some(next) => now_ns.max(self.phases.main_ns.saturating_add(next.at_ns)),
                None => u64::MAX,
            },
            None => now_ns.saturating_add(self.draw_gap()),
        };
        if at_ns < self.phases.cutoff_ns {
            self.world.queue.push(at_ns, Event::NextOperation);
        } else {
            self.phases.exhausted = true;
        }
    }

    /// The nanoseconds between two operations.
    fn draw_gap(&mut self) -> u64 {
        let gap = self.phases.gaps.fraction() * 2e9 / self.options.rate;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not negative, and floats saturate"
        )]
        let gap_ns = gap as u64;
        gap_ns
    }

    /// Begins the script's next operation, if its worker is free.
    fn begin_scripted(&mut self, script: &Script) -> bool {
        let Some(next) = script.operations.get(self.phases.begun) else {
            self.phases.exhausted = true;
            return false;
        };
        if self.workers.workers[next.worker].operation.is_some() {
            self.phases.wanting = true;
            return false;
        }
        self.phases.begun += 1;
        self.begin_operation(next.worker, next.operation.clone());
        true
    }

    /// Begins the generator's next operation; whether there was one for a free worker.
    fn begin_next(&mut self) -> bool {
        let mut free = std::mem::take(&mut self.phases.free);
        self.workers.free(&mut free);
        let next = if free.is_empty() {
            Next::Wait
        } else {
            let mut turn = Turn {
                now_ns: self.world.now_ns,
                free: &free,
                processes: &self.workers.processes,
                stream: &mut self.phases.choices,
                workers: &mut self.phases.picks,
            };
            match self.phases.phase {
                Phase::Last => self.workload.last(&mut turn),
                _ => self.workload.next(&mut turn),
            }
        };
        self.phases.free = free;
        match next {
            Next::Invoke { worker, operation } => {
                self.write_down(worker, &operation);
                self.begin_operation(worker, operation);
                return true;
            }
            Next::Wait => {
                self.phases.wanting = true;
                self.phases.wanting_ns.get_or_insert(self.world.now_ns);
            }
            Next::Later(at_ns) => {
                self.phases.wanting = true;
                self.ask_at(at_ns);
            }
            Next::Done => self.phases.exhausted = true,
        }
        false
    }

    /// Writes an operation of the main phase into the script, with the time at which it was
    /// due.
    fn write_down(&mut self, worker: usize, operation: &Operation) {
        let due_ns = self.phases.wanting_ns.take().unwrap_or(self.world.now_ns);
        if let (Phase::Main, Some(written)) = (self.phases.phase, &mut self.written) {
            written.operations.push(Invocation {
                at_ns: due_ns - self.phases.main_ns,
                worker,
                operation: operation.clone(),
            });
        }
    }

    /// Has the generator asked again at that time, once.
    fn ask_at(&mut self, at_ns: u64) {
        let now_ns = self.world.now_ns;
        let is_planned = |ask_ns| now_ns < ask_ns && ask_ns <= at_ns;
        if !self.phases.ask_ns.is_some_and(is_planned) {
            self.phases.ask_ns = Some(at_ns);
            self.world.queue.push(at_ns, Event::NextOperation);
        }
    }

    fn begin_operation(&mut self, worker: usize, operation: Operation) {
        self.record(
            Kind::Invoke,
            Process::Client(self.workers.processes[worker]),
            operation.f.clone(),
            operation.value.clone(),
            None,
            operation.extra.clone(),
        );
        let step = self.workload.begin(worker, &operation);
        self.workers.begin(worker, operation);
        self.take_step(worker, step);
    }

    fn take_step(&mut self, worker: usize, step: Step) {
        match step {
            Step::Call(body) => {
                let node = worker % self.nodes.len();
                let client = self.workers.workers[worker].client;
                self.call(client, node, &body, self.workload.timeout_ns());
            }
            Step::Done(Completion { kind, value }) => {
                self.complete(worker, kind, Some(value), None, None);
            }
        }
    }

    /// Sends a client's request to a node, and has it time out.
    pub(super) fn call(&mut self, client: usize, node: usize, body: &str, timeout_ns: u64) {
        let msg_id = self.clients.call(client);
        let body = with_msg_id(body, msg_id);
        let (src, dest) = (Addr::Client(client), Addr::Node(node));
        self.network.send(&mut self.world, src, dest, &body);
        let at_ns = self.world.now_ns + timeout_ns;
        let event = Event::TimeOut { client, msg_id };
        self.world.queue.push(at_ns, event);
    }

    /// A client has waited long enough, unless the answer has come.
    pub(super) fn time_out(&mut self, client: usize, msg_id: u64) -> Result<(), Stopped> {
        let Some(owner) = self.clients.end(client, msg_id) else {
            return Ok(());
        };
        let no_answer = |request: &str, waited_ns| Reason::NoAnswer {
            request: request.to_owned(),
            waited_ns,
        };
        match owner {
            Owner::Init(node) if self.nodes[node].paused => {
                // It may not have had the time that it is due.
                self.clients.await_again(client, msg_id);
                let at_ns = self.world.now_ns + INIT_TIMEOUT_NS;
                let event = Event::TimeOut { client, msg_id };
                self.world.queue.push(at_ns, event);
                Ok(())
            }
            Owner::Init(node) => Err(self.stopped(Some(node), no_answer("init", INIT_TIMEOUT_NS))),
            Owner::Setup(node) => {
                let request = self.workload.setup(node).unwrap_or_default();
                let waited_ns = self.workload.timeout_ns();
                Err(self.stopped(Some(node), no_answer(&kind_of(&request), waited_ns)))
            }
            Owner::Worker(worker) => {
                match self.workload.style() {
                    ErrorHandling::Throws => self.throw(worker, Exception::timeout()),
                    ErrorHandling::Returns => {
                        let kind = self.kind_of_failure(worker, false);
                        self.complete(worker, kind, None, Some(net_timeout()), None);
                    }
                }
                Ok(())
            }
        }
    }

    /// How an operation ends that did not succeed.
    pub(super) fn kind_of_failure(&self, worker: usize, is_definite: bool) -> Kind {
        let operation = self.workers.workers[worker].operation.as_ref();
        let changes_nothing =
            operation.is_some_and(|operation| self.workload.is_idempotent(&operation.f));
        if is_definite || changes_nothing {
            Kind::Fail
        } else {
            Kind::Info
        }
    }

    /// The client did not expect that: nobody knows how the operation ended.
    pub(super) fn throw(&mut self, worker: usize, exception: Exception) {
        let error = exception.summary();
        self.complete(worker, Kind::Info, None, Some(error), Some(exception));
    }

    /// Goes on with an operation after an answer that is no error.
    pub(super) fn go_on(&mut self, worker: usize, answer: &str) {
        let Some(operation) = self.workers.workers[worker].operation.take() else {
            return;
        };
        let step = self.workload.answer(worker, &operation, answer);
        self.workers.workers[worker].operation = Some(operation);
        match step {
            Ok(step) => self.take_step(worker, step),
            Err(why) => self.throw(worker, Exception::malformed(answer, &why)),
        }
    }

    /// Ends an operation; without a value it keeps the one that it was invoked with.
    pub(super) fn complete(
        &mut self,
        worker: usize,
        kind: Kind,
        value: Option<Value>,
        error: Option<Value>,
        exception: Option<Exception>,
    ) {
        let Some(operation) = self.workers.end(worker) else {
            return;
        };
        let mut extra = operation.extra;
        if let Some(exception) = exception {
            extra.push(("exception".into(), exception.value()));
        }
        let process = Process::Client(self.workers.processes[worker]);
        let value = value.unwrap_or(operation.value);
        self.record(kind, process, operation.f, value, error, extra);
        if kind == Kind::Info {
            self.workers.crash(worker);
            if !self.workload.keeps_client() {
                self.clients.close(self.workers.workers[worker].client);
                self.workers.workers[worker].client = self.clients.open(Owner::Worker(worker));
                self.workload.reopened(worker);
            }
        }
        if std::mem::take(&mut self.phases.wanting) {
            self.world
                .queue
                .push(self.world.now_ns, Event::NextOperation);
        }
    }
}

/// The `type` of a body that a workload has made.
pub(super) fn kind_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let kind = body.get("type").and_then(Value::as_name);
    kind.unwrap_or_default().to_owned()
}
