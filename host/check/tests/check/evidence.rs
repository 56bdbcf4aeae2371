//! The operations that each kind of anomaly rests on, by their positions in the script.

use crate::script::history;
use host_check::availability::Goal;
use host_check::evidence::{Absent, Evidence, evidence, keys};
use host_check::value::Value;
use host_check::workload::{CheckOptions, Workload, check};

/// Each anomaly with what it rests on: `NAME: POSITION against [POSITIONS] of KEYS`.
fn found(workload: Workload, script: &str) -> Vec<String> {
    found_with(workload, script, &CheckOptions::default())
}

fn found_with(workload: Workload, script: &str, options: &CheckOptions) -> Vec<String> {
    let history = history(script);
    let result = check(workload, &history, None, options).unwrap();
    let all = evidence(&result, &history, options).into_iter();
    let words = all.map(|anomaly| {
        let words = match anomaly.evidence {
            Evidence::Operations(it) => {
                let keys: Vec<String> = it.keys.iter().map(Value::to_string).collect();
                let of = match keys.is_empty() {
                    true => String::new(),
                    false => format!(" of {}", keys.join(" ")),
                };
                format!("{} against {:?}{of}", it.shown_by, it.against)
            }
            Evidence::History => "the history".to_owned(),
            Evidence::Absence(Absent::Successes(f)) => format!("no success of {f}"),
            Evidence::Absence(Absent::Availability) => "too few successes".to_owned(),
        };
        format!("{}: {words}", anomaly.name)
    });
    words.collect()
}

#[test]
fn of_an_echo_it_is_the_answer_and_of_an_id_the_two_that_gave_it() {
    let script = r#"
        0 invoke echo "a"
        0 ok echo {:echo "b"}
    "#;
    assert_eq!(found(Workload::Echo, script), ["not-echoed: 1 against []"]);
    let script = "
        0 invoke generate nil
        0 ok generate 7
        0 invoke generate nil
        0 ok generate 8
        1 invoke generate nil
        1 ok generate 8
        1 invoke generate nil
        1 ok generate 7
    ";
    assert_eq!(
        found(Workload::UniqueIds, script),
        ["duplicate-ids: 5 against [3]"]
    );
}

#[test]
fn of_a_lost_element_it_is_the_first_read_without_it_the_add_and_the_last_read_with_it() {
    let script = "
        0 invoke add 1
        0 ok add 1
        0 invoke read nil
        0 ok read [1]
        0 invoke read nil
        0 ok read []
        0 invoke read nil
        0 ok read []
    ";
    assert_eq!(
        found(Workload::GSet, script),
        ["lost-elements: 5 against [1, 3]"]
    );
}

#[test]
fn of_a_final_read_it_is_the_add_that_it_lacks() {
    let script = "
        0 invoke broadcast 1
        0 ok broadcast 1
        wait 10
        1 invoke read nil final
        0 invoke read nil final
        1 ok read [] final
        0 ok read [1] final
    ";
    let found = found(Workload::Broadcast, script);
    assert_eq!(found, ["final-read-lacks: 4 against [1]"]);
}

#[test]
fn of_a_counter_it_is_the_final_read_and_the_adds_before_it() {
    let script = "
        0 invoke add 1
        0 ok add 1
        1 invoke add 2
        1 info add 2
        wait 10
        0 invoke read nil final
        0 ok read 7 final
    ";
    let found = found(Workload::GCounter, script);
    assert_eq!(found[0], "wrong-final-reads: 5 against [1, 3]");
}

#[test]
fn of_a_register_it_is_the_stale_read_and_the_writes_of_both_values() {
    let script = "
        0 invoke write [9 1]
        0 ok write [9 1]
        0 invoke write [3 5]
        0 ok write [3 5]
        0 invoke write [3 6]
        0 ok write [3 6]
        1 invoke read [3 nil]
        1 ok read [3 5]
    ";
    assert_eq!(
        found(Workload::LinKv, script),
        ["not-linearizable: 7 against [3, 5] of 3"]
    );
}

#[test]
fn of_transactions_it_is_those_of_the_case() {
    let script = "
        0 invoke txn [[:append 1 1] [:append 2 1]]
        1 invoke txn [[:r 1 nil] [:r 2 nil]]
        0 ok txn [[:append 1 1] [:append 2 1]]
        1 ok txn [[:r 1 [1]] [:r 2 nil]]
    ";
    let found_all = found(Workload::TxnListAppend, script);
    assert_eq!(found_all[0], "G-single-item: 3 against [2] of 1 2");
    let aborted = "
        0 invoke txn [[:append 1 1]]
        0 fail txn [[:append 1 1]]
        1 invoke txn [[:r 1 nil]]
        1 ok txn [[:r 1 [1]]]
    ";
    assert_eq!(
        found(Workload::TxnListAppend, aborted)[0],
        "G1a: 3 against [1] of 1"
    );
}

#[test]
fn of_logs_it_is_what_shows_the_messages() {
    let script = r#"
        0 invoke send [[:send "4" 1]]
        0 ok send [[:send "4" [0 1]]]
        1 invoke send [[:send "4" 2]]
        1 ok send [[:send "4" [0 2]]]
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {"4" [[0 1]]}]]
    "#;
    assert_eq!(
        found(Workload::Kafka, script)[0],
        r#"inconsistent-offsets: 3 against [1] of "4""#
    );
    let skipped = r#"
        0 invoke send [[:send "4" 1]]
        0 ok send [[:send "4" [0 1]]]
        0 invoke send [[:send "4" 2]]
        0 ok send [[:send "4" [1 2]]]
        0 invoke send [[:send "4" 3]]
        0 ok send [[:send "4" [2 3]]]
        1 invoke poll [[:poll]]
        1 ok poll [[:poll {"4" [[0 1] [1 2] [2 3]]}]]
        0 invoke poll [[:poll]]
        0 ok poll [[:poll {"4" [[0 1] [2 3]]}]]
    "#;
    assert_eq!(
        found(Workload::Kafka, skipped)[0],
        r#"int-poll-skip: 9 against [1, 3, 5] of "4""#
    );
}

#[test]
fn that_nothing_succeeded_is_no_operation() {
    let script = "
        0 invoke write [0 1]
        0 ok write [0 1]
        0 invoke cas [0 [2 3]]
        0 fail cas [0 [2 3]] :error [:malformed-request \"no\"]
    ";
    assert_eq!(
        found(Workload::LinKv, script),
        ["no-cas-succeeded: no success of cas"]
    );
    let with = |goal| CheckOptions {
        availability: Some(goal),
        ..CheckOptions::default()
    };
    // One that fails is enough where all are to succeed.
    assert_eq!(
        found_with(Workload::LinKv, script, &with(Goal::Total))[0],
        "unavailable: 3 against []"
    );
    assert_eq!(
        found_with(Workload::LinKv, script, &with(Goal::AtLeast(0.9)))[0],
        "unavailable: too few successes"
    );
}

#[test]
fn operations_name_their_keys() {
    let named = |workload, f, value: &str| {
        let value = host_check::edn::read(value.as_bytes()).unwrap();
        let keys = keys(workload, f, &value);
        let keys: Vec<String> = keys.iter().map(Value::to_string).collect();
        keys.join(" ")
    };
    assert_eq!(named(Workload::LinKv, "cas", "[3 [1 2]]"), "3");
    assert_eq!(
        named(Workload::TxnRwRegister, "txn", "[[:r 3 nil] [:w 4 1]]"),
        "3 4"
    );
    assert_eq!(named(Workload::Kafka, "send", "[[:send \"7\" 1]]"), "\"7\"");
    assert_eq!(
        named(Workload::Kafka, "assign", "[\"7\" \"8\"]"),
        "\"7\" \"8\""
    );
    assert_eq!(named(Workload::Kafka, "poll", "[[:poll]]"), "");
    assert_eq!(named(Workload::GSet, "add", "5"), "");
}
