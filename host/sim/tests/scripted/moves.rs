//! Runs whose scripts say the order of everything, with journals that were worked out by hand.

use host_check::history::{Kind, Op, Process};
use host_check::value::{Name, Value};
use host_check::workload::Workload;
use host_guest::Start;
use host_sim::nemesis::Grudges;
use host_sim::{
    Distribution, Latency, MS, MessageRef, Move, MoveKind, NetworkModel, Operation, Outcome,
    RunOptions, Script, Survival, begins_ns,
};

use crate::disk::Keeper;
use crate::runs::{entries, options, play};
use guests::{Gossip, Ticks};

mod before;
pub(crate) mod guests;
mod skipped;

/// No move is skipped.
const NONE: [usize; 0] = [];

/// With two nodes, `c0` and `c1` send `init`, `c2` and `c3` have nothing to prepare for a g-set, and
/// `c4` and `c5` are the workers' clients.
const ADD: &str = "c4 n0 1";

pub(crate) fn message(name: &str) -> MessageRef {
    let parts: Vec<&str> = name.split(' ').collect();
    MessageRef {
        src: parts[0].to_owned(),
        dest: parts[1].to_owned(),
        number: parts[2].parse().unwrap(),
    }
}

pub(crate) fn add(worker: usize, element: i64) -> MoveKind {
    MoveKind::Invoke {
        worker,
        operation: Operation::new(&Name::from("add"), Value::Int(element)),
    }
}

fn deliver(name: &str) -> MoveKind {
    let message = message(name);
    MoveKind::Deliver { message }
}

fn lose(name: &str) -> MoveKind {
    let message = message(name);
    MoveKind::Lose { message }
}

fn copy(name: &str) -> MoveKind {
    let message = message(name);
    MoveKind::Copy { message }
}

/// All at the beginning of the main phase.
fn at_once(moves: &[MoveKind]) -> Script {
    let moves: Vec<(u64, MoveKind)> = moves.iter().map(|what| (0, what.clone())).collect();
    at(&moves)
}

/// At these times, in milliseconds.
fn at(moves: &[(u64, MoveKind)]) -> Script {
    let moves = moves.iter().map(|(at_ms, what)| Move {
        at_ns: at_ms * MS,
        what: what.clone(),
    });
    Script {
        moves: moves.collect(),
        ..Script::default()
    }
}

/// Two nodes; messages take 30 ms when no move decides it.
pub(crate) fn two_nodes() -> RunOptions {
    RunOptions {
        latency: Latency {
            mean_ms: 30,
            ..Latency::default()
        },
        disk_latency: Latency {
            mean_ms: 20,
            ..Latency::default()
        },
        network: NetworkModel::Ideal,
        ..options(2, 1)
    }
}

fn run(program: &dyn Start, script: &Script) -> (Outcome, String) {
    let (outcome, journal) = play(program, Workload::GSet, &two_nodes(), 1, script);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    (outcome, journal)
}

/// The journal in short: `30 recv n0 n1 tell 5`.
pub(crate) fn short(journal: &str) -> Vec<String> {
    let mut bodies = std::collections::BTreeMap::new();
    let entries = entries(journal).into_iter();
    let lines = entries.map(|entry| {
        let at_ns = entry["at_ns"].as_u64().unwrap();
        assert_eq!(at_ns % MS, 0, "{entry}");
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let id = entry["id"].to_string();
        if let Some(body) = entry.get("body") {
            bodies.insert(id.clone(), body.clone());
        }
        let body = bodies.get(&id).filter(|_| entry.get("src").is_some());
        let what = body.and_then(|body| {
            let kind = body["type"].as_str()?;
            let value = body.get("element").or(body.get("value"));
            Some(value.map_or(kind.to_owned(), |value| format!("{kind} {value}")))
        });
        let other = ["node", "what", "f", "text"].map(text);
        let parts = [text("event"), text("src"), text("dest"), what, text("why")];
        let parts = parts.into_iter().chain(other).flatten();
        let words: Vec<String> = parts.collect();
        format!("{} {}", at_ns / MS, words.join(" "))
    });
    lines.collect()
}

/// The first so many entries after those of the preparation.
pub(crate) fn moved(journal: &str, count: usize) -> Vec<String> {
    let all = short(journal);
    let prepared = all.iter().position(|it| it == "0 recv n1 c1 init_ok");
    let moved = all.into_iter().skip(prepared.unwrap() + 1);
    moved.take(count).collect()
}

/// The last read of each worker.
fn last_reads(outcome: &Outcome) -> Vec<String> {
    let reads = outcome
        .ops
        .iter()
        .filter(|op| &*op.f == "read" && op.kind == Kind::Ok);
    reads.map(|op| op.value.to_string()).collect()
}

/// The nemesis' operations that tell what it did.
fn nemesis(outcome: &Outcome) -> Vec<String> {
    let ops = outcome
        .ops
        .iter()
        .filter(|op| op.process == Process::Nemesis);
    let told = ops.filter(|op| op.value != Value::Nil && op.value.to_string() != ":all");
    told.map(|op| format!("{} {} {}", op.time_ns / 1_000_000, op.f, op.value))
        .collect()
}

#[test]
fn messages_arrive_in_the_order_of_the_moves_and_the_rest_after_them() {
    // n1 is asked second and answers first; what it tells n0 arrives before n0 is asked.
    let script = at(&[
        (0, add(0, 10)),
        (0, add(1, 11)),
        (0, deliver("c5 n1 1")),
        (3, deliver("n1 n0 1")),
        (3, deliver("n1 c5 1")),
        (4, deliver(ADD)),
    ]);
    let (outcome, journal) = run(&Gossip { tries_again: false }, &script);
    let expected = [
        "0 send c4 n0 add 10",
        "0 send c5 n1 add 11",
        "0 recv c5 n1 add 11",
        "0 send n1 n0 tell 11",
        "0 send n1 c5 add_ok",
        "3 recv n1 n0 tell 11",
        "3 recv n1 c5 add_ok",
        "4 recv c4 n0 add 10",
        "4 send n0 n1 tell 10",
        "4 send n0 c4 add_ok",
        // Nothing directs the run any more.
        "4 recv n0 c4 add_ok",
        "34 recv n0 n1 tell 10",
        "10004 send c4 n0 read",
    ];
    assert_eq!(moved(&journal, expected.len()), expected);
    assert_eq!(last_reads(&outcome), ["[11 10]", "[11 10]"]);
    assert_eq!(outcome.skipped_moves(), NONE);
    assert_eq!(outcome.ops[2].time_ns, 3_000_000);
}

#[test]
fn the_same_moves_give_the_same_journal_however_long_messages_take_otherwise() {
    let mut moves = vec![
        add(0, 1),
        deliver(ADD),
        deliver("n0 c4 1"),
        deliver("n0 n1 1"),
    ];
    moves.push(MoveKind::Fire { node: 0, timer: 7 });
    moves.push(deliver("n1 n0 1"));
    moves.push(deliver("n0 n1 2"));
    moves.push(deliver("n1 n0 2"));
    let script = at_once(&moves);
    let gossip = Gossip { tries_again: true };
    let (_, once) = run(&gossip, &script);
    let (_, again) = run(&gossip, &script);
    assert_eq!(once, again);
    let slow = RunOptions {
        latency: Latency {
            mean_ms: 500,
            distribution: Distribution::Exponential,
        },
        network: NetworkModel::Maelstrom,
        ..two_nodes()
    };
    let (outcome, other) = play(&gossip, Workload::GSet, &slow, 1, &script);
    assert_eq!(outcome.skipped_moves(), NONE);
    assert_eq!(other, once);
}

#[test]
fn a_lost_message_is_missed_unless_it_is_sent_again() {
    let script = at(&[
        (0, add(0, 5)),
        (0, deliver(ADD)),
        (0, deliver("n0 c4 1")),
        (0, lose("n0 n1 1")),
    ]);
    let (outcome, journal) = run(&Gossip { tries_again: false }, &script);
    assert_eq!(last_reads(&outcome), ["[5]", "[]"]);
    assert_eq!(moved(&journal, 6)[5], "0 drop n0 n1 tell 5 loss");
    let lines = outcome.coverage.lines();
    assert_eq!(
        lines,
        ["1 lose-one, 1 of them took messages: 1 (1 on its way)"]
    );
    assert!(nemesis(&outcome).is_empty());
    let (outcome, _) = run(&Gossip { tries_again: true }, &script);
    assert_eq!(last_reads(&outcome), ["[5]", "[5]"]);
}

#[test]
fn of_a_copy_the_message_is_still_on_its_way() {
    let script = at_once(&[
        add(0, 5),
        deliver(ADD),
        copy("n0 n1 1"),
        copy("n0 n1 1"),
        deliver("n0 c4 1"),
    ]);
    let (outcome, journal) = run(&Gossip { tries_again: false }, &script);
    let recv = short(&journal)
        .into_iter()
        .filter(|it| it.ends_with("tell 5"));
    let recv: Vec<String> = recv.collect();
    assert_eq!(
        recv,
        [
            "0 send n0 n1 tell 5",
            "0 recv n0 n1 tell 5",
            "0 recv n0 n1 tell 5",
            "30 recv n0 n1 tell 5",
        ]
    );
    assert_eq!(last_reads(&outcome), ["[5]", "[5 5 5]"]);
    assert_eq!(
        outcome.coverage.lines(),
        ["2 periods of duplication, 2 of them doubled messages: 2"]
    );
}

/// The readings of clocks in the log, in milliseconds of virtual time, each with its node.
fn ticks(journal: &str) -> Vec<(String, u64)> {
    let entries = entries(journal).into_iter();
    let logs = entries.filter(|entry| entry["event"] == "log");
    let ticks = logs.map(|entry| {
        let reads_ns: u64 = entry["text"].as_str().unwrap().parse().unwrap();
        let at_ns = entry["at_ns"].as_u64().unwrap();
        assert_eq!(reads_ns, begins_ns(1) + at_ns);
        (entry["node"].as_str().unwrap().to_owned(), at_ns / MS)
    });
    ticks.collect()
}

#[test]
fn a_timer_fires_when_it_is_told_to_and_sees_that_time() {
    let fire = |node| MoveKind::Fire { node, timer: 1 };
    let script = at(&[(40, fire(1)), (40, fire(1)), (250, fire(0))]);
    let (outcome, journal) = play(&Ticks, Workload::UniqueIds, &two_nodes(), 1, &script);
    assert_eq!(outcome.skipped_moves(), NONE);
    let told = [("n1", 40), ("n1", 40), ("n0", 250)].map(|(node, at)| (node.to_owned(), at));
    // Unique-ids has no last operations: the run ends with the last move.
    assert_eq!(ticks(&journal), told);
    assert_eq!(outcome.end_ns, 250 * MS);
}

#[test]
fn timers_that_are_late_after_the_last_move_fire_at_once() {
    let fire = MoveKind::Fire { node: 0, timer: 1 };
    let script = at(&[(250, fire)]);
    let (_, journal) = play(&Ticks, Workload::GSet, &two_nodes(), 1, &script);
    let expected = [("n0", 250), ("n1", 250), ("n0", 350), ("n1", 350)];
    let expected = expected.map(|(node, at)| (node.to_owned(), at));
    assert_eq!(ticks(&journal)[..4], expected);
}

#[test]
fn power_that_fails_between_the_answer_and_the_sync_takes_what_was_answered() {
    let power = MoveKind::Power {
        node: 0,
        survival: Survival::None,
    };
    let start = MoveKind::Start { node: 0 };
    let moves = |synced: Option<MoveKind>| {
        let before = [add(0, 5), deliver("c2 n0 1"), deliver("n0 c2 1")].into_iter();
        let after = [power.clone(), start.clone(), deliver("n0 c3 1")];
        at_once(&before.chain(synced).chain(after).collect::<Vec<_>>())
    };
    let one = RunOptions {
        network: NetworkModel::Ideal,
        ..options(1, 1)
    };
    let play = |script: &Script| {
        let (outcome, journal) = play(&Keeper::AnswersFirst, Workload::GSet, &one, 1, script);
        assert_eq!(outcome.skipped_moves(), NONE);
        (last_reads(&outcome), nemesis(&outcome), short(&journal))
    };
    let (reads, told, journal) = play(&moves(None));
    assert_eq!(reads, ["[]"]);
    assert_eq!(
        told,
        [
            r#"0 power-off {"n0" :powered-off}"#,
            r#"0 power-on {"n0" :started}"#,
        ]
    );
    let from = journal.iter().position(|it| it.contains("add 5")).unwrap();
    assert_eq!(
        journal[from..from + 15],
        [
            "0 send c2 n0 add 5",
            "0 recv c2 n0 add 5",
            "0 send n0 c2 add_ok",
            "0 disk n0 changed",
            "0 disk n0 changed",
            "0 disk n0 sync",
            "0 recv n0 c2 add_ok",
            "0 fault power-off",
            "0 disk n0 lost",
            "0 disk n0 lost",
            "0 send c3 n0 init",
            "0 fault power-on",
            "0 recv c3 n0 init",
            "0 send n0 c3 init_ok",
            "0 recv n0 c3 init_ok",
        ]
    );
    let (reads, ..) = play(&moves(Some(MoveKind::Synced { node: 0 })));
    assert_eq!(reads, ["[5]"]);
}

#[test]
fn a_sync_ends_by_a_move_or_at_once_after_the_last() {
    let script = at(&[
        (0, add(0, 5)),
        (0, deliver("c2 n0 1")),
        (7, MoveKind::Synced { node: 0 }),
        (7, deliver("n0 c2 1")),
        (9, add(0, 6)),
        (9, deliver("c2 n0 2")),
    ]);
    let one = RunOptions {
        disk_latency: Latency {
            mean_ms: 20,
            ..Latency::default()
        },
        network: NetworkModel::Ideal,
        ..options(1, 1)
    };
    let (outcome, journal) = play(&Keeper::Syncs, Workload::GSet, &one, 1, &script);
    let lines = short(&journal);
    let sent = lines.iter().filter(|it| it.ends_with("send n0 c2 add_ok"));
    let sent: Vec<&str> = sent.map(String::as_str).collect();
    assert_eq!(sent, ["7 send n0 c2 add_ok", "9 send n0 c2 add_ok"]);
    assert_eq!(outcome.skipped_moves(), NONE);
    assert_eq!(last_reads(&outcome), ["[5 6]"]);
}

#[test]
fn links_are_cut_and_work_again() {
    let cut = MoveKind::Cut {
        grudges: Grudges::new(vec![vec![], vec![0]]), // n1 does not hear n0
    };
    let script = at(&[
        (0, add(0, 5)),
        (0, add(1, 6)),
        (0, deliver(ADD)),
        (0, deliver("c5 n1 1")),
        (1, cut.clone()),
        (2, deliver("n0 n1 1")),
        (3, deliver("n1 n0 1")),
        (4, MoveKind::Heal),
        (4, deliver("n0 c4 1")),
        (5, add(0, 7)),
        (5, deliver("c4 n0 2")),
        (6, deliver("n0 n1 2")),
        (7, cut),
    ]);
    let (outcome, journal) = run(&Gossip { tries_again: false }, &script);
    assert_eq!(outcome.skipped_moves(), NONE);
    let lines = short(&journal);
    let told = lines
        .iter()
        .filter(|it| it.contains("tell") && !it.contains("send"));
    let told: Vec<&str> = told.map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "2 drop n0 n1 tell 5 partition",
            "3 recv n1 n0 tell 6",
            "6 recv n0 n1 tell 7"
        ]
    );
    assert_eq!(last_reads(&outcome), ["[5 6 7]", "[6 7]"]);
    // The worker of n1, and that of n0 with its second operation, end theirs after the last move.
    assert_eq!(
        nemesis(&outcome),
        [
            r#"1 start-partition [:isolated {"n0" #{}, "n1" #{"n0"}}]"#,
            "4 stop-partition :network-healed",
            r#"7 start-partition [:isolated {"n0" #{}, "n1" #{"n0"}}]"#,
            "7 stop-partition :network-healed",
        ]
    );
    assert_eq!(
        outcome.coverage.lines(),
        ["2 partitions, 1 of them took messages: 1 (1 on its way)"]
    );
}

#[test]
fn who_is_killed_forgets_and_starts_when_it_is_told_to_or_at_the_end() {
    let kill = |node| MoveKind::Kill { node };
    let script = at(&[
        (0, add(0, 5)),
        (0, deliver(ADD)),
        (1, kill(0)),
        (1, kill(1)),
        (2, deliver("n0 n1 1")), // nobody is there
        (3, MoveKind::Start { node: 1 }),
        (3, deliver("n1 c6 1")),
        (4, deliver("n0 c4 1")), // it was sent before
    ]);
    let (outcome, journal) = run(&Gossip { tries_again: false }, &script);
    assert_eq!(outcome.skipped_moves(), NONE);
    assert_eq!(
        nemesis(&outcome),
        [
            r#"1 kill {"n0" :killed}"#,
            r#"1 kill {"n1" :killed}"#,
            r#"3 start {"n1" :started}"#,
            r#"4 start {"n0" :started}"#,
        ]
    );
    assert!(short(&journal).contains(&"2 drop n0 n1 tell 5 down".to_owned()));
    assert_eq!(last_reads(&outcome), ["[]", "[]"]);
}

#[test]
fn who_gives_up_is_another_process_with_another_client() {
    let time_out = MoveKind::TimeOut { worker: 0 };
    let script = at(&[
        (0, add(0, 5)),
        (2, time_out),
        (2, deliver(ADD)),
        (3, add(0, 6)),
        (3, deliver("n0 c4 1")),
        (3, deliver("c6 n0 1")),
        (4, deliver("n0 c6 1")),
    ]);
    let (outcome, journal) = run(&Gossip { tries_again: false }, &script);
    assert_eq!(outcome.skipped_moves(), NONE);
    let ops = outcome.ops.iter().filter(|op| &*op.f == "add");
    let told = |op: &Op| {
        format!(
            "{} {} {} {}",
            op.time_ns / 1_000_000,
            op.process,
            op.kind,
            op.value
        )
    };
    let ops: Vec<String> = ops.map(told).collect();
    assert_eq!(
        ops,
        ["0 0 invoke 5", "2 0 info 5", "3 2 invoke 6", "4 2 ok 6"]
    );
    assert!(short(&journal).contains(&"3 drop n0 c4 add_ok gone".to_owned()));
    assert_eq!(outcome.silences.len(), 1);
}

#[test]
fn clients_wait_from_the_last_move_on() {
    // The request is lost with the node, 40 s after it was sent, which no client would have waited.
    let script = at(&[
        (0, add(0, 5)),
        (40_000, MoveKind::Kill { node: 0 }),
        (40_000, deliver(ADD)),
    ]);
    let (outcome, _) = run(&Gossip { tries_again: false }, &script);
    let ends = outcome
        .ops
        .iter()
        .find(|op| op.kind == Kind::Info && op.process != Process::Nemesis);
    assert_eq!(ends.unwrap().time_ns, 45_000_000_000);
}

#[test]
fn operations_and_faults_are_counted() {
    let cut = MoveKind::Cut {
        grudges: Grudges::new(vec![vec![1], vec![]]),
    };
    let script = at_once(&[
        add(0, 1),
        MoveKind::Kill { node: 0 },
        lose("n0 n1 1"),
        cut,
        MoveKind::Heal,
        MoveKind::Kill { node: 1 },
        copy("n0 n1 2"),
    ]);
    assert_eq!(script.counts(), (1, 5));
}
