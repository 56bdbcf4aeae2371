//! Operations that are none of this workload's are errors that say where and why.

use super::script::{poll_map, send};
use crate::script::history;
use host_check::history::{History, Kind, Op, Process};
use host_check::kafka::kafka;
use host_check::validity::Checks;
use host_check::value::{Map, Value};
use host_check::workload::{CheckOptions, Workload, check};
use proptest::prelude::*;

fn error(script: &str) -> String {
    let options = CheckOptions {
        checks: Checks::Maelstrom,
        ..CheckOptions::default()
    };
    check(Workload::Kafka, &history(script), None, &options)
        .expect_err(script)
        .to_string()
}

#[test]
fn values_of_other_shapes_are_errors_with_their_operation() {
    let micro_op = |f: &str, found: &str| match f {
        "send" => format!("[:send key message], found {found}"),
        "poll" => format!("[:poll] or [:poll {{key [[offset message] …]}}], found {found}"),
        _ => format!("[:send key message] or [:poll {{key [[offset message] …]}}], found {found}"),
    };
    let cases = [
        (
            "send",
            "nil",
            "a vector of sends and polls, found nil".to_owned(),
        ),
        (
            "send",
            "7",
            "a vector of sends and polls, found 7".to_owned(),
        ),
        ("send", "[7]", micro_op("send", "7")),
        ("send", "[[]]", micro_op("send", "[]")),
        ("send", "[[:send \"k\"]]", micro_op("send", "[:send \"k\"]")),
        ("send", "[[:poll]]", micro_op("send", "[:poll]")),
        (
            "poll",
            "[[:send \"k\" 1]]",
            micro_op("poll", "[:send \"k\" 1]"),
        ),
        (
            "txn",
            "[[:append \"k\" 1]]",
            micro_op("txn", "[:append \"k\" 1]"),
        ),
        (
            "send",
            "[[:send \"k\" [1 2]]]",
            "a message that is no vector, which could not be told from [offset message], \
             found [1 2]"
                .to_owned(),
        ),
        ("assign", "7", "a vector of keys, found 7".to_owned()),
    ];
    for (f, value, expected) in cases {
        let script = format!("0 invoke {f} {value}\n0 ok {f} {value}\n");
        let error = error(&script);
        let at = if f == "assign" { 1 } else { 0 };
        assert!(
            error.starts_with(&format!("op {at} ({f}, process 0, ")),
            "{error}"
        );
        assert!(
            error.ends_with(&format!(": expected {expected}")),
            "{error}"
        );
    }
}

#[test]
fn polled_values_of_other_shapes_are_errors_with_their_operation() {
    let cases = [
        ("[[:poll 7]]", "a map of polled messages by key, found 7"),
        (
            "[[:poll {\"k\" 7}]]",
            "a vector of [offset message], found 7",
        ),
        ("[[:poll {\"k\" [7]}]]", "[offset message], found 7"),
        ("[[:poll {\"k\" [[7]]}]]", "[offset message], found [7]"),
        (
            "[[:poll {\"k\" [[7 8 9]]}]]",
            "[offset message], found [7 8 9]",
        ),
        (
            "[[:poll {\"k\" [[\"a\" 1]]}]]",
            "an offset of 64 bits, or nil, found \"a\"",
        ),
        (
            "[[:poll {\"k\" [[9223372036854775808 1]]}]]",
            "an offset of 64 bits, or nil, found 9223372036854775808N",
        ),
    ];
    for (value, expected) in cases {
        let script = format!("0 invoke poll [[:poll]]\n0 ok poll {value}\n");
        assert_eq!(
            error(&script),
            format!("op 1 (poll, process 0, 1.000 s): expected {expected}")
        );
    }
}

#[test]
fn a_completion_has_the_sends_of_its_invocation() {
    assert_eq!(
        error("0 invoke send [[:send \"k\" 1]]\n0 ok send [[:send \"k\" [0 2]]]\n"),
        "op 1 (send, process 0, 1.000 s): expected the sends of its invocation, \
         found [[:send \"k\" [0 2]]]"
    );
    // One without a value has them without being told where.
    let silent = "0 invoke send [[:send \"k\" 1]]\n0 info send nil\n";
    let history = history(&format!("{silent}{}", poll_map(1, "\"k\" [[0 1]]")));
    let result = check(Workload::Kafka, &history, None, &CheckOptions::default()).unwrap();
    assert_eq!(result.workload.valid(), true.into());
}

#[test]
fn each_message_is_sent_once() {
    assert_eq!(
        error(&[send(0, 1, 0), send(1, 1, 1)].concat()),
        "op 3 (send, process 1, 3.000 s): expected each message once, found 1 sent to \"k\" before \
         by op 1 (send, process 0, 1.000 s)"
    );
    let twice = "[[:send \"k\" 1] [:send \"k\" 1]]";
    assert_eq!(
        error(&format!("0 invoke txn {twice}\n0 info txn {twice}\n")),
        "op 1 (txn, process 0, 1.000 s): expected each message once, found 1 sent to \"k\" before \
         by itself"
    );
}

#[test]
fn keys_of_json_are_text() {
    // In JSON, a map's key is a string even where the send has an integer.
    let with_ints = "0 invoke send [[:send 8 1]]\n0 ok send [[:send 8 [0 1]]]\n";
    let history = history(&format!("{with_ints}{}", poll_map(1, "\"8\" [[0 1]]")));
    let result = check(Workload::Kafka, &history, None, &CheckOptions::default()).unwrap();
    assert_eq!(result.workload.valid(), true.into());
}

#[test]
fn offsets_that_nobody_knows_are_allowed() {
    let history = history(&[send(0, 1, 0), poll_map(1, "\"k\" [[nil 1]]")].concat());
    let result = check(Workload::Kafka, &history, None, &CheckOptions::default()).unwrap();
    assert_eq!(result.workload.valid(), true.into());
}

/// Values that look more or less like those of sends and polls.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        (0..4_i64).prop_map(Value::Int),
        prop_oneof![Just(i64::MIN), Just(i64::MAX)].prop_map(Value::Int),
        Just(Value::Float(0.5)),
        prop_oneof![Just("send"), Just("poll"), Just("keys")]
            .prop_map(|name| Value::Keyword(name.into())),
        prop_oneof![Just("k"), Just("x")].prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        let vector = prop::collection::vec(inner.clone(), 0..4);
        let key = prop_oneof![Just("k"), Just("x"), Just("keys")];
        let map = prop::collection::vec((key, inner), 0..3);
        let send = (Just("k"), vector.clone()).prop_map(|(key, mut rest)| {
            rest.insert(0, Value::from(key));
            rest.insert(0, Value::Keyword("send".into()));
            Value::from(vec![Value::from(rest)])
        });
        let map = map.prop_map(|entries| -> Value {
            let entries = entries.into_iter();
            let map: Map = entries.map(|(key, value)| (key.into(), value)).collect();
            Value::Map(Box::new(map))
        });
        let poll = map.clone().prop_map(|shown| {
            let poll = vec![Value::Keyword("poll".into()), shown];
            Value::from(vec![Value::from(poll)])
        });
        prop_oneof![vector.prop_map(Value::from), map, send, poll]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_value_makes_the_checker_panic(ops in prop::collection::vec((0..7_usize, 1..4_usize, values(), values()), 0..12)) {
        let mut all = Vec::new();
        for (process, (f, kind, asked, answered)) in (0..).zip(ops) {
            let f = ["send", "poll", "txn", "assign", "subscribe", "crash", "poll"][f];
            for (kind, value) in [(Kind::Invoke, asked), (Kind::ALL[kind], answered)] {
                let extra = vec![("rebalance-log".into(), value.clone())];
                let time_ns = if process % 3 == 0 { i64::MIN } else { i64::MAX };
                all.push(Op {
                    index: all.len() as u64,
                    time_ns: if process < 4 { i64::MIN } else { time_ns.max(0) },
                    kind,
                    process: Process::Client(process),
                    f: f.into(),
                    value,
                    error: None,
                    extra: if process % 2 == 0 { extra } else { Vec::new() },
                });
            }
        }
        all.sort_by_key(|op| op.time_ns);
        for (index, op) in (0..).zip(&mut all) {
            op.index = index;
        }
        let history = History::new(all).unwrap();
        for checks in [Checks::Maelstrom, Checks::Strict] {
            if let Err(misfit) = kafka(&history, checks) {
                prop_assert!(misfit.op.starts_with("op "), "{misfit}");
            }
        }
    }
}
