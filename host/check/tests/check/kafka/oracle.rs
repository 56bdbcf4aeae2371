//! The checker against its definitions, on small histories without rhyme or reason.

use std::collections::{BTreeMap, BTreeSet};

use super::naive::{Naive, naive};
use crate::script::json;
use host_check::history::{History, Kind, Op, Process};
use host_check::kafka::{ErrorType, Kafka, kafka};
use host_check::validity::{Checks, Validity};
use host_check::value::{Map, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

/// One micro-operation: whether it sends, to which key, at which offset relative to the message's
/// number, which messages it polls from which on, and how that poll is distorted.
type Micro = (bool, usize, i64, i64, i64, u8);

/// Who, what kind of operation, how it ends, its micro-operations.
type Step = (i64, u8, u8, Vec<Micro>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let noise = prop_oneof![5 => Just(0_i64), 1 => -4..5_i64];
    let micro = (
        any::<bool>(),
        0..2_usize,
        noise,
        0..8_i64,
        0..5_i64,
        0..20_u8,
    );
    prop::collection::vec(
        (
            0..3_i64,
            0..12_u8,
            0..8_u8,
            prop::collection::vec(micro, 1..4),
        ),
        0..80,
    )
}

const KEYS: [&str; 2] = ["a", "b"];

/// So many messages are sent to a key; who would send another polls instead. A distorted poll shows up to four more: all
/// of them are in [`super::naive`]'s set.
const SENDS_MAX: i64 = 16;

/// Every process invokes or completes, as it is its turn.
fn random_history(steps: &[Step]) -> History {
    let mut ops: Vec<Op> = Vec::new();
    let mut open: BTreeMap<i64, (&str, Value, Value)> = BTreeMap::new();
    let mut sent = [0_i64; 2];
    for (process, what, ends, micro_ops) in steps {
        let mut push = |kind: Kind, f: &str, value: Value| {
            ops.push(Op {
                index: ops.len() as u64,
                time_ns: 1_000 * ops.len() as i64,
                kind,
                process: Process::Client(*process),
                f: f.into(),
                value,
                error: None,
                extra: Vec::new(),
            });
        };
        if let Some((f, asked, answered)) = open.remove(process) {
            match ends {
                0 => push(Kind::Fail, f, asked),
                1 => push(Kind::Info, f, asked),
                2 => push(Kind::Info, f, answered),
                3 => push(Kind::Fail, f, answered),
                _ => push(Kind::Ok, f, answered),
            }
            continue;
        }
        let (f, micro_ops) = match what {
            0 => ("assign", &micro_ops[..]),
            1 => ("subscribe", &micro_ops[..]),
            2..=3 => ("txn", &micro_ops[..]),
            _ if micro_ops[0].0 && sent[micro_ops[0].1] < SENDS_MAX => ("send", &micro_ops[..1]),
            _ => ("poll", &micro_ops[..1]),
        };
        let (asked, answered) = if *what < 2 {
            let keys: BTreeSet<&str> = micro_ops.iter().map(|it| KEYS[it.1]).collect();
            let keys: Vec<Value> = keys.into_iter().map(Value::from).collect();
            (Value::from(keys.clone()), Value::from(keys))
        } else {
            let both = micro_ops.iter().map(|it| micro_op(*it, &mut sent));
            let (asked, answered): (Vec<Value>, Vec<Value>) = both.unzip();
            (Value::from(asked), Value::from(answered))
        };
        push(Kind::Invoke, f, asked.clone());
        open.insert(*process, (f, asked, answered));
    }
    // What is open at the end would count as left open, which the definitions do not know.
    for (process, (f, asked, _)) in open {
        ops.push(Op {
            index: ops.len() as u64,
            time_ns: 1_000 * ops.len() as i64,
            kind: Kind::Info,
            process: Process::Client(process),
            f: f.into(),
            value: asked,
            error: None,
            extra: Vec::new(),
        });
    }
    History::new(ops).unwrap()
}

/// A micro-operation as it is asked and as it is answered.
fn micro_op(
    (is_send, key, noise, from, count, distortion): Micro,
    sent: &mut [i64; 2],
) -> (Value, Value) {
    let name = |name: &str| Value::Keyword(name.into());
    let key_value = Value::from(KEYS[key]);
    if is_send && sent[key] < SENDS_MAX {
        let message = sent[key];
        sent[key] += 1;
        let with = |value: Value| Value::from(vec![name("send"), key_value.clone(), value]);
        let offset = (2 * message + noise).max(0);
        let answered = match distortion {
            0 => Value::Int(message),
            _ => Value::from(vec![offset, message]),
        };
        return (with(Value::Int(message)), with(answered));
    }
    let from = from % (sent[key] + 1);
    let until = match distortion {
        6 => sent[key] + 1,
        7 => sent[key] + 4,
        _ => sent[key],
    };
    let mut pairs: Vec<(i64, i64)> = (from..until.min(from + count))
        .map(|message| (2 * message, message))
        .collect();
    match distortion {
        1 => pairs.reverse(),
        2 if pairs.len() > 2 => drop(pairs.remove(1)),
        3 => pairs
            .iter_mut()
            .for_each(|pair| pair.0 = (pair.0 + noise).max(0)),
        4 => pairs.extend(pairs.last().copied()),
        _ => {}
    }
    let pairs = pairs.into_iter().map(|(offset, message)| match distortion {
        5 => Value::from(vec![Value::Nil, Value::Int(message)]),
        _ => Value::from(vec![offset, message]),
    });
    let shown: Map = [(key_value, Value::from(pairs.collect::<Vec<_>>()))]
        .into_iter()
        .collect();
    let asked = Value::from(vec![name("poll")]);
    (
        asked,
        Value::from(vec![name("poll"), Value::Map(Box::new(shown))]),
    )
}

/// The checker's result, in the terms of the naive one.
fn as_naive(result: &Kafka) -> Naive {
    let shown = json(result);
    let errs = |name: &str| {
        let errs = shown[name]["errs"].as_array();
        errs.cloned().unwrap_or_default()
    };
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let int = |value: &Json| value.as_i64().unwrap();
    let place = |value: &Json| value.as_u64().unwrap() as usize;
    let ints = |value: &Json| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(int)
            .collect::<Vec<_>>()
    };
    let mut naive = Naive::default();
    for (error_type, errors) in &result.errors {
        naive
            .counts
            .insert(error_type.name().to_owned(), errors.count());
        for case in errs(error_type.name()) {
            match error_type {
                ErrorType::LostWrite => {
                    let (index, bound) = (place(&case["index"]), place(&case["max-read-index"]));
                    naive
                        .lost
                        .insert((text(&case["key"]), int(&case["value"]), index, bound));
                }
                ErrorType::Duplicate => {
                    let offsets = ints(&case["offsets"]);
                    naive
                        .duplicates
                        .insert((text(&case["key"]), int(&case["value"]), offsets));
                }
                ErrorType::InconsistentOffsets => {
                    let index = place(&case["index"]);
                    let messages = ints(&case["values"]);
                    naive.inconsistent.insert((
                        text(&case["key"]),
                        int(&case["offset"]),
                        index,
                        messages,
                    ));
                }
                _ => {}
            }
            if let Some(delta) = case["delta"].as_i64() {
                naive
                    .deltas
                    .entry(error_type.name().to_owned())
                    .or_default()
                    .push(delta);
            }
        }
    }
    for (key, messages) in shown["unseen"]["messages"]
        .as_object()
        .into_iter()
        .flatten()
    {
        naive
            .unseen
            .insert(key.clone(), ints(messages).into_iter().collect());
    }
    naive.lag_ns_max = (result.worst_realtime_lag.lag * 1e9).round() as i64;
    naive
}

/// Of lists of jumps only the 8 worst are shown: those that go furthest.
fn shorten(naive: &mut Naive) {
    for (name, deltas) in &mut naive.deltas {
        if name.contains("skip") {
            let start = deltas.len().saturating_sub(8);
            deltas.drain(..start);
        } else {
            deltas.truncate(8);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn every_error_is_its_definition(steps in steps()) {
        let history = random_history(&steps);
        let result = kafka(&history, Checks::Maelstrom).unwrap();
        let mut expected = naive(&history);
        if history.ops().is_empty() {
            expected.counts.clear();
        }
        shorten(&mut expected);
        prop_assert_eq!(as_naive(&result), expected);
        let bad = result.error_types.iter().filter(|it| **it != ErrorType::IntSendSkip);
        prop_assert_eq!(result.valid, Validity::from(bad.count() == 0));
    }

    #[test]
    fn strictness_only_adds_complaints(steps in steps()) {
        let history = random_history(&steps);
        let (maelstrom, strict) = (kafka(&history, Checks::Maelstrom).unwrap(), kafka(&history, Checks::Strict).unwrap());
        let mut errors = maelstrom.errors;
        // Save for one: too little to judge is an error in Maelstrom.
        errors.remove(&ErrorType::EmptyTransactionGraph);
        prop_assert_eq!(&errors, &strict.errors);
        prop_assert!(strict.valid == Validity::False || strict.bad_error_types.is_empty());
        prop_assert_eq!(maelstrom.missed.is_empty(), true);
    }
}

#[test]
fn random_histories_have_every_kind_of_error() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..1_000 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let result = kafka(&random_history(&steps), Checks::Maelstrom).unwrap();
        for error_type in result.error_types {
            *found.entry(error_type.name()).or_insert(0) += 1;
        }
    }
    assert_eq!(found.len(), 19, "{found:?}");
}
