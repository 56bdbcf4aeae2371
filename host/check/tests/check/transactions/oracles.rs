//! The checkers against brute force on tiny histories, and on histories of databases that are right
//! by construction.

use std::collections::HashMap;

use super::script::{rounds, sequential};
use super::simulate::{Isolation, Model as Kind, Plan, run};
use host_check::history::History;
use host_check::txn::findings::Step;
use host_check::txn::model::Model;
use host_check::txn::{list_append, rw_register};
use host_check::validity::{Checks, Validity};
use proptest::prelude::*;

/// A micro-operation on a key: an append (a write) of an element, or a read with what it showed.
#[derive(Clone, Debug)]
enum Mop {
    Write(usize, i64),
    Read(usize, Vec<i64>),
}

/// Transactions in rounds: those of a round are concurrent.
type Run = Vec<Vec<Vec<Mop>>>;

const KEYS: usize = 2;

/// Tiny runs. Elements of a key are 1, 2, ... in the order of the transactions; each read shows a
/// prefix of one order of its key, or now and then of another.
fn runs() -> impl Strategy<Value = Run> {
    let mop = (0..KEYS, any::<bool>(), 0..8_usize);
    let txn = prop::collection::vec(mop, 1..=3);
    let orders = prop::collection::vec(any::<u64>(), KEYS);
    (
        prop::collection::vec(prop::collection::vec(txn, 1..=2), 1..=2),
        orders,
    )
        .prop_map(|(shape, seeds)| {
            let mut counts = [0; KEYS];
            for &(key, is_write, _) in shape.iter().flatten().flatten() {
                counts[key] += i64::from(is_write);
            }
            let orders: Vec<Vec<i64>> = (0..KEYS)
                .map(|key| shuffled(counts[key], seeds[key]))
                .collect();
            let mut next = [0; KEYS];
            let mut run: Run = shape
                .iter()
                .map(|round| {
                    let txn = |txn: &Vec<(usize, bool, usize)>| {
                        txn.iter()
                            .map(|&(key, is_write, length)| {
                                if is_write {
                                    next[key] += 1;
                                    return Mop::Write(key, next[key]);
                                }
                                let length = length.min(orders[key].len());
                                Mop::Read(key, orders[key][..length].to_vec())
                            })
                            .collect()
                    };
                    round.iter().map(txn).collect()
                })
                .collect();
            // Everything is read at the end, so that the order of all versions is known.
            run.push(vec![
                (0..KEYS)
                    .map(|key| Mop::Read(key, orders[key].clone()))
                    .collect(),
            ]);
            run
        })
}

/// 1 to `count` in some order; in half of the cases in their own.
fn shuffled(count: i64, seed: u64) -> Vec<i64> {
    let mut order: Vec<i64> = (1..=count).collect();
    let mut seed = if seed.is_multiple_of(2) { 0 } else { seed };
    for at in 1..order.len() {
        order.swap(at, at - (seed % (at as u64 + 1)) as usize);
        seed /= 7;
    }
    order
}

fn history(run: &Run, kind: Kind) -> History {
    let mop = |mop: &Mop| match (mop, kind) {
        (Mop::Write(key, element), Kind::ListAppend) => format!("[:append {key} {element}]"),
        (Mop::Write(key, element), Kind::RwRegister) => format!("[:w {key} {element}]"),
        (Mop::Read(key, list), _) if list.is_empty() => format!("[:r {key} nil]"),
        (Mop::Read(key, list), Kind::ListAppend) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            format!("[:r {key} [{}]]", list.join(" "))
        }
        (Mop::Read(key, list), Kind::RwRegister) => {
            format!("[:r {key} {}]", list[list.len() - 1])
        }
    };
    let texts: Vec<Vec<String>> = run
        .iter()
        .map(|round| {
            let txn = |txn: &Vec<Mop>| {
                format!("ok [{}]", txn.iter().map(mop).collect::<Vec<_>>().join(" "))
            };
            round.iter().map(txn).collect()
        })
        .collect();
    let borrowed: Vec<Vec<&str>> = texts
        .iter()
        .map(|round| round.iter().map(String::as_str).collect())
        .collect();
    rounds(&borrowed.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Whether some order of all transactions explains every read; in real time, an order that keeps the
/// rounds apart.
fn is_serializable(run: &Run, kind: Kind, in_realtime: bool) -> bool {
    let all: Vec<(usize, &Vec<Mop>)> = run
        .iter()
        .enumerate()
        .flat_map(|(round, txns)| txns.iter().map(move |txn| (round, txn)))
        .collect();
    let mut state: Vec<Vec<i64>> = vec![Vec::new(); KEYS];
    goes_on(
        &all,
        &mut vec![false; all.len()],
        &mut state,
        kind,
        in_realtime,
    )
}

fn goes_on(
    all: &[(usize, &Vec<Mop>)],
    done: &mut Vec<bool>,
    state: &mut Vec<Vec<i64>>,
    kind: Kind,
    in_realtime: bool,
) -> bool {
    let Some(round) = (0..all.len())
        .filter(|&at| !done[at])
        .map(|at| all[at].0)
        .min()
    else {
        return true;
    };
    for at in 0..all.len() {
        if done[at] || (in_realtime && all[at].0 > round) {
            continue;
        }
        let before = state.clone();
        let is_explained = all[at].1.iter().all(|mop| match mop {
            Mop::Write(key, element) => {
                state[*key].push(*element);
                true
            }
            Mop::Read(key, list) => match kind {
                Kind::ListAppend => state[*key] == *list,
                Kind::RwRegister => state[*key].last() == list.last(),
            },
        });
        done[at] = true;
        if is_explained && goes_on(all, done, state, kind, in_realtime) {
            return true;
        }
        done[at] = false;
        *state = before;
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn lists_are_valid_exactly_if_an_order_explains_them(run in runs()) {
        let history = history(&run, Kind::ListAppend);
        for (model, in_realtime) in
            [(Model::Serializable, false), (Model::StrictSerializable, true)]
        {
            let result = list_append(&history, &[model], Checks::Strict).unwrap();
            let expected = is_serializable(&run, Kind::ListAppend, in_realtime);
            if result.valid != Validity::Unknown {
                prop_assert_eq!(
                    result.valid == Validity::True,
                    expected,
                    "{} {:?}",
                    model,
                    result.anomaly_types
                );
            }
        }
    }

    #[test]
    fn registers_that_an_order_explains_are_valid(run in runs()) {
        let history = history(&run, Kind::RwRegister);
        for (model, in_realtime) in
            [(Model::Serializable, false), (Model::StrictSerializable, true)]
        {
            if is_serializable(&run, Kind::RwRegister, in_realtime) {
                for checks in [Checks::Strict, Checks::Maelstrom] {
                    let result = rw_register(&history, &[model], checks).unwrap();
                    let is_empty = result.anomaly_types.len() == 1
                        && result.anomaly_types[0].name() == "empty-transaction-graph";
                    prop_assert!(
                        result.valid == Validity::True || is_empty,
                        "{} {:?}",
                        model,
                        result.anomaly_types
                    );
                }
            }
        }
    }
}

fn plans(isolation: Isolation) -> impl Strategy<Value = Plan> {
    (
        any::<bool>(),
        any::<u64>(),
        20..200_usize,
        1..8_usize,
        1..5_usize,
        1..6_usize,
        0..30_u64,
    )
        .prop_map(
            move |(lists, seed, txns, processes, keys, length_max, lost_percent)| {
                let kind = if lists {
                    Kind::ListAppend
                } else {
                    Kind::RwRegister
                };
                Plan {
                    isolation,
                    seed,
                    txns,
                    processes,
                    keys,
                    length_max,
                    lost_percent,
                    ..Plan::new(kind)
                }
            },
        )
}

fn anomalies(plan: Plan, model: Model) -> Vec<String> {
    let history = run(plan);
    let mut names = Vec::new();
    for checks in [Checks::Strict, Checks::Maelstrom] {
        let result = match plan.model {
            Kind::ListAppend => list_append(&history, &[model], checks),
            Kind::RwRegister => rw_register(&history, &[model], checks),
        };
        names.extend(
            result
                .unwrap()
                .anomaly_types
                .iter()
                .map(|anomaly| anomaly.name()),
        );
    }
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn serial_executions_are_strictly_serializable(plan in plans(Isolation::Serial)) {
        prop_assert_eq!(anomalies(plan, Model::StrictSerializable), Vec::<String>::new());
    }

    #[test]
    fn snapshots_of_the_invocation_are_strong_snapshot_isolation(
        plan in plans(Isolation::Snapshot),
    ) {
        prop_assert_eq!(anomalies(plan, Model::SnapshotIsolation), Vec::<String>::new());
        prop_assert_eq!(anomalies(plan, Model::StrongSnapshotIsolation), Vec::<String>::new());
    }
}

#[test]
fn snapshots_are_not_serializable_now_and_then() {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for seed in 0..50 {
        let plan = Plan {
            isolation: Isolation::Snapshot,
            seed,
            ..Plan::new(Kind::ListAppend)
        };
        for name in anomalies(plan, Model::Serializable) {
            *counts.entry(name).or_default() += 1;
        }
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["G2-item"]);
}

/// At which node a transaction happens, its micro-operations, and what reaches which node then.
type Choice = (u8, Vec<(usize, bool)>, u8);

/// A register that each of several nodes keeps for itself: transactions happen at one node at an
/// instant, and what they wrote reaches the others key by key at any time later. Of two writes the
/// one with the greater Lamport clock stays.
fn gossiped(choices: &[Choice]) -> History {
    const NODES: usize = 3;
    let mut nodes: Vec<HashMap<usize, (u64, i64)>> = vec![HashMap::new(); NODES];
    let (mut clock, mut next) = (0, 0);
    let mut txns: Vec<String> = Vec::new();
    for (node, mops, spread) in choices {
        let node = usize::from(*node) % NODES;
        let mut texts = Vec::new();
        for &(key, is_write) in mops {
            if is_write {
                clock += 1;
                next += 1;
                nodes[node].insert(key, (clock, next));
                texts.push(format!("[:w {key} {next}]"));
            } else {
                let shown = nodes[node].get(&key);
                let shown = shown.map_or("nil".to_owned(), |(_, value)| value.to_string());
                texts.push(format!("[:r {key} {shown}]"));
            }
        }
        txns.push(format!("ok [{}]", texts.join(" ")));
        let (to, key) = (
            usize::from(*spread) % NODES,
            usize::from(*spread) / NODES % 3,
        );
        if let Some(&write) = nodes[node].get(&key) {
            let there = nodes[to].entry(key).or_default();
            *there = write.max(*there);
        }
    }
    sequential(&txns.iter().map(String::as_str).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_last_writer_wins_is_read_committed(
        choices in prop::collection::vec(
            (any::<u8>(), prop::collection::vec((0..3_usize, any::<bool>()), 1..4), any::<u8>()),
            1..40,
        ),
    ) {
        let history = gossiped(&choices);
        for checks in [Checks::Strict, Checks::Maelstrom] {
            let result = rw_register(&history, &[Model::ReadCommitted], checks).unwrap();
            let wrong = result.anomaly_types.iter().map(|anomaly| anomaly.name());
            let wrong: Vec<String> =
                wrong.filter(|name| name != "empty-transaction-graph").collect();
            prop_assert_eq!(wrong, Vec::<String>::new());
        }
    }
}

/// Transactions that did anything: what reads show is drawn at random.
fn arbitrary(kind: Kind) -> impl Strategy<Value = History> {
    let shown = prop::collection::vec(1..6_i64, 0..4);
    let mop = (0..3_usize, any::<bool>(), shown);
    let txn = (prop::collection::vec(mop, 0..4), 0..8_u8);
    prop::collection::vec(prop::collection::vec(txn, 1..4), 1..4).prop_map(move |shape| {
        let mut written = [0; 3];
        let mut texts = Vec::new();
        for round in shape {
            let round = round.into_iter().map(|(mops, end)| {
                let mops = mops.into_iter().map(|(key, is_write, shown)| {
                    let shown: Vec<String> = shown.iter().map(ToString::to_string).collect();
                    match kind {
                        _ if is_write => {
                            written[key] += 1;
                            let write = ["append", "w"][usize::from(kind == Kind::RwRegister)];
                            format!("[:{write} {key} {}]", written[key])
                        }
                        Kind::ListAppend => format!("[:r {key} [{}]]", shown.join(" ")),
                        Kind::RwRegister => {
                            format!("[:r {key} {}]", shown.first().map_or("nil", |it| it))
                        }
                    }
                });
                let end = match end {
                    0 => "info",
                    1 => "fail",
                    _ => "ok",
                };
                format!("{end} [{}]", mops.collect::<Vec<_>>().join(" "))
            });
            texts.push(round.collect::<Vec<String>>());
        }
        let texts: Vec<Vec<&str>> = texts
            .iter()
            .map(|round| round.iter().map(String::as_str).collect())
            .collect();
        rounds(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    })
}

/// What a cycle is called, by its steps.
fn class(steps: &[Step]) -> String {
    let is = |at: usize, kind: &str| steps[at % steps.len()].kind == kind;
    let count = |kind: &str| (0..steps.len()).filter(|&at| is(at, kind)).count();
    let is_adjacent = (0..steps.len()).any(|at| is(at, "rw") && is(at + 1, "rw"));
    let class = match (count("rw"), is_adjacent) {
        (0, _) if count("wr") > 0 => "G1c",
        (0, _) => "G0",
        (1, _) => "G-single-item",
        (_, false) => "G-nonadjacent-item",
        (_, true) => "G2-item",
    };
    let suffix = match (count("process"), count("realtime")) {
        (0, 0) => "",
        (_, 0) => "-process",
        _ => "-realtime",
    };
    // Orders in time put one version before another unless there was a cycle of another class.
    let unless = steps
        .iter()
        .filter_map(|step| step.unless.map(|it| it.name()));
    let (mut classes, mut suffixes) = (vec![class.to_owned()], vec![suffix.to_owned()]);
    for name in unless {
        let at = ["-process", "-realtime"]
            .iter()
            .find_map(|it| name.find(it))
            .unwrap();
        classes.push(name[..at].to_owned());
        suffixes.push(name[at..].to_owned());
    }
    let order = [
        "G0",
        "G1c",
        "G-single-item",
        "G-nonadjacent-item",
        "G2-item",
    ];
    classes.sort_by_key(|class| order.iter().position(|it| it == class));
    suffixes.sort();
    format!("{}{}", classes.last().unwrap(), suffixes.last().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happened_is_judged_and_explained(
        lists in arbitrary(Kind::ListAppend),
        registers in arbitrary(Kind::RwRegister),
    ) {
        let stronger = [
            Model::ReadUncommitted,
            Model::SnapshotIsolation,
            Model::Serializable,
            Model::StrongSessionSerializable,
            Model::StrictSerializable,
        ];
        for checks in [Checks::Strict, Checks::Maelstrom] {
            let mut worst = Validity::True;
            for model in stronger {
                let of_lists = list_append(&lists, &[model], checks).unwrap();
                let of_registers = rw_register(&registers, &[model], checks).unwrap();
                for (name, cases) in of_lists.anomalies.iter().chain(&of_registers.anomalies) {
                    for cycle in cases.iter().filter(|case| !case.steps.is_empty()) {
                        prop_assert_eq!(name, &class(&cycle.steps));
                        for step in &cycle.steps {
                            let is_data = ["ww", "wr", "rw"].contains(&step.kind);
                            prop_assert_eq!(step.key.is_some(), is_data);
                        }
                    }
                }
                prop_assert!(worst != Validity::False || of_lists.valid == Validity::False);
                worst = worst.max(of_lists.valid);
            }
        }
    }
}
