//! Does what the nemesis has drawn.

use super::clock::STEADY;
use super::exception::keyword;
use super::journal::Lost;
use super::links::Damage;
use super::nemesis::{Fault, Plan, each};
use super::node::Life;
use super::outcome::Stopped;
use super::random::{Stream, Streams};
use super::run::{Event, Run};
use crate::check::history::{Kind, Process};
use crate::check::value::Value;

/// One fault that comes and goes.
pub(super) struct Nemesis {
    fault: Fault,
    stream: Stream,
    is_on: bool,
    /// Whether it will do something at a known time.
    pub(super) is_pending: bool,
}

impl Nemesis {
    pub(super) fn all(faults: &[Fault], streams: &Streams) -> Vec<Self> {
        let nemesis = |fault: &Fault| Nemesis {
            fault: *fault,
            stream: streams.stream(&format!("nemesis {fault}")),
            is_on: false,
            is_pending: false,
        };
        faults.iter().map(nemesis).collect()
    }
}

impl Run<'_> {
    /// All faults begin.
    pub(super) fn begin_faults(&mut self) {
        for (i, nemesis) in self.nemeses.iter_mut().enumerate() {
            nemesis.is_pending = true;
            self.world.queue.push(self.world.now_ns, Event::Nemesis(i));
        }
    }

    /// A nemesis starts its fault, or stops it, and plans when to do the other.
    pub(super) fn flip(&mut self, index: usize) -> Result<(), Stopped> {
        let interval_ns = self.options.nemesis_interval_ns;
        let nemesis = &mut self.nemeses[index];
        nemesis.is_on = !nemesis.is_on;
        let (fault, is_on) = (nemesis.fault, nemesis.is_on);
        let plan = is_on.then(|| Plan::draw(fault, self.nodes.len(), &mut nemesis.stream));
        let at_ns = self.world.now_ns + nemesis.stream.below(2 * interval_ns);
        nemesis.is_pending = at_ns < self.phases.cutoff_ns;
        if nemesis.is_pending {
            self.world.queue.push(at_ns, Event::Nemesis(index));
        }
        match plan {
            Some(plan) => self.start_fault(fault, plan),
            None => self.stop_fault(fault),
        }
    }

    /// All faults end.
    pub(super) fn end_faults(&mut self) -> Result<(), Stopped> {
        for index in 0..self.nemeses.len() {
            let nemesis = &mut self.nemeses[index];
            nemesis.is_on = false;
            let fault = nemesis.fault;
            self.stop_fault(fault)?;
        }
        Ok(())
    }

    fn start_fault(&mut self, fault: Fault, plan: Plan) -> Result<(), Stopped> {
        let (asked, mut done) = (plan.asked(), plan.done(self.world.names.nodes()));
        let links = &mut self.network.links;
        match plan {
            Plan::Partition(_, grudges) => links.damage(Damage::Partition, &grudges),
            Plan::OneWay(grudges) => links.damage(Damage::OneWay, &grudges),
            Plan::Slow(grudges) => links.damage(Damage::Slow, &grudges),
            Plan::Loss(permille) => links.loss_permille = permille,
            Plan::Duplicate(permille) => links.duplicate_permille = permille,
            Plan::Kill(_, nodes) => nodes.into_iter().for_each(|node| self.kill(node)),
            Plan::Pause(_, nodes) => {
                for node in nodes {
                    // A node that has not begun has nothing to pause.
                    let node = &mut self.nodes[node];
                    node.paused = matches!(node.life, Life::Running(_));
                }
            }
            Plan::ClockSkew(skews) => {
                for skew in skews {
                    self.skew(skew.node, skew.rate_permille, skew.jump_ns);
                }
            }
            Plan::Swap => done = self.swap_in_turn()?,
        }
        self.record_fault(fault.start_f(), asked, done);
        Ok(())
    }

    fn stop_fault(&mut self, fault: Fault) -> Result<(), Stopped> {
        let links = &mut self.network.links;
        let mut asked = Value::Nil;
        let done = match fault {
            Fault::Partition => {
                links.repair(Damage::Partition);
                keyword("network-healed")
            }
            Fault::OneWay => {
                links.repair(Damage::OneWay);
                keyword("network-healed")
            }
            Fault::Slow => {
                links.repair(Damage::Slow);
                keyword("network-healed")
            }
            Fault::Loss => {
                links.loss_permille = 0;
                keyword("network-healed")
            }
            Fault::Duplicate => {
                links.duplicate_permille = 0;
                keyword("network-healed")
            }
            Fault::Kill => {
                asked = keyword("all");
                let down = self.nodes_that(|life, _| matches!(life, Life::Down));
                down.iter().try_for_each(|node| self.start_node(*node))?;
                each(&down, self.world.names.nodes(), "started")
            }
            Fault::Pause => {
                asked = keyword("all");
                let paused = self.nodes_that(|_, paused| paused);
                paused.iter().try_for_each(|node| self.resume(*node))?;
                each(&paused, self.world.names.nodes(), "resumed")
            }
            Fault::ClockSkew => {
                for node in 0..self.nodes.len() {
                    self.skew(node, STEADY, 0);
                }
                keyword("clocks-steady")
            }
            Fault::Swap => Value::Nil, // a version that has come stays
        };
        self.record_fault(fault.stop_f(), asked, done);
        Ok(())
    }

    fn nodes_that(&self, is_meant: impl Fn(&Life, bool) -> bool) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| is_meant(&node.life, node.paused))
            .map(|(index, _)| index)
            .collect()
    }

    /// Takes all that a node knows. What was on its way from it still arrives.
    pub(super) fn kill(&mut self, node: usize) {
        self.count_last(node);
        let this = &mut self.nodes[node];
        this.life = Life::Down;
        this.paused = false;
        this.timers = guest_sdk::Timers::default();
        this.wake_ns = None;
        if let Some(client) = this.init_client.take() {
            self.clients.close(client);
        }
        for slot in std::mem::take(&mut this.backlog) {
            if let Some(packet) = self.network.packets.take(slot) {
                self.world.drop(&packet, Lost::Down);
                self.network.packets.recycle(packet);
            }
        }
    }

    /// Has a paused node go on: first with what arrived meanwhile, then with its timers.
    fn resume(&mut self, node: usize) -> Result<(), Stopped> {
        let this = &mut self.nodes[node];
        this.paused = false;
        for slot in std::mem::take(&mut this.backlog) {
            if let Some(packet) = self.network.packets.take(slot) {
                self.deliver(packet)?;
            }
        }
        self.nodes[node].wake_ns = None;
        self.plan_wake(node);
        Ok(())
    }

    fn skew(&mut self, node: usize, rate_permille: u64, jump_ns: u64) {
        let this = &mut self.nodes[node];
        this.clock.skew(self.world.now_ns, rate_permille, jump_ns);
        this.wake_ns = None;
        self.plan_wake(node);
    }

    /// Both of a nemesis's operations, as Jepsen records them, and the journal's entry.
    pub(super) fn record_fault(&mut self, f: &'static str, asked: Value, done: Value) {
        // Values that a plan makes are JSON.
        let json = serde_json::to_string(&done).unwrap_or_else(|_| "null".to_owned());
        self.world.journal.fault(self.world.now_ns, f, &json);
        for value in [asked, done] {
            self.record(
                Kind::Info,
                Process::Nemesis,
                f.into(),
                value,
                None,
                Vec::new(),
            );
        }
    }
}
