//! A list of moves as a schedule that the simulator replays.

use std::collections::{HashMap, VecDeque};

use host_sim::nemesis::Grudges;
use host_sim::{
    Distribution, Hops, Latency, MessageRef, Move as SimMove, MoveKind, NetworkModel, Script,
    Survival,
};
use host_trial::Scenario;
use host_trial::schedule::Schedule;

use crate::ends::closing;
use crate::model::{Model, Sink};
use crate::moves::Move;
use crate::participants::Addr;
use crate::state::Done;
use crate::wrong::Wrong;

/// Messages in flight by their numbers on their links.
#[derive(Default)]
struct Numbers {
    /// How many messages each link has carried.
    links: HashMap<(Addr, Addr), u64>,
    in_flight: HashMap<u32, VecDeque<u64>>,
}

/// The scenario of a run in which only moves take time, and all nodes draw the same if they are alike.
pub(crate) fn directed(scenario: &Scenario, symmetric: bool) -> Scenario {
    let mut scenario = scenario.clone();
    let instant = Latency {
        mean_ms: 0,
        distribution: Distribution::Constant,
    };
    let options = &mut scenario.options;
    options.latency = instant;
    options.disk_latency = instant;
    options.hops = Some(Hops::default());
    options.network = NetworkModel::Ideal;
    options.faults.clear();
    options.swap_after_ns = None;
    options.same_draws = symmetric;
    scenario
}

/// The schedule in which these moves happen, each possible when it comes. If it fails at its end, that begins as it
/// did when it was judged.
pub(crate) fn schedule(
    model: &Model<'_>,
    moves: &[Move],
    is_at_end: bool,
) -> Result<Schedule, Wrong> {
    let mut sink = Sink::logging();
    let mut numbers = Numbers::default();
    let (mut state, queue) = model.begin(&mut sink)?;
    for done in sink.log.take().unwrap_or_default() {
        if let Done::Sent(message) = done {
            numbers.sent(model, message);
        }
    }
    numbers.keep_last(model, &queue);
    for message in queue {
        model.insert(&mut state, message);
    }
    let mut script = Script {
        warm_up_ns: model.bounds.warm_up_ns,
        ..Script::default()
    };
    let mut at_ns = state.now_ns;
    let mut write = |at_ns: &mut u64, log: Option<Vec<Done>>| {
        for done in log.unwrap_or_default() {
            if let Done::Time(now_ns) = done {
                *at_ns = now_ns;
            }
            if let Some(what) = numbers.replay(model, done) {
                let at_ns = *at_ns;
                script.moves.push(SimMove { at_ns, what });
            }
        }
    };
    for it in moves {
        sink.log = Some(Vec::new());
        // The last move may be the one in which a guest fails.
        let next = model.apply(&state, *it, &mut sink);
        write(&mut at_ns, sink.log.take());
        match next {
            Ok(next) => state = next,
            Err(_) => break,
        }
        at_ns = state.now_ns;
    }
    if is_at_end {
        write(&mut at_ns, Some(closing(model, &state)?));
    }
    if script.moves.is_empty() {
        // A warm-up is what comes before moves.
        script.warm_up_ns = 0;
    }
    Ok(Schedule {
        seed: model.seed,
        scenario: directed(model.scenario, model.bounds.symmetric),
        script,
    })
}

impl Numbers {
    /// A message was sent: it has the next number of its link.
    fn sent(&mut self, model: &Model<'_>, message: u32) {
        let it = model.messages.get(message);
        let count = self.links.entry((it.src, it.dest)).or_default();
        *count += 1;
        self.in_flight.entry(message).or_default().push_back(*count);
    }

    /// Of all that was sent, only these are still in flight: the last ones, since all were
    /// delivered in the order of sending.
    fn keep_last(&mut self, model: &Model<'_>, queue: &VecDeque<u32>) {
        self.in_flight.clear();
        let mut counts = self.links.clone();
        for message in queue.iter().rev() {
            let it = model.messages.get(*message);
            if let Some(count) = counts.get_mut(&(it.src, it.dest)) {
                let numbers = self.in_flight.entry(*message).or_default();
                numbers.push_front(*count);
                *count -= 1;
            }
        }
    }

    fn name(&self, model: &Model<'_>, message: u32, number: u64) -> MessageRef {
        let it = model.messages.get(message);
        MessageRef {
            src: model.messages.name(it.src),
            dest: model.messages.name(it.dest),
            number,
        }
    }

    fn take(&mut self, model: &Model<'_>, message: u32) -> MessageRef {
        let number = self.in_flight.get_mut(&message);
        let number = number.and_then(VecDeque::pop_front).unwrap_or_default();
        self.name(model, message, number)
    }

    /// The simulator's move for what was done, if it is one.
    fn replay(&mut self, model: &Model<'_>, done: Done) -> Option<MoveKind> {
        Some(match done {
            Done::Sent(message) => {
                self.sent(model, message);
                return None;
            }
            Done::Time(_) => return None,
            Done::Invoke(worker, place) => MoveKind::Invoke {
                worker: usize::from(worker),
                operation: model.clients.planned(worker, place).clone(),
            },
            Done::Deliver(message) => MoveKind::Deliver {
                message: self.take(model, message),
            },
            Done::Lose(message) => MoveKind::Lose {
                message: self.take(model, message),
            },
            Done::Copy(message) => {
                let first = self.in_flight.get(&message).and_then(VecDeque::front);
                let number = first.copied().unwrap_or_default();
                MoveKind::Copy {
                    message: self.name(model, message, number),
                }
            }
            Done::Fire(node, timer) => MoveKind::Fire {
                node: usize::from(node),
                timer,
            },
            Done::Synced(node) => MoveKind::Synced {
                node: usize::from(node),
            },
            Done::TimeOut(worker) => MoveKind::TimeOut {
                worker: usize::from(worker),
            },
            Done::Kill(node) => MoveKind::Kill {
                node: usize::from(node),
            },
            Done::Power(node) => MoveKind::Power {
                node: usize::from(node),
                survival: Survival::None,
            },
            Done::Start(node) => MoveKind::Start {
                node: usize::from(node),
            },
            Done::Cut(split) => MoveKind::Cut {
                grudges: grudges(model.count, split),
            },
            Done::Heal => MoveKind::Heal,
        })
    }
}

/// For each node those on the other side.
fn grudges(count: usize, split: u16) -> Grudges {
    let side = |node: usize| split >> node & 1;
    let others = |node: usize| {
        let others = (0..count).filter(|other| side(*other) != side(node));
        others.collect()
    };
    Grudges::new((0..count).map(others).collect())
}
