//! The order of versions that follows from time, against brute force on small random histories.

use super::script::{maelstroms_registers, registers, rounds, sequential, spanning, verdict};
use host_check::edn;
use host_check::history::{History, Kind, Op, Process};
use host_check::linear::{Budgets, ModelName, check_model};
use host_check::txn::model::Model;
use host_check::txn::rw_register;
use host_check::validity::{Checks, Validity};
use host_check::value::Value;
use proptest::prelude::*;

const STRICT: &str = "strict-serializable";

#[test]
fn a_read_of_what_was_overwritten_before_it_began_is_stale() {
    let history = sequential(&["ok [[:w 0 1]]", "ok [[:w 0 2]]", "ok [[:r 0 1]]"]);
    assert_eq!(registers(&history, STRICT), "G-single-item-realtime");
    assert_eq!(registers(&history, "serializable"), "ok");
    assert_eq!(maelstroms_registers(&history, STRICT), "ok");
}

#[test]
fn a_write_beside_an_update_of_nil_is_not_followed_by_a_read_of_the_update() {
    let history = rounds(&[
        &["ok [[:r 0 nil] [:w 0 1]]", "ok [[:w 0 2]]"],
        &["ok [[:r 0 1]]"],
    ]);
    assert_eq!(registers(&history, STRICT), "G-single-item-realtime");
    assert_eq!(maelstroms_registers(&history, STRICT), "ok");
}

#[test]
fn versions_that_are_read_in_turns_are_stale() {
    let history = rounds(&[
        &["ok [[:w 0 1]]", "ok [[:w 0 2]]"],
        &["ok [[:r 0 1]]"],
        &["ok [[:r 0 2]]"],
        &["ok [[:r 0 1]]"],
    ]);
    assert_eq!(registers(&history, STRICT), "G-single-item-realtime");
    // Only the reads tell: writes may have been in any order.
    assert_eq!(registers(&history, "strong-read-committed"), "ok");
}

#[test]
fn writes_in_the_wrong_order_are_wrong_where_reads_may_be_stale() {
    // The update of 2 made 1, which was written before 2 was begun.
    let history = sequential(&[
        "ok [[:w 0 1] [:w 1 1]]",
        "ok [[:w 0 2] [:w 1 2]]",
        "ok [[:r 1 2] [:w 1 3]]",
        "ok [[:r 0 2] [:r 1 1] [:w 1 4]]",
    ]);
    assert_eq!(registers(&history, STRICT), "G-single-item-realtime");
    let history = spanning(&[
        (0, 10, "[[:w 0 1]]"),
        (1, 2, "[[:r 0 1]]"),
        (3, 9, "[[:r 0 2] [:w 0 3]]"),
        (4, 5, "[[:w 0 2]]"),
        (6, 8, "[[:r 0 1]]"),
    ]);
    assert_eq!(registers(&history, STRICT), "G-single-item-realtime");
}

#[test]
fn a_process_sees_versions_in_order_under_models_of_sessions() {
    let history = rounds(&[
        &["ok [[:w 0 1]]", "", "ok [[:w 1 1]]"],
        &["ok [[:w 0 2]]", "ok [[:r 0 2]]"],
        &["", "ok [[:r 0 1]]"],
    ]);
    assert_eq!(
        registers(&history, "strong-session-serializable"),
        "G-single-item-process"
    );
    assert_eq!(registers(&history, "strong-session-read-committed"), "ok");
    assert_eq!(registers(&history, "serializable"), "ok");
}

#[test]
fn a_step_says_what_it_rests_on() {
    let history = sequential(&["ok [[:w 0 1]]", "ok [[:w 0 2]]", "ok [[:r 0 1]]"]);
    let result = rw_register(&history, &[Model::StrictSerializable], Checks::Strict).unwrap();
    let steps = &result.anomalies["G-single-item-realtime"][0].steps;
    let words: Vec<(String, Option<String>)> = steps
        .iter()
        .map(|step| {
            let text = format!(
                "{} < {} ({}): {}",
                step.from, step.to, step.kind, step.because
            );
            (text, step.unless.map(|it| it.name()))
        })
        .collect();
    assert_eq!(
        words,
        [
            (
                "T1 < T2 (ww): T1 wrote 1 in key 0 and T2 wrote 2 later: T1 wrote 1 and completed \
                 before the start of T2, which wrote 2"
                    .to_owned(),
                Some("G0-realtime".to_owned())
            ),
            (
                "T2 < T1 (ww): T2 wrote 2 in key 0 and T1 wrote 1 later: T2 wrote 2 and completed \
                 before the start of op 5, which read 1"
                    .to_owned(),
                Some("G-single-item-realtime".to_owned())
            ),
        ]
    );
    assert_eq!(verdict(&result), "G-single-item-realtime");
}

/// A micro-operation on a key: a write of a value, or a read with what it showed; 0 is nil.
#[derive(Clone, Copy, Debug)]
enum Mop {
    Write(usize, i64),
    Read(usize, i64),
}

#[derive(Clone, Debug)]
struct Txn {
    begin: i64,
    /// `None` if it got no answer.
    end: Option<i64>,
    mops: Vec<Mop>,
}

const KEYS: usize = 2;

/// For each transaction when it begins, takes effect and ends, whether it gets an answer, and what it
/// does: which key, whether it writes, and which wrong version it reads.
type Choice = (i64, i64, i64, u8, Vec<(usize, bool, u8)>);

fn choices(mops_max: usize, count: usize) -> impl Strategy<Value = Vec<Choice>> {
    let mop = (0..KEYS, any::<bool>(), 0..24_u8);
    let txn = (
        0..12_i64,
        0..5_i64,
        0..5_i64,
        0..10_u8,
        prop::collection::vec(mop, 1..=mops_max),
    );
    prop::collection::vec(txn, 1..=count)
}

/// Transactions that take effect one after the other, except that now and then a read lies.
fn txns(choices: &[Choice], keys: usize) -> Vec<Txn> {
    let mut order: Vec<usize> = (0..choices.len()).collect();
    order.sort_by_key(|&at| choices[at].0 + choices[at].1);
    let mut counts = [0; KEYS];
    for (key, ..) in choices.iter().flat_map(|it| &it.4).filter(|mop| mop.1) {
        counts[key % keys] += 1;
    }
    let (mut next, mut state) = ([0; KEYS], [0; KEYS]);
    let mut txns: Vec<Option<Txn>> = vec![None; choices.len()];
    for at in order {
        let (begin, lasts, more, end, mops) = &choices[at];
        let mops = mops.iter().map(|&(key, is_write, lie)| {
            let key = key % keys;
            if is_write {
                next[key] += 1;
                state[key] = next[key];
                return Mop::Write(key, next[key]);
            }
            let lie = i64::from(lie);
            Mop::Read(key, if lie <= counts[key] { lie } else { state[key] })
        });
        txns[at] = Some(Txn {
            mops: mops.collect(),
            begin: *begin,
            end: (*end > 0).then_some(begin + lasts + more + 1),
        });
    }
    txns.into_iter().flatten().collect()
}

/// As a history of `f`, whose values are made by `value` from micro-operations and whether these are
/// answered.
fn history(
    txns: &[Txn],
    f: impl Fn(&Txn) -> &'static str,
    value: impl Fn(&Txn, bool) -> Value,
) -> History {
    let mut events: Vec<(i64, bool, usize)> = Vec::new();
    for (at, txn) in txns.iter().enumerate() {
        events.push((2 * txn.begin, true, at));
        events.extend(txn.end.map(|end| (2 * end + 1, false, at)));
    }
    events.sort_unstable();
    let ops = events
        .iter()
        .enumerate()
        .map(|(index, &(time_ns, begins, at))| Op {
            index: index as u64,
            time_ns,
            kind: if begins { Kind::Invoke } else { Kind::Ok },
            process: Process::Client(at as i64),
            f: f(&txns[at]).into(),
            value: value(&txns[at], !begins),
            error: None,
            extra: Vec::new(),
        });
    History::new(ops.collect()).unwrap()
}

fn of_transactions(txns: &[Txn]) -> History {
    history(
        txns,
        |_| "txn",
        |txn, is_answered| {
            let mops = txn.mops.iter().map(|mop| match *mop {
                Mop::Write(key, value) => format!("[:w {key} {value}]"),
                Mop::Read(key, value) if is_answered && value > 0 => format!("[:r {key} {value}]"),
                Mop::Read(key, _) => format!("[:r {key} nil]"),
            });
            edn::read(format!("[{}]", mops.collect::<Vec<_>>().join(" ")).as_bytes()).unwrap()
        },
    )
}

fn of_a_register(txns: &[Txn]) -> History {
    let f = |txn: &Txn| match txn.mops[0] {
        Mop::Write(..) => "write",
        Mop::Read(..) => "read",
    };
    history(txns, f, |txn, is_answered| match txn.mops[0] {
        Mop::Write(_, value) => Value::Int(value),
        Mop::Read(_, value) if is_answered && value > 0 => Value::Int(value),
        Mop::Read(..) => Value::Nil,
    })
}

/// Whether some order of the answered transactions, and of any of the others, explains every read and
/// keeps to real time.
fn is_strictly_serializable(txns: &[Txn]) -> bool {
    fn go(txns: &[Txn], done: u32, state: [i64; KEYS]) -> bool {
        let left = || (0..txns.len()).filter(|at| done >> at & 1 == 0);
        let Some(must) = left().filter_map(|at| txns[at].end).min() else {
            return true;
        };
        left().filter(|&at| txns[at].begin <= must).any(|at| {
            let mut state = state;
            let is_explained = txns[at].mops.iter().all(|mop| match *mop {
                Mop::Write(key, value) => {
                    state[key] = value;
                    true
                }
                Mop::Read(key, value) => txns[at].end.is_none() || state[key] == value,
            });
            is_explained && go(txns, done | 1 << at, state)
        })
    }
    go(txns, 0, [0; KEYS])
}

fn judged(txns: &[Txn]) -> Validity {
    let history = of_transactions(txns);
    let result = rw_register(&history, &[Model::StrictSerializable], Checks::Strict).unwrap();
    result.valid
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn single_reads_and_writes_of_a_key_are_judged_as_a_register(choices in choices(1, 9)) {
        let txns = txns(&choices, 1);
        let judged = judged(&txns);
        let register = check_model(
            &of_a_register(&txns),
            ModelName::Register,
            Checks::Strict,
            &Budgets::default(),
        );
        prop_assert_eq!(register.unwrap().valid == Validity::True, is_strictly_serializable(&txns));
        if judged != Validity::Unknown {
            prop_assert_eq!(judged == Validity::True, is_strictly_serializable(&txns));
        }
    }

    #[test]
    fn what_has_a_strict_serialization_is_never_invalid(
        choices in choices(3, 6),
        keys in 1..=KEYS,
    ) {
        let txns = txns(&choices, keys);
        if is_strictly_serializable(&txns) {
            prop_assert!(judged(&txns) != Validity::False);
        }
    }
}
