//! What may happen in a state, in an order that depends on contents alone.

use super::{Model, index};
use crate::bounds::TimerOrder;
use crate::clients::ClientEvent;
use crate::moves::Move;
use crate::nodes::Happens;
use crate::participants::Addr;
use crate::state::State;

impl Model<'_> {
    /// Whether a move is no fault, and nothing is lost by it because of one that is not over: by a split, or with a node that is down.
    pub(crate) fn is_without_fault(&self, state: &State, it: Move) -> bool {
        match it {
            Move::Invoke(worker) => {
                let node = self.clients.node_of(worker);
                !self.bounds.reduces || self.nodes.get(state.parts[node]).guest.is_some()
            }
            Move::Deliver(message) => {
                let is_up = match self.messages.get(message).dest {
                    Addr::Node(node) => {
                        let node = state.parts[usize::from(node)];
                        self.nodes.get(node).guest.is_some()
                    }
                    Addr::Service(_) | Addr::Client(_) => true,
                };
                is_up && !self.cuts(state, message)
            }
            Move::Synced(_) | Move::Fire(..) | Move::Start(_) | Move::Heal => true,
            Move::Delay(_)
            | Move::TimeOut(_)
            | Move::Lose(_)
            | Move::Copy(_)
            | Move::Kill(_)
            | Move::Power(_)
            | Move::Cut(_) => false,
        }
    }

    /// What may happen in a state, in an order that depends on contents alone.
    pub(crate) fn moves(&self, state: &State, moves: &mut Vec<Move>) {
        moves.clear();
        if self.bounds.delays.is_some() {
            return self.moves_in_order(state, moves);
        }
        self.invokes(state, moves);
        self.by_itself(state, moves);
        self.losses(state, moves);
        self.faults(state, moves);
    }

    /// What may happen by itself, if delays are not bounded: messages arrive, syncs are done, timers fire.
    pub(crate) fn by_itself(&self, state: &State, moves: &mut Vec<Move>) {
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
        if state.left.fires > 0 {
            self.fires(state, moves);
        }
    }

    /// The messages that may be lost, and those that may arrive twice.
    pub(crate) fn losses(&self, state: &State, moves: &mut Vec<Move>) {
        let left = &state.left;
        if left.drops == 0 && left.duplicates == 0 {
            return;
        }
        let ready = |node: usize| self.nodes.get(state.parts[node]).is_ready();
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
        let knows_time = matches!(
            self.bounds.timers,
            TimerOrder::Ordered | TimerOrder::Bounded
        );
        match self.next_timer(state) {
            Some((node, timer)) if left.fires > 0 && knows_time => {
                moves.push(Move::Fire(index(node), self.timer(timer.id)));
            }
            Some(_) if left.fires > 0 => self.fires(state, moves),
            _ => {}
        }
        self.invokes(state, moves);
        self.faults(state, moves);
    }

    /// The operations that may begin.
    fn invokes(&self, state: &State, moves: &mut Vec<Move>) {
        let workers = 0..self.clients.get(state.clients).workers();
        let workers = workers.filter(|worker| self.may_invoke(state, *worker));
        moves.extend(workers.map(Move::Invoke));
    }

    /// Whether a worker may begin its next operation.
    pub(crate) fn may_invoke(&self, state: &State, worker: u16) -> bool {
        let reduces = self.bounds.reduces;
        let clients = self.clients.get(state.clients);
        if !self.clients.may_invoke(clients, worker, reduces) {
            return false;
        }
        let is_ready = || {
            let node = state.parts[self.clients.node_of(worker)];
            self.nodes.get(node).is_ready()
        };
        // If requests arrive at once, there must be somebody to take them.
        let at_once = reduces || self.bounds.delays.is_some();
        (!at_once || is_ready()) && !(reduces && self.is_futile(state, worker))
    }

    /// Whether an operation would be refused at once and change nothing at its node: the history without it is as good. It may begin later, or
    /// elsewhere.
    fn is_futile(&self, state: &State, worker: u16) -> bool {
        let invoked = self
            .clients
            .step(state.clients, ClientEvent::Invoke(worker), &self.messages);
        let Some(request) = invoked.request else {
            return false;
        };
        let node = self.clients.node_of(worker);
        let Ok(step) = self.look(state, node, Happens::Request(request)) else {
            return false;
        };
        let (true, [answer]) = (step.next == state.parts[node], step.sent.as_slice()) else {
            return false;
        };
        let (request, answer) = (self.messages.get(request), self.messages.get(*answer));
        let is_answer = answer.dest == request.src && answer.in_reply_to == request.msg_id;
        is_answer && answer.is_refusal
    }

    /// The faults that may happen to clients, nodes and links.
    pub(crate) fn faults(&self, state: &State, moves: &mut Vec<Move>) {
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

    /// Whether a split keeps a message from its receiver.
    pub(crate) fn cuts(&self, state: &State, message: u32) -> bool {
        let it = self.messages.get(message);
        match (it.src, it.dest) {
            (Addr::Node(src), Addr::Node(dest)) => (state.cut >> src ^ state.cut >> dest) & 1 == 1,
            _ => false,
        }
    }
}
