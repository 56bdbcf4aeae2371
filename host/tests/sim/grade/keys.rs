//! Suites with a secret: seeds that nobody can tell beforehand.

use std::fs;

use host_grade::suite::SeedKey;
use host_grade::suite::read::read;
use serde_json::Value as Json;
use test_support::class::{Class, SUITE, parse};

const KEY: &str = "000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "000102030405060708090A0B0C0D0E10";

fn with_key(key: &str) -> String {
    format!("seed-key = \"{key}\"\n{SUITE}")
}

/// The values are those of Python's `hashlib`.
#[test]
fn the_seed_of_a_run_is_a_hash_of_key_seed_and_challenge() {
    let key = SeedKey::read(KEY).unwrap();
    assert_eq!(key.name(), "effde7a33edde12d");
    assert_eq!(key.run_seed("3c", 1), 5_137_962_702_698_072);
    assert_ne!(key.run_seed("3c", 1), key.run_seed("3d", 1));
    assert_ne!(key.run_seed("3c", 1), key.run_seed("3c", 2));
    let other = SeedKey::read(OTHER).unwrap();
    assert_ne!(key.run_seed("3c", 1), other.run_seed("3c", 1));
    assert_eq!(format!("{key:?}"), "SeedKey(effde7a33edde12d)");
}

#[test]
fn without_a_key_the_seeds_are_those_of_the_suite() {
    let suite = read("suite.toml", SUITE).unwrap();
    assert_eq!(suite.challenges[0].official().run_seed(7), 7);
}

#[test]
fn a_key_that_is_wrong_is_not_shown() {
    let wrong = [
        &KEY[1..],
        "g00102030405060708090a0b0c0d0e0f",
        "",
        "+00102030405060708090a0b0c0d0e0f",
    ];
    for key in wrong {
        let error = read("suite.toml", &with_key(key)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "suite.toml:1:12: expected `seed-key` with 32 hexadecimal digits, such as `openssl \
             rand -hex 16` prints; what is there is not shown"
        );
    }
    let unquoted = format!("seed-key = {KEY}\n{SUITE}");
    let error = read("suite.toml", &unquoted).unwrap_err().to_string();
    assert!(!error.contains("0c0d0e0f"), "{error}");
    let twice = format!("seed-key = \"{KEY}\"\n{}", with_key(KEY));
    let error = read("suite.toml", &twice).unwrap_err().to_string();
    assert!(!error.contains("0c0d0e0f"), "{error}");
}

#[test]
fn a_grade_names_the_key_and_its_commands_need_none() {
    let class = Class::small();
    fs::write(class.path("suite.toml"), with_key(KEY)).unwrap();
    let ended = class.grade(&["--format", "json", "--report", "report", "class"]);
    let grade = parse(&ended);
    assert_eq!(grade["suite"]["seed-key"], "effde7a33edde12d");
    assert_eq!(
        grade["suite"]["challenges"][0]["seeds"],
        serde_json::json!([1, 2, 3])
    );
    // bob's echo traps with the first seed.
    let failure = &grade["submissions"][1]["challenges"][0]["failure"];
    assert_eq!(failure["seed"], 1);
    let key = SeedKey::read(KEY).unwrap();
    let replay = failure["replay"].as_str().unwrap();
    assert_eq!(
        replay,
        format!(
            "host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 \
             --seed {}",
            key.run_seed("echo", 1)
        )
    );
    let again = class.host().args(replay.split(' ').skip(1)).end();
    assert_eq!(again.code(), Some(1));
    let page = fs::read_to_string(class.path("report/index.html")).unwrap();
    assert!(page.contains("effde7a33edde12d"));
    let text = class.grade(&["class"]).stdout;
    assert!(
        text.contains("(suite small, seed key effde7a33edde12d, host "),
        "{text}"
    );
    // The key itself is nowhere.
    let mut texts = vec![ended.stdout];
    for format in [
        "text",
        "junit",
        "csv",
        "markdown",
        "annotations",
        "leaderboard",
    ] {
        texts.push(class.grade(&["--format", format, "class"]).stdout);
    }
    for file in ["index.html", "grade.json", "grade.csv"] {
        texts.push(fs::read_to_string(class.path("report").join(file)).unwrap());
    }
    for text in texts {
        assert!(!text.contains(KEY), "{text}");
    }
}

#[test]
fn results_of_two_keys_are_not_mixed() {
    let class = Class::empty();
    class.guest("bob/echo.wasm", "trap");
    let keys = [Some(KEY), Some(OTHER), None];
    for (index, key) in keys.into_iter().enumerate() {
        let suite = key.map_or_else(|| SUITE.to_owned(), with_key);
        fs::write(class.path("suite.toml"), suite).unwrap();
        let shard = format!("{}/3", index + 1);
        let grade = class.json(&["--shard", &shard]);
        fs::write(class.path(&format!("{index}.json")), grade.to_string()).unwrap();
    }
    for other in ["1.json", "2.json"] {
        let ended = class.host().args(["merge", "0.json", other]).end();
        assert_eq!(ended.code(), Some(254));
        assert_eq!(
            ended.stderr,
            format!(
                "error: {other}: its seed key is not that of 0.json; shares are judged by one \
                 program with one suite\n"
            )
        );
    }
    fs::write(class.path("suite.toml"), with_key(KEY)).unwrap();
    class.json(&["--resume", "runs.jsonl"]);
    fs::write(class.path("suite.toml"), with_key(OTHER)).unwrap();
    let ended = class.grade(&["--resume", "runs.jsonl", "class"]);
    assert_eq!(ended.code(), Some(254));
    assert!(
        ended
            .stderr
            .contains("with the seed key effde7a33edde12d, this is "),
        "{ended}"
    );
}

/// A guest that knows the seeds of the documentation by its first random bytes cannot know those
/// of a key: no run of one has a seed that small.
#[test]
fn no_seed_of_a_key_is_small() {
    let key = SeedKey::read(KEY).unwrap();
    let smallest = (0..10_000).map(|seed| key.run_seed("echo", seed)).min();
    assert!(smallest.unwrap() > 1_000_000_000, "{smallest:?}");
    let json: Json = serde_json::to_value(key.run_seed("echo", 3)).unwrap();
    assert!(json.as_f64().unwrap() < 9_007_199_254_740_992.0); // exact in every reader
}
