//! Numbers at their extremes: each is used or refused in a sentence, and nothing wraps.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use host_grade::grade::Shard;
use host_grade::suite::read::read;
use host_trial::scenario::option::{self, SuiteKey, Values};
use serde_json::{Value as Json, json};
use test_support::Ended;
use test_support::class::{Class, SUITE};

/// Numbers that are too small or too large for something.
const NUMBERS: [&str; 12] = [
    "-9223372036854775808",
    "-1",
    "0",
    "1",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "inf",
    "nan",
];

#[test]
fn every_number_of_a_suite_is_used_or_refused() {
    let mut refused = String::new();
    for option in option::ALL {
        let is_number = matches!(
            option.values,
            Values::Whole(..) | Values::Decimal(..) | Values::NumberOrText { .. }
        );
        if !is_number || matches!(option.suite, SuiteKey::None(_)) {
            continue;
        }
        for number in NUMBERS {
            let line = format!("{} = {number}\n", option.name);
            let text = match option.suite {
                SuiteKey::Limit(_) => SUITE.replacen(
                    "[[challenge]]",
                    &format!("[limits]\n{line}[[challenge]]"),
                    1,
                ),
                _ => {
                    let before = |text: &str| !text.starts_with(&format!("{} = ", option.name));
                    let lines: Vec<&str> = SUITE.lines().filter(|text| before(text)).collect();
                    let text = lines.join("\n") + "\n";
                    text.replace("title", &format!("{line}title"))
                }
            };
            if let Err(error) = read("suite.toml", &text) {
                assert!(error.line > 1 && !error.message.is_empty(), "{error}");
                writeln!(refused, "{}", error.message).unwrap();
            }
        }
    }
    assert!(
        refused.contains("expected a whole number from 1 to 10000, found 0"),
        "{refused}"
    );
}

#[test]
fn every_number_of_a_command_line_is_used_or_refused() {
    let class = Class::empty();
    class.built("echo.wasm", "echo");
    for option in option::ALL {
        let mut values: Vec<String> = match option.values {
            Values::Whole(least, most) => vec![least.to_string(), most.to_string()],
            Values::Decimal(least, most) => vec![least.to_string(), most.to_string()],
            Values::NumberOrText { .. } => vec!["10000".to_owned(), "10000n".to_owned()],
            _ => continue,
        };
        values.extend(NUMBERS.map(str::to_owned));
        values.push("18446744073709551615n".to_owned());
        // So many nodes are tested elsewhere, and take seconds.
        values.retain(|value| (option.name, value.as_str()) != ("node-count", "10000"));
        for value in values {
            let mut flags = vec![format!("--{}={value}", option.name)];
            for (name, usual) in [
                ("node-count", "1"),
                ("rate", "0.01"),
                ("time-limit", "0.01"),
            ] {
                if name != option.name {
                    flags.push(format!("--{name}={usual}"));
                }
            }
            let sim = class.host().deadline(Duration::from_secs(60));
            let sim = sim.args([
                "sim",
                "-w",
                "echo",
                "--seed=1",
                "--module",
                "class/echo.wasm",
            ]);
            let ended = sim.args(&flags).end();
            assert!(
                matches!(ended.code(), Some(0..=3 | 254)) && !ended.stderr.contains("panick"),
                "{flags:?}: {ended}"
            );
        }
    }
}

#[test]
fn seeds_that_are_too_many_are_refused_before_they_are_kept() {
    let message = |seeds: &str| {
        let text = SUITE.replacen("seeds = \"1..4\"", &format!("seeds = {seeds}"), 1);
        read("suite.toml", &text)
            .map_err(|error| error.message)
            .map(|suite| suite.challenges.len())
    };
    let range = "expected A..B, with A below B and at most 1000000 seeds in between".to_owned();
    assert_eq!(message("\"0..18446744073709551615\""), Err(range.clone()));
    assert_eq!(message("\"0..18446744073709551616\""), Err(range.clone()));
    assert_eq!(
        message("\"18446744073709551614..18446744073709551615\""),
        Ok(3)
    );
    assert_eq!(message("\"-1..4\""), Err(range));
    assert_eq!(
        message("\"0..100001\""),
        Err("at most 100000 seeds may be".to_owned())
    );
    let list = (0..200_000)
        .map(|seed| seed.to_string())
        .collect::<Vec<_>>()
        .join(",");
    let many = "expected at most 1000 seeds; a range may have more".to_owned();
    assert_eq!(message(&format!("[{list}]")), Err(many));
}

#[test]
fn the_seeds_of_all_challenges_have_a_limit() {
    let challenge = SUITE.find("[[challenge]]").unwrap();
    let second = SUITE[challenge + 1..].find("[[challenge]]").unwrap() + challenge + 1;
    let mut text = SUITE[..challenge].replace("1..4", "0..100000");
    for number in 0..11 {
        let id = format!("id = \"c{number}\"");
        text += &SUITE[challenge..second].replace("id = \"echo\"", &id);
    }
    let error = read("suite.toml", &text).unwrap_err();
    assert_eq!(
        error.message,
        "the seeds of all challenges together are more than 1000000"
    );
}

#[test]
fn every_limit_has_the_name_of_its_flag_in_a_suite() {
    let limits = option::ALL
        .iter()
        .filter(|it| matches!(it.suite, SuiteKey::Limit(_)));
    let lines: String = limits
        .map(|option| format!("{} = 77\n", option.name))
        .collect();
    let text = SUITE.replacen(
        "[[challenge]]",
        &format!("[limits]\n{lines}[[challenge]]"),
        1,
    );
    let suite = read("suite.toml", &text).unwrap();
    let scenario = &suite.challenges[2].scenario;
    for option in option::ALL {
        if matches!(option.suite, SuiteKey::Limit(_)) {
            assert_eq!(
                option.text(scenario).as_deref(),
                Some("77"),
                "{}",
                option.name
            );
        }
    }
    let both = "[limits]\nmax-fuel = 3\nstep-fuel = 3\n[[challenge]]";
    let error = read("suite.toml", &SUITE.replacen("[[challenge]]", both, 1)).unwrap_err();
    assert_eq!(
        error.message,
        "`step-fuel` is the older name of `max-fuel`, which is there too"
    );
}

#[test]
fn a_long_challenge_has_room_for_its_answers() {
    let room = |time_limit: &str, limits: &str| {
        let text = SUITE.replacen(
            "time-limit = 3\n",
            &format!("time-limit = {time_limit}\n"),
            1,
        );
        let text = text.replacen("[[challenge]]", &format!("{limits}[[challenge]]"), 1);
        let suite = read("suite.toml", &text).unwrap();
        suite.challenges[0].scenario.options.bounds.answer_bytes
    };
    assert_eq!(room("3", ""), 32 << 20);
    assert_eq!(room("86400", ""), 5 * 86_400 * 256);
    assert_eq!(room("86400", "[limits]\nmax-answers-mib = 1\n"), 1 << 20);
}

/// A grade of two submissions, one with each of two challenges.
fn grade(points: u64, shard: Option<Json>) -> Json {
    let challenge = |id: &str| {
        json!({"id": id, "title": "t", "points": points, "optional": false, "hidden": false,
            "seeds": [1], "options": "", "limits": {}})
    };
    let judged = |id: &str| {
        json!({"id": id, "score": 0, "state": "judged", "verdict": "AC",
        "module": "m.wasm", "sha256": "00", "seeds-passed": 1})
    };
    let mut grade = json!({"format": "host-grade", "version": 1,
        "judge": {"host": "0", "engine": "e", "cost-table": {}},
        "suite": {"name": "s", "sha256": "00", "challenges": [challenge("a"), challenge("b"), challenge("c")]},
        "complete": true, "passed": true,
        "submissions": [{"name": "x", "passed": true, "score": 0, "points": 0,
            "challenges": [judged("a"), judged("b"), judged("c")]}],
        "timings": {"wall-ms": u64::MAX, "runs-ms": {}}});
    if let Some(shard) = shard {
        grade["shard"] = shard;
    }
    grade
}

/// Merges grades, which get the names `0.json`, `1.json` and so on.
fn merge(grades: &[Json]) -> Ended {
    let class = Class::empty();
    let names = (0..grades.len()).map(|index| format!("{index}.json"));
    let names: Vec<String> = names.collect();
    for (name, grade) in names.iter().zip(grades) {
        fs::write(class.path(name), grade.to_string()).unwrap();
    }
    class
        .host()
        .args(["merge", "--format", "csv"])
        .args(names)
        .end()
}

#[test]
fn points_of_three_times_4294967295_are_refused_and_sums_do_not_wrap() {
    let ended = merge(&[grade(4_294_967_295, None)]);
    assert_eq!(ended.code(), Some(254));
    assert_eq!(
        ended.stderr,
        "error: 0.json: challenge a has 4294967295 points, and a suite gives at most 1000000; the \
         file was changed\n"
    );
    let ended = merge(&[grade(1_000_000, None)]);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(ended.stdout.contains("3000000"), "{ended}");
}

#[test]
fn shares_that_do_not_exist_are_refused() {
    for (index, of) in [
        (9, 2),
        (0, 0),
        (0, 2),
        (1, 0),
        (1, 100_001),
        (4_294_967_295_u32, 3),
    ] {
        let ended = merge(&[grade(1, Some(json!({"index": index, "of": of})))]);
        assert_eq!(ended.code(), Some(254), "{index}/{of}: {ended}");
        assert!(
            ended
                .stderr
                .contains("expected I/N, with I from 1 to N and N up to 100000"),
            "{ended}"
        );
        assert!(format!("{index}/{of}").parse::<Shard>().is_err());
    }
}

#[test]
fn shares_of_one_split_are_joined_each_once() {
    let share = |index: u32, of: u32| grade(1, Some(json!({"index": index, "of": of})));
    let refusal = |grades: &[Json]| {
        let ended = merge(grades);
        assert_eq!(ended.code(), Some(254), "{ended}");
        ended.stderr
    };
    assert_eq!(
        refusal(&[share(1, 2), share(1, 2)]),
        "error: 1.json: it is share 1/2, as 0.json is; give each share once\n"
    );
    assert_eq!(
        refusal(&[share(1, 2), share(2, 3)]),
        "error: 1.json: it is share 2/3, and 0.json is share 1/2; they are not of one split\n"
    );
    assert_eq!(
        refusal(&[share(1, 2), grade(1, None)]),
        "error: 1.json: it is of all the work, not of a share (--shard); there is nothing to join \
         it with\n"
    );
    // The sum of times that are as long as can be does not wrap.
    let ended = merge(&[share(1, 3), share(3, 3)]);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(
        ended
            .stderr
            .contains("not all shares are here; pending is what these judge: 2/3"),
        "{ended}"
    );
}
