//! Worlds in the text of a suite: what they take from their challenge, and what is refused.

use expect_test::{Expect, expect};
use host_grade::suite::Suite;
use host_grade::suite::read::read;
use host_trial::scenario::option;

use super::worlds::WORLDS;

#[test]
fn a_world_has_the_options_of_its_challenge_and_changes_some() {
    let text = WORLDS.replace(
        "node-count = 3\n",
        "node-count = 3\nconcurrency = \"2n\"\nargs = [\"fast\"]\n",
    );
    let text = text.replace("latency = 10\n", "latency = 10\nnode-count = 7\n");
    let suite = read("suite.toml", &text).unwrap();
    let far = suite.challenges[0].world("far").unwrap();
    assert_eq!(
        far.scenario().flags().join(" "),
        "-w broadcast --node-count 7 --concurrency 14 --rate 5 --time-limit 5 --latency 10"
    );
    assert_eq!(far.scenario().options.guest_args, ["fast"]);
    assert_eq!(far.seeds(), [5]);
    assert_eq!(
        far.world.unwrap().flags().join(" "),
        "--node-count 7 --latency 10"
    );
    assert_eq!(suite.challenges[0].world("cut").unwrap().seeds(), [1, 2, 3]);
    assert_eq!(suite.nodes_max(), 7);
    // So it is with the flags of a command line.
    let given = |option, text: &str| (option, text.to_owned());
    let scenario = far
        .scenario_with(&[given(&option::NODE_COUNT, "4")])
        .unwrap();
    assert_eq!(
        scenario.flags().join(" "),
        "-w broadcast --node-count 4 --concurrency 8 --rate 5 --time-limit 5 --latency 10"
    );
    let error = far.scenario_with(&[given(&option::CONCURRENCY, "5000n")]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "--concurrency: it makes 35000 clients, and the limit is 10000"
    );
}

#[test]
fn a_long_world_has_room_for_its_answers() {
    let room = |text: &str| {
        let suite = read("suite.toml", text).unwrap();
        let far = suite.challenges[0].world("far").unwrap();
        far.scenario().options.bounds.answer_bytes
    };
    let long = WORLDS.replace("latency = 10\n", "time-limit = 86400\n");
    assert_eq!(room(WORLDS), 32 << 20);
    assert_eq!(room(&long), 5 * 86_400 * 256);
    let limits = "[limits]\nmax-answers-mib = 1\n[[challenge]]\nid";
    assert_eq!(
        room(&long.replacen("[[challenge]]\nid", limits, 1)),
        1 << 20
    );
}

#[track_caller]
fn refused(change: (&str, &str), expected: &Expect) {
    let (from, to) = change;
    assert!(WORLDS.contains(from), "{from}");
    let error = read("suite.toml", &WORLDS.replacen(from, to, 1)).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn errors_of_a_world_name_line_and_column() {
    refused(
        ("name = \"far\"", "name = \"f r\""),
        &expect![[r#"
        suite.toml:17:8: expected 1 to 40 letters, digits, `-`, `_` or `.`, found "f r"
          name = "f r"
                 ^^^^^"#]],
    );
    refused(
        ("name = \"cut\"", "name = \"far\""),
        &expect![[r#"
        suite.toml:26:8: there are two worlds "far" in this challenge
          name = "far"
                 ^^^^^"#]],
    );
    refused(
        ("name = \"cut\"\n", ""),
        &expect![[r#"
        suite.toml:25:1: missing field `name`
          [[challenge.world]]
          ^^^^^^^^^^^^^^^^^^^"#]],
    );
    refused(
        ("why = \"Messages", "why = \"\" # \"Messages"),
        &expect![[r#"
            suite.toml:18:7: expected 1 to 400 characters on one line
              why = "" # "Messages take 10 ms. None is lost."
                    ^^"#]],
    );
    refused(
        ("latency = 10", "latency = \"far\""),
        &expect![[r#"
        suite.toml:20:11: invalid type: string "far", expected i64
          latency = "far"
                    ^^^^^"#]],
    );
    refused(
        ("latency = 10", "latency = -1"),
        &expect![[r#"
        suite.toml:20:11: expected a whole number from 0 to 600000, found -1
          latency = -1
                    ^^"#]],
    );
    refused(
        ("latency = 10", "workload = \"echo\""),
        &expect![[r#"
            suite.toml:20:1: unknown field `workload`, expected one of `name`, `why`, `seeds`, `below`, `explore`, `option`, `node-count`, `concurrency`, `rate`, `time-limit`, `latency`, `latency-dist`, `latency-matrix`, `hop-time`, `disk-latency`, `disk-latency-dist`, `topology`, `key-count`, `max-txn-length`, `max-writes-per-key`, `nemesis`, `nemesis-interval`, `availability`, `consistency-models`, `checks`, `network`
              workload = "echo"
              ^^^^^^^^"#]],
    );
    refused(
        ("latency = 10\n", ""),
        &expect![[r#"
            suite.toml:16:1: a world changes at least one option of its challenge, such as `latency`
              [[challenge.world]]
              ^^^^^^^^^^^^^^^^^^^"#]],
    );
    refused(
        ("seeds = [5]", "seeds = [5, 5]"),
        &expect![[r#"
        suite.toml:19:9: the seed 5 is there twice
          seeds = [5, 5]
                  ^^^^^^"#]],
    );
    refused(
        ("msgs-per-op = 70", "msgs-per-op = -70"),
        &expect![[r#"
        suite.toml:23:1: expected a number above 0
          msgs-per-op = -70
          ^^^^^^^^^^^"#]],
    );
    refused(
        ("[[challenge.world]]", "[challenge.world]"),
        &expect![[r#"
        suite.toml:25:13: duplicate key
          [[challenge.world]]
                      ^^^^^"#]],
    );
    refused(
        ("time-limit = 5\n", "time-limit = 5\nworld = 3\n"),
        &expect![[r#"
            suite.toml:17:13: duplicate key
              [[challenge.world]]
                          ^^^^^"#]],
    );
    // What is fine in the challenge and not in the world.
    let many = "node-count = 3\nconcurrency = \"200n\"\n";
    let text = WORLDS.replacen("node-count = 3\n", many, 1).replacen(
        "latency = 10\n",
        "latency = 10\nnode-count = 60\n",
        1,
    );
    let error = read("suite.toml", &text).unwrap_err();
    expect![[r#"
        suite.toml:17:1: in this world, concurrency: it makes 12000 clients, and the limit is 10000
          [[challenge.world]]
          ^^^^^^^^^^^^^^^^^^^"#]]
    .assert_eq(&error.to_string());
    let text = WORLDS
        .replacen(
            "workload = \"broadcast\"",
            "workload = \"lin-kv\"\nconcurrency = \"2n\"",
            1,
        )
        .replacen("latency = 10\n", "concurrency = 5\n", 1);
    let error = read("suite.toml", &text).unwrap_err();
    expect![[r#"
        suite.toml:17:1: lin-kv has 2 clients for each node at every key: it needs a multiple of 6 clients, and there are 5; try --concurrency 2n
          [[challenge.world]]
          ^^^^^^^^^^^^^^^^^^^"#]].assert_eq(&error.to_string());
}

#[test]
fn worlds_and_their_runs_have_a_limit() {
    let world = |name: usize, seeds: &str| {
        format!(
            "[[challenge.world]]\nname = \"w{name}\"\nwhy = \"?\"\nseeds = \"{seeds}\"\nrate = 7\n"
        )
    };
    let text = |count: usize, seeds: &str| {
        let worlds: String = (0..count).map(|name| world(name, seeds)).collect();
        format!("{WORLDS}{worlds}")
    };
    assert!(read("suite.toml", &text(18, "0..50000")).is_ok());
    let error = read("suite.toml", &text(19, "1..2")).unwrap_err();
    assert_eq!(error.message, "a challenge has at most 20 worlds");
    let error = read("suite.toml", &text(18, "0..100000")).unwrap_err();
    assert_eq!(
        error.message,
        "the seeds of all challenges together are more than 1000000"
    );
}

/// Each text is a sentence or two, and says what the world does and why that is fair.
#[test]
fn every_built_in_challenge_has_worlds() {
    let suite = Suite::built_in().unwrap();
    for challenge in &suite.challenges {
        assert!(!challenge.worlds.is_empty(), "{}", challenge.id);
        for world in &challenge.worlds {
            let (id, name, why) = (&challenge.id, &world.name, &world.why);
            assert!(why.ends_with('.') && why.len() > 40, "{id} {name}: {why}");
            assert!((1..=20).contains(&world.seeds.len()), "{id} {name}");
        }
    }
}
