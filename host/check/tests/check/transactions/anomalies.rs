//! For every anomaly the smallest history that has it, and a near miss that has not.

use host_check::txn::anomaly::Anomaly;
use host_check::txn::model::Model;
use host_check::txn::{list_append, rw_register};
use host_check::validity::{Checks, Validity};

use super::script::{
    concurrent, lists, maelstroms_lists, maelstroms_registers, registers, rounds, sequential,
    spanning,
};

/// The weakest model that forbids the anomaly, and one that allows it.
fn assert_lists(history: &host_check::history::History, cases: &[(&str, &str)]) {
    for (model, expected) in cases {
        assert_eq!(lists(history, model), *expected, "{model}");
    }
}

#[test]
fn g0_is_a_cycle_of_writes() {
    let with = |second: &str| {
        concurrent(&[
            "ok [[:append 1 1] [:append 2 1]]",
            "ok [[:append 1 2] [:append 2 2]]",
            &format!("ok [[:r 1 [1 2]] [:r 2 {second}]]"),
        ])
    };
    assert_lists(&with("[2 1]"), &[("read-uncommitted", "G0")]);
    assert_lists(&with("[1 2]"), &[("serializable", "ok")]);
}

#[test]
fn g1a_is_a_read_of_what_failed() {
    let with = |kind| concurrent(&[&format!("{kind} [[:append 1 1]]"), "ok [[:r 1 [1]]]"]);
    assert_lists(
        &with("fail"),
        &[
            ("read-committed", "G1a"),
            ("read-uncommitted", "unknown: empty-transaction-graph"),
        ],
    );
    assert_lists(&with("info"), &[("serializable", "ok")]);
    assert_lists(&with("ok"), &[("serializable", "ok")]);
}

#[test]
fn g1b_is_a_read_of_what_the_writer_went_on_from() {
    let with = |list| {
        concurrent(&[
            "ok [[:append 1 1] [:append 1 2]]",
            &format!("ok [[:r 1 {list}]]"),
        ])
    };
    assert_lists(
        &with("[1]"),
        &[("read-committed", "G1b"), ("read-uncommitted", "ok")],
    );
    assert_lists(&with("[1 2]"), &[("serializable", "ok")]);
    let own = concurrent(&[
        "ok [[:append 1 1] [:r 1 [1]] [:append 1 2]]",
        "ok [[:r 1 [1 2]]]",
    ]);
    assert_lists(&own, &[("serializable", "ok")]);
}

#[test]
fn g1c_is_a_cycle_of_writes_and_reads() {
    let with = |list| {
        concurrent(&[
            "ok [[:append 1 1] [:r 2 [1]]]",
            &format!("ok [[:append 2 1] [:r 1 {list}]]"),
        ])
    };
    assert_lists(
        &with("[1]"),
        &[("read-committed", "G1c"), ("read-uncommitted", "ok")],
    );
    assert_lists(&with("nil"), &[("serializable", "ok")]);
}

#[test]
fn g_single_is_a_cycle_with_one_anti_dependency() {
    let with = |list| {
        concurrent(&[
            "ok [[:append 1 1] [:append 2 1]]",
            &format!("ok [[:r 1 [1]] [:r 2 {list}]]"),
        ])
    };
    assert_lists(
        &with("nil"),
        &[
            ("consistent-view", "G-single-item"),
            ("repeatable-read", "G-single-item"),
            ("read-committed", "ok"),
        ],
    );
    assert_lists(&with("[1]"), &[("serializable", "ok")]);
}

#[test]
fn g_nonadjacent_is_a_long_fork() {
    let with = |list| {
        concurrent(&[
            "ok [[:append 1 1]]",
            "ok [[:append 2 1]]",
            "ok [[:r 1 [1]] [:r 2 nil]]",
            &format!("ok [[:r 1 {list}] [:r 2 [1]]]"),
        ])
    };
    assert_lists(
        &with("nil"),
        &[
            ("snapshot-isolation", "G-nonadjacent-item"),
            ("update-serializable", "ok"),
        ],
    );
    assert_lists(&with("[1]"), &[("serializable", "ok")]);
}

#[test]
fn g2_is_a_write_skew() {
    let with = |list| {
        concurrent(&[
            "ok [[:r 1 nil] [:append 2 1]]",
            &format!("ok [[:r 2 {list}] [:append 1 1]]"),
        ])
    };
    assert_lists(
        &with("nil"),
        &[
            ("repeatable-read", "G2-item"),
            ("serializable", "G2-item"),
            ("snapshot-isolation", "ok"),
        ],
    );
    assert_lists(&with("[1]"), &[("serializable", "ok")]);
}

/// Each cycle once with the order of a process in it, and once with that of real time.
#[test]
fn cycles_through_sessions_and_through_real_time() {
    type Rounds = &'static [&'static [&'static str]];
    let cases: [(&str, Rounds, Rounds); 5] = [
        (
            "G0",
            &[
                &["ok [[:append 1 1]]", "ok [[:r 1 [2 1]]]"],
                &["ok [[:append 1 2]]"],
            ],
            &[
                &["ok [[:append 1 1]]", "ok [[:r 1 [1]]]"],
                &["ok [[:append 1 2]]"],
            ],
        ),
        (
            "G1c",
            &[&["ok [[:r 1 [1]]]"], &["ok [[:append 1 1]]"]],
            &[&["ok [[:r 1 nil]]"], &["ok [[:append 1 1]]"]],
        ),
        (
            "G-single-item",
            &[&["ok [[:append 1 1]]"], &["ok [[:r 1 nil]]"]],
            &[&["ok [[:append 1 1]]", "ok [[:r 1 nil]]"]],
        ),
        (
            "G-nonadjacent-item",
            &[
                &["ok [[:append 1 1]]", "ok [[:append 2 1]]"],
                &["ok [[:r 2 nil]]", "ok [[:r 1 nil]]"],
            ],
            &[
                &["ok [[:append 1 1]]", "ok [[:append 2 1]]"],
                &["ok [[:r 2 [1]]]", "ok [[:r 1 [1]]]"],
            ],
        ),
        (
            "G2-item",
            &[
                &["ok [[:append 2 1]]", "ok [[:append 1 1] [:r 2 nil]]"],
                &["ok [[:r 1 nil]]", ""],
            ],
            &[
                &["ok [[:append 2 1]]", "ok [[:append 1 1] [:r 2 nil]]"],
                &["ok [[:r 1 [1]]]", ""],
            ],
        ),
    ];
    for (class, anomalous, fine) in cases {
        let history = rounds(anomalous);
        assert_eq!(
            lists(&history, "strong-session-serializable"),
            format!("{class}-process")
        );
        assert_eq!(lists(&history, "serializable"), "ok", "{class}");
        let strict = lists(&history, "strict-serializable");
        if ["G-nonadjacent-item", "G2-item"].contains(&class) {
            // In real time a single read is stale by itself.
            assert_eq!(strict, "G-single-item-realtime");
        } else {
            assert_eq!(strict, format!("{class}-realtime"));
        }
        assert_eq!(lists(&rounds(fine), "strict-serializable"), "ok", "{class}");
    }
}

#[test]
fn cycles_of_several_anti_dependencies_in_real_time() {
    let g2 = |list| {
        spanning(&[
            (0, 1, "[[:append 2 1]]"),
            (0, 9, &format!("[[:append 1 1] [:r 2 {list}]]")),
            (2, 9, "[[:r 1 nil]]"),
        ])
    };
    assert_eq!(lists(&g2("nil"), "strict-serializable"), "G2-item-realtime");
    assert_eq!(lists(&g2("nil"), "strong-session-serializable"), "ok");
    assert_eq!(lists(&g2("nil"), "strong-snapshot-isolation"), "ok");
    assert_eq!(lists(&g2("[1]"), "strict-serializable"), "ok");
    let nonadjacent = |list| {
        spanning(&[
            (0, 1, "[[:append 1 1]]"),
            (0, 9, "[[:append 2 1]]"),
            (0, 9, &format!("[[:r 1 {list}] [:r 2 [1]]]")),
            (2, 9, "[[:r 2 nil]]"),
        ])
    };
    let verdict = lists(&nonadjacent("nil"), "strong-snapshot-isolation");
    assert_eq!(verdict, "G-nonadjacent-item-realtime");
    assert_eq!(
        lists(&nonadjacent("nil"), "strong-session-serializable"),
        "ok"
    );
    assert_eq!(lists(&nonadjacent("[1]"), "strict-serializable"), "ok");
}

#[test]
fn internal_is_a_read_against_the_transaction_itself() {
    let one = |txn: &str| concurrent(&[txn, "ok [[:append 1 1]]", "ok [[:append 1 2]]"]);
    let unrelated = [
        "ok [[:append 1 3] [:r 1 nil]]",
        "ok [[:append 1 3] [:r 1 [3 1]]]",
        "ok [[:r 1 [1]] [:append 1 3] [:r 1 [1]]]",
        "ok [[:r 1 [1]] [:r 1 [1 2]]]",
    ];
    for txn in unrelated {
        let verdict = lists(&one(txn), "read-atomic");
        assert!(
            verdict.split(' ').any(|it| it == "internal"),
            "{txn}: {verdict}"
        );
        assert_eq!(
            lists(&one(txn), "monotonic-atomic-view"),
            lists(&one(txn), "read-committed"),
            "{txn}"
        );
    }
    let fine = [
        "ok [[:append 1 3] [:r 1 [3]]]",
        "ok [[:append 1 3] [:r 1 [1 3]]]",
        "ok [[:r 1 [1]] [:append 1 3] [:r 1 [1 3]]]",
        "ok [[:r 1 nil] [:append 1 3] [:r 1 [3]]]",
        "ok [[:r 1 [1]] [:r 1 [1]]]",
    ];
    for txn in fine {
        assert_eq!(lists(&one(txn), "serializable"), "ok", "{txn}");
    }
}

#[test]
fn a_read_after_a_read_of_nil_is_internal_only_strictly() {
    // Elle 0.2.2 takes nil for "not read yet"; later versions do not.
    let history = concurrent(&["ok [[:r 1 nil] [:r 1 [1]]]", "ok [[:append 1 1]]"]);
    assert_eq!(lists(&history, "read-atomic"), "internal");
    assert_eq!(maelstroms_lists(&history, "read-atomic"), "ok");
    let history = concurrent(&["ok [[:r 1 nil] [:r 1 1]]", "ok [[:w 1 1]]"]);
    assert_eq!(registers(&history, "read-atomic"), "internal");
    assert_eq!(maelstroms_registers(&history, "read-atomic"), "ok");
    let history = concurrent(&["ok [[:r 1 nil] [:r 1 nil]]", "ok [[:w 1 1]]"]);
    assert_eq!(registers(&history, "serializable"), "ok");
}

#[test]
fn a_transactions_own_appends_keep_their_order() {
    // Elle relates no transaction to itself.
    let with = |list| {
        concurrent(&[
            "ok [[:append 1 1] [:append 1 2]]",
            &format!("ok [[:r 1 {list}]]"),
        ])
    };
    for list in ["[2 1]", "[2]"] {
        let history = with(list);
        let (strict, maelstrom) = (
            lists(&history, "read-atomic"),
            maelstroms_lists(&history, "read-atomic"),
        );
        assert!(
            strict.split(' ').any(|it| it == "internal"),
            "{list}: {strict}"
        );
        assert!(!maelstrom.contains("internal"), "{list}: {maelstrom}");
    }
    assert_eq!(lists(&with("[1 2]"), "serializable"), "ok");
}

#[test]
fn future_read_is_a_read_of_ones_own_later_write() {
    let history = concurrent(&["ok [[:r 1 [1]] [:append 1 1]]", "ok [[:r 1 [1]]]"]);
    assert_lists(
        &history,
        &[
            ("read-committed", "future-read"),
            ("read-uncommitted", "ok"),
        ],
    );
    let history = concurrent(&["ok [[:append 1 1] [:r 1 [1]]]", "ok [[:r 1 [1]]]"]);
    assert_lists(&history, &[("serializable", "ok")]);
    // Of registers, Elle takes it for a cycle of one transaction.
    let history = concurrent(&["ok [[:r 1 1] [:w 1 1]]", "ok [[:r 1 1]]"]);
    assert_eq!(registers(&history, "read-committed"), "future-read");
    assert_eq!(registers(&history, "read-uncommitted"), "ok");
    assert_eq!(maelstroms_registers(&history, "read-committed"), "G1c");
    assert_eq!(maelstroms_registers(&history, "read-uncommitted"), "ok");
    // Between its own writes a read is not external, whatever it shows.
    let history = concurrent(&["ok [[:w 1 1] [:r 1 2] [:w 1 2]]", "ok [[:r 1 2]]"]);
    assert_eq!(registers(&history, "read-committed"), "future-read");
    assert_eq!(maelstroms_registers(&history, "read-committed"), "ok");
    let history = concurrent(&["ok [[:w 1 1] [:r 1 1]]", "ok [[:r 1 1]]"]);
    assert_eq!(registers(&history, "serializable"), "ok");
}

#[test]
fn dirty_update_is_an_append_after_one_that_failed() {
    let with = |kind: &str| {
        concurrent(&[
            &format!("{kind} [[:append 1 1]]"),
            "info [[:append 1 2]]",
            "ok [[:append 1 3]]",
            "ok [[:r 1 [1 2 3]]]",
        ])
    };
    assert_lists(&with("fail"), &[("read-committed", "G1a dirty-update")]);
    assert_lists(&with("info"), &[("serializable", "ok")]);
    let nothing_after = concurrent(&[
        "fail [[:append 1 1]]",
        "info [[:append 1 2]]",
        "ok [[:r 1 [1 2]]]",
    ]);
    assert_lists(&nothing_after, &[("read-committed", "G1a")]);
}

#[test]
fn lost_update_is_two_writes_after_reads_of_the_same() {
    let with = |list| {
        concurrent(&[
            "ok [[:r 1 nil] [:append 1 1]]",
            &format!("ok [[:r 1 {list}] [:append 1 2]]"),
        ])
    };
    assert_lists(
        &with("nil"),
        &[
            ("cursor-stability", "lost-update"),
            ("serializable", "G2-item lost-update"),
            ("read-committed", "ok"),
        ],
    );
    assert_lists(&with("[1]"), &[("serializable", "ok")]);
    let history = concurrent(&["ok [[:r 1 nil] [:w 1 1]]", "ok [[:r 1 nil] [:w 1 2]]"]);
    assert_eq!(registers(&history, "update-atomic"), "lost-update");
    let history = concurrent(&["ok [[:r 1 nil] [:w 1 1]]", "ok [[:r 1 1] [:w 1 2]]"]);
    assert_eq!(registers(&history, "serializable"), "ok");
    let written_before = concurrent(&["ok [[:w 1 1] [:r 1 1] [:w 1 3]]", "ok [[:r 1 3] [:w 1 2]]"]);
    assert_eq!(registers(&written_before, "serializable"), "ok");
}

#[test]
fn duplicate_elements_are_in_a_list_twice() {
    let with = |list| concurrent(&["ok [[:append 1 1]]", &format!("ok [[:r 1 {list}]]")]);
    assert_lists(
        &with("[1 1]"),
        &[("read-uncommitted", "duplicate-elements")],
    );
    assert_lists(&with("[1]"), &[("serializable", "ok")]);
}

#[test]
fn incompatible_orders_do_not_go_on_from_each_other() {
    let with = |list| {
        concurrent(&[
            "ok [[:append 1 1]]",
            "ok [[:append 1 2]]",
            "ok [[:r 1 [1]]]",
            &format!("ok [[:r 1 {list}]]"),
        ])
    };
    assert_lists(
        &with("[2]"),
        &[
            ("read-committed", "incompatible-order"),
            ("read-uncommitted", "ok"),
        ],
    );
    assert_lists(&with("[1 2]"), &[("serializable", "ok")]);
}

#[test]
fn unwritten_reads_show_what_nobody_wrote() {
    let history = concurrent(&["ok [[:append 1 1]]", "ok [[:r 1 [9]]]"]);
    assert_eq!(lists(&history, "read-uncommitted"), "unwritten-read");
    // Elle gives up on it, so the definition decides.
    assert_eq!(
        maelstroms_lists(&history, "read-uncommitted"),
        "unwritten-read"
    );
    let history = concurrent(&["ok [[:append 1 1]]", "ok [[:r 1 [1]]]"]);
    assert_eq!(lists(&history, "serializable"), "ok");
    let history = concurrent(&["ok [[:w 1 1]]", "ok [[:r 1 1]]", "ok [[:r 1 9]]"]);
    assert_eq!(registers(&history, "read-uncommitted"), "unwritten-read");
    assert_eq!(maelstroms_registers(&history, "read-uncommitted"), "ok");
    let history = concurrent(&[
        "info [[:w 1 9]]",
        "ok [[:w 1 1]]",
        "ok [[:r 1 1]]",
        "ok [[:r 1 9]]",
    ]);
    assert_eq!(registers(&history, "serializable"), "ok");
}

#[test]
fn wrong_replies_answer_another_question() {
    let text = |answer: &str| {
        format!(
            "{{:index 0, :time 0, :type :invoke, :process 0, :f :txn, :value [[:append 1 1] [:r 2 nil]]}}
             {{:index 1, :time 0, :type :ok, :process 0, :f :txn, :value {answer}}}
             {{:index 2, :time 0, :type :invoke, :process 0, :f :txn, :value [[:r 1 nil]]}}
             {{:index 3, :time 0, :type :ok, :process 0, :f :txn, :value [[:r 1 [1]]]}}"
        )
    };
    let judge = |answer: &str| {
        let history = host_check::history::read(text(answer).as_bytes()).unwrap();
        (
            lists(&history, "read-uncommitted"),
            maelstroms_lists(&history, "read-uncommitted"),
        )
    };
    let ok = || "ok".to_owned();
    assert_eq!(judge("[[:append 1 1] [:r 2 nil]]"), (ok(), ok()));
    let wrong = "wrong-reply".to_owned();
    assert_eq!(judge("[[:append 1 1]]"), (wrong.clone(), ok()));
    assert_eq!(judge("[[:append 1 1] [:r 3 nil]]"), (wrong, ok()));
    assert_eq!(judge("[]").0, "unwritten-read wrong-reply");
}

#[test]
fn without_relations_there_is_nothing_to_judge() {
    let history = concurrent(&["ok [[:r 1 nil]]", "ok [[:r 2 nil]]"]);
    assert_eq!(
        lists(&history, "serializable"),
        "unknown: empty-transaction-graph"
    );
    assert_eq!(
        registers(&history, "serializable"),
        "unknown: empty-transaction-graph"
    );
    // Maelstrom's wrapper of the register checker calls everything wrong that is reported.
    let result = rw_register(&history, &[Model::Serializable], Checks::Maelstrom).unwrap();
    assert_eq!(
        (result.valid, result.anomaly_types),
        (Validity::False, vec![Anomaly::EmptyTransactionGraph])
    );
    let history = sequential(&["ok [[:r 1 nil]]", "ok [[:r 2 nil]]"]);
    assert_eq!(lists(&history, "strict-serializable"), "ok");
}

#[test]
fn registers_have_the_anomalies_of_reads() {
    let with = |kind| {
        concurrent(&[
            &format!("{kind} [[:w 1 1]]"),
            "ok [[:r 1 1]]",
            "ok [[:w 1 2]]",
        ])
    };
    assert_eq!(registers(&with("fail"), "read-committed"), "G1a");
    assert_eq!(registers(&with("info"), "serializable"), "ok");
    let with = |value| concurrent(&["ok [[:w 1 1] [:w 1 2]]", &format!("ok [[:r 1 {value}]]")]);
    assert_eq!(maelstroms_registers(&with(1), "read-committed"), "G1b");
    assert_eq!(registers(&with(1), "read-committed"), "G1b");
    assert_eq!(registers(&with(2), "serializable"), "ok");
    let with = |value| concurrent(&[&format!("ok [[:w 1 1] [:r 1 {value}]]"), "ok [[:w 1 2]]"]);
    assert_eq!(maelstroms_registers(&with(2), "read-atomic"), "internal");
    // Strictly it also tells that the other write came later, and yet was read.
    assert_eq!(registers(&with(2), "read-atomic"), "G1c internal");
    assert_eq!(
        registers(&with(1), "serializable"),
        "unknown: empty-transaction-graph"
    );
}

#[test]
fn registers_have_cycles_through_reads_and_nil() {
    let cases = [
        (
            "G1c",
            "read-committed",
            ["ok [[:w 1 1] [:r 2 1]]", "ok [[:w 2 1] [:r 1 1]]"],
            ["ok [[:w 1 1] [:r 2 1]]", "ok [[:w 2 1] [:r 1 nil]]"],
        ),
        (
            "G-single-item",
            "consistent-view",
            ["ok [[:w 1 1] [:w 2 1]]", "ok [[:r 1 1] [:r 2 nil]]"],
            ["ok [[:w 1 1] [:w 2 1]]", "ok [[:r 1 1] [:r 2 1]]"],
        ),
        (
            "G2-item",
            "serializable",
            ["ok [[:r 1 nil] [:w 2 1]]", "ok [[:r 2 nil] [:w 1 1]]"],
            ["ok [[:r 1 nil] [:w 2 1]]", "ok [[:r 2 1] [:w 1 1]]"],
        ),
    ];
    for (anomaly, model, anomalous, fine) in cases {
        assert_eq!(registers(&concurrent(&anomalous), model), anomaly);
        assert_eq!(
            maelstroms_registers(&concurrent(&anomalous), model),
            anomaly
        );
        assert_eq!(
            registers(&concurrent(&fine), "serializable"),
            "ok",
            "{anomaly}"
        );
    }
}

#[test]
fn cyclic_versions_are_each_before_the_other() {
    let with = |value| {
        concurrent(&[
            "ok [[:r 1 2] [:w 1 1]]",
            &format!("ok [[:r 1 {value}] [:w 1 2]]"),
        ])
    };
    let verdict = maelstroms_registers(&with("1"), "read-uncommitted");
    assert_eq!(verdict, "cyclic-versions");
    assert_eq!(registers(&with("1"), "read-uncommitted"), "cyclic-versions");
    assert_eq!(registers(&with("nil"), "serializable"), "ok");
}

#[test]
fn registers_show_g0_where_writes_interleave() {
    // The history of Maelstrom's issue 56.
    let with = |last_seen: &str| {
        concurrent(&[
            &format!("ok [[:r 0 1] [:w 0 10] [:r 0 {last_seen}] [:w 0 11]]"),
            "ok [[:w 0 1] [:r 0 1] [:r 0 10] [:w 0 2] [:w 0 3] [:r 0 3]]",
        ])
    };
    assert_eq!(registers(&with("3"), "read-uncommitted"), "G0");
    assert_eq!(maelstroms_registers(&with("3"), "read-uncommitted"), "ok");

    // Each saw the other's write after its own, on different keys.
    let with = |second: &str| {
        concurrent(&[
            &format!("ok [[:w 1 1] [:r 1 2] [:w 2 1] [:r 2 {second}]]"),
            "ok [[:w 1 2] [:r 1 2] [:w 2 2] [:r 2 1]]",
        ])
    };
    assert_eq!(registers(&with("1"), "read-uncommitted"), "G0");
    let once = concurrent(&["ok [[:w 1 1] [:r 1 2] [:w 2 1]]", "ok [[:w 1 2] [:w 2 2]]"]);
    assert_eq!(registers(&once, "read-uncommitted"), "ok");
}

#[test]
fn evidence_that_contradicts_itself_shows_nothing() {
    // A register whose last writer by some clock wins: what loses was never there to read.
    let history = concurrent(&["ok [[:r 1 1] [:w 1 2] [:r 1 1]]", "ok [[:w 1 1]]"]);
    assert_eq!(registers(&history, "read-uncommitted"), "ok");
}

#[test]
fn an_unanswered_write_that_was_read_took_place() {
    // The second transaction saw one write of the first and not the other.
    let history = concurrent(&["info [[:w 1 1] [:w 2 1]]", "ok [[:r 1 1] [:r 2 nil]]"]);
    assert_eq!(registers(&history, "consistent-view"), "G-single-item");
    let history = concurrent(&["info [[:w 1 1] [:w 2 1]]", "ok [[:r 1 nil] [:r 2 nil]]"]);
    assert_eq!(
        registers(&history, "consistent-view"),
        "unknown: empty-transaction-graph"
    );
}

#[test]
fn many_readers_and_many_writers_of_a_version_are_not_a_cycle() {
    let readers = vec!["ok [[:r 1 nil]]".to_owned(); 200];
    let writers = (0..200).map(|n| format!("ok [[:append 1 {n}]]"));
    let both = |n: i32| format!("ok [[:r 1 nil] [:append 1 {n}]]");
    let judge = |txns: Vec<String>| {
        let txns: Vec<&str> = txns.iter().map(String::as_str).collect();
        lists(&concurrent(&txns), "serializable")
    };
    let mut txns: Vec<String> = readers.into_iter().chain(writers).collect();
    assert_eq!(judge(txns.clone()), "ok");
    txns.insert(100, both(1000));
    assert_eq!(judge(txns.clone()), "ok");
    txns.insert(300, both(1001));
    assert_eq!(judge(txns), "G2-item lost-update");
}

/// A model under which nothing is wrong would let everything pass.
#[test]
fn every_model_finds_writes_in_a_circle() {
    let of_lists = concurrent(&[
        "ok [[:append 1 1] [:append 2 1]]",
        "ok [[:append 1 2] [:append 2 2]]",
        "ok [[:r 1 [1 2]] [:r 2 [2 1]]]",
    ]);
    let of_registers = concurrent(&[
        "ok [[:w 1 1] [:r 1 2] [:w 2 1]]",
        "ok [[:w 1 2] [:w 2 2] [:r 2 1]]",
    ]);
    for &model in Model::ALL {
        for checks in [Checks::Strict, Checks::Maelstrom] {
            let result = list_append(&of_lists, &[model], checks).unwrap();
            assert_eq!(result.valid, Validity::False, "{model}");
            assert!(result.anomalies.contains_key("G0"), "{model}");
        }
        let result = rw_register(&of_registers, &[model], Checks::Strict).unwrap();
        assert_eq!(result.valid, Validity::False, "{model}");
    }
    let result = list_append(&of_lists, &[], Checks::Strict).unwrap();
    assert_eq!(result.valid, Validity::Unknown);
}

#[test]
fn models_that_forbid_nothing_are_refused_with_one_that_includes_them() {
    let refused = [
        ("view-serializable", "serializable"),
        ("1SR", "serializable"),
        ("session-serializable", "strong-session-serializable"),
        ("linearizable", "strict-serializable"),
        ("sequential", "strong-session-serializable"),
        ("causal", "strong-session-snapshot-isolation"),
        ("writes-follow-reads", "strong-session-snapshot-isolation"),
        ("PRAM", "strong-session-snapshot-isolation"),
        ("monotonic-reads", "strong-session-snapshot-isolation"),
        ("monotonic-writes", "strong-session-read-uncommitted"),
        ("read-your-writes", "strong-session-snapshot-isolation"),
    ];
    for (name, instead) in refused {
        assert_eq!(
            name.parse::<Model>().unwrap_err().to_string(),
            format!(
                "expected a consistency model that forbids something which transactions show (use \
                 {instead}), found `{name}`"
            )
        );
        assert!(instead.parse::<Model>().is_ok());
    }
}
