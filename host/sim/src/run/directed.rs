//! The part of a run that its script directs: from its beginning to the last move.
//!
//! Until the main phase begins, and while nodes warm up, what happens is the simplest that can: the
//! oldest message arrives; a sync is done as soon as it begins; the next timer fires when nothing is on
//! its way. Then only moves make anything happen. After the last one the network, timers, syncs and
//! clients go on by themselves.

use super::{Decision, Phase, Run};
use crate::address::Addr;
use crate::moves::{MessageRef, MoveKind};
use crate::nemesis::{DiskLoss, Fault, FaultAction, each};
use crate::outcome::{StopReason, Stopped};
use crate::packets::Packet;
use crate::script::Script;
use crate::world::Pacing;
use host_check::value::Value;

impl Run<'_> {
    /// Goes through the run up to the last move.
    pub(super) fn direct(&mut self, script: &Script) -> Result<(), Stopped> {
        self.begin()?;
        let from_ns = self.world.now_ns();
        if script.warm_up_ns > 0 {
            let until_ns = from_ns.saturating_add(script.warm_up_ns);
            while self.go_on_until(until_ns)? {
                self.touch()?;
            }
            self.world.pass_to(until_ns);
        }
        self.world.set_pacing(Pacing::Moves);
        for it in &script.moves {
            self.touch()?;
            if !self.is_possible(&it.what) {
                self.moves.push(None);
                continue;
            }
            let before = self.network.sent();
            self.world.pass_to(from_ns.saturating_add(it.at_ns));
            self.make(&it.what)?;
            self.settle()?;
            self.moves.push(Some(before..self.network.sent()));
        }
        self.release();
        self.watch_goal()
    }

    /// Checks what has to hold after each event.
    pub(super) fn settle(&mut self) -> Result<(), Stopped> {
        self.world.check(self.network.in_flight())?;
        self.look()
    }

    /// Goes on until the main phase begins.
    fn begin(&mut self) -> Result<(), Stopped> {
        loop {
            self.touch()?;
            self.advance()?;
            if self.phase == Phase::Main {
                return Ok(());
            }
            let Some((until_ns, client, msg_id)) = self.clients.first_timeout() else {
                let text = "no request is open, but nodes are not prepared";
                return Err(self.world.stop(StopReason::Internal(text.to_owned())));
            };
            if !self.go_on_until(until_ns)? {
                self.world.pass_to(until_ns);
                self.time_out(client, msg_id)?;
            }
        }
    }

    /// Has the oldest message arrive, or else the next timer fire that is due by this time.
    /// Whether there was one.
    fn go_on_until(&mut self, until_ns: u64) -> Result<bool, Stopped> {
        if self.network.has_waiting() {
            self.world.pass_to(0);
            if let Some(packet) = self.network.let_oldest_arrive(&mut self.world) {
                self.deliver(packet)?;
            }
        } else {
            let timers = (0..self.nodes.len()).filter_map(|node| {
                self.nodes
                    .get(node)
                    .next_timer()
                    .map(|(at_ns, id)| (at_ns, node, id))
            });
            // Of timers at one time that of the first node.
            let next = timers.min_by_key(|(at_ns, node, _)| (*at_ns, *node));
            let Some((at_ns, node, id)) = next.filter(|(at_ns, ..)| *at_ns <= until_ns) else {
                return Ok(false);
            };
            self.world.pass_to(at_ns);
            self.fire(node, id)?;
        }
        self.settle()?;
        while let Some(node) = self.nodes.syncing() {
            self.end_sync(node)?;
            self.settle()?;
        }
        Ok(true)
    }

    /// Whether a move would do anything.
    fn is_possible(&self, what: &MoveKind) -> bool {
        let is_node = |node: usize| node < self.nodes.len();
        let is_up = |node: usize| is_node(node) && !self.nodes.get(node).is_down();
        match what {
            MoveKind::Invoke { worker, .. } => self.workers.is_free(*worker),
            MoveKind::Deliver { message } => match self.link(message) {
                Some((_, Addr::Node(node))) => !self.nodes.get(node).is_syncing(),
                link => link.is_some(),
            },
            MoveKind::Lose { message } => {
                let link = self.link(message);
                link.is_some_and(|(src, dest)| self.network.has_link(src, dest))
            }
            MoveKind::Copy { message } => match self.link(message) {
                Some((src, Addr::Node(node))) => {
                    self.network.has_link(src, Addr::Node(node))
                        && !self.nodes.get(node).is_syncing()
                }
                _ => false,
            },
            MoveKind::Fire { node, timer } => {
                let is_set = |node| {
                    self.nodes.get(node).is_ready() && self.nodes.get(node).has_timer(*timer)
                };
                is_node(*node) && is_set(*node)
            }
            MoveKind::Synced { node } => is_node(*node) && self.nodes.get(*node).is_syncing(),
            MoveKind::TimeOut { worker } => self.request_of(*worker).is_some(),
            MoveKind::Kill { node } | MoveKind::Power { node, .. } => is_up(*node),
            MoveKind::Start { node } => is_node(*node) && !is_up(*node),
            MoveKind::Cut { .. } => !self.network.is_partitioned(),
            MoveKind::Heal => self.network.is_partitioned(),
        }
    }

    /// Makes a move that is possible.
    pub(super) fn make(&mut self, what: &MoveKind) -> Result<(), Stopped> {
        match what {
            MoveKind::Invoke { worker, operation } => {
                let progress = self.workers.begin(
                    *worker,
                    operation.clone(),
                    &mut self.world,
                    &mut self.network,
                    &mut self.clients,
                    &mut self.recorder,
                );
                self.note(progress);
                Ok(())
            }
            MoveKind::Deliver { message } => {
                let arrived = self.network.let_arrive(&mut self.world, message);
                self.deliver_if_any(arrived)
            }
            MoveKind::Lose { message } => {
                self.world
                    .tally()
                    .begin(Fault::LoseOne, self.network.sent());
                self.network.lose(&mut self.world, message, Fault::LoseOne);
                self.world.tally().end(Fault::LoseOne);
                Ok(())
            }
            MoveKind::Copy { message } => {
                self.world
                    .tally()
                    .begin(Fault::Duplicate, self.network.sent());
                self.world.tally().message(Fault::Duplicate);
                self.world.tally().end(Fault::Duplicate);
                let arrived = self.network.let_copy_arrive(&mut self.world, message);
                self.deliver_if_any(arrived)
            }
            MoveKind::Fire { node, timer } => self.fire(*node, *timer),
            MoveKind::Synced { node } => self.end_sync(*node),
            MoveKind::TimeOut { worker } => match self.request_of(*worker) {
                Some((client, msg_id)) => self.time_out(client, msg_id),
                None => Ok(()),
            },
            MoveKind::Kill { node } => {
                let action = FaultAction::Kill(None, vec![*node]);
                self.perform(Decision::Start(action))
            }
            MoveKind::Power { node, survival } => {
                let loss = DiskLoss {
                    node: *node,
                    survival: *survival,
                };
                self.perform(Decision::Start(FaultAction::Power(None, vec![loss])))
            }
            MoveKind::Start { node } => self.start_again(*node),
            MoveKind::Cut { grudges } => {
                let action = FaultAction::Partition(None, grudges.clone());
                self.perform(Decision::Start(action))
            }
            MoveKind::Heal => self.perform(Decision::Stop(Fault::Partition)),
        }
    }

    fn deliver_if_any(&mut self, arrived: Option<Packet>) -> Result<(), Stopped> {
        match arrived {
            Some(packet) => self.deliver(packet),
            None => Ok(()),
        }
    }

    fn fire(&mut self, node: usize, timer: u64) -> Result<(), Stopped> {
        let (world, network) = (&mut self.world, &mut self.network);
        self.nodes
            .node(node)
            .fire(timer, world, network, &self.clients)
    }

    fn end_sync(&mut self, node: usize) -> Result<(), Stopped> {
        let (world, network) = (&mut self.world, &mut self.network);
        self.nodes.synced(node, world, network, &self.clients)
    }

    /// Starts a node that is down. What it gets first is its `init`.
    fn start_again(&mut self, node: usize) -> Result<(), Stopped> {
        let fault = self.nodes.get(node).down_by();
        let (world, network) = (&mut self.world, &mut self.network);
        self.nodes.start(node, world, network, &mut self.clients)?;
        let started = each(&[node], world.names().nodes(), "started");
        if self.nodes.down_by(fault).is_empty() {
            world.tally().end(fault);
        }
        self.workers.end_turn();
        self.recorder
            .nemesis(world, fault.stop_f(), Value::Nil, started);
        let init = self.network.let_newest_arrive(&mut self.world);
        self.deliver_if_any(init)
    }

    /// From now on, what was on its way and what waits goes on by itself.
    fn release(&mut self) {
        if let Some(main) = &mut self.main {
            main.until_ns = self.world.now_ns();
        }
        self.world.set_pacing(Pacing::Queue);
        self.network.release_pool(&mut self.world);
        self.nodes.release(&mut self.world);
        self.clients.release(&mut self.world);
        self.generator.exhaust();
    }

    /// Sender and receiver of a message that waits.
    fn link(&self, message: &MessageRef) -> Option<(Addr, Addr)> {
        self.network.waiting(self.world.names(), message)
    }

    /// The client of a worker and the request that it waits for.
    pub(super) fn request_of(&self, worker: usize) -> Option<(usize, u64)> {
        let client = self.workers.client(worker)?;
        Some((client, self.clients.open_request(client)?))
    }
}
