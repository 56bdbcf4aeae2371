//! Invalid suites and their error messages.

use expect_test::{Expect, expect};
use host_grade::suite::read::read;
use host_grade::suite::{Challenge, Suite};
use host_sim::Bounds;
use host_trial::Scenario;
use host_trial::scenario::option;

use test_support::class::SUITE;

#[track_caller]
fn check(change: (&str, &str), expected: &Expect) {
    let (from, to) = change;
    assert!(SUITE.contains(from), "{from}");
    let error = read("suite.toml", &SUITE.replacen(from, to, 1)).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn the_suite_of_the_tests_and_the_one_that_is_built_in_are_suites() {
    assert_eq!(read("suite.toml", SUITE).unwrap().challenges.len(), 3);
    let built_in = Suite::built_in().unwrap();
    let points = |optional: bool| -> u32 {
        let challenges = built_in.challenges.iter();
        let those = challenges.filter(|challenge| challenge.optional == optional);
        those.map(|challenge| challenge.points).sum()
    };
    assert_eq!((points(false), points(true)), (100, 50));
}

#[test]
fn errors_name_file_line_and_column() {
    check(
        ("workload = \"echo\"", "workload = \"eco\""),
        &expect![[r#"
        suite.toml:11:12: expected a workload (echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv), found `eco`
          workload = "eco"
                     ^^^^^"#]],
    );
    check(
        ("rate = 5\n", "rate = \"fast\"\n"),
        &expect![[r#"
        suite.toml:13:8: invalid type: string "fast", expected f64
          rate = "fast"
                 ^^^^^^"#]],
    );
    check(
        ("node-count = 3", "node-count = 10001"),
        &expect![[r#"
            suite.toml:23:14: expected a whole number from 1 to 10000, found 10001
              node-count = 10001
                           ^^^^^"#]],
    );
    check(
        ("points = 3\n", "points = 3\npoint = 3\n"),
        &expect![[r#"
            suite.toml:21:1: unknown field `point`, expected one of `id`, `title`, `module`, `points`, `optional`, `hidden`, `seeds`, `below`, `args`, `world`, `workload`, `option`, `node-count`, `concurrency`, `rate`, `time-limit`, `latency`, `latency-dist`, `latency-matrix`, `hop-time`, `disk-latency`, `disk-latency-dist`, `topology`, `key-count`, `max-txn-length`, `max-writes-per-key`, `nemesis`, `nemesis-interval`, `availability`, `consistency-models`, `checks`, `network`
              point = 3
              ^^^^^"#]],
    );
    check(
        ("title = \"Echo\"\n", ""),
        &expect![[r#"
        suite.toml:6:1: missing field `title`
          [[challenge]]
          ^^^^^^^^^^^^^"#]],
    );
    check(
        ("seeds = \"1..4\"", "seeds = \"4..1\""),
        &expect![[r#"
        suite.toml:4:9: expected A..B, with A below B and at most 1000000 seeds in between
          seeds = "4..1"
                  ^^^^^^"#]],
    );
    check(
        ("seeds = \"1..4\"", "seeds = [1, 2, 1]"),
        &expect![[r#"
        suite.toml:4:9: the seed 1 is there twice
          seeds = [1, 2, 1]
                  ^^^^^^^^^"#]],
    );
    check(
        ("id = \"cut\"", "id = \"echo\""),
        &expect![[r#"
        suite.toml:28:6: there are two challenges "echo"
          id = "echo"
               ^^^^^^"#]],
    );
    check(
        ("id = \"cut\"", "id = \"a b\""),
        &expect![[r#"
        suite.toml:28:6: expected 1 to 40 letters, digits, `-`, `_` or `.`, found "a b"
          id = "a b"
               ^^^^^"#]],
    );
    check(
        ("msgs-per-op = 60", "msgs-per-ops = 60"),
        &expect![[r#"
            suite.toml:39:1: unknown variant `msgs-per-ops`, expected one of `msgs-per-op`, `stable-median-ms`, `stable-max-ms`, `visible-median-ms`, `visible-max-ms`, `acknowledged-median-ms`, `acknowledged-max-ms`, `ms-per-ok`
              msgs-per-ops = 60
              ^^^^^^^^^^^^"#]],
    );
    check(
        ("msgs-per-op = 60", "msgs-per-op = 0"),
        &expect![[r#"
        suite.toml:39:1: expected a number above 0
          msgs-per-op = 0
          ^^^^^^^^^^^"#]],
    );
    check(
        ("\"partition\"]", "\"partition\", \"fire\"]"),
        &expect![[r#"
            suite.toml:36:11: expected a fault (partition, kill, power, wipe, pause, loss, duplicate, one-way, slow, clock-skew, swap, disk-slow, disk-full, disk-error, bit-rot, hunt, isolate, chain, flip, flap, stall, hold, lose-one), found `fire`
              nemesis = ["partition", "fire"]
                        ^^^^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        ("[[challenge]]", "[limits]\nmemory = 3\n[[challenge]]"),
        &expect![[r#"
            suite.toml:7:1: unknown field `memory`, expected one of `max-module-mib`, `max-compile-s`, `max-compile-mib`, `max-folder-mib`, `max-folder-files`, `max-memory-mib`, `max-fuel`, `max-step-ms`, `max-output-bytes`, `max-effects`, `max-timers`, `max-log-bytes`, `max-disk-bytes`, `max-steps`, `max-run-fuel`, `max-run-memory-mib`, `max-in-flight`, `max-in-flight-mib`, `max-answers-mib`
              memory = 3
              ^^^^^^"#]],
    );
    check(
        ("[[challenge]]", "[limits]\nstep-fuel = 0\n[[challenge]]"),
        &expect![[r#"
            suite.toml:7:13: expected a whole number from 1 to 9223372036854775807, found 0
              step-fuel = 0
                          ^"#]],
    );
    check(
        ("[[challenge]]", "[limit]\nsteps = 3\n[[challenge]]"),
        &expect![[r#"
            suite.toml:6:2: unknown field `limit`, expected one of `version`, `name`, `seeds`, `seed-key`, `limits`, `runtime`, `challenge`
              [limit]
               ^^^^^"#]],
    );
    check(
        ("[[challenge]]", "limits = 3\n[[challenge]]"),
        &expect![[r#"
            suite.toml:6:10: invalid type: integer `3`, expected struct LimitsPart
              limits = 3
                       ^"#]],
    );
    check(
        ("rate = 5\n", "latency = 5\n"),
        &expect![[r#"
        suite.toml:6:1: missing field `rate`
          [[challenge]]
          ^^^^^^^^^^^^^"#]],
    );
    check(
        ("rate = 5\n", "rate = 5\nnetwork = \"perfect\"\n"),
        &expect![[r#"
            suite.toml:14:11: expected one of maelstrom, ideal, found `perfect`
              network = "perfect"
                        ^^^^^^^^^"#]],
    );
    check(
        ("version = 1", "version = 2"),
        &expect![[r#"
        suite.toml:2:11: invalid value: integer `2`, expected 1, the only version of suites that there is
          version = 2
                    ^"#]],
    );
    check(
        ("version = 1", "version = "),
        &expect![[r#"
        suite.toml:2:11: string values must be quoted, expected literal string
          version = 
                    ^"#]],
    );
}

#[test]
fn what_values_mean_together_is_checked_too() {
    check(
        ("workload = \"echo\"", "workload = \"lin-kv\""),
        &expect![[r#"
            suite.toml:6:1: lin-kv has 2 clients for each node at every key: it needs a multiple of 2 clients, and there are 1; try --concurrency 2n
              [[challenge]]
              ^^^^^^^^^^^^^"#]],
    );
    check(
        (
            "workload = \"echo\"",
            "workload = \"echo\"\nbelow = { stable-max-ms = 3 }",
        ),
        &expect![[r#"
            suite.toml:12:11: echo has no stable-max-ms
              below = { stable-max-ms = 3 }
                        ^^^^^^^^^^^^^"#]],
    );
    check(
        ("node-count = 3", "node-count = 3\nconcurrency = \"5000n\""),
        &expect![[r#"
            suite.toml:24:15: it makes 15000 clients, and the limit is 10000
              concurrency = "5000n"
                            ^^^^^^^"#]],
    );
    let error = read("empty.toml", "version = 1\nname = \"none\"\n").unwrap_err();
    expect!["empty.toml:3:1: a suite has 1 to 200 [[challenge]] tables"]
        .assert_eq(&error.to_string());
}

/// A grade's command to replay a run has to make that very run.
#[test]
fn the_flags_of_a_challenge_make_its_scenario_again() {
    let suite = Suite::built_in().unwrap();
    for setting in suite.challenges.iter().flat_map(Challenge::settings) {
        let mut again = Scenario::default();
        for words in setting.scenario().flags().chunks(2) {
            let mut options = option::ALL.iter();
            let option = options.find(|option| option.flag() == words[0]).unwrap();
            option.set(&mut again, &words[1]).unwrap();
        }
        let mut expected = setting.scenario().clone();
        expected.options.bounds = Bounds::default(); // the command has the one that was reached
        assert_eq!(format!("{again:?}"), format!("{expected:?}"));
    }
}

/// Whatever a suite can set is a key of it.
#[test]
fn every_option_of_a_challenge_is_a_key() {
    let keys = [
        // Built-in workloads have none.
        ("option", "[]"),
        ("concurrency", "\"2n\""),
        ("latency", "7"),
        ("latency-dist", "\"uniform\""),
        ("latency-matrix", "\"azure-2024-europe\""),
        ("hop-time", "0.5"),
        ("disk-latency", "3"),
        ("disk-latency-dist", "\"exponential\""),
        ("topology", "\"line\""),
        ("key-count", "3"),
        ("max-txn-length", "2"),
        ("max-writes-per-key", "5"),
        ("nemesis", "[\"kill\", \"pause\"]"),
        ("nemesis-interval", "0.5"),
        ("availability", "0.99"),
        ("consistency-models", "[\"read-committed\"]"),
        ("checks", "\"maelstrom\""),
        ("network", "\"ideal\""),
    ];
    let optional = option::ALL.iter();
    let optional = optional.filter(|option| option.suite == option::SuiteKey::Optional);
    let optional: Vec<&str> = optional.map(|option| option.name).collect();
    assert_eq!(keys.map(|(key, _)| key), *optional);
    let lines = keys
        .map(|(key, value)| format!("{key} = {value}\n"))
        .concat();
    let limits = "[limits]\nmemory-mib = 1\nstep-fuel = 2\nrun-fuel = 3\nrun-memory-mib = 4\n\
                  steps = 5\n\n[[challenge]]\nid = \"echo\"";
    let text = SUITE
        .replacen("time-limit = 3\n", &format!("time-limit = 3\n{lines}"), 1)
        .replacen("[[challenge]]\nid = \"echo\"", limits, 1);
    let suite = read("suite.toml", &text).unwrap();
    let scenario = &suite.challenges[0].scenario;
    assert_eq!(
        scenario.flags().join(" "),
        "-w echo --node-count 1 --concurrency 2 --rate 5 --time-limit 3 --latency 7 \
         --latency-dist uniform --latency-matrix azure-2024-europe --hop-time 0.5 --disk-latency 3 --disk-latency-dist exponential --topology line --key-count 3 --max-txn-length 2 \
         --max-writes-per-key 5 --nemesis kill,pause --nemesis-interval 0.5 --availability 0.99 \
         --consistency-models read-committed --checks maelstrom --network ideal --max-memory-mib 1 --max-fuel 2"
    );
    let bounds = &scenario.options.bounds;
    assert_eq!(
        (bounds.fuel, bounds.memory_bytes, bounds.steps),
        (3, 4 << 20, 5)
    );
}
