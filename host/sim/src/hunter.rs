//! Hunters: they wait for something to happen, and aim a fault at whoever did it.
//!
//! A hunter goes from bout to bout. After a gap it draws one of its faults and what that waits for
//! (`Armed`). When that happens, or after some time anyway, the fault starts, at once or a few
//! latencies later (`Due`). It lasts for a drawn time or until something else happens (`On`). A
//! chain, a flip and a flapping link go on with the next round; all others are done.
//!
//! Nothing is done in the middle of an event: what is decided happens at least a nanosecond later,
//! before all else of that time. So a script with the times of the faults gives the same run again.
//!
//! In a bout of at most some seconds nodes are cut off or paused; the gap after it is at least half
//! as long as they were. So a cluster has a third of the time to get on.

use super::ends::{Ends, Speaking, after, chain_ends, span_ns};
use super::nemeses::Decision;
use super::nemesis::aim::{self, Split};
use super::nemesis::{Fault, FaultAction, Trigger};
use super::phase::MainPhase;
use super::queue::Alarm;
use super::random::Stream;
use super::scheduled::Scheduled;
use super::time::{MS, SECOND};
use super::traffic::{NodeSet, Picture, Signal};
use super::world::World;

/// The faults of a hunt that follow each other, and how often each is drawn.
const IN_TURN: [(Fault, u64); 6] = [
    (Fault::Chain, 5),
    (Fault::Isolate, 3),
    (Fault::Stall, 3),
    (Fault::LoseOne, 2),
    (Fault::Flip, 1),
    (Fault::Flap, 1),
];

/// In a bout nodes are cut off or paused for no longer than this before its last round.
const OFF_NS_MAX: u64 = 6 * SECOND;

/// The longest that messages are held.
const HOLD_NS_MAX: u64 = 60 * SECOND;

/// Goes from bout to bout.
pub(super) struct Hunter {
    /// Its place among the hunters.
    index: usize,
    /// The faults that it draws among, with their weights.
    faults: Vec<(Fault, u64)>,
    stream: Box<Stream>,
    scale: Scale,
    main: MainPhase,
    state: State,
    alarm: Option<Alarm>,
    /// Since when a fault is on.
    since_ns: u64,
    /// How long nodes were cut off or paused in this bout.
    off_ns: u64,
    /// The faults that it has started at least once.
    used: Vec<Fault>,
}

/// What times are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The mean gap between two bouts.
    pub(super) interval_ns: u64,
    /// The mean latency between servers.
    pub(super) latency_ns: u64,
}

#[derive(Debug)]
enum State {
    /// Nothing is wrong, until the alarm.
    Quiet,
    /// It waits for the trigger, at most until the alarm.
    Armed(Bout),
    /// This starts at the alarm.
    Due(Bout, FaultAction),
    /// A fault is on, at most until the alarm.
    On(Bout, Ends),
}

/// A fault, or several rounds of it.
#[derive(Debug)]
struct Bout {
    fault: Fault,
    trigger: Trigger,
    /// Whether only the busiest node triggers it.
    of_busiest: bool,
    /// How many rounds are left after this one.
    rounds: u64,
    plan: Plan,
}

/// What the rounds of a bout have in common.
#[derive(Debug)]
enum Plan {
    /// It has one round, in which these nodes are the ones that are hit.
    Once(Vec<usize>),
    Chain(Split),
    Flip {
        order: Vec<usize>,
        is_first: bool,
        dwell_ns: u64,
    },
    Flap {
        period_ns: u64,
    },
}

impl Hunter {
    /// A hunter that draws among these faults.
    fn new(index: usize, faults: Vec<(Fault, u64)>, scale: Scale, stream: Stream) -> Self {
        Hunter {
            index,
            faults,
            stream: Box::new(stream),
            scale,
            main: MainPhase {
                from_ns: 0,
                until_ns: 0,
            },
            state: State::Quiet,
            alarm: None,
            since_ns: 0,
            off_ns: 0,
            used: Vec::new(),
        }
    }

    /// The hunters for these faults: one for each, and two for [`Fault::Hunt`], which leave out
    /// those that are named beside it. Messages are held while other faults come and go.
    pub(super) fn all(
        faults: &[Fault],
        scale: Scale,
        stream: impl Fn(&str) -> Stream,
    ) -> Vec<Hunter> {
        let mut hunters: Vec<Hunter> = Vec::new();
        let mut add = |faults: Vec<(Fault, u64)>, name: &str| {
            if !faults.is_empty() {
                let hunter = Hunter::new(hunters.len(), faults, scale, stream(name));
                hunters.push(hunter);
            }
        };
        for &fault in faults.iter().filter(|fault| !Fault::PLAIN.contains(fault)) {
            if fault != Fault::Hunt {
                add(vec![(fault, 1)], &format!("nemesis {fault}"));
                continue;
            }
            let left = |list: &[(Fault, u64)]| -> Vec<(Fault, u64)> {
                let left = list.iter().filter(|(fault, _)| !faults.contains(fault));
                left.copied().collect()
            };
            add(left(&IN_TURN), "nemesis hunt");
            add(left(&[(Fault::Hold, 1)]), "nemesis hunt hold");
        }
        hunters
    }

    /// The faults that it has started.
    pub(super) fn used(&self) -> &[Fault] {
        &self.used
    }

    /// Begins the main phase.
    pub(super) fn begin_main(&mut self, main: MainPhase, world: &mut World<'_>) {
        self.main = main;
        let gap_ns = self.stream.below(2 * self.scale.interval_ns);
        self.set_alarm(main.at(1 + gap_ns), world);
    }

    /// Ends the main phase: nothing is on, and nothing will be.
    pub(super) fn end_main(&mut self, world: &mut World<'_>) {
        self.alarm
            .take()
            .into_iter()
            .for_each(|it| world.cancel(it));
        self.state = State::Quiet;
        self.main.until_ns = 0;
    }

    /// Its alarm has come. What has to be done.
    pub(super) fn wake(&mut self, picture: &Picture, world: &mut World<'_>) -> Option<Decision> {
        self.alarm = None;
        let now_ns = world.now_ns();
        match std::mem::replace(&mut self.state, State::Quiet) {
            State::Quiet => {
                self.arm(picture, world);
                None
            }
            State::Armed(bout) => {
                let bout = Bout {
                    trigger: Trigger::Time,
                    ..bout
                };
                self.aim(bout, None, picture, world);
                None
            }
            State::Due(bout, action) => {
                self.start(bout, &action, picture, world);
                Some(Decision::Start(action))
            }
            State::On(bout, ends) => {
                let fault = bout.fault;
                if !matches!(fault, Fault::Hold | Fault::LoseOne) {
                    self.off_ns += now_ns - self.since_ns;
                }
                self.go_on(bout, ends, picture, world);
                Some(Decision::Stop(fault))
            }
        }
    }

    /// Something has happened.
    pub(super) fn hear(&mut self, signal: Signal, picture: &Picture, world: &mut World<'_>) {
        let now_ns = world.now_ns();
        match &self.state {
            State::Armed(bout) => {
                let Some(node) = triggers(bout.trigger, signal, picture) else {
                    return;
                };
                let all = &NodeSet::all();
                if bout.of_busiest && picture.busiest(now_ns, all).is_some_and(|it| it != node) {
                    return;
                }
                if let State::Armed(bout) = std::mem::replace(&mut self.state, State::Quiet) {
                    self.aim(bout, Some((node, signal)), picture, world);
                }
            }
            State::On(_, ends) => {
                let latency_ns = self.latency_ns();
                let Some(after) = after(ends, signal) else {
                    return;
                };
                let is_over = matches!(after, Ends::AtAlarm(_));
                let State::On(_, ends) = &mut self.state else {
                    return;
                };
                let before = std::mem::replace(ends, after);
                if is_over {
                    let after_ns = match before {
                        Ends::Spoken(speaking) => speaking.after_ns,
                        Ends::Answered(..) if self.stream.chance(500) => {
                            self.stream.below(latency_ns)
                        }
                        _ => 0,
                    };
                    self.set_alarm(now_ns + 1 + after_ns, world);
                }
            }
            State::Quiet | State::Due(..) => {}
        }
    }

    /// Draws a fault, and waits for what triggers it.
    fn arm(&mut self, picture: &Picture, world: &mut World<'_>) {
        self.off_ns = 0;
        let all: u64 = self.faults.iter().map(|(_, weight)| weight).sum();
        let mut drawn = self.stream.below(all);
        let fault = self.faults.iter().find(|(_, weight)| {
            let is_it = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            is_it
        });
        let fault = fault.map_or(Fault::Isolate, |(fault, _)| *fault);
        let rounds = match fault {
            Fault::Chain => 1 + self.stream.below(5),
            Fault::Flip => 1 + self.stream.below(7),
            Fault::Flap => 3 + self.stream.below(17),
            _ => 0,
        };
        let bout = Bout {
            fault,
            trigger: self.stream.pick(triggers_of(fault)),
            of_busiest: self.stream.chance(500),
            rounds,
            plan: Plan::Once(Vec::new()),
        };
        if bout.trigger == Trigger::Busiest {
            self.aim(bout, None, picture, world);
            return;
        }
        let patience_ns = span_ns(100 * MS, 3, &mut self.stream);
        self.state = State::Armed(bout);
        self.set_alarm(world.now_ns() + patience_ns, world);
    }

    /// Aims a fault at the node that has triggered it, or else at the busiest one.
    fn aim(
        &mut self,
        mut bout: Bout,
        triggered: Option<(usize, Signal)>,
        picture: &Picture,
        world: &mut World<'_>,
    ) {
        let nodes = picture.len();
        let now_ns = world.now_ns();
        let busiest = picture.busiest(now_ns, &NodeSet::all());
        let stream = &mut *self.stream;
        let victim = triggered.map(|(node, _)| node).or(busiest);
        let victim = victim.unwrap_or_else(|| stream.index(nodes));
        let action = match bout.fault {
            Fault::Chain => {
                // Seldom it begins with any node, which misses what the others go on to do.
                let victim = match stream.chance(200) {
                    true => stream.index(nodes),
                    false => victim,
                };
                let split = aim::chain_first(victim, nodes, stream);
                let action = aim::chain(bout.trigger, &split);
                bout.plan = Plan::Chain(split);
                action
            }
            Fault::Flip => {
                let in_both = busiest.filter(|_| stream.chance(500));
                let order = aim::flip_order(in_both, nodes, stream);
                let least_ns = (2 * self.scale.latency_ns).clamp(10 * MS, 50 * MS);
                let dwell_ns = span_ns(least_ns, 6, stream);
                let action = aim::flip(&order, true);
                bout.plan = Plan::Flip {
                    order,
                    is_first: true,
                    dwell_ns,
                };
                action
            }
            Fault::Flap => {
                let least_ns = (self.scale.latency_ns / 2).clamp(MS, 20 * MS);
                let period_ns = span_ns(least_ns, 5, stream);
                bout.plan = Plan::Flap { period_ns };
                aim::flap(busiest, nodes, stream)
            }
            Fault::Stall => {
                bout.plan = Plan::Once(vec![victim]);
                aim::stall(bout.trigger, victim, nodes, stream)
            }
            Fault::Hold => {
                let victim = match stream.chance(500) {
                    true => stream.index(nodes),
                    false => victim,
                };
                bout.plan = Plan::Once(vec![victim]);
                aim::hold(victim, nodes, stream)
            }
            Fault::LoseOne => {
                let (asking, asked) = match triggered {
                    Some((node, Signal::Heard { from, .. })) => (from, node),
                    _ => (victim, stream.index(nodes)),
                };
                aim::lose_one(asking, asked, nodes, stream)
            }
            _ => {
                bout.plan = Plan::Once(vec![victim]);
                aim::isolate(bout.trigger, victim, nodes, stream)
            }
        };
        let after_ns = self.soon_ns();
        self.due(now_ns + 1 + after_ns, bout, action, world);
    }

    fn due(&mut self, at_ns: u64, bout: Bout, action: FaultAction, world: &mut World<'_>) {
        self.state = State::Due(bout, action);
        self.set_alarm(at_ns, world);
    }

    /// A fault starts now: draws when it ends.
    fn start(
        &mut self,
        bout: Bout,
        action: &FaultAction,
        picture: &Picture,
        world: &mut World<'_>,
    ) {
        let latency_ns = self.latency_ns();
        let stream = &mut *self.stream;
        let all = NodeSet::all();
        let (ends, most_ns) = match (&bout.plan, action) {
            (Plan::Chain(split), _) => {
                let busiest = picture.busiest(world.now_ns(), &all);
                let misses = busiest.is_some_and(|node| split.rest.contains(&node));
                let ends = chain_ends(split, misses, latency_ns, stream);
                (ends, span_ns(600 * MS, 2, stream))
            }
            (Plan::Flip { dwell_ns, .. }, _) => match stream.chance(333) {
                true => {
                    let speaking = Speaking::of(all, 1, stream.below(6 * latency_ns));
                    (Ends::Spoken(speaking), (2 * dwell_ns).max(300 * MS))
                }
                false => {
                    let lasts_ns = dwell_ns / 2 + stream.below(*dwell_ns);
                    (Ends::AtAlarm(None), lasts_ns)
                }
            },
            (Plan::Flap { period_ns }, _) => (Ends::AtAlarm(None), stream.below(2 * period_ns)),
            (_, FaultAction::LoseOne { links, .. }) => {
                let links = links.iter().map(|(_, senders)| senders.len() as u64).sum();
                (Ends::Lost(links), span_ns(500 * MS, 2, stream))
            }
            (Plan::Once(hit), _) => {
                let others = NodeSet::all_but(hit);
                let times = 1 + stream.below(3);
                let speaking = Speaking::of(others, times, stream.below(4 * latency_ns));
                match (bout.fault, stream.chance(500)) {
                    (Fault::Hold, true) => (Ends::Spoken(speaking), HOLD_NS_MAX),
                    (Fault::Hold, false) => {
                        let lasts_ns = span_ns(10 * MS, 13, stream).min(HOLD_NS_MAX);
                        (Ends::AtAlarm(None), lasts_ns)
                    }
                    (_, true) => (Ends::Spoken(speaking), span_ns(400 * MS, 3, stream)),
                    (Fault::Stall, false) => (Ends::AtAlarm(None), span_ns(10 * MS, 8, stream)),
                    (_, false) => (Ends::AtAlarm(None), span_ns(50 * MS, 6, stream)),
                }
            }
        };
        let now_ns = world.now_ns();
        self.since_ns = now_ns;
        if !self.used.contains(&bout.fault) {
            self.used.push(bout.fault);
        }
        self.state = State::On(bout, ends);
        self.set_alarm(now_ns + 1 + most_ns, world);
    }

    /// A fault has just ended: goes on with the next round, or rests.
    fn go_on(&mut self, bout: Bout, ends: Ends, picture: &Picture, world: &mut World<'_>) {
        let (now_ns, nodes) = (world.now_ns(), picture.len());
        if bout.rounds == 0 || self.off_ns > OFF_NS_MAX {
            return self.rest(world);
        }
        let stream = &mut *self.stream;
        match bout.plan {
            Plan::Once(_) => self.rest(world),
            Plan::Chain(split) => {
                let (victim, trigger) = match ends {
                    Ends::AtAlarm(node) => (node, Trigger::BeginsToSpeak),
                    Ends::Spoken(speaking) if speaking.speaker.is_some() => {
                        (speaking.speaker, Trigger::Time)
                    }
                    // Nobody has spoken.
                    _ if stream.chance(500) => (None, Trigger::Time),
                    _ => {
                        let among = NodeSet::of(&split.rest);
                        (picture.busiest(now_ns, &among), Trigger::Time)
                    }
                };
                let Some(victim) = victim else {
                    return self.rest(world);
                };
                let split = aim::chain_next(&split.off, victim, nodes, stream);
                let action = aim::chain(trigger, &split);
                let bout = Bout {
                    rounds: bout.rounds - 1,
                    trigger,
                    plan: Plan::Chain(split),
                    ..bout
                };
                self.due(now_ns, bout, action, world);
            }
            Plan::Flip {
                order,
                is_first,
                dwell_ns,
            } => {
                let action = aim::flip(&order, !is_first);
                let bout = Bout {
                    rounds: bout.rounds - 1,
                    plan: Plan::Flip {
                        order,
                        is_first: !is_first,
                        dwell_ns,
                    },
                    ..bout
                };
                self.due(now_ns, bout, action, world);
            }
            Plan::Flap { period_ns } => {
                let busiest = picture.busiest(now_ns, &NodeSet::all());
                let action = aim::flap(busiest, nodes, stream);
                let off_ns = 1 + stream.below(2 * period_ns);
                let bout = Bout {
                    rounds: bout.rounds - 1,
                    plan: Plan::Flap { period_ns },
                    ..bout
                };
                self.due(now_ns + off_ns, bout, action, world);
            }
        }
    }

    /// Leaves the cluster alone for a while: half as long as it was not, and a drawn time.
    fn rest(&mut self, world: &mut World<'_>) {
        self.state = State::Quiet;
        let gap_ns = self.off_ns / 2 + self.stream.below(2 * self.scale.interval_ns);
        self.set_alarm(world.now_ns() + 1 + gap_ns, world);
    }

    /// Sets the alarm, if that is still in the main phase.
    fn set_alarm(&mut self, at_ns: u64, world: &mut World<'_>) {
        self.alarm
            .take()
            .into_iter()
            .for_each(|it| world.cancel(it));
        let rank = match &self.state {
            State::Quiet => 0,
            State::Armed(bout) | State::Due(bout, _) | State::On(bout, _) => bout.fault.rank(),
        };
        let what = Scheduled::Hunt(self.index);
        let is_in_time = at_ns < self.main.until_ns;
        self.alarm = is_in_time.then(|| world.set_first_alarm(at_ns, rank, what));
    }

    /// What times of a few messages are measured by.
    fn latency_ns(&self) -> u64 {
        self.scale.latency_ns.max(MS)
    }

    /// At once, in less than a latency, or in a few.
    fn soon_ns(&mut self) -> u64 {
        let latency_ns = self.latency_ns();
        match self.stream.below(3) {
            0 => 0,
            1 => self.stream.below(latency_ns),
            _ => self.stream.below(4 * latency_ns),
        }
    }
}

/// What a fault may wait for.
fn triggers_of(fault: Fault) -> &'static [Trigger] {
    match fault {
        Fault::Flip | Fault::Flap => &[Trigger::Busiest],
        Fault::Chain => &[
            Trigger::Busiest,
            Trigger::Busiest,
            Trigger::Speaks,
            Trigger::Answers,
            Trigger::BeginsToSpeak,
        ],
        Fault::Stall => &[
            Trigger::IsAsked,
            Trigger::Hears,
            Trigger::Speaks,
            Trigger::BeginsToSpeak,
            Trigger::Answers,
        ],
        Fault::LoseOne => &[Trigger::Hears, Trigger::Speaks, Trigger::IsAsked],
        _ => &[
            Trigger::Busiest,
            Trigger::Answers,
            Trigger::BeginsToSpeak,
            Trigger::Speaks,
            Trigger::IsAsked,
        ],
    }
}

/// The node that has done what is waited for.
fn triggers(trigger: Trigger, signal: Signal, picture: &Picture) -> Option<usize> {
    match (trigger, signal) {
        (Trigger::Answers, Signal::Answered { node, at_once }) => {
            (!at_once || !picture.answers_later()).then_some(node)
        }
        (Trigger::BeginsToSpeak, Signal::Spoke { node, begins: true })
        | (Trigger::Speaks, Signal::Spoke { node, .. })
        | (Trigger::IsAsked, Signal::Asked { node })
        | (Trigger::Hears, Signal::Heard { node, .. }) => Some(node),
        _ => None,
    }
}
