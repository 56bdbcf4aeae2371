//! The rules: how a cluster begins, what may happen in a state, and what comes of it.

mod apply;
mod begin;
mod footprint;
mod possible;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use host_check::value::Value;
use host_sim::random::Streams;
use host_sim::{Goal, GoalSet, Next, Operation, Turn};
use host_trial::Scenario;

use crate::account::{Account, COPIED_UNITS, MESSAGE_UNITS, MOVE_UNITS};
use crate::bounds::{Bounds, PARTITIONED_NODES_MAX, TimerOrder};
use crate::clients::{ClientTable, Plan};
use crate::exploration::{Exploration, Operations};
use crate::goals::Sighted;
use crate::guests::{Guests, GuestsOptions};
use crate::hash::{Hash, spread};
use crate::invariants::Invariants;
use crate::nodes::{Happens, NodeStep, Nodes};
use crate::orbits::{Contained, Orbits};
use crate::participants::{Addr, Messages};
use crate::services::Services;
use crate::state::{Done, State};
use crate::symmetry::Symmetry;
use crate::table::Table;
use crate::wrong::{Mode, Wrong};

/// How many messages may follow on one another while no time passes.
pub(crate) const DELIVERIES_MAX: u32 = 100_000;

/// A cluster's rules, and all contents that were met.
pub(crate) struct Model<'a> {
    pub(crate) bounds: &'a Bounds,
    pub(crate) account: Arc<Account>,
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    pub(crate) count: usize,
    pub(crate) messages: Messages,
    pub(crate) guests: Guests<'a>,
    pub(crate) nodes: Nodes,
    pub(crate) services: Services,
    pub(crate) clients: ClientTable,
    invariants: Option<Invariants>,
    /// If nodes are alike.
    pub(crate) orbits: Option<Orbits>,
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
    /// The goals that nodes have shown, one or the other time.
    pub(crate) shown: GoalSet,
}

impl Sink {
    /// One that writes down.
    pub(crate) fn logging() -> Self {
        Sink {
            log: Some(Vec::new()),
            ..Sink::default()
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
    pub(crate) fn new(
        exploration: &Exploration<'a>,
        mode: Mode,
        account: &Arc<Account>,
    ) -> Result<Self, String> {
        account.forget();
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
        let mut workload = scenario.workload.client(&scenario.workload_options())?;
        let invariants = Invariants::of(workload.boxed_clone(), count);
        let workers = options.concurrency;
        let plan = match operations {
            Operations::OfEach(operations) => {
                let mut plans = vec![Vec::new(); workers];
                for (worker, operation) in operations {
                    let of_worker = plans.get_mut(*worker);
                    let of_worker =
                        of_worker.ok_or_else(|| format!("there is no worker {worker}"))?;
                    of_worker.push(operation.clone());
                }
                Plan::OfEach(plans)
            }
            Operations::OfAny(operations) => Plan::OfAny {
                operations: operations.to_vec(),
                workers,
            },
            Operations::Drawn => Plan::OfAny {
                operations: draw(workload.as_mut(), workers, bounds.operations, seed),
                workers,
            },
        };
        let begun = plan.in_order().count();
        // Every operation and every fault may open one more.
        let clients = 2 * count + workers + 2 * begun;
        let faults = usize::from(bounds.kills) + usize::from(bounds.power);
        let clients = clients + faults + usize::from(bounds.timeouts) + 2 * count + workers;
        let services = host_sim::service::all();
        let services = services.iter().map(|it| it.name().to_owned()).collect();
        let crashes = bounds.kills > 0 || bounds.power > 0;
        let messages = Messages::new(count, options.cluster.first, services);
        let table = ClientTable::new(
            scenario.workload.clone(),
            scenario.check_options(),
            count,
            plan,
        );
        let symmetry = bounds.symmetric.then(|| {
            let symmetry = Symmetry::of(&messages, &table, crashes, account);
            Arc::new(symmetry)
        });
        Ok(Model {
            bounds,
            account: Arc::clone(account),
            scenario,
            seed,
            count,
            messages,
            guests: Guests::new(GuestsOptions {
                module,
                account: Arc::clone(account),
                mode,
                limits: options.limits,
                args: &options.guest_args,
                seed,
                clients: u32::try_from(clients).unwrap_or(u32::MAX),
                symmetry: symmetry.clone(),
            }),
            nodes: Nodes::new(!crashes, bounds.timers == TimerOrder::Bounded),
            services: Services::default(),
            clients: table,
            invariants,
            orbits: symmetry.as_ref().map(Orbits::of),
            timers: Table::default(),
            splits: splits(count),
        })
    }

    /// Whether time is a part of states.
    pub(crate) fn is_timed(&self) -> bool {
        let knows_no_time = matches!(self.bounds.timers, TimerOrder::Any | TimerOrder::Bursts);
        !knows_no_time || self.guests.mode.reads_clock
    }

    /// Whether the workload has not failed, and all states have images if nodes are alike.
    pub(crate) fn vouch(&self) -> Result<(), Wrong> {
        self.clients.vouch()?;
        self.orbits
            .as_ref()
            .map_or(Ok(()), |it| it.symmetry.vouch())
    }

    /// Pays for what is done to a state, and for what was kept since the last time.
    pub(crate) fn pay(&self, state: &State) -> Result<(), Wrong> {
        if self.guests.is_interrupted() {
            return Err(Wrong::Interrupted);
        }
        self.vouch()?;
        let messages = state.messages.len() + state.late.len();
        let kept = [
            self.messages.bytes(),
            self.guests.bytes(),
            self.nodes.bytes(),
            self.services.bytes(),
            self.clients.bytes(),
            self.timers.bytes(),
            self.invariants.as_ref().map_or(0, Invariants::bytes),
            self.orbits.as_ref().map_or(0, Orbits::bytes),
        ];
        self.account.keep(kept.iter().sum());
        let units = MOVE_UNITS + messages as u64 * MESSAGE_UNITS;
        Ok(self.account.pay(units)?)
    }

    /// A hash of a state, and of all states that differ from it only in which node is which if nodes are alike.
    pub(crate) fn canonical(&self, state: &State) -> Hash {
        let Some(orbits) = &self.orbits else {
            return self.hash(state);
        };
        let contained = Contained {
            nodes: &self.nodes,
            guests: &self.guests,
            messages: &self.messages,
            clients: &self.clients,
        };
        orbits.hash(state, self.guests.mode.reads_clock, contained)
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
        if self.invariants.is_some() {
            sink.shown = sink.shown.with(self.shown(state)?);
        }
        for _ in 0..step.syncs {
            sink.note(Done::Synced(index(node)));
        }
        for message in &step.sent {
            sink.note(Done::Sent(*message));
            sink.sent.push(*message);
        }
        Ok(())
    }

    /// The goals that nodes show in a state.
    ///
    /// # Errors
    /// If it breaks an invariant.
    pub(crate) fn shown(&self, state: &State) -> Result<GoalSet, Wrong> {
        let Some(invariants) = &self.invariants else {
            return Ok(GoalSet::default());
        };
        let known = (&self.nodes, &self.guests, &self.messages);
        invariants.look(&state.parts[..self.count], state.now_ns, known)
    }

    /// The goals of the workload.
    pub(crate) fn goals(&self) -> &[Goal] {
        self.invariants.as_ref().map_or(&[], |it| &it.goals)
    }

    /// The goals that were shown so far.
    pub(crate) fn sighted(&self) -> Sighted {
        let sighted = self.invariants.as_ref().map(Invariants::sighted);
        sighted.unwrap_or_default()
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
        let store = self.services.bytes_of(*part);
        self.account.charge(store as u64 * COPIED_UNITS);
        let step = self.services.step(*part, request, &self.messages);
        *part = step.next;
        if let Some(answer) = step.answer {
            sink.note(Done::Sent(answer));
            sink.sent.push(answer);
        }
    }

    /// The number of a timer's id.
    pub(crate) fn timer(&self, id: u64) -> u32 {
        self.timers.add(spread(id), || id)
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

fn index(node: usize) -> u8 {
    u8::try_from(node).unwrap_or(u8::MAX)
}

/// The operations that the workload draws, without those that can hardly change anything. Of few operations each
/// should count.
fn draw(
    workload: &mut dyn host_sim::WorkloadClient,
    workers: usize,
    operations: usize,
    seed: u64,
) -> Vec<Operation> {
    let mut stream = Streams::new(seed).stream("operations");
    let mut drawn = Vec::new();
    let free: Vec<usize> = (0..workers).collect();
    let processes: Vec<i64> = (0..).take(workers).collect();
    let mut written = Written::default();
    for turn in 0..DRAWS_MAX * operations {
        if drawn.len() == operations {
            break;
        }
        let mut turn = Turn::new(0, &free, &processes, &mut stream, turn % (workers + 1));
        match workload.next(&mut turn) {
            Next::Invoke { operation, .. } => {
                if written.lets_count(&operation) {
                    drawn.push(operation);
                }
            }
            Next::Wait | Next::Later(_) | Next::Done => break,
        }
    }
    drawn
}

/// How many operations are drawn for each that is taken, at most.
const DRAWS_MAX: usize = 100;

/// What the operations drawn so far write.
#[derive(Default)]
struct Written {
    anything: bool,
    /// The last value for each register.
    registers: HashMap<String, String>,
    /// The last values that were written to each register, without those of compare-and-sets.
    recent: HashMap<String, VecDeque<String>>,
}

/// So many of the last values of a register are hardly written to it again: what is read should say which write it was.
const RECENT: usize = 3;

impl Written {
    /// Whether an operation may say or change something after these: to read shows nothing before something was
    /// written, nor does a client that forgets what it has read; a compare-and-set needs the value that it compares with, and a
    /// write should not be mistaken for another.
    fn lets_count(&mut self, operation: &Operation) -> bool {
        let pair = |value: &Value| -> Option<[Value; 2]> { value.items()?.try_into().ok() };
        let f = operation.f.as_ref();
        // A client reads what it is assigned, so that may come first.
        if f == "assign" {
            return true;
        }
        let reads = matches!(f, "read" | "poll" | "crash");
        let Some([key, value]) = pair(&operation.value) else {
            self.anything |= !reads;
            return self.anything;
        };
        let key = key.to_string();
        match f {
            "read" => return self.registers.contains_key(&key),
            "write" => {
                let value = value.to_string();
                let recent = self.recent.entry(key.clone()).or_default();
                if recent.contains(&value) {
                    recent.pop_back(); // there may be no others
                    return false;
                }
                recent.push_front(value.clone());
                recent.truncate(RECENT);
                self.registers.insert(key, value);
            }
            "cas" => match (pair(&value), self.registers.get_mut(&key)) {
                (Some([from, to]), Some(last)) if *last == from.to_string() => {
                    *last = to.to_string();
                }
                _ => return false,
            },
            _ => {}
        }
        self.anything = true;
        true
    }
}

/// The ways to split nodes in two, the first node always on the same side.
fn splits(count: usize) -> Vec<u16> {
    let count = count.min(PARTITIONED_NODES_MAX);
    (1..1_u16 << count.saturating_sub(1))
        .map(|others| others << 1)
        .collect()
}
