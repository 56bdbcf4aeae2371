//! Does what the nemesis has drawn.

use std::collections::VecDeque;

use super::clock::STEADY;
use super::exception::keyword;
use super::journal::Lost;
use super::links::Damage;
use super::nemesis::{Fault, Plan, each};
use super::node::Life;
use super::outcome::Stopped;
use super::random::{Stream, Streams};
use super::run::{Event, Run};
use super::script::{Episode, Script};
use host_check::history::{Kind, Process};
use host_check::value::Value;

/// One fault that comes and goes.
pub(super) struct Nemesis {
    fault: Fault,
    source: Source,
    is_on: bool,
    /// Whether it will do something at a known time.
    pub(super) is_pending: bool,
}

/// Where it comes from what a nemesis does, and when.
enum Source {
    /// Chance.
    Drawn(Box<Stream>),
    /// A script: the episode that is on or comes next, and those after it.
    Scripted(VecDeque<Episode>),
}

impl Nemesis {
    /// Those that a script has, or else one for each of `faults`.
    pub(super) fn all(faults: &[Fault], script: Option<&Script>, streams: &Streams) -> Vec<Self> {
        let nemesis = |fault: Fault, source| Nemesis {
            fault,
            source,
            is_on: false,
            is_pending: false,
        };
        let Some(script) = script else {
            let stream = |fault: &Fault| streams.stream(&format!("nemesis {fault}"));
            let drawn = |fault: &Fault| nemesis(*fault, Source::Drawn(Box::new(stream(fault))));
            return faults.iter().map(drawn).collect();
        };
        let scripted = |fault: Fault| {
            let episodes = script.faults.iter();
            let own = episodes.filter(|episode| episode.plan.fault() == fault);
            nemesis(fault, Source::Scripted(own.cloned().collect()))
        };
        script.kinds().into_iter().map(scripted).collect()
    }
}

impl Run<'_> {
    /// All faults begin.
    pub(super) fn begin_faults(&mut self) {
        for index in 0..self.nemeses.len() {
            let first_ns = match &self.nemeses[index].source {
                Source::Drawn(_) => Some(0),
                Source::Scripted(episodes) => episodes.front().map(|episode| episode.from_ns),
            };
            self.plan_flip(index, first_ns);
        }
    }

    /// Has a nemesis do something so long after the beginning of the main phase, if that is
    /// still in it.
    fn plan_flip(&mut self, index: usize, at_ns: Option<u64>) {
        let at_ns = at_ns.map(|at_ns| self.phases.main_ns.saturating_add(at_ns));
        let at_ns = at_ns.filter(|at_ns| *at_ns < self.phases.cutoff_ns);
        self.nemeses[index].is_pending = at_ns.is_some();
        if let Some(at_ns) = at_ns {
            self.world.queue.push(at_ns, Event::Nemesis(index));
        }
    }

    /// A nemesis starts its fault, or stops it, and plans when to do the other.
    pub(super) fn flip(&mut self, index: usize) -> Result<(), Stopped> {
        let interval_ns = self.options.nemesis_interval_ns;
        let now_ns = self.world.now_ns - self.phases.main_ns;
        let nemesis = &mut self.nemeses[index];
        nemesis.is_on = !nemesis.is_on;
        let (fault, is_on) = (nemesis.fault, nemesis.is_on);
        let (plan, next_ns) = match &mut nemesis.source {
            Source::Drawn(stream) => {
                let plan = is_on.then(|| Plan::draw(fault, self.nodes.len(), stream));
                (plan, Some(now_ns + stream.below(2 * interval_ns)))
            }
            Source::Scripted(episodes) if is_on => {
                let episode = episodes.front();
                let plan = episode.map(|episode| episode.plan.clone());
                (plan, episode.and_then(|episode| episode.until_ns))
            }
            Source::Scripted(episodes) => {
                episodes.pop_front();
                (None, episodes.front().map(|episode| episode.from_ns))
            }
        };
        self.plan_flip(index, next_ns);
        match plan {
            Some(plan) => self.start_fault(plan, now_ns),
            None => {
                if let Some(written) = &mut self.written {
                    written.end(fault, now_ns);
                }
                self.stop_fault(fault)
            }
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

    fn start_fault(&mut self, mut plan: Plan, now_ns: u64) -> Result<(), Stopped> {
        if let Plan::Swap(node) = &mut plan {
            let turn = node.unwrap_or(self.next_swap);
            *node = Some(turn);
            self.next_swap = (turn + 1) % self.nodes.len();
        }
        if let Some(written) = &mut self.written {
            written.faults.push(Episode {
                from_ns: now_ns,
                until_ns: None,
                plan: plan.clone(),
            });
        }
        let fault = plan.fault();
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
            Plan::Swap(node) => done = self.swap_over(node.unwrap_or(0))?,
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
        this.timers = host_protocol::timers::Timers::default();
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
