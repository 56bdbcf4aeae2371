//! What touches do to a run, and when.

use super::{Decision, Run};
use crate::address::{Addr, Names};
use crate::moment::{Act, Moment, Parts};
use crate::moves::{MessageRef, MoveKind};
use crate::nemesis::{DiskLoss, Fault, FaultAction, each};
use crate::node::Pause;
use crate::outcome::{StopReason, Stopped};
use crate::packets::{Packet, Slot};
use crate::phase::Phase;
use crate::ranges::TIME_LIMIT_NS_MAX;
use crate::touch::{Touch, TouchKind, TouchOutcome};
use host_check::value::Value;

/// What a touch that is possible is about.
enum Possible {
    /// A message on its way.
    Message(Slot),
    /// Whatever it names.
    Named,
}

impl<'a> Run<'a> {
    /// Whether anybody may touch the run.
    pub(super) fn may_be_touched(&self) -> bool {
        self.hand.is_some() || !self.touches.is_empty()
    }

    /// Whether the main phase goes on although nothing of its script is left.
    pub(super) fn is_held(&self) -> bool {
        let waiting = &self.touches[self.touched.len()..];
        let will_finish = waiting.iter().any(|it| it.what == TouchKind::Finish);
        !self.is_finished && (will_finish || self.hand.as_ref().is_some_and(|hand| hand.holds()))
    }

    /// Whether neither a nemesis nor a hand has anything to do in the main phase any more.
    pub(super) fn is_main_over(&self) -> bool {
        (self.is_finished || !self.nemeses.are_pending()) && !self.is_held()
    }

    /// Does what the script says to do at this moment, and asks the hand.
    pub(super) fn touch(&mut self) -> Result<(), Stopped> {
        while let Some(touch) = self.next_touch()
            && self.is_due(touch)
        {
            let entries = self.world.entries();
            let why = self.try_touch(&touch.what)?.err();
            self.touched.push(TouchOutcome { entries, why });
        }
        let now = (self.world.marks(), self.phase);
        if self.hand.is_some() && (self.asked != Some(now) || self.is_idle()) {
            self.ask()?;
            self.asked = Some((self.world.marks(), self.phase));
        }
        Ok(())
    }

    /// Has time pass to the next touch of the script, if nothing else happens before it. Whether there is one.
    pub(super) fn pass_to_touch(&mut self) -> bool {
        let at_ns = match (self.next_touch(), self.main) {
            (Some(touch), Some(main)) => main.at(touch.at_ns),
            _ => return false,
        };
        let is_next = match self.world.next_ns() {
            Some(next_ns) => next_ns > at_ns,
            None => self.is_idle(), // else the run goes on to its next phase, or is over
        };
        if is_next {
            self.world.pass_to(at_ns);
            self.passed_to_touch = true;
        }
        is_next
    }

    fn next_touch(&self) -> Option<&'a Touch> {
        self.touches.get(self.touched.len())
    }

    /// The run is over: if it has come to its end, all touches that are left were too late.
    pub(super) fn end_touches(&mut self, has_ended: bool) {
        if has_ended {
            let late = TouchOutcome {
                entries: self.world.entries(),
                why: Some("the run was over before then".to_owned()),
            };
            self.touched.resize(self.touches.len(), late);
        }
    }

    /// Whether nothing is left to happen, and the main phase goes on.
    fn is_idle(&self) -> bool {
        let nothing = !self.world.is_directed() && self.world.next_ns().is_none();
        nothing && self.phase == Phase::Main && self.is_held()
    }

    /// Whether the moment has come that a touch of the script names.
    fn is_due(&mut self, touch: &Touch) -> bool {
        let passed = std::mem::take(&mut self.passed_to_touch);
        let Some(main) = self.main.filter(|_| !self.world.is_directed()) else {
            return false;
        };
        let (at_ns, now_ns) = (main.at(touch.at_ns), self.world.now_ns());
        let has_come = now_ns == at_ns && self.world.marks_now() >= touch.after;
        now_ns > at_ns || has_come || passed
    }

    /// Asks the hand what to do, until it lets the run go on.
    pub(super) fn ask(&mut self) -> Result<(), Stopped> {
        let mut done = None;
        loop {
            let idle = self.is_idle();
            let Some(hand) = self.hand.take() else {
                return Ok(());
            };
            let act = hand.next(&self.moment(idle, done.take()));
            self.hand = Some(hand);
            match act {
                Act::GoOn if self.is_idle() => {
                    // Nothing else ends the main phase.
                    self.is_finished = true;
                    return Ok(());
                }
                Act::GoOn => return Ok(()),
                Act::Stop => return Err(self.world.stop(StopReason::Interrupted)),
                Act::Touch(what) => done = Some(self.try_touch(&what)?),
            }
        }
    }

    fn moment(&self, idle: bool, done: Option<Result<(), String>>) -> Moment<'_> {
        Moment {
            at_ns: self.world.now_ns(),
            entries: self.world.entries(),
            after: self.world.marks_now(),
            main_ns: self.main.map(|main| main.from_ns),
            phase: self.phase,
            idle,
            moves: self.moves.len(),
            touched: &self.touched,
            ops: self.recorder.ops(),
            script: self.recorder.script(),
            done,
            parts: Parts {
                names: self.world.names(),
                queue: self.world.queue(),
                network: &self.network,
                nodes: &self.nodes,
                workers: &self.workers,
            },
        }
    }

    /// Does something to the run now. The inner error says why it is not possible; then nothing has happened.
    fn try_touch(&mut self, what: &TouchKind) -> Result<Result<(), String>, Stopped> {
        let possible = match self.look_at(what) {
            Ok(possible) => possible,
            Err(why) => return Ok(Err(why)),
        };
        self.has_been_touched = true;
        self.do_touch(what, &possible)?;
        self.nemeses.watch(&mut self.world);
        self.settle()?;
        Ok(Ok(()))
    }

    /// Whether a touch is possible now; if not, why.
    fn look_at(&self, what: &TouchKind) -> Result<Possible, String> {
        if self.main.is_none() || self.world.is_directed() {
            let until = match self.main {
                None => "the nodes are being started: wait for the main phase",
                Some(_) => "the moves of the schedule decide all that happens here",
            };
            return Err(until.to_owned());
        }
        if self.phase == Phase::Over {
            return Err("the run is over".to_owned());
        }
        match what {
            TouchKind::Move(it) => self.look_at_move(it),
            TouchKind::Delay { by_ns, .. } if *by_ns > TIME_LIMIT_NS_MAX => {
                Err("a message is late by a day at most".to_owned())
            }
            TouchKind::Delay { message, .. } => self.on_its_way(message),
            TouchKind::Pause { node } => {
                let node = self.known(*node)?;
                let this = self.nodes.get(node);
                match () {
                    () if this.is_paused() => Err(format!("{} is paused", this.name())),
                    () if this.can_pause() => Ok(Possible::Named),
                    () => Err(format!("{} does not run", this.name())),
                }
            }
            TouchKind::Resume { node } => {
                let node = self.known(*node)?;
                let this = self.nodes.get(node);
                match this.is_paused() {
                    true => Ok(Possible::Named),
                    false => Err(format!("{} is not paused", this.name())),
                }
            }
            TouchKind::Send { node, body } => {
                self.known(*node)?;
                let body: Value = serde_json::from_str(body)
                    .map_err(|error| format!("the body is no JSON: {error}"))?;
                let kind = body.get("type").and_then(Value::as_name);
                let text =
                    "the body has to be an object with a `type`, such as {\"type\":\"read\"}";
                kind.map(|_| Possible::Named).ok_or_else(|| text.to_owned())
            }
            TouchKind::Finish if self.phase == Phase::Main && !self.is_finished => {
                Ok(Possible::Named)
            }
            TouchKind::Finish => Err("the main phase is over".to_owned()),
        }
    }

    fn look_at_move(&self, what: &MoveKind) -> Result<Possible, String> {
        let name = |node: usize| self.nodes.get(node).name();
        match what {
            MoveKind::Invoke { worker, .. } => match () {
                () if self.phase != Phase::Main || self.is_finished => {
                    Err("clients begin nothing more: the main phase is over".to_owned())
                }
                () if self.workers.client(*worker).is_none() => {
                    Err(format!("there is no worker {worker}"))
                }
                () if self.workers.is_free(*worker) => Ok(Possible::Named),
                () => Err(format!("worker {worker} waits for an answer")),
            },
            MoveKind::Deliver { message } => {
                let found = self.on_its_way(message)?;
                self.hears(message)?;
                Ok(found)
            }
            MoveKind::Lose { message } => {
                self.between_nodes(message)?;
                self.on_its_way(message)
            }
            MoveKind::Copy { message } => {
                self.between_nodes(message)?;
                let found = self.on_its_way(message)?;
                self.hears(message)?;
                Ok(found)
            }
            MoveKind::Fire { node, timer } => {
                let node = self.known(*node)?;
                let this = self.nodes.get(node);
                match () {
                    () if !this.is_ready() => Err(format!("{} handles no events now", name(node))),
                    () if this.has_timer(*timer) => Ok(Possible::Named),
                    () => Err(format!("timer {timer} of {} is not set", name(node))),
                }
            }
            MoveKind::Synced { .. } => Err("syncs end by themselves".to_owned()),
            MoveKind::TimeOut { worker } => match self.request_of(*worker) {
                Some(_) => Ok(Possible::Named),
                None => Err(format!("worker {worker} waits for no answer")),
            },
            MoveKind::Kill { node } | MoveKind::Power { node, .. } => {
                let node = self.known(*node)?;
                match self.nodes.get(node).is_down() {
                    true => Err(format!("{} is down", name(node))),
                    false => Ok(Possible::Named),
                }
            }
            MoveKind::Start { node } => {
                let node = self.known(*node)?;
                match self.nodes.get(node).is_down() {
                    true => Ok(Possible::Named),
                    false => Err(format!("{} runs", name(node))),
                }
            }
            MoveKind::Cut { .. } => Ok(Possible::Named),
            MoveKind::Heal => match self.network.is_partitioned() {
                true => Ok(Possible::Named),
                false => Err("no link is cut by hand or by a partition".to_owned()),
            },
        }
    }

    /// A node that there is.
    fn known(&self, node: usize) -> Result<usize, String> {
        match node < self.nodes.len() {
            true => Ok(node),
            false => Err(format!("there are {} nodes", self.nodes.len())),
        }
    }

    /// A message that has not arrived.
    fn on_its_way(&self, message: &MessageRef) -> Result<Possible, String> {
        let slot = self.network.find(self.world.names(), message);
        slot.map(Possible::Message).ok_or_else(|| {
            let MessageRef { src, dest, number } = message;
            format!("message {number} from {src} to {dest} is not on its way")
        })
    }

    /// Whether a message's receiver takes messages now. One that is down loses them.
    fn hears(&self, message: &MessageRef) -> Result<(), String> {
        match self.world.names().find(&message.dest) {
            Some(Addr::Node(node)) if self.nodes.get(node).is_blocked() => Err(format!(
                "{} handles no events now: it is paused or waits for a sync",
                message.dest
            )),
            _ => Ok(()),
        }
    }

    fn between_nodes(&self, message: &MessageRef) -> Result<(), String> {
        match is_between_nodes(self.world.names(), message) {
            true => Ok(()),
            false => Err(format!(
                "only messages between two nodes are lost or doubled, not from {} to {}: clients and services \
                 are always reachable",
                message.src, message.dest
            )),
        }
    }

    fn do_touch(&mut self, what: &TouchKind, possible: &Possible) -> Result<(), Stopped> {
        match (what, possible) {
            (TouchKind::Move(it), Possible::Message(slot)) => self.move_message(it, *slot),
            (TouchKind::Move(it), Possible::Named) => self.move_named(it),
            (TouchKind::Delay { by_ns, .. }, Possible::Message(slot)) => {
                self.network.delay(&mut self.world, *slot, *by_ns);
                Ok(())
            }
            (TouchKind::Delay { .. }, Possible::Named) => Ok(()),
            (TouchKind::Pause { node }, _) => {
                self.perform(Decision::Start(FaultAction::Pause(None, vec![*node])))
            }
            (TouchKind::Resume { node }, _) => self.resume(*node),
            (TouchKind::Send { node, body }, _) => {
                let client = self.clients.of_hand();
                let (src, dest) = (Addr::Client(client), Addr::Node(*node));
                self.network.send(&mut self.world, src, dest, body);
                Ok(())
            }
            (TouchKind::Finish, _) => {
                self.is_finished = true;
                self.generator.finish();
                Ok(())
            }
        }
    }

    /// Moves a message now.
    fn move_message(&mut self, what: &MoveKind, slot: Slot) -> Result<(), Stopped> {
        let world = &mut self.world;
        let arrived: Option<Packet> = match what {
            MoveKind::Lose { .. } => {
                world.tally().begin(Fault::LoseOne, self.network.sent());
                self.network.lose_now(world, slot, Fault::LoseOne);
                world.tally().end(Fault::LoseOne);
                None
            }
            MoveKind::Copy { .. } => {
                world.tally().begin(Fault::Duplicate, self.network.sent());
                world.tally().message(Fault::Duplicate);
                world.tally().end(Fault::Duplicate);
                self.network.copy_now(world, slot)
            }
            _ => self.network.hurry(world, slot),
        };
        match arrived {
            Some(packet) => self.deliver(packet),
            None => Ok(()),
        }
    }

    /// Makes a move that is about no message. Time passes to what would happen later.
    fn move_named(&mut self, what: &MoveKind) -> Result<(), Stopped> {
        match what {
            MoveKind::Fire { node, timer } => {
                if let Some(at_ns) = self.nodes.get(*node).timer_ns(*timer) {
                    self.world.pass_to(at_ns);
                }
            }
            MoveKind::TimeOut { worker } => {
                let client = self.workers.client(*worker);
                if let Some(at_ns) = client.and_then(|client| self.clients.timeout_ns(client)) {
                    self.world.pass_to(at_ns);
                }
            }
            MoveKind::Power { node, survival } => {
                let (node, survival) = (*node, *survival);
                let loss = DiskLoss { node, survival };
                return self.perform(Decision::Start(FaultAction::Power(None, vec![loss])));
            }
            _ => {}
        }
        self.make(what)
    }

    fn resume(&mut self, node: usize) -> Result<(), Stopped> {
        let (world, network) = (&mut self.world, &mut self.network);
        for (fault, pause) in [(Fault::Pause, Pause::Drawn), (Fault::Stall, Pause::Aimed)] {
            if self.nodes.get(node).is_paused_by(pause) {
                self.nodes
                    .resume(node, pause, world, network, &self.clients)?;
                if self.nodes.paused(pause).is_empty() {
                    world.tally().end(fault);
                }
            }
        }
        let resumed = each(&[node], world.names().nodes(), "resumed");
        self.workers.end_turn();
        self.recorder
            .nemesis(world, Fault::Pause.stop_f(), Value::Nil, resumed);
        Ok(())
    }

    /// The faults that moves and touches have started and not ended.
    pub(super) fn faults_by_hand(&self) -> Vec<Fault> {
        let is_on = |fault: &Fault| match fault {
            Fault::Partition => self.network.is_partitioned(),
            Fault::Pause => !self.nodes.paused(Pause::Drawn).is_empty(),
            _ => !self.nodes.down_by(*fault).is_empty(),
        };
        let mut faults = vec![Fault::Partition, Fault::Kill, Fault::Power, Fault::Pause];
        faults.retain(|fault| (self.director.is_some() || self.has_been_touched) && is_on(fault));
        faults
    }
}

/// Whether two parties are nodes and not one.
fn is_between_nodes(names: &Names, message: &MessageRef) -> bool {
    let node = |name| matches!(names.find(name), Some(Addr::Node(_)));
    node(&message.src) && node(&message.dest) && message.src != message.dest
}
