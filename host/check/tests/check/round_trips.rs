//! What is read and written again is the same: the recorded histories of all workloads, and values
//! of any shape.

use crate::recorded::cases;
use host_check::edn;
use host_check::history::{History, read, read_edn, read_json, write_edn, write_json};
use host_check::value::{Map, Name, Set, Value};
use proptest::prelude::*;

#[test]
fn every_recorded_history_survives_edn() {
    let cases = cases();
    assert_eq!(cases.len(), 97);
    for case in &cases {
        let history = case.history();
        let written = write_edn(&history);
        assert_eq!(
            read(written.as_bytes()).as_ref(),
            Ok(&history),
            "{}",
            case.name
        );
        let as_jepsen_wrote_it = std::str::from_utf8(&case.history_text).unwrap();
        let differs =
            |(ours, theirs): &(&str, &str)| ours != theirs && !theirs.contains(":exception");
        let first = written
            .lines()
            .zip(as_jepsen_wrote_it.lines())
            .find(differs);
        assert_eq!(first, None, "{}", case.name);
    }
}

#[test]
fn every_recorded_result_survives_edn() {
    for case in cases() {
        let written = case.results.to_string();
        assert_eq!(
            edn::read(written.as_bytes()),
            Ok(case.results),
            "{}",
            case.name
        );
    }
}

#[test]
fn every_recorded_history_survives_json() {
    for case in cases() {
        let history = case.history();
        let written = write_json(&history);
        let again = read(written.as_bytes()).unwrap();
        assert_eq!(write_json(&again), written, "{}", case.name);
        for (before, after) in history.ops().iter().zip(again.ops()) {
            let same = |op: &host_check::history::Op| {
                (op.index, op.time_ns, op.kind, op.process, op.f.clone())
            };
            assert_eq!(same(before), same(after), "{}", case.name);
            assert_eq!(in_json(&before.value), after.value, "{}", case.name);
            assert_eq!(
                before.error.as_ref().map(in_json),
                after.error,
                "{}",
                case.name
            );
            let extra = |op: &host_check::history::Op| {
                op.extra
                    .iter()
                    .map(|(k, v)| (k.clone(), in_json(v)))
                    .collect::<Vec<_>>()
            };
            assert_eq!(extra(before), extra(after), "{}", case.name);
        }
        assert_eq!(again.pairs(), history.pairs(), "{}", case.name);
    }
}

/// A value as JSON can hold it: names are strings, sequences are arrays.
fn in_json(value: &Value) -> Value {
    let all = |items: Vec<Value>| Value::from(items.iter().map(in_json).collect::<Vec<_>>());
    match value {
        Value::Keyword(name) | Value::Symbol(name) => Value::from(&**name),
        Value::Exact(text) => Value::Str(text.clone()),
        Value::Vector(_) => all(value.items().unwrap()),
        Value::Set(set) => all(set.iter().cloned().collect()),
        Value::Map(map) => {
            let key = |key: &Value| key.as_name().map_or_else(|| key.to_string(), str::to_owned);
            let entries = map.iter().map(|(k, v)| (Value::from(&*key(k)), in_json(v)));
            Value::Map(Box::new(entries.collect()))
        }
        other => other.clone(),
    }
}

const TWO_OPS: &str = "{:index 0, :time 5, :type :invoke, :process 3, :f :read, :value nil}\n{:index 1, :time 9, :type :ok, :process 3, :f :read, :value [1 2], :final? true}\n";

#[test]
fn a_history_may_be_lines_or_a_vector_or_a_list_and_tagged() {
    let lines = read_edn(TWO_OPS.as_bytes()).unwrap();
    let tagged = TWO_OPS.replace("{:index", "#jepsen.history.Op{:index");
    let spellings = [
        format!("[{TWO_OPS}]"),
        format!("({})", tagged),
        tagged,
        TWO_OPS.replace(", ", " "),
        format!("; a comment\n{TWO_OPS} #_{{:index 7}} ; the end"),
    ];
    for spelling in spellings {
        assert_eq!(read(spelling.as_bytes()).as_ref(), Ok(&lines), "{spelling}");
    }
    let as_json = write_json(&lines);
    let array = format!(" [\n{}]", as_json.trim_end().replace('\n', ",\n"));
    for spelling in [as_json, array] {
        let read = read(spelling.as_bytes()).unwrap();
        assert_eq!(write_edn(&read), TWO_OPS, "{spelling}");
    }
    assert_eq!(read(b""), read(b"[]"));
    assert_eq!(read(b"").unwrap().ops().len(), 0);
}

fn names() -> impl Strategy<Value = Name> {
    "[a-z][a-z0-9?*/.-]{0,8}"
        .prop_filter("words with a meaning", |name| {
            !["nil", "true", "false"].contains(&name.as_str())
        })
        .prop_map(|name| Name::from(&*name))
}

/// Any value, a few levels deep.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "-?[1-9][0-9]{19,30}".prop_map(|digits| Value::BigInt(digits.into())),
        "-?[1-9][0-9]{0,5}/7919".prop_filter_map("an integer", |ratio| {
            let text = ratio.clone();
            edn::read(text.as_bytes())
                .ok()
                .filter(|value| matches!(value, Value::Exact(_)))
        }),
        "-?[1-9][0-9]{0,25}([.][0-9]{0,5}[1-9])?M".prop_map(|text| Value::Exact(text.into())),
        any::<f64>().prop_map(Value::Float),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]
            .prop_map(Value::Float),
        any::<char>()
            .prop_filter("space has a name", |c| !c.is_whitespace() || *c == ' ')
            .prop_map(Value::Char),
        any::<String>().prop_map(|text| Value::from(&*text)),
        names().prop_map(Value::Keyword),
        names().prop_map(Value::Symbol),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let many = || prop::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            many().prop_map(Value::from),
            prop::collection::vec(any::<i64>(), 0..20).prop_map(Value::from),
            many().prop_map(|items| Value::Set(Box::new(items.into_iter().collect::<Set>()))),
            prop::collection::vec((inner.clone(), inner.clone()), 0..6)
                .prop_map(|entries| Value::Map(Box::new(entries.into_iter().collect::<Map>()))),
            (names(), inner.clone()).prop_map(|tagged| Value::Tagged(Box::new(tagged))),
        ]
    })
}

/// Text that is nearly a history: the pieces of one, in any order.
fn broken_histories() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "#{",
        "#_",
        "#jepsen.history.Op",
        "##NaN",
        ":index",
        ":time",
        ":type",
        ":invoke",
        ":f",
        ":value",
        "\"",
        "\\",
        "\\u",
        "-",
        "1",
        "99999999999999999999",
        "1/2",
        "nil",
        ",",
        " ",
        "\n",
        ";",
        "{\"index\":",
        ":",
    ];
    prop::collection::vec(prop::sample::select(PIECES).prop_map(str::to_owned), 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_survives_edn(value in values()) {
        let written = value.to_string();
        prop_assert_eq!(edn::read(written.as_bytes()), Ok(value), "{}", written);
    }

    #[test]
    fn any_value_is_stable_in_json(value in values()) {
        // Two keys may have one text in JSON, which then is not read back.
        let written = serde_json::to_string(&value).unwrap();
        if let Ok(again) = serde_json::from_str::<Value>(&written) {
            prop_assert_eq!(serde_json::to_string(&again).unwrap(), written);
        }
    }

    #[test]
    fn values_have_one_order(a in values(), b in values(), c in values()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
        let mut sorted = [&a, &b, &c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _: (Result<Value, _>, Result<History, _>, Result<History, _>) = (edn::read(&bytes), read_edn(&bytes), read_json(&bytes));
    }

    #[test]
    fn no_pieces_of_a_history_make_the_readers_panic(text in broken_histories()) {
        let bytes = text.as_bytes();
        let _: (Result<Value, _>, Result<History, _>, Result<History, _>) = (edn::read(bytes), read_edn(bytes), read_json(bytes));
    }
}
