//! Runs that are touched by hand: what a touch does, worked out by hand, and that a script with touches gives the same run
//! again.

use std::collections::VecDeque;

use host_check::workload::Workload;
use host_sim::nemesis::{Fault, Grudges};
use host_sim::{
    Act, Distribution, Hand, Latency, MS, Moment, MoveKind, NetworkModel, Outcome, RunOptions,
    SECOND, Script, Survival, Touch, TouchKind,
};

use crate::moves::guests::Gossip;
use crate::moves::{add, message, moved, two_nodes};
use crate::runs::{options, play, stopped, touch};

/// What a hand does at which time, in milliseconds of the main phase, and what came of it.
#[derive(Default)]
struct Planned {
    plan: VecDeque<(u64, TouchKind)>,
    done: Vec<Result<(), String>>,
    touches: Vec<Touch>,
    asked: Option<Touch>,
    script: Script,
    /// What it says to whether the main phase goes on.
    holds: bool,
}

impl Planned {
    fn of(plan: impl IntoIterator<Item = (u64, TouchKind)>) -> Self {
        Planned {
            plan: plan.into_iter().collect(),
            ..Planned::default()
        }
    }

    /// What it has done, as a script.
    fn script(&self) -> Script {
        Script {
            touches: self.touches.clone(),
            ..self.script.clone()
        }
    }
}

impl Hand for Planned {
    fn next(&mut self, moment: &Moment<'_>) -> Act {
        if let Some(done) = &moment.done {
            let asked = self.asked.take();
            self.touches.extend(asked.filter(|_| done.is_ok()));
            self.done.push(done.clone());
        }
        self.script = moment.script.cloned().unwrap_or_default();
        let Some((at_ms, what)) = self.plan.front() else {
            return Act::GoOn;
        };
        let is_due = moment
            .main_ns
            .is_some_and(|from_ns| moment.at_ns >= from_ns + at_ms * MS);
        if !is_due && !moment.idle {
            return Act::GoOn;
        }
        self.asked = moment.touch(what.clone());
        self.plan
            .pop_front()
            .map_or(Act::GoOn, |(_, what)| Act::Touch(what))
    }

    fn holds(&self) -> bool {
        self.holds
    }
}

fn by_move(what: MoveKind) -> TouchKind {
    TouchKind::Move(what)
}

fn deliver(name: &str) -> TouchKind {
    let message = message(name);
    by_move(MoveKind::Deliver { message })
}

/// Nothing happens by itself but the beginning, and after the touches the end.
fn quiet() -> RunOptions {
    RunOptions {
        rate: 0.0,
        ..two_nodes()
    }
}

/// What is done by hand, all in the first moment of the main phase; and what the journal has of it.
fn at_once(gossip: Gossip, plan: &[TouchKind], count: usize) -> (Planned, Vec<String>) {
    let plan = plan.iter().map(|what| (0, what.clone()));
    let mut hand = Planned::of(plan);
    let (outcome, journal) = touch(&gossip, Workload::GSet, &quiet(), 1, None, &mut hand);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let (again, same) = play(&gossip, Workload::GSet, &quiet(), 1, &hand.script());
    assert_eq!(same, journal);
    assert_eq!(again.skipped_touches(), []);
    (hand, moved(&journal, count))
}

const ONCE: Gossip = Gossip { tries_again: false };
const AGAIN: Gossip = Gossip { tries_again: true };

#[test]
fn a_message_arrives_when_it_is_told_to() {
    let plan = [
        by_move(add(0, 5)),
        deliver("c4 n0 1"),
        deliver("n0 n1 1"),
        deliver("n0 c4 1"),
        TouchKind::Finish,
    ];
    let (hand, journal) = at_once(ONCE, &plan, 6);
    assert_eq!(hand.done, [const { Ok(()) }; 5]);
    let expected = [
        "0 send c4 n0 add 5",
        "0 recv c4 n0 add 5",
        "0 send n0 n1 tell 5",
        "0 send n0 c4 add_ok",
        "0 recv n0 n1 tell 5",
        "0 recv n0 c4 add_ok",
    ];
    assert_eq!(journal, expected);
}

#[test]
fn a_message_is_lost_doubled_or_late() {
    let told = |what: TouchKind| [by_move(add(0, 5)), deliver("c4 n0 1"), what];
    let lost = by_move(MoveKind::Lose {
        message: message("n0 n1 1"),
    });
    let (_, journal) = at_once(ONCE, &told(lost), 6);
    let expected = [
        "0 drop n0 n1 tell 5 loss",
        "0 recv n0 c4 add_ok",
        "10000 send c4 n0 read",
    ];
    assert_eq!(journal[4], expected[0]);
    assert_eq!(journal[5], expected[1]);
    let doubled = by_move(MoveKind::Copy {
        message: message("n0 n1 1"),
    });
    let (_, journal) = at_once(ONCE, &told(doubled), 7);
    let expected = [
        "0 recv n0 n1 tell 5",
        "0 recv n0 c4 add_ok",
        "30 recv n0 n1 tell 5",
    ];
    assert_eq!(journal[4..], expected);
    let late = TouchKind::Delay {
        message: message("n0 n1 1"),
        by_ns: 70 * MS,
    };
    let (_, journal) = at_once(ONCE, &told(late), 6);
    assert_eq!(
        journal[4..],
        ["0 recv n0 c4 add_ok", "70 recv n0 n1 tell 5"]
    );
}

/// n0 tells again after 100 ms; what was due before that is late.
#[test]
fn time_passes_to_a_timer_that_fires() {
    let fire = by_move(MoveKind::Fire { node: 0, timer: 7 });
    let plan = [by_move(add(0, 5)), deliver("c4 n0 1"), fire];
    let (_, journal) = at_once(AGAIN, &plan, 9);
    let expected = [
        "100 timer n0",
        "100 send n0 n1 tell 5",
        "100 recv n0 c4 add_ok",
        "100 recv n0 n1 tell 5",
        "100 send n1 n0 told 5",
    ];
    assert_eq!(journal[4..], expected);
}

/// The sets take 5 s for an answer.
#[test]
fn time_passes_to_a_request_that_times_out() {
    let lost = TouchKind::Pause { node: 0 };
    let plan = [
        lost,
        by_move(add(0, 5)),
        by_move(MoveKind::TimeOut { worker: 0 }),
        TouchKind::Resume { node: 0 },
    ];
    let (hand, journal) = at_once(ONCE, &plan, 5);
    assert_eq!(hand.done, [const { Ok(()) }; 4]);
    let expected = [
        "0 fault pause",
        "0 send c4 n0 add 5",
        "5000 fault resume",
        "5000 recv c4 n0 add 5",
        "5000 send n0 n1 tell 5",
    ];
    assert_eq!(journal, expected);
}

#[test]
fn a_cut_takes_the_place_of_the_one_before_and_all_faults_end_with_the_main_phase() {
    let cut = |links: &[(usize, &[usize])]| {
        let mut lists = vec![Vec::new(); 2];
        for (dest, from) in links {
            lists[*dest] = from.to_vec();
        }
        by_move(MoveKind::Cut {
            grudges: Grudges::new(lists),
        })
    };
    let plan = [
        cut(&[(0, &[1])]),
        cut(&[(1, &[0])]),
        by_move(add(0, 5)),
        deliver("c4 n0 1"),
        deliver("n0 n1 1"),
        by_move(MoveKind::Kill { node: 1 }),
        TouchKind::Finish,
    ];
    let (_, journal) = at_once(ONCE, &plan, 12);
    let expected = [
        "0 fault start-partition",
        "0 fault start-partition",
        "0 send c4 n0 add 5",
        "0 recv c4 n0 add 5",
        "0 send n0 n1 tell 5",
        "0 send n0 c4 add_ok",
        "0 drop n0 n1 tell 5 partition",
        "0 fault kill",
        "0 recv n0 c4 add_ok",
        "0 fault stop-partition",
        "0 send c6 n1 init",
        "0 fault start",
    ];
    assert_eq!(journal, expected);
}

#[test]
fn a_message_of_ones_own_comes_from_a_client_of_its_own() {
    let body = r#"{"type": "add", "element": 9, "msg_id": 1}"#.to_owned();
    let plan = [
        TouchKind::Send { node: 1, body },
        deliver("c6 n1 1"),
        deliver("n1 c6 1"),
    ];
    let (_, journal) = at_once(ONCE, &plan, 5);
    let expected = [
        "0 send c6 n1 add 9",
        "0 recv c6 n1 add 9",
        "0 send n1 n0 tell 9",
        "0 send n1 c6 add_ok",
        "0 recv n1 c6 add_ok",
    ];
    assert_eq!(journal, expected);
}

#[test]
fn what_is_not_possible_changes_nothing_and_says_why() {
    let power = MoveKind::Power {
        node: 0,
        survival: Survival::None,
    };
    let plan = [
        (
            deliver("n0 n1 1"),
            "message 1 from n0 to n1 is not on its way",
        ),
        (
            by_move(MoveKind::Lose {
                message: message("c4 n0 1"),
            }),
            "only messages between two nodes are lost or doubled, not from c4 to n0: clients and services are always \
             reachable",
        ),
        (
            by_move(MoveKind::Fire { node: 0, timer: 3 }),
            "timer 3 of n0 is not set",
        ),
        (
            by_move(MoveKind::TimeOut { worker: 0 }),
            "worker 0 waits for no answer",
        ),
        (by_move(add(7, 1)), "there is no worker 7"),
        (by_move(MoveKind::Start { node: 0 }), "n0 runs"),
        (by_move(MoveKind::Kill { node: 2 }), "there are 2 nodes"),
        (
            by_move(MoveKind::Heal),
            "no link is cut by hand or by a partition",
        ),
        (
            by_move(MoveKind::Synced { node: 0 }),
            "syncs end by themselves",
        ),
        (TouchKind::Resume { node: 0 }, "n0 is not paused"),
        (
            TouchKind::Delay {
                message: message("n0 n1 1"),
                by_ns: u64::MAX,
            },
            "a message is late by a day at most",
        ),
        (
            TouchKind::Send {
                node: 0,
                body: "[1]".to_owned(),
            },
            "the body has to be an object with a `type`, such as {\"type\":\"read\"}",
        ),
        (by_move(power), ""),
        (TouchKind::Pause { node: 0 }, "n0 does not run"),
        (
            by_move(MoveKind::Fire { node: 0, timer: 7 }),
            "n0 handles no events now",
        ),
        (TouchKind::Pause { node: 1 }, ""),
        (TouchKind::Pause { node: 1 }, "n1 is paused"),
        (by_move(add(1, 1)), ""),
        (by_move(add(1, 1)), "worker 1 waits for an answer"),
        (
            deliver("c5 n1 1"),
            "n1 handles no events now: it is paused or waits for a sync",
        ),
        (TouchKind::Finish, ""),
        (TouchKind::Finish, "the main phase is over"),
        (
            by_move(add(0, 1)),
            "clients begin nothing more: the main phase is over",
        ),
    ];
    let touches: Vec<TouchKind> = plan.iter().map(|(what, _)| what.clone()).collect();
    let (hand, _) = at_once(ONCE, &touches, 1);
    let whys = plan.map(|(_, why)| why);
    let told = hand
        .done
        .into_iter()
        .map(|done| done.err().unwrap_or_default());
    assert_eq!(told.collect::<Vec<String>>(), whys);
}

/// Those of a script that are not possible are told.
#[test]
fn touches_of_a_script_that_are_not_possible_are_skipped() {
    let touch = |what| Touch {
        at_ns: MS,
        after: 0,
        what,
    };
    let script = Script {
        touches: vec![
            touch(TouchKind::Resume { node: 1 }),
            touch(by_move(add(0, 5))),
            touch(TouchKind::Finish),
        ],
        ..Script::default()
    };
    let (outcome, journal) = play(&ONCE, Workload::GSet, &quiet(), 1, &script);
    assert_eq!(
        moved(&journal, 2),
        ["1 send c4 n0 add 5", "1 recv c4 n0 add 5"]
    );
    let skipped = [(0, "n1 is not paused".to_owned())];
    assert_eq!(outcome.skipped_touches(), skipped);
}

/// Nothing waits for them.
#[test]
fn touches_after_the_end_are_told() {
    let touches = vec![Touch {
        at_ns: 3_600 * SECOND,
        after: 0,
        what: TouchKind::Pause { node: 1 },
    }];
    let script = Script {
        touches,
        ..Script::default()
    };
    let (outcome, _) = play(&ONCE, Workload::GSet, &quiet(), 1, &script);
    let skipped = [(0, "the run was over before then".to_owned())];
    assert_eq!(outcome.skipped_touches(), skipped);
}

/// Without operations of its own a run has nothing to do; the hand keeps its main phase open.
#[test]
fn a_hand_holds_the_main_phase_of_a_script_that_is_over() {
    let empty = Script::default();
    let idle = RunOptions {
        time_limit_ns: 1,
        ..quiet()
    };
    let mut hand = Planned::of([(1_000_000, by_move(add(0, 5))), (0, TouchKind::Finish)]);
    hand.holds = true;
    let (_, journal) = touch(&ONCE, Workload::GSet, &idle, 1, Some(&empty), &mut hand);
    assert_eq!(hand.done, [Ok(()), Ok(())]);
    let sent = r#"{"at_ns":1,"event":"send","id":4,"src":"c4","dest":"n0","body":{"element":5,"type":"add","msg_id":1}}"#;
    assert_eq!(journal.lines().nth(8), Some(sent));
    let script = hand.script();
    let (_, again) = play(&ONCE, Workload::GSet, &idle, 1, &script);
    assert_eq!(again, journal);
}

/// A hand that stops the run at its first moment after so many entries.
struct Until(u64);

impl Hand for Until {
    fn next(&mut self, moment: &Moment<'_>) -> Act {
        match moment.entries >= self.0 {
            true => Act::Stop,
            false => Act::GoOn,
        }
    }
}

#[test]
fn a_run_stops_where_it_is_told_to() {
    let (whole, journal) = play(&ONCE, Workload::GSet, &two_nodes(), 1, &Script::default());
    assert!(whole.stopped.is_none());
    let mut hand = Until(8);
    let script = Script::default();
    let (part, begun) = touch(
        &ONCE,
        Workload::GSet,
        &two_nodes(),
        1,
        Some(&script),
        &mut hand,
    );
    assert_eq!(stopped(&part), "at 0 s, the run was interrupted");
    assert_eq!(begun.lines().count(), 8);
    assert!(journal.starts_with(&begun));
}

/// A small generator of numbers, so that what is touched is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        match list.len() {
            0 => None,
            count => list.get(self.below(count)),
        }
    }
}

/// A hand that does something at every sixth moment or so, until it finishes.
struct Restless {
    dice: Dice,
    left: usize,
    plan: Planned,
    value: i64,
}

impl Restless {
    fn draw(&mut self, moment: &Moment<'_>) -> Option<TouchKind> {
        let node = self.dice.below(2);
        let flights = moment.in_flight();
        let message = |dice: &mut Dice| Some(dice.pick(&flights)?.message.clone());
        let what = match self.dice.below(16) {
            0..=2 => by_move(MoveKind::Deliver {
                message: message(&mut self.dice)?,
            }),
            3 => by_move(MoveKind::Lose {
                message: message(&mut self.dice)?,
            }),
            4 => by_move(MoveKind::Copy {
                message: message(&mut self.dice)?,
            }),
            5 => TouchKind::Delay {
                message: message(&mut self.dice)?,
                by_ns: 40 * MS,
            },
            6 => by_move(MoveKind::Fire { node, timer: 7 }),
            7 => by_move(MoveKind::Kill { node }),
            8 => by_move(MoveKind::Start { node }),
            9 => by_move(MoveKind::Cut {
                grudges: Grudges::new(vec![vec![1], Vec::new()]),
            }),
            10 => by_move(MoveKind::Heal),
            11 => TouchKind::Pause { node },
            12 => TouchKind::Resume { node },
            13 => by_move(MoveKind::TimeOut { worker: node }),
            14 => TouchKind::Send {
                node,
                body: r#"{"type":"read","msg_id":7}"#.to_owned(),
            },
            _ => {
                self.value += 1;
                by_move(add(node, self.value))
            }
        };
        Some(what)
    }
}

impl Hand for Restless {
    fn next(&mut self, moment: &Moment<'_>) -> Act {
        if let Act::Touch(what) = self.plan.next(moment) {
            return Act::Touch(what);
        }
        // Before, in and after the last operations, too.
        let is_early = moment.main_ns.is_none();
        if is_early || self.left == 0 || self.dice.below(6) > 0 {
            return Act::GoOn;
        }
        self.left -= 1;
        let what = match self.left {
            30 => Some(TouchKind::Finish),
            _ => self.draw(moment),
        };
        self.plan.plan.extend(what.map(|what| (0, what)));
        self.plan.next(moment)
    }
}

fn restless(options: &RunOptions, seed: u64) -> (Restless, Outcome, String) {
    let mut hand = Restless {
        dice: Dice(seed),
        left: 60,
        plan: Planned::default(),
        value: 1000,
    };
    let (outcome, journal) = touch(&AGAIN, Workload::GSet, options, seed, None, &mut hand);
    (hand, outcome, journal)
}

/// Every choice of the network and the clients has its own stream, so whatever was touched, the script gives the run.
#[test]
fn a_script_with_touches_gives_the_same_run_to_the_byte() {
    let worlds = [
        RunOptions {
            rate: 20.0,
            ..options(2, 20)
        },
        RunOptions {
            rate: 20.0,
            hops: None,
            latency: Latency {
                mean_ms: 30,
                distribution: Distribution::Exponential,
            },
            faults: vec![
                Fault::Partition,
                Fault::Kill,
                Fault::Pause,
                Fault::Loss,
                Fault::Duplicate,
            ],
            nemesis_interval_ns: SECOND,
            ..options(2, 20)
        },
        RunOptions {
            rate: 20.0,
            hops: None,
            latency: Latency {
                mean_ms: 30,
                distribution: Distribution::Uniform,
            },
            faults: vec![Fault::Hunt],
            network: NetworkModel::Ideal,
            ..options(2, 20)
        },
    ];
    let mut kinds = 0;
    for options in worlds {
        for seed in 1..=6 {
            let (hand, outcome, journal) = restless(&options, seed);
            assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
            kinds += hand.plan.touches.len();
            let script = Script {
                touches: hand.plan.touches,
                ..outcome.script.unwrap()
            };
            let (again, same) = play(&AGAIN, Workload::GSet, &options, seed, &script);
            assert_eq!(again.skipped_touches(), [], "seed {seed}");
            let mut both = journal.lines().zip(same.lines());
            assert_eq!(both.find(|(one, other)| one != other), None, "seed {seed}");
            assert_eq!(same.len(), journal.len(), "seed {seed}");
            assert_eq!(again.ops, outcome.ops, "seed {seed}");
        }
    }
    assert_eq!(kinds, 353);
}
