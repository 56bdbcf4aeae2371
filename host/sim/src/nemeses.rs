//! The nemeses of a run: which fault starts or stops, and when.
//!
//! They decide, and nothing more: [`faults`](super::faults) does it.

use std::collections::VecDeque;

use super::hunter::{Hunter, Scale};
use super::nemesis::{Fault, FaultAction};
use super::phase::MainPhase;
use super::random::{Stream, Streams};
use super::recorder::Recorder;
use super::scheduled::Scheduled;
use super::script::{Episode, Script};
use super::traffic::{Picture, Signal};
use super::world::World;

/// All nemeses.
pub(super) struct Nemeses {
    nemeses: Vec<Nemesis>,
    /// Those whose faults are aimed.
    hunters: Vec<Hunter>,
    /// What they know.
    picture: Picture,
    /// What an event showed, while they are told.
    signals: Vec<Signal>,
    main: MainPhase,
    interval_ns: u64,
    /// How many nodes there are.
    nodes: usize,
    /// The node whose turn it is when versions change as a fault.
    next_swap: usize,
}

/// One fault that comes and goes.
struct Nemesis {
    fault: Fault,
    source: Source,
    is_on: bool,
    /// Whether it will do something at a known time.
    is_pending: bool,
}

/// What tells a nemesis what to do, and when.
enum Source {
    /// Chance.
    Drawn(Box<Stream>),
    /// A script: the episode that is on or comes next, and those after it.
    Scripted(VecDeque<Episode>),
}

/// What has to be done now.
#[derive(Debug)]
pub(super) enum Decision {
    /// Start a fault by this.
    Start(FaultAction),
    /// Stop a fault.
    Stop(Fault),
}

impl Nemesis {
    fn new(fault: Fault, source: Source) -> Self {
        Nemesis {
            fault,
            source,
            is_on: false,
            is_pending: false,
        }
    }

    /// Schedules what the nemesis of this index does next, so long after the beginning of the
    /// main phase, if that is still in it.
    fn schedule(
        &mut self,
        index: usize,
        after_ns: Option<u64>,
        main: MainPhase,
        world: &mut World<'_>,
    ) {
        let at_ns = after_ns.map(|after_ns| main.at(after_ns));
        let at_ns = at_ns.filter(|at_ns| *at_ns < main.until_ns);
        self.is_pending = at_ns.is_some();
        let Some(at_ns) = at_ns else { return };
        if Fault::PLAIN.contains(&self.fault) {
            world.schedule(at_ns, Scheduled::Nemesis(index));
        } else {
            // In a script, where it starts and stops as it did when it was drawn.
            world.set_first_alarm(at_ns, self.fault.rank(), Scheduled::Nemesis(index));
        }
    }
}

impl Nemeses {
    /// One nemesis for each fault of the script, or else for each of `faults`.
    pub(super) fn new(
        faults: &[Fault],
        scale: Scale,
        script: Option<&Script>,
        nodes: usize,
        streams: &Streams,
    ) -> Self {
        let drawn = |fault: &Fault| {
            let stream = streams.stream(&format!("nemesis {}", fault.stream()));
            Nemesis::new(*fault, Source::Drawn(Box::new(stream)))
        };
        let scripted = |script: &Script, fault: Fault| {
            let episodes = script.faults.iter();
            let own = episodes.filter(|episode| episode.action.fault() == fault);
            Nemesis::new(fault, Source::Scripted(own.cloned().collect()))
        };
        let nemeses = match script {
            Some(script) => {
                let kinds = script.kinds().into_iter();
                kinds.map(|fault| scripted(script, fault)).collect()
            }
            None => {
                let plain = faults.iter().filter(|fault| Fault::PLAIN.contains(fault));
                plain.map(drawn).collect()
            }
        };
        let hunters = match script {
            Some(_) => Vec::new(),
            None => Hunter::all(faults, scale, |name| streams.stream(name)),
        };
        Nemeses {
            nemeses,
            hunters,
            picture: Picture::new(nodes),
            signals: Vec::new(),
            main: MainPhase {
                from_ns: 0,
                until_ns: 0,
            },
            interval_ns: scale.interval_ns,
            nodes,
            next_swap: 0,
        }
    }

    /// Whether one will do something at a known time.
    pub(super) fn are_pending(&self) -> bool {
        self.nemeses.iter().any(|nemesis| nemesis.is_pending)
    }

    /// Begins the main phase.
    pub(super) fn begin_main(&mut self, main: MainPhase, world: &mut World<'_>) {
        self.main = main;
        for (index, nemesis) in self.nemeses.iter_mut().enumerate() {
            let first_ns = match &nemesis.source {
                Source::Drawn(_) => Some(0),
                Source::Scripted(episodes) => episodes.front().map(|episode| episode.from_ns),
            };
            nemesis.schedule(index, first_ns, main, world);
        }
        if !self.hunters.is_empty() {
            world.take_notes();
        }
        for hunter in &mut self.hunters {
            hunter.begin_main(main, world);
        }
    }

    /// Ends the main phase: no fault is on any more. The faults that have to be stopped, in their
    /// order.
    pub(super) fn end_main(&mut self, world: &mut World<'_>) -> Vec<Fault> {
        let stop = |nemesis: &mut Nemesis| {
            nemesis.is_on = false;
            nemesis.fault
        };
        let mut faults: Vec<Fault> = self.nemeses.iter_mut().map(stop).collect();
        for hunter in &mut self.hunters {
            hunter.end_main(world);
            faults.extend(hunter.used());
        }
        faults.sort_unstable();
        faults
    }

    /// Tells the hunters what an event has shown. They decide what they do later.
    pub(super) fn watch(&mut self, world: &mut World<'_>) {
        let now_ns = world.now_ns();
        let Some(notes) = world.notes().filter(|notes| !notes.is_empty()) else {
            return;
        };
        self.picture.learn(now_ns, notes, &mut self.signals);
        notes.clear();
        for signal in self.signals.drain(..) {
            for hunter in &mut self.hunters {
                hunter.hear(signal, &self.picture, world);
            }
        }
    }

    /// Decides what a hunter does now, if anything.
    pub(super) fn wake(
        &mut self,
        hunter: usize,
        world: &mut World<'_>,
        recorder: &mut Recorder,
    ) -> Option<Decision> {
        let decision = self.hunters[hunter].wake(&self.picture, world)?;
        let due_ns = world.due_ns() - self.main.from_ns;
        match &decision {
            Decision::Start(action) => recorder.write_start(due_ns, action),
            Decision::Stop(fault) => recorder.write_stop(due_ns, *fault),
        }
        Some(decision)
    }

    /// Decides what a nemesis does now, and schedules when it does the other.
    pub(super) fn flip(
        &mut self,
        index: usize,
        world: &mut World<'_>,
        recorder: &mut Recorder,
    ) -> Decision {
        let now_ns = world.now_ns() - self.main.from_ns;
        let due_ns = world.due_ns() - self.main.from_ns;
        let nemesis = &mut self.nemeses[index];
        nemesis.is_on = !nemesis.is_on;
        let (fault, is_on) = (nemesis.fault, nemesis.is_on);
        let (action, next_ns) = match &mut nemesis.source {
            Source::Drawn(stream) => {
                let action = if is_on {
                    FaultAction::draw(fault, self.nodes, stream)
                } else {
                    None
                };
                (action, Some(now_ns + stream.below(2 * self.interval_ns)))
            }
            Source::Scripted(episodes) if is_on => {
                let episode = episodes.front();
                let action = episode.map(|episode| episode.action.clone());
                (action, episode.and_then(|episode| episode.until_ns))
            }
            Source::Scripted(episodes) => {
                episodes.pop_front();
                (None, episodes.front().map(|episode| episode.from_ns))
            }
        };
        nemesis.schedule(index, next_ns, self.main, world);
        match action {
            Some(mut action) => {
                if let FaultAction::Swap(node) = &mut action {
                    let turn = node.unwrap_or(self.next_swap);
                    *node = Some(turn);
                    self.next_swap = (turn + 1) % self.nodes;
                }
                recorder.write_start(due_ns, &action);
                Decision::Start(action)
            }
            None => {
                recorder.write_stop(due_ns, fault);
                Decision::Stop(fault)
            }
        }
    }
}
