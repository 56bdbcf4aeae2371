//! What comes of a move.

use super::{Model, Sink};
use crate::bounds::TimerOrder;
use crate::clients::ClientEvent;
use crate::moves::Move;
use crate::nodes::Happens;
use crate::participants::Addr;
use crate::state::{Done, State};
use crate::wrong::Wrong;

/// How many timers a burst has at most.
const BURST_MAX: u32 = 1000;

/// How long a node takes at least to start again, in virtual time.
const START_NS: u64 = 1_000_000;

impl Model<'_> {
    /// What comes of a move that is possible in a state.
    pub(crate) fn apply(&self, state: &State, it: Move, sink: &mut Sink) -> Result<State, Wrong> {
        self.pay(state)?;
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
                    let clients = self.clients.get(next.clients);
                    let place = self.clients.next_place(clients, worker);
                    sink.note(Done::Invoke(worker, place.unwrap_or_default()));
                }
                let event = ClientEvent::Invoke(worker);
                let step = self.clients.step(next.clients, event, &self.messages);
                next.clients = step.next;
                if let Some(request) = step.request {
                    sink.note(Done::Sent(request));
                    if self.bounds.reduces {
                        sink.note(Done::Deliver(request));
                        let node = self.clients.node_of(worker);
                        self.happen(next, node, Happens::Request(request), sink)?;
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
            Move::Start(node) => {
                self.take_time_to_start(next, sink)?;
                self.start(next, node, sink)?;
            }
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
            self.pay(next)?;
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

    /// A process takes some time to start, so that its life begins later than the one before it. Guests
    /// tell their lives apart by the clock.
    pub(crate) fn take_time_to_start(
        &self,
        state: &mut State,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        match self.is_timed() {
            true => self.pass(state, START_NS)?,
            // Timers are not due at any time, but lives begin one after the other all the same.
            false => state.now_ns += START_NS,
        }
        sink.note(Done::Time(state.now_ns));
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
}
