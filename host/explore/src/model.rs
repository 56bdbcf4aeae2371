//! The rules: how a cluster begins, what may happen in a state, and what comes of it.

use std::collections::VecDeque;

use host_sim::random::Streams;
use host_sim::workload::make;
use host_sim::{Malformed, Next, Operation, Turn, with_msg_id};
use host_trial::Scenario;

use crate::bounds::{Bounds, PARTITIONED_NODES_MAX, TimerOrder};
use crate::clients::{ClientEvent, ClientTable};
use crate::explore::Exploration;
use crate::guests::{Guests, GuestsOptions, Mode, Wrong};
use crate::hash::{Hash, spread};
use crate::moves::{FAULTS, Footprint, LAST_FIRE, Move, NODES, SERVICES, SPLIT, TIME};
use crate::nodes::{Happens, NodeStep, Nodes};
use crate::participants::{Addr, Messages};
use crate::services::Services;
use crate::state::{Done, Left, State};
use crate::table::Table;

/// A cluster's rules, and all contents that were met.
pub(crate) struct Model<'a> {
    pub(crate) bounds: &'a Bounds,
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    pub(crate) count: usize,
    pub(crate) messages: Messages,
    pub(crate) guests: Guests<'a>,
    pub(crate) nodes: Nodes,
    pub(crate) services: Services,
    pub(crate) clients: ClientTable,
    /// The ids of timers that were met.
    pub(crate) timers: Table<u64>,
    /// The ways to split the network.
    splits: Vec<u16>,
}

/// Where messages go that are sent, and what is written down.
#[derive(Default)]
pub(crate) struct Sink {
    /// What is in flight now, in the order of sending.
    pub(crate) sent: Vec<u32>,
    /// What was done, if somebody wants to know.
    pub(crate) log: Option<Vec<Done>>,
}

impl Sink {
    /// One that writes down.
    pub(crate) fn logging() -> Self {
        Sink {
            sent: Vec::new(),
            log: Some(Vec::new()),
        }
    }

    pub(crate) fn note(&mut self, done: Done) {
        if let Some(log) = &mut self.log {
            log.push(done);
        }
    }
}

impl<'a> Model<'a> {
    /// # Errors
    /// If the scenario has no such workload.
    pub(crate) fn new(exploration: &Exploration<'a>, mode: Mode) -> Result<Self, String> {
        let Exploration {
            module,
            scenario,
            bounds,
            seed,
            operations,
            ..
        } = *exploration;
        let options = &scenario.options;
        let count = options.cluster.count;
        let workload = make(scenario.workload, &scenario.workload_options());
        let mut workload = workload.map_err(|why| why.to_string())?;
        let workers = options.concurrency;
        let plan = match operations {
            Some(operations) => {
                let mut plan = vec![Vec::new(); workers];
                for (worker, operation) in operations {
                    let of_worker = plan.get_mut(*worker);
                    let of_worker =
                        of_worker.ok_or_else(|| format!("there is no worker {worker}"))?;
                    of_worker.push(operation.clone());
                }
                plan
            }
            None => plan(workload.as_mut(), workers, bounds.operations, seed),
        };
        let begun: usize = plan.iter().map(Vec::len).sum();
        // Every operation and every fault may open one more.
        let clients = 2 * count + workers + 2 * begun;
        let faults = usize::from(bounds.kills) + usize::from(bounds.power);
        let clients = clients + faults + usize::from(bounds.timeouts) + 2 * count + workers;
        let services = host_sim::service::all();
        let services = services.iter().map(|it| it.name().to_owned()).collect();
        let crashes = bounds.kills > 0 || bounds.power > 0;
        Ok(Model {
            bounds,
            scenario,
            seed,
            count,
            messages: Messages::new(count, options.cluster.first, services),
            guests: Guests::new(GuestsOptions {
                module,
                mode,
                limits: options.limits,
                args: &options.guest_args,
                seed,
                clients: u32::try_from(clients).unwrap_or(u32::MAX),
            }),
            nodes: Nodes::new(!crashes, bounds.timers == TimerOrder::Bounded),
            services: Services::default(),
            clients: ClientTable::new(scenario.workload, scenario.check_options(), count, plan),
            timers: Table::default(),
            splits: splits(count),
        })
    }

    /// Whether time is a part of states.
    pub(crate) fn is_timed(&self) -> bool {
        let knows_no_time = matches!(self.bounds.timers, TimerOrder::Any | TimerOrder::Bursts);
        !knows_no_time || self.guests.mode.reads_clock
    }

    /// A hash of a state.
    pub(crate) fn hash(&self, state: &State) -> Hash {
        let parts = state.parts.iter().enumerate();
        let parts = parts.map(|(place, part)| match place < self.count {
            true => self.nodes.hash(*part),
            false => self.services.hash(*part),
        });
        let is_in_order = self.bounds.delays.is_some();
        let messages = state.messages.iter().enumerate();
        let messages = messages.map(|(place, it)| match is_in_order {
            true => self.messages.hash(*it).wrapping_mul(2 * place as u128 + 3),
            false => self.messages.hash(*it),
        });
        let late = state.late.iter().map(|it| self.messages.hash(*it));
        let mut hash = self.clients.hash(state.clients);
        for part in parts.chain(messages).chain(late) {
            hash = hash.wrapping_add(part);
        }
        if self.guests.mode.reads_clock {
            hash = hash.wrapping_add(spread(state.now_ns << 2 | 3));
        }
        hash.wrapping_add(state.left.hash(state.cut))
    }

    /// The state in which the main phase begins, after the warm-up, and the messages in flight in the order of sending.
    pub(crate) fn begin(&self, sink: &mut Sink) -> Result<(State, VecDeque<u32>), Wrong> {
        let nodes = (0..self.count).map(|node| {
            let index = u8::try_from(node).unwrap_or(u8::MAX);
            self.nodes.new_node(index, &self.guests, &self.messages)
        });
        let parts: Vec<u32> = nodes.chain(self.services.begin()).collect();
        let scenario = self.scenario;
        let workload = make(scenario.workload, &scenario.workload_options());
        let workload = workload.map_err(Wrong::internal)?;
        let opened = u32::try_from(2 * self.count).unwrap_or(u32::MAX);
        let mut state = State {
            parts,
            clients: 0,
            left: Left::NOTHING,
            cut: 0,
            now_ns: 0,
            messages: Vec::new(),
            late: Vec::new(),
        };
        let inits = (0..self.count).map(|node| self.init(node, node));
        let mut queue: VecDeque<u32> = inits.collect();
        self.prepare(&mut state, &mut queue, sink, 0, |body| {
            match kind_of(body).as_deref() {
                Some("init_ok") => Ok(()),
                _ => Err(Malformed("the answer to `init` is no `init_ok`".to_owned())),
            }
        })?;
        let count = self.count;
        let requests = (0..count).filter_map(|node| {
            let body = with_msg_id(&workload.setup(node)?, 1);
            let client = u32::try_from(count + node).unwrap_or(u32::MAX);
            let node = u8::try_from(node).unwrap_or(u8::MAX);
            Some(
                self.messages
                    .add(Addr::Client(client), Addr::Node(node), &body),
            )
        });
        let requests: Vec<u32> = requests.collect();
        if !requests.is_empty() {
            queue.extend(requests);
            let check = |body: &str| workload.check_setup(body);
            self.prepare(&mut state, &mut queue, sink, count, check)?;
        }
        state.clients = self.clients.begin(workload, opened);
        self.warm_up(&mut state, &mut queue, sink)?;
        let bounds = self.bounds;
        state.left = Left {
            fires: bounds.fires,
            delays: bounds.delays.unwrap_or(0),
            drops: bounds.drops,
            duplicates: bounds.duplicates,
            kills: bounds.kills,
            power: bounds.power,
            partitions: bounds.partitions,
            timeouts: bounds.timeouts,
        };
        Ok((state, queue))
    }

    /// The `init` that a client sends to a node.
    fn init(&self, node: usize, client: usize) -> u32 {
        let body = serde_json::json!({
            "type": "init",
            "node_id": self.messages.nodes()[node],
            "node_ids": self.messages.nodes(),
        });
        let client = u32::try_from(client).unwrap_or(u32::MAX);
        let node = u8::try_from(node).unwrap_or(u8::MAX);
        let body = with_msg_id(&body.to_string(), 1);
        self.messages
            .add(Addr::Client(client), Addr::Node(node), &body)
    }

    /// Delivers messages in the order of sending until each node has answered a request of the clients from `first` on.
    fn prepare(
        &self,
        state: &mut State,
        queue: &mut VecDeque<u32>,
        sink: &mut Sink,
        first: usize,
        check: impl Fn(&str) -> Result<(), Malformed>,
    ) -> Result<(), Wrong> {
        for message in queue.iter() {
            if matches!(self.messages.get(*message).src, Addr::Client(_)) {
                sink.note(Done::Sent(*message));
            }
        }
        let mut left = self.count;
        while left > 0 {
            let Some(message) = queue.pop_front() else {
                return Err(Wrong::NoAnswer);
            };
            let it = self.messages.get(message);
            if let Addr::Client(client) = it.dest {
                let is_awaited = (first..first + self.count).contains(&(client as usize));
                if is_awaited && it.in_reply_to == Some(1) {
                    check(it.body()).map_err(|Malformed(why)| Wrong::BadAnswer(why))?;
                    left -= 1;
                }
                continue;
            }
            self.deliver_fairly(state, message, sink)?;
            queue.extend(sink.sent.drain(..));
        }
        Ok(())
    }

    /// Delivers a message to a node or a service; syncs end at once.
    fn deliver_fairly(
        &self,
        state: &mut State,
        message: u32,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        match self.messages.get(message).dest {
            Addr::Node(node) => {
                let node = usize::from(node);
                let is_down = self.nodes.get(state.parts[node]).guest.is_none();
                let happens = match is_down {
                    // The only message that a node gets before it is started.
                    true => Happens::Start(message),
                    false => Happens::Message(message),
                };
                self.happen_fairly(state, node, happens, sink)
            }
            Addr::Service(_) => {
                self.ask_service(state, message, sink);
                Ok(())
            }
            Addr::Client(_) => Ok(()),
        }
    }

    pub(crate) fn happen_fairly(
        &self,
        state: &mut State,
        node: usize,
        happens: Happens,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        self.happen(state, node, happens, sink)?;
        while self.nodes.get(state.parts[node]).is_syncing() {
            sink.note(Done::Synced(index(node)));
            self.happen(state, node, Happens::Synced, sink)?;
        }
        Ok(())
    }

    /// Runs by fair rules until the exploration begins.
    fn warm_up(
        &self,
        state: &mut State,
        queue: &mut VecDeque<u32>,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        let until_ns = self.bounds.warm_up_ns;
        let mut deliveries = 0_u32;
        while until_ns > 0 {
            if let Some(message) = queue.pop_front() {
                deliveries += 1;
                if deliveries > crate::ends::DELIVERIES_MAX {
                    return Err(Wrong::Standstill);
                }
                if let Addr::Client(_) = self.messages.get(message).dest {
                    continue;
                }
                self.deliver_fairly(state, message, sink)?;
                queue.extend(sink.sent.drain(..));
                continue;
            }
            deliveries = 0;
            let left_ns = until_ns - state.now_ns;
            match self.next_timer(state) {
                Some((node, timer)) if timer.left_ns.max(0).cast_unsigned() <= left_ns => {
                    self.pass(state, timer.left_ns.max(0).cast_unsigned())?;
                    self.happen_fairly(state, node, Happens::Timer(timer.id), sink)?;
                    queue.extend(sink.sent.drain(..));
                }
                _ => {
                    self.pass(state, left_ns)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// The timer that is due first: of the node with the lowest number, then the one with the lowest id.
    pub(crate) fn next_timer(&self, state: &State) -> Option<(usize, crate::nodes::Timer)> {
        let nodes = state.parts[..self.count].iter().enumerate();
        let first = nodes.filter_map(|(place, node)| {
            let node = self.nodes.get(*node);
            let timer = node.timers.first().filter(|_| node.is_ready())?;
            Some((place, *timer))
        });
        first.min_by_key(|(place, timer)| (timer.left_ns, *place))
    }

    /// Lets virtual time pass.
    pub(crate) fn pass(&self, state: &mut State, by_ns: u64) -> Result<(), Wrong> {
        if by_ns > 0 {
            for node in 0..self.count {
                let mut nobody = Sink::default();
                self.happen(state, node, Happens::Age(by_ns), &mut nobody)?;
            }
            state.now_ns += by_ns;
        }
        Ok(())
    }

    /// Something happens to a node: what it sends is on its way then.
    pub(crate) fn happen(
        &self,
        state: &mut State,
        node: usize,
        happens: Happens,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        let step = self.look(state, node, happens)?;
        state.parts[node] = step.next;
        for _ in 0..step.syncs {
            sink.note(Done::Synced(index(node)));
        }
        for message in &step.sent {
            sink.note(Done::Sent(*message));
            sink.sent.push(*message);
        }
        Ok(())
    }

    /// What would come of it.
    fn look(
        &self,
        state: &State,
        node: usize,
        happens: Happens,
    ) -> Result<std::sync::Arc<NodeStep>, Wrong> {
        let (guests, messages) = (&self.guests, &self.messages);
        self.nodes
            .step(state.parts[node], happens, state.now_ns, guests, messages)
    }

    /// A service handles a request, and its answer is on its way.
    pub(crate) fn ask_service(&self, state: &mut State, request: u32, sink: &mut Sink) {
        let Addr::Service(service) = self.messages.get(request).dest else {
            return;
        };
        let part = &mut state.parts[self.count + usize::from(service)];
        let step = self.services.step(*part, request, &self.messages);
        *part = step.next;
        if let Some(answer) = step.answer {
            sink.note(Done::Sent(answer));
            sink.sent.push(answer);
        }
    }

    /// What may happen in a state, in an order that depends on contents alone.
    pub(crate) fn moves(&self, state: &State, moves: &mut Vec<Move>) {
        moves.clear();
        if self.bounds.delays.is_some() {
            return self.moves_in_order(state, moves);
        }
        let (left, reduces) = (&state.left, self.bounds.reduces);
        let ready = |node: usize| self.nodes.get(state.parts[node]).is_ready();
        let clients = self.clients.get(state.clients);
        for worker in 0..clients.workers() {
            let can_come = !reduces || ready(self.clients.node_of(worker));
            if clients.may_invoke(worker) && can_come {
                moves.push(Move::Invoke(worker));
            }
        }
        let mut last = None;
        for message in &state.messages {
            if last.replace(*message) == Some(*message) {
                continue; // the same again
            }
            let it = self.messages.get(*message);
            let can_come = match it.dest {
                Addr::Node(node) => !self.nodes.get(state.parts[usize::from(node)]).is_syncing(),
                _ => true,
            };
            if can_come {
                moves.push(Move::Deliver(*message));
            }
        }
        for node in 0..self.count {
            if self.nodes.get(state.parts[node]).is_syncing() {
                moves.push(Move::Synced(index(node)));
            }
        }
        if left.fires > 0 {
            self.fires(state, moves);
        }
        if left.drops > 0 || left.duplicates > 0 {
            let mut last = None;
            for message in &state.messages {
                let it = self.messages.get(*message);
                if last.replace(*message) == Some(*message) || !it.is_between_nodes() {
                    continue;
                }
                if left.drops > 0 {
                    moves.push(Move::Lose(*message));
                }
                let Addr::Node(node) = it.dest else { continue };
                if left.duplicates > 0 && ready(usize::from(node)) && !self.cuts(state, *message) {
                    moves.push(Move::Copy(*message));
                }
            }
        }
        self.faults(state, moves);
    }

    /// The same if delays are bounded: what is sent comes in order, at once, but for what is late.
    fn moves_in_order(&self, state: &State, moves: &mut Vec<Move>) {
        let left = &state.left;
        let mut syncing = (0..self.count).filter(|node| {
            let node = self.nodes.get(state.parts[*node]);
            node.is_syncing()
        });
        if let Some(node) = syncing.next() {
            let node = index(node);
            moves.push(Move::Synced(node));
            if left.kills > 0 {
                moves.push(Move::Kill(node));
            }
            if left.power > 0 {
                moves.push(Move::Power(node));
            }
            return;
        }
        let mut last = None;
        for message in &state.late {
            if last.replace(*message) != Some(*message) {
                moves.push(Move::Deliver(*message));
            }
        }
        if let Some(message) = state.messages.first() {
            moves.push(Move::Deliver(*message));
            if self.messages.get(*message).is_between_nodes() {
                if left.delays > 0 {
                    moves.push(Move::Delay(*message));
                }
                if left.drops > 0 {
                    moves.push(Move::Lose(*message));
                }
                if left.duplicates > 0 && !self.cuts(state, *message) {
                    moves.push(Move::Copy(*message));
                }
            }
            moves.dedup();
            return;
        }
        if left.fires > 0
            && let Some((node, timer)) = self.next_timer(state)
        {
            moves.push(Move::Fire(index(node), self.timer(timer.id)));
        }
        let clients = self.clients.get(state.clients);
        for worker in 0..clients.workers() {
            let node = self.nodes.get(state.parts[self.clients.node_of(worker)]);
            if clients.may_invoke(worker) && node.is_ready() {
                moves.push(Move::Invoke(worker));
            }
        }
        self.faults(state, moves);
    }

    /// The faults that may happen to clients, nodes and links.
    fn faults(&self, state: &State, moves: &mut Vec<Move>) {
        let left = &state.left;
        let clients = self.clients.get(state.clients);
        if left.timeouts > 0 {
            for worker in 0..clients.workers() {
                if clients.waits(worker) {
                    moves.push(Move::TimeOut(worker));
                }
            }
        }
        for node in 0..self.count {
            let is_up = self.nodes.get(state.parts[node]).guest.is_some();
            let node = index(node);
            match is_up {
                true => {
                    if left.kills > 0 {
                        moves.push(Move::Kill(node));
                    }
                    if left.power > 0 {
                        moves.push(Move::Power(node));
                    }
                }
                false => moves.push(Move::Start(node)),
            }
        }
        if state.cut != 0 {
            moves.push(Move::Heal);
        } else if left.partitions > 0 {
            moves.extend(self.splits.iter().map(|split| Move::Cut(*split)));
        }
    }

    /// The timers that may fire next.
    fn fires(&self, state: &State, moves: &mut Vec<Move>) {
        let timers = || {
            let nodes = state.parts[..self.count].iter().enumerate();
            nodes.flat_map(|(place, node)| {
                let node = self.nodes.get(*node);
                let timers = node.timers.iter().filter(|_| node.is_ready());
                timers.map(move |timer| (place, timer))
            })
        };
        let latest_ns = match self.bounds.timers {
            TimerOrder::Any => None,
            TimerOrder::Bursts => {
                for place in 0..self.count {
                    let node = self.nodes.get(state.parts[place]);
                    if let Some(first) = node.timers.first().filter(|_| node.is_ready()) {
                        moves.push(Move::Fire(index(place), self.timer(first.id)));
                    }
                }
                return;
            }
            TimerOrder::Ordered => timers().map(|(_, timer)| timer.left_ns).min(),
            TimerOrder::Bounded => {
                let ppm = i128::from(self.bounds.drift_ppm);
                let late = |span_ns: u64| i64::try_from(i128::from(span_ns) * ppm / 1_000_000);
                let last = timers().map(|(_, timer)| {
                    timer
                        .left_ns
                        .saturating_add(late(timer.span_ns).unwrap_or(i64::MAX))
                });
                last.min()
            }
        };
        for (place, timer) in timers() {
            if latest_ns.is_none_or(|latest_ns| timer.left_ns <= latest_ns) {
                moves.push(Move::Fire(index(place), self.timer(timer.id)));
            }
        }
    }

    /// The number of a timer's id.
    pub(crate) fn timer(&self, id: u64) -> u32 {
        self.timers.add(spread(id), || id)
    }

    /// Whether a split keeps a message from its receiver.
    pub(crate) fn cuts(&self, state: &State, message: u32) -> bool {
        let it = self.messages.get(message);
        match (it.src, it.dest) {
            (Addr::Node(src), Addr::Node(dest)) => (state.cut >> src ^ state.cut >> dest) & 1 == 1,
            _ => false,
        }
    }

    /// What a move touches, in a state in which it is possible.
    pub(crate) fn footprint(&self, state: &State, it: Move) -> Footprint {
        match it {
            Move::Invoke(worker) => {
                let mut print = Footprint {
                    begins: true,
                    ..Footprint::default()
                };
                if self.bounds.reduces {
                    let event = ClientEvent::Invoke(worker);
                    let step = self.clients.step(state.clients, event, &self.messages);
                    let node = self.clients.node_of(worker);
                    match step.request {
                        Some(request) => {
                            // It waits for this request from now on, so an answer to it ends the operation.
                            let then = State {
                                clients: step.next,
                                ..state.clone()
                            };
                            self.touch(&then, node, Happens::Message(request), &mut print);
                        }
                        None => print.ends = true,
                    }
                }
                print
            }
            Move::Deliver(message) | Move::Copy(message) => {
                let mut print = Footprint {
                    takes: Some(message),
                    ..Footprint::default()
                };
                if matches!(it, Move::Copy(_)) {
                    print.writes |= FAULTS;
                }
                let to = self.messages.get(message);
                if to.is_between_nodes() && self.bounds.partitions > 0 {
                    print.reads |= SPLIT;
                }
                match to.dest {
                    Addr::Node(node) => {
                        let happens = Happens::Message(message);
                        self.touch(state, usize::from(node), happens, &mut print);
                    }
                    Addr::Service(service) => print.writes |= 1 << (SERVICES + u32::from(service)),
                    Addr::Client(_) => print.ends = true,
                }
                print
            }
            Move::Delay(_) => Footprint::ALL,
            Move::Synced(node) => self.touched(state, node, Happens::Synced),
            Move::Fire(node, timer) => {
                let mut print = match self.bounds.timers {
                    // What it sends in the end may end an operation.
                    TimerOrder::Bursts => Footprint {
                        writes: 1 << (NODES + u32::from(node)),
                        ends: true,
                        ..Footprint::default()
                    },
                    _ => {
                        let happens = Happens::Timer(*self.timers.get(timer));
                        self.touched(state, node, happens)
                    }
                };
                if self.is_timed() {
                    print.writes |= TIME;
                }
                if state.left.fires == 1 {
                    print.writes |= LAST_FIRE;
                }
                print
            }
            Move::TimeOut(_) => Footprint {
                writes: FAULTS,
                ends: true,
                ..Footprint::default()
            },
            Move::Lose(message) => Footprint {
                writes: FAULTS,
                takes: Some(message),
                ..Footprint::default()
            },
            Move::Kill(node) | Move::Power(node) | Move::Start(node) => Footprint {
                writes: FAULTS | 1 << (NODES + u32::from(node)),
                reads: TIME,
                ..Footprint::default()
            },
            Move::Cut(_) | Move::Heal => Footprint {
                writes: FAULTS | SPLIT,
                ..Footprint::default()
            },
        }
    }

    fn touched(&self, state: &State, node: u8, happens: Happens) -> Footprint {
        let mut print = Footprint::default();
        self.touch(state, usize::from(node), happens, &mut print);
        print
    }

    fn touch(&self, state: &State, node: usize, happens: Happens, print: &mut Footprint) {
        print.writes |= 1 << (NODES + u32::from(index(node)));
        let Ok(step) = self.look(state, node, happens) else {
            *print = Footprint::ALL;
            return;
        };
        if self.is_timed() && (step.sets_timers || self.guests.mode.reads_clock) {
            print.reads |= TIME;
        }
        if self.bounds.reduces {
            let clients = self.clients.get(state.clients);
            let mut sent = step.sent.iter();
            print.ends |= sent.any(|it| clients.awaits(*it, &self.messages).is_some());
        }
    }

    /// What comes of a move that is possible in a state.
    pub(crate) fn apply(&self, state: &State, it: Move, sink: &mut Sink) -> Result<State, Wrong> {
        let mut next = state.clone();
        self.do_move(&mut next, it, sink)?;
        for message in std::mem::take(&mut sink.sent) {
            self.put(&mut next, message, sink);
        }
        Ok(next)
    }

    fn do_move(&self, next: &mut State, it: Move, sink: &mut Sink) -> Result<(), Wrong> {
        match it {
            Move::Invoke(worker) => {
                if sink.log.is_some() {
                    let begun = self.clients.get(next.clients).begun(worker);
                    sink.note(Done::Invoke(worker, begun));
                }
                let event = ClientEvent::Invoke(worker);
                let step = self.clients.step(next.clients, event, &self.messages);
                next.clients = step.next;
                if let Some(request) = step.request {
                    sink.note(Done::Sent(request));
                    if self.bounds.reduces {
                        sink.note(Done::Deliver(request));
                        let node = self.clients.node_of(worker);
                        self.happen(next, node, Happens::Message(request), sink)?;
                    } else {
                        self.insert(next, request);
                    }
                }
            }
            Move::Deliver(message) => {
                self.take(next, message);
                sink.note(Done::Deliver(message));
                self.deliver(next, message, sink)?;
            }
            Move::Copy(message) => {
                next.left.duplicates -= 1;
                sink.note(Done::Copy(message));
                self.make_late(next, message);
                self.deliver(next, message, sink)?;
            }
            Move::Lose(message) => {
                self.take(next, message);
                next.left.drops -= 1;
                sink.note(Done::Lose(message));
            }
            Move::Delay(message) => {
                next.left.delays -= 1;
                self.make_late(next, message);
            }
            Move::Synced(node) => {
                sink.note(Done::Synced(node));
                self.happen(next, usize::from(node), Happens::Synced, sink)?;
            }
            Move::Fire(node, timer) => {
                next.left.fires -= 1;
                self.fire(next, node, *self.timers.get(timer), sink)?;
            }
            Move::TimeOut(worker) => {
                next.left.timeouts -= 1;
                sink.note(Done::TimeOut(worker));
                let event = ClientEvent::TimeOut(worker);
                next.clients = self.clients.step(next.clients, event, &self.messages).next;
            }
            Move::Kill(node) => {
                next.left.kills -= 1;
                sink.note(Done::Kill(node));
                self.happen(next, usize::from(node), Happens::Kill, sink)?;
            }
            Move::Power(node) => {
                next.left.power -= 1;
                sink.note(Done::Power(node));
                self.happen(next, usize::from(node), Happens::Power, sink)?;
            }
            Move::Start(node) => self.start(next, node, sink)?,
            Move::Cut(split) => {
                next.left.partitions -= 1;
                next.cut = split;
                sink.note(Done::Cut(split));
            }
            Move::Heal => {
                next.cut = 0;
                sink.note(Done::Heal);
            }
        }
        Ok(())
    }

    /// A timer of a node fires; in bursts those after it too, until the node sends something.
    fn fire(&self, next: &mut State, node: u8, mut id: u64, sink: &mut Sink) -> Result<(), Wrong> {
        let place = usize::from(node);
        for _ in 0..BURST_MAX {
            if self.is_timed() {
                let mut of_node = self.nodes.get(next.parts[place]).timers.iter();
                let timer = of_node.find(|timer| timer.id == id);
                let left_ns = timer.map_or(0, |timer| timer.left_ns.max(0));
                self.pass(next, left_ns.cast_unsigned())?;
                sink.note(Done::Time(next.now_ns));
            }
            sink.note(Done::Fire(node, id));
            self.happen(next, place, Happens::Timer(id), sink)?;
            if self.bounds.timers != TimerOrder::Bursts || !sink.sent.is_empty() {
                break;
            }
            let now = self.nodes.get(next.parts[place]);
            match now.timers.first().filter(|_| now.is_ready()) {
                Some(timer) => id = timer.id,
                None => break,
            }
        }
        Ok(())
    }

    /// A node that is down starts again.
    pub(crate) fn start(&self, state: &mut State, node: u8, sink: &mut Sink) -> Result<(), Wrong> {
        sink.note(Done::Start(node));
        let client = self.clients.get(state.clients).opened();
        let step = self
            .clients
            .step(state.clients, ClientEvent::Open, &self.messages);
        state.clients = step.next;
        let init = self.init(usize::from(node), client as usize);
        self.happen(state, usize::from(node), Happens::Start(init), sink)
    }

    /// Hands a message to its receiver, unless it is cut off.
    pub(crate) fn deliver(
        &self,
        state: &mut State,
        message: u32,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        if self.cuts(state, message) {
            return Ok(());
        }
        match self.messages.get(message).dest {
            Addr::Node(node) => {
                self.happen(state, usize::from(node), Happens::Message(message), sink)
            }
            Addr::Service(_) => {
                self.ask_service(state, message, sink);
                Ok(())
            }
            Addr::Client(_) => {
                let event = ClientEvent::Answer(message);
                let step = self.clients.step(state.clients, event, &self.messages);
                state.clients = step.next;
                if let Some(request) = step.request {
                    sink.note(Done::Sent(request));
                    sink.sent.push(request);
                }
                Ok(())
            }
        }
    }

    /// A message was sent: it is in flight now. One to a client that nobody waits for changes nothing,
    /// whenever it comes; and one that is waited for arrives at once if that leaves out only kinder histories.
    fn put(&self, state: &mut State, message: u32, sink: &mut Sink) {
        let is_to_client = matches!(self.messages.get(message).dest, Addr::Client(_));
        if !is_to_client {
            return self.insert(state, message);
        }
        let clients = self.clients.get(state.clients);
        if clients.awaits(message, &self.messages).is_none() {
            return;
        }
        if !self.bounds.reduces {
            return self.insert(state, message);
        }
        sink.note(Done::Deliver(message));
        let event = ClientEvent::Answer(message);
        let step = self.clients.step(state.clients, event, &self.messages);
        state.clients = step.next;
        if let Some(request) = step.request {
            sink.note(Done::Sent(request));
            self.insert(state, request);
        }
    }

    /// Puts a message among those in flight.
    pub(crate) fn insert(&self, state: &mut State, message: u32) {
        match self.bounds.delays {
            Some(_) => state.messages.push(message),
            None => self.insert_by_hash(&mut state.messages, message),
        }
    }

    fn insert_by_hash(&self, messages: &mut Vec<u32>, message: u32) {
        let hash = self.messages.hash(message);
        let place = messages.partition_point(|other| self.messages.hash(*other) < hash);
        messages.insert(place, message);
    }

    /// A message in flight is late from now on, if delays are bounded.
    fn make_late(&self, state: &mut State, message: u32) {
        if self.bounds.delays.is_some() {
            self.take(state, message);
            self.insert_by_hash(&mut state.late, message);
        }
    }

    fn take(&self, state: &mut State, message: u32) {
        // One that is late before the same one that is not: the order of the others stays.
        for messages in [&mut state.late, &mut state.messages] {
            if let Some(place) = messages.iter().position(|other| *other == message) {
                messages.remove(place);
                return;
            }
        }
    }
}

/// How many timers a burst has at most.
const BURST_MAX: u32 = 1000;

fn index(node: usize) -> u8 {
    u8::try_from(node).unwrap_or(u8::MAX)
}

fn kind_of(body: &str) -> Option<String> {
    let message = host_protocol::message::Message {
        src: "".into(),
        dest: "".into(),
        body,
    };
    message.header().ok().map(|header| header.kind.into_owned())
}

/// The operations of each worker: those that the workload draws, as in a run with this seed.
fn plan(
    workload: &mut dyn host_sim::WorkloadClient,
    workers: usize,
    operations: usize,
    seed: u64,
) -> Vec<Vec<Operation>> {
    let mut stream = Streams::new(seed).stream("operations");
    let mut plan = vec![Vec::new(); workers];
    let free: Vec<usize> = (0..workers).collect();
    let processes: Vec<i64> = (0..).take(workers).collect();
    for place in 0..operations {
        let mut turn = Turn::new(0, &free, &processes, &mut stream, place % (workers + 1));
        match workload.next(&mut turn) {
            Next::Invoke { worker, operation } => plan[worker].push(operation),
            Next::Wait | Next::Later(_) | Next::Done => break,
        }
    }
    plan
}

/// The ways to split nodes in two, the first node always on the same side.
fn splits(count: usize) -> Vec<u16> {
    let count = count.min(PARTITIONED_NODES_MAX);
    (1..1_u16 << count.saturating_sub(1))
        .map(|others| others << 1)
        .collect()
}
