//! Clients: workers with their operations, the workload, and the history.
//!
//! Two histories in which the same operations precede one another are one: a checker can tell
//! them apart by nothing that a client could know. So a state of clients is known by its blocks
//! of invocations and of completions, whatever their order within a block.

use std::sync::{Arc, OnceLock};

use dashmap::DashMap;
use host_check::anomalies::anomalies;
use host_check::history::{History, Kind, Op, Process};
use host_check::linear::{Budgets, NotJudged};
use host_check::so_far::check_so_far;
use host_check::validity::Validity;
use host_check::workload::{CheckOptions, check_any};
use host_sim::ending::{Answered, answered, timed_out};
use host_sim::workload::AnyWorkload;
use host_sim::{Next, Operation, SECOND, Turn, WorkloadClient, with_msg_id};

use crate::hash::{BuildQuick, Contents, Hash};
use crate::participants::{Addr, Messages};
use crate::record::Record;
use crate::table::{Content, STEP_BYTES, Table};
use crate::wrong::Wrong;

/// All clients between two events.
pub(crate) struct Clients {
    workload: Box<dyn WorkloadClient>,
    pub(crate) workers: Vec<Worker>,
    /// How many operations they have begun that any may begin.
    pub(crate) begun: usize,
    /// Whether no further operation of a plan begins.
    pub(crate) is_closed: bool,
    /// How many clients there are, those of `init` and of the set-up included.
    opened: u32,
    record: Record,
    /// What is wrong for good, by name.
    pub(crate) wrong: Vec<String>,
}

impl Content for Clients {
    fn heap_bytes(&self) -> usize {
        self.record.heap_bytes() + size_of_val(self.workers.as_slice())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Worker {
    /// How many operations it has begun that only it may begin.
    pub(crate) begun: usize,
    pub(crate) client: u32,
    pub(crate) calls: u64,
    process: i64,
    pub(crate) open: Option<Operation>,
    /// What it has been answered since the operation began, and a hash of it.
    pub(crate) answers: Vec<u32>,
    heard: Hash,
}

/// What happens to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ClientEvent {
    /// A worker begins its next operation.
    Invoke(u16),
    /// A message reaches the client of a worker.
    Answer(u32),
    /// A worker has waited long enough.
    TimeOut(u16),
    /// A client is opened for the `init` of a node that starts again.
    Open,
    /// No further operation begins.
    Close,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) struct ClientStep {
    pub(crate) next: u32,
    /// A request, if one is sent.
    pub(crate) request: Option<u32>,
}

/// What clients are to do.
#[derive(Debug)]
pub(crate) enum Plan {
    /// The operations of each worker, which begins them in this order.
    OfEach(Vec<Vec<Operation>>),
    /// They begin in this order, each by any worker.
    OfAny {
        operations: Vec<Operation>,
        workers: usize,
    },
}

impl Plan {
    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        match self {
            Plan::OfEach(plans) => plans.len(),
            Plan::OfAny { workers, .. } => *workers,
        }
    }

    /// The operations; those of the first worker come first, if each has its own.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Operation> {
        let (of_each, of_any) = match self {
            Plan::OfEach(plans) => (plans.as_slice(), [].as_slice()),
            Plan::OfAny { operations, .. } => ([].as_slice(), operations.as_slice()),
        };
        of_each.iter().flatten().chain(of_any)
    }
}

/// How clients are set up.
pub(crate) struct ClientTable {
    workload: AnyWorkload,
    options: CheckOptions,
    nodes: usize,
    plan: Plan,
    table: Table<Clients>,
    /// Whether what is wrong is found by somebody who asks for it, not when it happens: a run of many operations is judged once
    /// then, and not at each of them.
    pub(crate) judges_late: bool,
    steps: DashMap<(u32, ClientEvent), Arc<ClientStep>, BuildQuick>,
    /// The first failure of the workload.
    failure: OnceLock<String>,
}

impl ClientTable {
    pub(crate) fn new(
        workload: AnyWorkload,
        options: CheckOptions,
        nodes: usize,
        plan: Plan,
    ) -> Self {
        ClientTable {
            workload,
            options,
            nodes,
            plan,
            table: Table::default(),
            judges_late: false,
            steps: DashMap::default(),
            failure: OnceLock::new(),
        }
    }

    /// Whether the workload has failed.
    pub(crate) fn vouch(&self) -> Result<(), Wrong> {
        match self.failure.get() {
            Some(why) => Err(Wrong::Workload(why.clone())),
            None => Ok(()),
        }
    }

    /// Notes that the workload has failed, if it has.
    fn note_failure(&self, workload: &dyn WorkloadClient) {
        if let Some(why) = workload.failure() {
            let _ = self.failure.set(why); // one is told
        }
    }

    /// Workers that have not begun, whose clients have the numbers from `opened` on.
    pub(crate) fn begin(&self, workload: Box<dyn WorkloadClient>, opened: u32) -> u32 {
        // States have copies of their own.
        self.note_failure(workload.boxed_clone().as_ref());
        let workers = (0..self.plan.workers()).zip(opened..).zip(0..);
        let workers = workers.map(|((_, client), process)| Worker {
            begun: 0,
            client,
            calls: 0,
            process,
            open: None,
            answers: Vec::new(),
            heard: 0,
        });
        let workers: Vec<Worker> = workers.collect();
        let opened = opened + u32::try_from(workers.len()).unwrap_or(u32::MAX);
        self.add(Clients {
            workload,
            workers,
            begun: 0,
            is_closed: false,
            opened,
            record: Record::default(),
            wrong: Vec::new(),
        })
    }

    pub(crate) fn get(&self, clients: u32) -> &Clients {
        self.table.get(clients)
    }

    /// What they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes()
    }

    pub(crate) fn hash(&self, clients: u32) -> Hash {
        self.table.hash(clients)
    }

    /// What clients are to do.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The place in the plan of what a worker would begin next; none if there is nothing.
    pub(crate) fn next_place(&self, clients: &Clients, worker: u16) -> Option<usize> {
        let (place, end) = match &self.plan {
            Plan::OfEach(plans) => {
                let worker = usize::from(worker);
                (clients.workers[worker].begun, plans[worker].len())
            }
            Plan::OfAny { operations, .. } => (clients.begun, operations.len()),
        };
        (!clients.is_closed && place < end).then_some(place)
    }

    /// Whether a worker can begin an operation. Of those at one node that wait for nothing and may begin the same, only the
    /// first can if there are `reductions`: it does not matter which of them does.
    pub(crate) fn may_invoke(&self, clients: &Clients, worker: u16, reductions: bool) -> bool {
        if clients.waits(worker) || self.next_place(clients, worker).is_none() {
            return false;
        }
        if matches!(self.plan, Plan::OfEach(_)) || !reductions {
            return true;
        }
        let mut others = (0..worker).filter(|other| self.node_of(*other) == self.node_of(worker));
        others.all(|other| clients.waits(other))
    }

    /// How many operations were not begun.
    pub(crate) fn unbegun(&self, clients: &Clients) -> usize {
        match &self.plan {
            _ if clients.is_closed => 0,
            Plan::OfEach(plans) => {
                let begun = clients.workers.iter().map(|it| it.begun);
                plans
                    .iter()
                    .zip(begun)
                    .map(|(plan, begun)| plan.len() - begun)
                    .sum()
            }
            Plan::OfAny { operations, .. } => operations.len() - clients.begun,
        }
    }

    /// An operation of the plan.
    pub(crate) fn planned(&self, worker: u16, place: usize) -> &Operation {
        match &self.plan {
            Plan::OfEach(plans) => &plans[usize::from(worker)][place],
            Plan::OfAny { operations, .. } => &operations[place],
        }
    }

    /// The node that a worker talks to.
    pub(crate) fn node_of(&self, worker: u16) -> usize {
        usize::from(worker) % self.nodes
    }

    /// The number of clients of another table.
    pub(crate) fn adopt(&self, other: &ClientTable, clients: u32) -> u32 {
        let content = || other.get(clients).copy();
        self.table.add(other.hash(clients), content)
    }

    fn add(&self, mut clients: Clients) -> u32 {
        self.table.add(clients.content(), || {
            let has_ended = clients.record.begins() == Some(false);
            if !self.judges_late && has_ended && clients.wrong.is_empty() {
                clients.wrong = self.wrong_so_far(&clients);
            }
            clients
        })
    }

    /// What is wrong for good with what clients got so far, by name.
    pub(crate) fn wrong_so_far(&self, clients: &Clients) -> Vec<String> {
        let Ok(history) = History::new(clients.record.ops()) else {
            return vec!["broken-history".to_owned()];
        };
        let found = check_so_far(self.workload.rules(), &history, &self.options);
        let names = found.iter().flat_map(anomalies);
        names.map(|name| name.to_string()).collect()
    }

    /// What comes of an event. An answer that nobody waits for changes nothing.
    pub(crate) fn step(
        &self,
        clients: u32,
        event: ClientEvent,
        messages: &Messages,
    ) -> Arc<ClientStep> {
        if let Some(step) = self.steps.get(&(clients, event)) {
            return Arc::clone(&step);
        }
        let mut next = self.get(clients).copy();
        let request = match event {
            ClientEvent::Invoke(worker) => {
                let place = self.next_place(&next, worker);
                place.and_then(|place| {
                    let operation = self.planned(worker, place).clone();
                    let worker = usize::from(worker);
                    match self.plan {
                        Plan::OfEach(_) => next.workers[worker].begun += 1,
                        Plan::OfAny { .. } => next.begun += 1,
                    }
                    next.invoke(worker, operation, self.nodes, messages)
                })
            }
            ClientEvent::Answer(message) => next.answer(message, self.nodes, messages),
            ClientEvent::TimeOut(worker) => {
                next.time_out(usize::from(worker), self.nodes, messages)
            }
            ClientEvent::Open => {
                next.opened += 1;
                None
            }
            ClientEvent::Close => {
                next.is_closed = true;
                None
            }
        };
        self.note_failure(next.workload.as_ref());
        let step = Arc::new(ClientStep {
            next: self.add(next),
            request,
        });
        self.table.note(STEP_BYTES);
        self.steps.insert((clients, event), Arc::clone(&step));
        step
    }

    /// What is wrong with a run that ends so, by name. Few operations say nothing about how many succeed, unless one
    /// got no answer and nothing went wrong.
    pub(crate) fn judge(&self, clients: &Clients, is_silent: bool) -> Vec<String> {
        let Ok(history) = History::new(clients.record.ops()) else {
            return vec!["broken-history".to_owned()];
        };
        let budgets = Budgets::default();
        let judged = check_any(
            self.workload.rules(),
            &history,
            None,
            &self.options,
            &budgets,
        );
        let mut result = match judged {
            Ok(result) => result,
            Err(NotJudged::Unexpected(_)) => return vec!["unexpected-operation".to_owned()],
            Err(NotJudged::Failed(why)) => {
                let _ = self.failure.set(why); // one is told
                return Vec::new();
            }
        };
        if !is_silent {
            result.stats.valid = Validity::True;
            result.availability.valid = Validity::True;
            result.shortfalls = host_check::Shortfalls::default();
            result.valid = result.workload.valid().max(result.exceptions.valid);
        }
        match result.valid {
            Validity::False => anomalies(&result).iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }
}

impl Clients {
    /// The same, to be changed.
    pub(crate) fn copy(&self) -> Self {
        Clients {
            workload: self.workload.boxed_clone(),
            workers: self.workers.clone(),
            begun: self.begun,
            is_closed: self.is_closed,
            opened: self.opened,
            record: self.record.copy(),
            wrong: self.wrong.clone(),
        }
    }

    /// What they have done so far.
    pub(crate) fn history(&self) -> &[Arc<Op>] {
        self.record.shared()
    }

    /// How many clients there are.
    pub(crate) fn opened(&self) -> u32 {
        self.opened
    }

    /// Whether a worker waits for an answer.
    pub(crate) fn waits(&self, worker: u16) -> bool {
        self.workers[usize::from(worker)].open.is_some()
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> u16 {
        u16::try_from(self.workers.len()).unwrap_or(u16::MAX)
    }

    /// The worker that waits for this message, if one does.
    pub(crate) fn awaits(&self, message: u32, messages: &Messages) -> Option<usize> {
        let message = messages.get(message);
        let Addr::Client(client) = message.dest else {
            return None;
        };
        let mut workers = self.workers.iter();
        let worker = workers.position(|worker| worker.client == client)?;
        let this = &self.workers[worker];
        (this.open.is_some() && message.in_reply_to == Some(this.calls)).then_some(worker)
    }

    /// A worker begins an operation. Returns its request, if it sends one.
    pub(crate) fn invoke(
        &mut self,
        worker: usize,
        operation: Operation,
        nodes: usize,
        messages: &Messages,
    ) -> Option<u32> {
        self.record.add(Op {
            index: 0,
            time_ns: 0,
            kind: Kind::Invoke,
            process: Process::Client(self.workers[worker].process),
            f: operation.f.clone(),
            value: operation.value.clone(),
            error: None,
            extra: operation.extra.clone(),
        });
        let step = self.workload.begin(worker, &operation);
        self.workers[worker].open = Some(operation);
        self.go_on(worker, step.into(), nodes, messages)
    }

    /// Goes on with an operation. Returns its next request, if it has one.
    fn go_on(
        &mut self,
        worker: usize,
        answered: Answered,
        nodes: usize,
        messages: &Messages,
    ) -> Option<u32> {
        match answered {
            Answered::Continues { body, node } => {
                let node = node.unwrap_or(worker) % nodes;
                Some(self.call(worker, &body, node, messages))
            }
            ends @ Answered::Ends(_) => {
                self.end(worker, ends);
                None
            }
        }
    }

    fn call(&mut self, worker: usize, body: &str, node: usize, messages: &Messages) -> u32 {
        let this = &mut self.workers[worker];
        this.calls += 1;
        let body = with_msg_id(body, this.calls);
        let node = u8::try_from(node).unwrap_or(u8::MAX);
        messages.add(Addr::Client(this.client), Addr::Node(node), &body)
    }

    /// A message reaches a client. Returns the next request of the operation, if it has one.
    pub(crate) fn answer(
        &mut self,
        message: u32,
        nodes: usize,
        messages: &Messages,
    ) -> Option<u32> {
        let worker = self.awaits(message, messages)?;
        let operation = self.workers[worker].open.clone()?;
        let body = messages.get(message).body();
        let this = &mut self.workers[worker];
        this.answers.push(message);
        this.heard = Contents::of("heard")
            .hash(this.heard)
            .bytes(body.as_bytes())
            .finish();
        let answered = answered(self.workload.as_mut(), worker, &operation, body);
        self.go_on(worker, answered, nodes, messages)
    }

    /// A worker has waited long enough. Returns the next request of the operation, if it has one.
    pub(crate) fn time_out(
        &mut self,
        worker: usize,
        nodes: usize,
        messages: &Messages,
    ) -> Option<u32> {
        let operation = self.workers[worker].open.clone()?;
        let answered = timed_out(self.workload.as_mut(), worker, &operation);
        self.go_on(worker, answered, nodes, messages)
    }

    fn end(&mut self, worker: usize, answered: Answered) {
        let Answered::Ends(ending) = answered else {
            return;
        };
        let workers = i64::from(self.workers());
        let this = &mut self.workers[worker];
        let Some(operation) = this.open.take() else {
            return;
        };
        this.heard = 0;
        this.answers.clear();
        let kind = ending.kind();
        let op = ending.op(operation, this.process);
        if kind == Kind::Info {
            this.process += workers;
            if !self.workload.keeps_client() {
                this.client = self.opened;
                this.calls = 0;
                self.opened += 1;
                self.workload.reopened(worker);
            }
        }
        self.record.add(op);
    }

    /// What the workload has clients do at the end, once for each that is free.
    pub(crate) fn next_at_end(
        &mut self,
        due: AtEnd,
        now_ns: u64,
        stream: &mut host_sim::random::Stream,
    ) -> Next {
        let free = self.workers.iter().enumerate();
        let free = free.filter(|(_, worker)| worker.open.is_none());
        let free: Vec<usize> = free.map(|(worker, _)| worker).collect();
        if free.is_empty() {
            return Next::Wait;
        }
        let processes: Vec<i64> = self.workers.iter().map(|worker| worker.process).collect();
        let mut turn = Turn::new(now_ns, &free, &processes, stream, 0);
        match due {
            AtEnd::Last if self.workload.has_last() => self.workload.last(&mut turn),
            AtEnd::Inspection if self.workload.inspects() => self.workload.inspect(&mut turn),
            _ => Next::Done,
        }
    }

    /// How long a client waits for an answer, in nanoseconds.
    pub(crate) fn timeout_ns(&self) -> u64 {
        self.workload.timeout_ns().max(SECOND)
    }

    /// A hash of what a state of clients consists of.
    fn content(&self) -> Hash {
        let mut contents = Contents::of("clients")
            .number(u64::from(self.opened))
            .number(self.begun as u64)
            .number(u64::from(self.is_closed));
        for worker in &self.workers {
            contents = contents
                .number(worker.begun as u64)
                .number(u64::from(worker.client))
                .number(worker.calls)
                .hash(worker.heard)
                .bytes(format!("{:?}", worker.open).as_bytes());
        }
        contents.hash(self.record.hash()).finish()
    }
}

/// Which operations end a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtEnd {
    /// The last ones of the workload.
    Last,
    /// Those of its inspection.
    Inspection,
}
