//! The number of states of a flood, counted by hand and by a program that knows nothing of guests.
//!
//! [`Flood`] is the whole cluster written down as plain sets: what `broadcast-flood` does, and what a network and clients
//! may do. It shares no code with the explorer.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use host_explore::{Bounds, End, Explored, Operations, TimerOrder};
use host_sim::Operation;

use crate::{explore, flood};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Message {
    /// A worker's request to its node; its place in the plan says what.
    Request(usize, usize),
    /// The answer: what a read shows, or none for a value that was told.
    Answer(usize, usize, Option<BTreeSet<i64>>),
    /// From a node to a node: a value.
    Gossip(usize, usize, i64),
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Tell(i64),
    Read,
}

/// What happens to an operation: it begins, or it ends with what was read.
type Entry = (usize, usize, Option<BTreeSet<i64>>);

/// The whole cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Flood {
    values: Vec<BTreeSet<i64>>,
    in_flight: BTreeMap<Message, usize>,
    /// How many operations each worker has begun of its own, and whether the last one goes on.
    workers: Vec<(usize, bool)>,
    /// How many operations have begun that any may begin.
    begun: usize,
    /// Blocks of beginnings and of endings.
    history: Vec<(bool, BTreeSet<Entry>)>,
    drops: u8,
    duplicates: u8,
}

/// What workers ask for; each has a node of its own.
#[derive(Debug, Clone)]
enum Plan {
    OfEach(Vec<Vec<Asks>>),
    /// By any of so many workers, in this order.
    OfAny(usize, Vec<Asks>),
}

impl Plan {
    fn workers(&self) -> usize {
        match self {
            Plan::OfEach(plans) => plans.len(),
            Plan::OfAny(workers, _) => *workers,
        }
    }

    fn asks(&self, worker: usize, place: usize) -> Option<Asks> {
        match self {
            Plan::OfEach(plans) => plans[worker].get(place).copied(),
            Plan::OfAny(_, plan) => plan.get(place).copied(),
        }
    }
}

struct Rules<'r> {
    plan: &'r Plan,
    /// Whether clients get their answers, and nodes their requests, at once.
    is_instant: bool,
}

impl Rules<'_> {
    fn begin(&self, drops: u8, duplicates: u8) -> Flood {
        Flood {
            values: vec![BTreeSet::new(); self.plan.workers()],
            workers: vec![(0, false); self.plan.workers()],
            drops,
            duplicates,
            ..Flood::default()
        }
    }

    fn next(&self, now: &Flood) -> Vec<Flood> {
        let mut all = Vec::new();
        for worker in 0..self.plan.workers() {
            let (own, is_busy) = now.workers[worker];
            let is_own = matches!(self.plan, Plan::OfEach(_));
            let place = if is_own { own } else { now.begun };
            if !is_busy && self.plan.asks(worker, place).is_some() {
                let mut next = now.clone();
                next.workers[worker] = (own + usize::from(is_own), true);
                next.begun += usize::from(!is_own);
                next.note(true, (worker, place, None));
                let request = Message::Request(worker, place);
                match self.is_instant {
                    true => self.receive(&mut next, request),
                    false => next.send(request),
                }
                all.push(next);
            }
        }
        for message in now.in_flight.keys() {
            let mut next = now.clone();
            next.take(message);
            self.receive(&mut next, message.clone());
            all.push(next);
            if let Message::Gossip(..) = message {
                if now.drops > 0 {
                    let mut next = now.clone();
                    next.drops -= 1;
                    next.take(message);
                    all.push(next);
                }
                if now.duplicates > 0 {
                    let mut next = now.clone();
                    next.duplicates -= 1;
                    self.receive(&mut next, message.clone());
                    all.push(next);
                }
            }
        }
        all
    }

    fn receive(&self, now: &mut Flood, message: Message) {
        match message {
            Message::Request(worker, place) => {
                let shown = match self.plan.asks(worker, place).unwrap() {
                    Asks::Tell(value) => {
                        now.learn(worker, value, None);
                        None
                    }
                    Asks::Read => Some(now.values[worker].clone()),
                };
                let answer = Message::Answer(worker, place, shown);
                match self.is_instant {
                    true => self.receive(now, answer),
                    false => now.send(answer),
                }
            }
            Message::Answer(worker, place, shown) => {
                now.workers[worker].1 = false;
                now.note(false, (worker, place, shown));
            }
            Message::Gossip(from, to, value) => now.learn(to, value, Some(from)),
        }
    }

    fn all(&self, drops: u8, duplicates: u8) -> HashSet<Flood> {
        let begin = self.begin(drops, duplicates);
        let mut met = HashSet::from([begin.clone()]);
        let mut open = VecDeque::from([begin]);
        while let Some(now) = open.pop_front() {
            for next in self.next(&now) {
                if met.insert(next.clone()) {
                    open.push_back(next);
                }
            }
        }
        met
    }

    /// How many states there are of which none becomes another by a permutation of nodes that keeps the plan.
    fn orbits(&self, drops: u8, duplicates: u8) -> usize {
        let workers = self.plan.workers();
        let mut permutations = vec![vec![]];
        for _ in 0..workers {
            permutations = permutations
                .iter()
                .flat_map(|short: &Vec<usize>| {
                    let others = (0..workers).filter(|node| !short.contains(node));
                    others.map(|node| [short.clone(), vec![node]].concat())
                })
                .collect();
        }
        permutations.retain(|image| match self.plan {
            Plan::OfEach(plans) => (0..workers).all(|it| plans[it] == plans[image[it]]),
            Plan::OfAny(..) => true,
        });
        let all = self.all(drops, duplicates);
        let least = all.iter().map(|state| {
            let images = permutations.iter().map(|image| state.image(image));
            images.min().unwrap()
        });
        least.collect::<HashSet<Flood>>().len()
    }
}

impl Flood {
    /// The same with other nodes and workers: each has what `image` says that it was.
    fn image(&self, image: &[usize]) -> Flood {
        let mut other = self.clone();
        for (from, to) in image.iter().enumerate() {
            other.values[*to] = self.values[from].clone();
            other.workers[*to] = self.workers[from];
        }
        let messages = self.in_flight.iter().map(|(message, count)| {
            let message = match message.clone() {
                Message::Request(worker, place) => Message::Request(image[worker], place),
                Message::Answer(worker, place, shown) => {
                    Message::Answer(image[worker], place, shown)
                }
                Message::Gossip(from, to, value) => Message::Gossip(image[from], image[to], value),
            };
            (message, *count)
        });
        other.in_flight = messages.collect();
        let blocks = self.history.iter().map(|(begins, block)| {
            let entries = block.iter().cloned();
            let entries = entries.map(|(worker, place, shown)| (image[worker], place, shown));
            (*begins, entries.collect())
        });
        other.history = blocks.collect();
        other
    }

    fn learn(&mut self, node: usize, value: i64, from: Option<usize>) {
        if self.values[node].insert(value) {
            for other in 0..self.values.len() {
                if other != node && Some(other) != from {
                    self.send(Message::Gossip(node, other, value));
                }
            }
        }
    }

    fn send(&mut self, message: Message) {
        *self.in_flight.entry(message).or_default() += 1;
    }

    fn take(&mut self, message: &Message) {
        if let Some(count) = self.in_flight.get_mut(message) {
            *count -= 1;
            if *count == 0 {
                self.in_flight.remove(message);
            }
        }
    }

    fn note(&mut self, begins: bool, entry: Entry) {
        match self.history.last_mut() {
            Some((kind, block)) if *kind == begins => {
                block.insert(entry);
            }
            _ => self.history.push((begins, BTreeSet::from([entry]))),
        }
    }
}

fn operation(asks: Asks) -> Operation {
    match asks {
        Asks::Tell(value) => Operation::new(&"broadcast".into(), value.into()),
        Asks::Read => Operation::new(&"read".into(), host_check::Value::Nil),
    }
}

fn explore_plan(plan: &Plan, bounds: &Bounds) -> Explored {
    let subject = flood(plan.workers());
    match plan {
        Plan::OfEach(plans) => {
            let of_worker = |(worker, plan): (usize, &Vec<Asks>)| -> Vec<(usize, Operation)> {
                plan.iter().map(|asks| (worker, operation(*asks))).collect()
            };
            let all: Vec<_> = plans.iter().enumerate().flat_map(of_worker).collect();
            explore(&subject, bounds, Operations::OfEach(&all))
        }
        Plan::OfAny(_, plan) => {
            let all: Vec<Operation> = plan.iter().map(|asks| operation(*asks)).collect();
            explore(&subject, bounds, Operations::OfAny(&all))
        }
    }
}

/// What the explorer and the brute force count.
fn both(plan: &Plan, drops: u8, duplicates: u8, reduces: bool) -> (usize, usize) {
    let bounds = Bounds {
        fires: 0,
        drops,
        duplicates,
        reduces,
        tries_ends: false,
        timers: TimerOrder::Any,
        ..Bounds::default()
    };
    let rules = Rules {
        plan,
        is_instant: reduces,
    };
    (explored(plan, &bounds), rules.all(drops, duplicates).len())
}

/// How many states there are within bounds.
fn explored(plan: &Plan, bounds: &Bounds) -> usize {
    let explored = explore_plan(plan, bounds);
    assert!(matches!(explored.end, End::Complete), "{explored:?}");
    explored.progress.states
}

/// The same of states that differ in more than which node is which.
fn both_of_orbits(plan: &Plan, drops: u8, reduces: bool) -> (usize, usize) {
    let bounds = Bounds {
        fires: 0,
        drops,
        reduces,
        symmetric: true,
        tries_ends: false,
        timers: TimerOrder::Any,
        ..Bounds::default()
    };
    let rules = Rules {
        plan,
        is_instant: reduces,
    };
    (explored(plan, &bounds), rules.orbits(drops, 0))
}

/// Each value goes through three stages: not told, on its way, at the other node. While at most one was told there are 1 + 2 + 2
/// states; if both were, 2 · 2, twice, since a history says which came first.
#[test]
fn two_nodes_that_are_told_a_value_each_have_thirteen_states() {
    let plan = Plan::OfEach(vec![vec![Asks::Tell(0)], vec![Asks::Tell(1)]]);
    assert_eq!(both(&plan, 0, 0, true), (13, 13));
}

/// One state before the first value. It is told to one of two nodes, and is on its way or at the other: 2 · 2. The second one likewise, for
/// each of these: 4 · 4.
#[test]
fn values_that_are_told_in_turn_to_any_of_two_nodes_have_twenty_one_states() {
    let plan = Plan::OfAny(2, vec![Asks::Tell(0), Asks::Tell(1)]);
    assert_eq!(both(&plan, 0, 0, true), (21, 21));
}

#[test]
fn the_number_of_states_is_that_of_a_brute_force() {
    use Asks::{Read, Tell};
    let plans = [
        Plan::OfEach(vec![vec![Tell(0)], vec![Tell(1)]]),
        Plan::OfEach(vec![vec![Tell(0), Read], vec![Read]]),
        Plan::OfEach(vec![vec![Tell(0), Tell(1)], vec![Read, Tell(2)]]),
        Plan::OfEach(vec![vec![Tell(0)], vec![], vec![Read]]),
        Plan::OfAny(2, vec![Tell(0), Read, Tell(1)]),
        Plan::OfAny(3, vec![Tell(0), Read]),
    ];
    let counts: Vec<[(usize, usize); 4]> = plans
        .iter()
        .map(|plan| {
            [
                both(plan, 0, 0, true),
                both(plan, 0, 0, false),
                both(plan, 1, 0, true),
                both(plan, 1, 1, true),
            ]
        })
        .collect();
    for (explored, counted) in counts.iter().flatten() {
        assert_eq!(explored, counted, "{counts:?}");
    }
}

/// The state before the first value; it is on its way or arrived, and so is the second one, told to the same node or to the other:
/// 1 + 2 + 2 · 4.
#[test]
fn values_that_are_told_in_turn_to_any_of_two_like_nodes_have_eleven_states() {
    let plan = Plan::OfAny(2, vec![Asks::Tell(0), Asks::Tell(1)]);
    assert_eq!(both_of_orbits(&plan, 0, true), (11, 11));
}

#[test]
fn the_number_of_states_of_like_nodes_is_that_of_orbits_of_a_brute_force() {
    use Asks::{Read, Tell};
    let plans = [
        Plan::OfEach(vec![vec![Tell(0)], vec![Tell(0)]]),
        Plan::OfEach(vec![vec![Tell(0)], vec![], vec![]]),
        Plan::OfEach(vec![vec![Tell(0)], vec![Read], vec![Read]]),
        Plan::OfAny(2, vec![Tell(0), Read, Tell(1)]),
        Plan::OfAny(3, vec![Tell(0), Read]),
    ];
    for plan in &plans {
        for (drops, reduces) in [(0, true), (0, false), (1, true)] {
            let (explored, counted) = both_of_orbits(plan, drops, reduces);
            assert_eq!(explored, counted, "{plan:?} {drops} {reduces}");
        }
    }
    let plan = Plan::OfAny(3, vec![Tell(0), Tell(1)]);
    let (explored, counted) = both_of_orbits(&plan, 0, true);
    assert_eq!(explored, counted);
}
