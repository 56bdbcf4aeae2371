//! Ends: what becomes of a state if nothing more goes wrong.
//!
//! All faults are over, no further operation begins, every message is delivered and timers fire when they are due.
//! Open requests are answered or time out, and then the cluster has as long as in a run to recover, or until it comes back to a
//! state that it had. At last clients do their last operations and the whole history is judged. This is one fair schedule
//! among many: a state whose end is wrong is a failure that can be replayed, a state whose end is right has a way
//! to get there.
//!
//! The simulator goes on in the same way after the last move of a schedule, once the moves of [`closing`] are made.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashSet;
use host_sim::random::Streams;
use host_sim::{Next, SECOND};

use crate::clients::{AtEnd, ClientEvent, Clients};
use crate::hash::{BuildQuick, Hash};
use crate::model::{DELIVERIES_MAX, Model, Sink};
use crate::nodes::Happens;
use crate::participants::Addr;
use crate::state::{Done, Left, State};
use crate::wrong::Wrong;

/// How long a cluster has to recover, as in a run.
pub(crate) const RECOVERY_NS: u64 = 10 * SECOND;

/// How long the last operations may take.
const LAST_NS: u64 = 60 * SECOND;

/// Tells ends of schedules in which nothing has gone wrong, and somebody waits, from others.
const CLEAN: Hash = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

/// What a hash in a set takes, which is between half full and full.
const RIGHT_BYTES: usize = 32;

/// States whose ends are right.
#[derive(Default)]
pub(crate) struct Ends {
    right: DashSet<Hash, BuildQuick>,
    /// How many messages were delivered and timers fired.
    steps: AtomicU64,
}

/// A cluster on its way to its end.
pub(crate) struct Ending<'m, 'a> {
    model: &'m Model<'a>,
    pub(crate) state: State,
    queue: VecDeque<u32>,
    pub(crate) sink: Sink,
    /// The clients, once they are not those of a table any more.
    own: Option<Clients>,
    /// Until when each worker of these waits for the answer to its request.
    patience: Vec<u64>,
    steps: &'m AtomicU64,
}

impl Ends {
    /// How many messages were delivered and timers fired to judge ends so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// What is kept of them, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.right.len() * RIGHT_BYTES
    }

    /// The states whose ends are known to be right, in the order of hashes.
    pub(crate) fn right(&self) -> Vec<Hash> {
        let mut right: Vec<Hash> = self.right.iter().map(|hash| *hash).collect();
        right.sort_unstable();
        right
    }

    /// The ends of these states are right.
    pub(crate) fn know(&mut self, model: &Model<'_>, right: Vec<Hash>) {
        model.account.hold(right.len() * RIGHT_BYTES);
        self.right.extend(right);
    }

    /// What is wrong with the end of a state, by name; nothing if it is right.
    pub(crate) fn judge(&self, model: &Model<'_>, state: &State) -> Result<Vec<String>, Wrong> {
        let mut ending = Ending::of(model, state, Sink::default(), &self.steps)?;
        let mut met: HashSet<Hash, BuildQuick> = HashSet::default();
        // What is right after a fault may not be without one.
        let is_clean = ending.waits() && !state.has_had_faults(model.bounds);
        let salt = if is_clean { CLEAN } else { 0 };
        let mut recovers = false;
        let mut is_silent = false;
        let mut until_ns = ending.after(ending.timeout_ns());
        loop {
            ending.deliver_all()?;
            if !recovers && !ending.waits() {
                recovers = true;
                until_ns = ending.after(RECOVERY_NS);
            }
            let hash = model.hash(&ending.state) ^ salt;
            if self.right.contains(&hash) {
                break;
            }
            if !met.insert(hash) {
                // It goes round and round: more time changes nothing.
            } else if ending.fire_next(until_ns)? {
                continue;
            } else {
                ending.pass_until(until_ns)?;
            }
            if !recovers {
                // Nothing went wrong, and still there is no answer.
                is_silent = is_clean;
                ending.time_out();
                continue;
            }
            let wrong = ending.last(is_silent)?;
            if !wrong.is_empty() {
                return Ok(wrong);
            }
            break;
        }
        for hash in met {
            if self.right.insert(hash) {
                model.account.hold(RIGHT_BYTES);
            }
        }
        Ok(Vec::new())
    }
}

/// What is done first to bring a state to its end: nodes start, links are whole, and what is in flight arrives.
pub(crate) fn closing(model: &Model<'_>, state: &State) -> Result<Vec<Done>, Wrong> {
    let steps = AtomicU64::new(0);
    let mut ending = Ending::of(model, state, Sink::logging(), &steps)?;
    for _ in 0..state.messages.len() + state.late.len() {
        let Some(message) = ending.queue.pop_front() else {
            break;
        };
        match ending.deliver(message) {
            Err(wrong) if wrong.is_no_failure() => return Err(wrong),
            // It fails in this delivery.
            Err(_) => break,
            Ok(()) => ending.queue.extend(ending.sink.sent.drain(..)),
        }
    }
    Ok(ending.sink.log.unwrap_or_default())
}

impl<'m, 'a> Ending<'m, 'a> {
    pub(crate) fn of(
        model: &'m Model<'a>,
        state: &State,
        mut sink: Sink,
        steps: &'m AtomicU64,
    ) -> Result<Self, Wrong> {
        let mut state = state.clone();
        let close = model
            .clients
            .step(state.clients, ClientEvent::Close, &model.messages);
        state.clients = close.next;
        state.left = Left::NOTHING;
        if state.cut != 0 {
            state.cut = 0;
            sink.note(Done::Heal);
        }
        let is_down =
            |state: &State, node: usize| model.nodes.get(state.parts[node]).guest.is_none();
        if (0..model.count).any(|node| is_down(&state, node)) {
            model.take_time_to_start(&mut state, &mut sink)?;
        }
        for node in 0..model.count {
            if is_down(&state, node) {
                model.start(&mut state, u8::try_from(node).unwrap_or(u8::MAX), &mut sink)?;
            }
            if model.nodes.get(state.parts[node]).is_syncing() {
                sink.note(Done::Synced(u8::try_from(node).unwrap_or(u8::MAX)));
                model.happen_fairly(&mut state, node, Happens::Synced, &mut sink)?;
            }
        }
        let mut queue: VecDeque<u32> = std::mem::take(&mut state.messages).into();
        queue.extend(std::mem::take(&mut state.late));
        queue.extend(sink.sent.drain(..));
        Ok(Ending {
            model,
            state,
            queue,
            sink,
            own: None,
            patience: Vec::new(),
            steps,
        })
    }

    /// Delivers all messages, in the order of sending.
    pub(crate) fn deliver_all(&mut self) -> Result<(), Wrong> {
        for _ in 0..DELIVERIES_MAX {
            let Some(message) = self.queue.pop_front() else {
                return Ok(());
            };
            self.deliver(message)?;
            self.queue.extend(self.sink.sent.drain(..));
        }
        Err(Wrong::Standstill)
    }

    fn deliver(&mut self, message: u32) -> Result<(), Wrong> {
        let model = self.model;
        self.sink.note(Done::Deliver(message));
        model.pay(&self.state)?;
        self.steps.fetch_add(1, Ordering::Relaxed);
        match (model.messages.get(message).dest, &mut self.own) {
            (Addr::Client(_), Some(clients)) => {
                let worker = clients.awaits(message, &model.messages);
                let request = clients.answer(message, model.count, &model.messages);
                if let (Some(worker), Some(_)) = (worker, request) {
                    self.patience[worker] = self.state.now_ns + clients.timeout_ns();
                }
                self.queue.extend(request);
                Ok(())
            }
            (Addr::Node(node), _) => {
                let happens = Happens::Message(message);
                let node = usize::from(node);
                model.happen_fairly(&mut self.state, node, happens, &mut self.sink)
            }
            _ => model.deliver(&mut self.state, message, &mut self.sink),
        }
    }

    /// Fires the next timer, if it is due until then. Whether it did.
    pub(crate) fn fire_next(&mut self, until_ns: u64) -> Result<bool, Wrong> {
        let left_ns = until_ns.saturating_sub(self.state.now_ns);
        let Some((node, timer)) = self.model.next_timer(&self.state) else {
            return Ok(false);
        };
        let after_ns = timer.left_ns.max(0).cast_unsigned();
        if after_ns > left_ns {
            return Ok(false);
        }
        self.model.pay(&self.state)?;
        self.model.pass(&mut self.state, after_ns)?;
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.sink.note(Done::Time(self.state.now_ns));
        self.sink
            .note(Done::Fire(u8::try_from(node).unwrap_or(u8::MAX), timer.id));
        let happens = Happens::Timer(timer.id);
        self.model
            .happen_fairly(&mut self.state, node, happens, &mut self.sink)?;
        self.queue.extend(self.sink.sent.drain(..));
        Ok(true)
    }

    /// Whether a request of a planned operation is open.
    pub(crate) fn waits(&self) -> bool {
        let clients = self.model.clients.get(self.state.clients);
        (0..clients.workers()).any(|worker| clients.waits(worker))
    }

    /// How long clients wait for an answer, in nanoseconds.
    pub(crate) fn timeout_ns(&self) -> u64 {
        self.model.clients.get(self.state.clients).timeout_ns()
    }

    /// The time that it is then.
    pub(crate) fn after(&self, by_ns: u64) -> u64 {
        self.state.now_ns.saturating_add(by_ns)
    }

    pub(crate) fn pass_until(&mut self, at_ns: u64) -> Result<(), Wrong> {
        let left_ns = at_ns.saturating_sub(self.state.now_ns);
        self.model.pass(&mut self.state, left_ns)
    }

    /// Open requests of planned operations time out.
    pub(crate) fn time_out(&mut self) {
        let clients = &self.model.clients;
        for worker in 0..clients.get(self.state.clients).workers() {
            let event = ClientEvent::TimeOut(worker);
            let step = clients.step(self.state.clients, event, &self.model.messages);
            self.state.clients = step.next;
            self.queue.extend(step.request);
        }
    }

    /// Has clients do their last operations, and judges the history.
    fn last(mut self, is_silent: bool) -> Result<Vec<String>, Wrong> {
        let model = self.model;
        let clients = model.clients.get(self.state.clients).copy();
        self.patience = vec![u64::MAX; usize::from(clients.workers())];
        self.own = Some(clients);
        let until_ns = self.state.now_ns + LAST_NS;
        for due in [AtEnd::Last, AtEnd::Inspection] {
            self.do_last(due, until_ns)?;
        }
        Ok(self
            .own
            .map_or_else(Vec::new, |own| model.clients.judge(&own, is_silent)))
    }

    fn do_last(&mut self, due: AtEnd, until_ns: u64) -> Result<(), Wrong> {
        let mut stream = Streams::new(self.model.seed).stream("last operations");
        while let Some(clients) = &mut self.own {
            let now_ns = self.state.now_ns;
            if now_ns >= until_ns {
                return Ok(());
            }
            match clients.next_at_end(due, now_ns, &mut stream) {
                Next::Invoke { worker, operation } => {
                    let (count, messages) = (self.model.count, &self.model.messages);
                    let request = clients.invoke(worker, operation, count, messages);
                    self.patience[worker] = now_ns + clients.timeout_ns();
                    self.queue.extend(request);
                }
                Next::Wait => self.wait(until_ns)?,
                Next::Later(at_ns) => while self.go_on(at_ns.max(now_ns + 1))? {},
                Next::Done => {
                    let open = (0..clients.workers()).any(|worker| clients.waits(worker));
                    if !open {
                        return Ok(());
                    }
                    self.wait(until_ns)?;
                }
            }
        }
        Ok(())
    }

    /// Waits until a worker is free.
    fn wait(&mut self, until_ns: u64) -> Result<(), Wrong> {
        let free = |this: &Self| {
            this.own.as_ref().map_or(0, |own| {
                let workers = 0..own.workers();
                workers.filter(|worker| !own.waits(*worker)).count()
            })
        };
        let before = free(self);
        self.deliver_all()?;
        while free(self) == before && self.go_on(until_ns)? {
            self.deliver_all()?;
        }
        Ok(())
    }

    /// What happens next until then: messages arrive, a timer fires, or a worker has waited long enough. Whether
    /// anything did; if not it is that time now.
    fn go_on(&mut self, until_ns: u64) -> Result<bool, Wrong> {
        self.deliver_all()?;
        let waiting = |this: &Self| {
            let own = this.own.as_ref();
            let of_worker = |(worker, patience_ns): (usize, &u64)| {
                let number = u16::try_from(worker).unwrap_or(u16::MAX);
                let waits = own.is_some_and(|own| own.waits(number));
                waits.then_some((*patience_ns, worker))
            };
            this.patience.iter().enumerate().filter_map(of_worker).min()
        };
        let first = waiting(self).filter(|(at_ns, _)| *at_ns <= until_ns);
        let next_ns = first.map_or(until_ns, |(at_ns, _)| at_ns);
        if self.fire_next(next_ns)? {
            return Ok(true);
        }
        self.pass_until(next_ns)?;
        if let (Some((_, worker)), Some(own)) = (first, &mut self.own) {
            let request = own.time_out(worker, self.model.count, &self.model.messages);
            if request.is_some() {
                self.patience[worker] = self.state.now_ns + own.timeout_ns();
            }
            self.queue.extend(request);
        }
        Ok(first.is_some())
    }
}
