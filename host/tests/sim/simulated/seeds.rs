//! `host sim --seeds`: what is told of many runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use test_support::class::parse;
use test_support::{Dir, Ended, Run, built, compiled, with_placeholders};

/// A broadcast that never tries again, cut off sometimes.
fn flood(dir: &Dir, args: &str) -> Run {
    let sim = dir
        .host()
        .args(["sim", "-w", "broadcast", "--cache-dir"])
        .arg(compiled());
    let sim = sim.arg("--module").arg(built("broadcast-flood"));
    let sim = sim.hide(built("broadcast-flood").parent().unwrap(), "DIR");
    let sim = sim.hide(&compiled(), "CACHE");
    let options = "--node-count 3 --time-limit 4 --rate 5 --nemesis partition --nemesis-interval 4";
    sim.args(options.split(' ')).args(args.split(' '))
}

#[track_caller]
fn check(ended: &Ended, code: i32, expected: &Expect) {
    expected.assert_eq(&with_placeholders(&ended.stdout));
    assert_eq!((ended.code(), &*ended.stderr), (Some(code), ""));
}

#[test]
fn all_seeds_are_tried_if_they_are_to_be_and_failures_counted() {
    let dir = Dir::new();
    let first = flood(&dir, "--seed 1").end();
    let ended = flood(&dir, "--seeds 0..8 --keep-going").end();
    let (tally, shown) = ended
        .stdout
        .split_once("The first that is not valid:\n\n")
        .unwrap();
    expect![[r#"
        broadcast: INVALID with 6 of 8 seeds, 0 to 7

        anomalies
          final-read-lacks      4 seeds: 1, 5, 6, 7
          lost-elements         4 seeds: 1, 2, 4, 6

        figures                    median     99 %    worst
          msgs-per-op               0.679     0.88     0.88  with seed 7
          stable-median-ms              0    13809    13809  with seed 6
          stable-max-ms                 0    13809    13809  with seed 6
          visible-median-ms             0    13811    13811  with seed 6
          visible-max-ms                0    13811    13811  with seed 6
          acknowledged-median-ms        1        3        3  with seed 3
          acknowledged-max-ms           2        9        9  with seed 3
          ms-per-ok                   188      219      219  with seed 6
          availability                  1        1        1  with seed 0

    "#]]
    .assert_eq(tally);
    assert_eq!((ended.code(), shown), (Some(1), &*first.stdout));
    // Without it the first failure is the end.
    let ended = flood(&dir, "--seeds 0..8").end();
    let (head, shown) = ended.stdout.split_once("\n\n").unwrap();
    assert_eq!(
        head,
        "1 of 8 seeds is valid before the first that is not, 1:"
    );
    assert_eq!((ended.code(), shown), (Some(1), &*first.stdout));
}

#[test]
fn one_seed_is_one() {
    let dir = Dir::new();
    let echo = || {
        let sim = dir
            .host()
            .args(["sim", "-w", "echo", "--cache-dir"])
            .arg(compiled())
            .arg("--module");
        sim.arg(built("echo"))
            .args(["--time-limit", "1", "--seeds", "3..4"])
    };
    check(
        &echo().end(),
        0,
        &expect![[r#"
            echo: valid with the seed 3

            figures                    median     99 %    worst
              msgs-per-op                   0        0        0  with seed 3
              acknowledged-median-ms        3        3        3  with seed 3
              acknowledged-max-ms           3        3        3  with seed 3
              ms-per-ok                   132      132      132  with seed 3
              availability                  1        1        1  with seed 3

            [VALID]
        "#]],
    );
    let ended = flood(&dir, "--seeds 1..2 --keep-going").end();
    let first = ended.stdout.lines().next().unwrap();
    assert_eq!(first, "broadcast: INVALID with 1 of 1 seed, 1");
}

#[test]
fn figures_are_those_of_the_runs() {
    let dir = Dir::new();
    let many = parse(&flood(&dir, "--seeds 0..8 --keep-going --format json").end());
    let alone: Vec<Json> = (0..8)
        .map(|seed| parse(&flood(&dir, &format!("--seed {seed} --format json")).end()))
        .collect();
    let mut rates: Vec<f64> = alone
        .iter()
        .map(|run| {
            run["results"]["net"]["servers"]["msgs-per-op"]
                .as_f64()
                .unwrap()
        })
        .collect();
    let worst = rates.iter().copied().fold(0.0, f64::max);
    let worst_seed = rates.iter().position(|rate| *rate == worst).unwrap();
    rates.sort_by(f64::total_cmp);
    let shown = &many["figures"]["msgs-per-op"];
    let near = |of: &str, expected: f64| {
        let value = shown[of].as_f64().unwrap();
        assert!((value - expected).abs() < 1e-6, "{of}: {shown}, {rates:?}");
    };
    // Of eight, half are four, and 99 % are eight.
    near("median", rates[3]);
    near("p99", rates[7]);
    near("worst", worst);
    assert_eq!(shown["worst-seed"], json!(worst_seed));
    assert_eq!(shown["runs"], json!(8));
    // The availability is worst where it is least.
    let least = alone
        .iter()
        .map(|run| {
            run["results"]["availability"]["ok-fraction"]
                .as_f64()
                .unwrap()
        })
        .fold(1.0, f64::min);
    let availability = many["figures"]["availability"]["worst"].as_f64().unwrap();
    assert!(
        (availability - least).abs() < 1e-6,
        "{availability} {least}"
    );
    // So are the failures.
    let failed = |run: &&Json| run["valid?"] != json!(true);
    let invalid = alone.iter().filter(failed).count();
    let runs = many["runs"].as_array().unwrap();
    assert_eq!(runs.iter().filter(failed).count(), invalid);
    assert_eq!(runs.len(), 8);
    let lost = |run: &&Json| run["results"]["workload"]["lost-count"].as_u64() > Some(0);
    let lost_runs = alone.iter().filter(lost).count();
    let first = alone.iter().position(|run| lost(&run)).unwrap();
    assert_eq!(
        many["anomalies"]["lost-elements"],
        json!({"runs": lost_runs, "first-seed": first})
    );
}

#[test]
fn each_run_has_its_figures() {
    let dir = Dir::new();
    let many = parse(&flood(&dir, "--seeds 2..4 --keep-going --format json").end());
    for (at, seed) in [2, 3].into_iter().enumerate() {
        let file = dir.path(&format!("{seed}.json"));
        let run = flood(&dir, &format!("--seed {seed} --format json --history"));
        let alone = parse(&run.arg(&file).end());
        let results = &alone["results"];
        let stable = &results["workload"]["stable-latencies"];
        let shown = &many["runs"][at]["figures"];
        let expected = [
            ("ops", &results["stats"]["count"]),
            ("msgs-per-op", &results["net"]["servers"]["msgs-per-op"]),
            ("all-msgs-per-op", &results["net"]["all"]["msgs-per-op"]),
            ("stable-median-ms", &stable["0.5"]),
            ("stable-p95-ms", &stable["0.95"]),
            ("stable-max-ms", &stable["1"]),
            ("availability", &results["availability"]["ok-fraction"]),
            ("round-trip-median-ms", &json!(round_trip_ms(&file))),
        ];
        for (name, value) in expected {
            assert_eq!(shown[name].as_f64(), value.as_f64(), "{name} of {seed}");
        }
    }
}

/// The median time from an invocation to its completion with `ok`, in a history of JSON lines.
fn round_trip_ms(history: &Path) -> f64 {
    let mut open: BTreeMap<String, f64> = BTreeMap::new();
    let mut times = Vec::new();
    for line in fs::read_to_string(history).unwrap().lines() {
        let op: Json = serde_json::from_str(line).unwrap();
        if op["process"] == "nemesis" {
            continue;
        }
        let (process, time) = (op["process"].to_string(), op["time"].as_f64().unwrap());
        if op["type"] == "invoke" {
            open.insert(process, time);
        } else if op["type"] == "ok" {
            times.push((time - open[&process]) / 1e6);
        }
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[test]
fn the_order_of_threads_changes_nothing() {
    let dir = Dir::new();
    let text = |threads: &str| {
        let run = flood(&dir, "--seeds 0..8 --keep-going");
        run.env("RAYON_NUM_THREADS", threads).end().stdout
    };
    assert_eq!(text("1"), text("4"));
}

#[test]
fn an_interrupt_shows_what_is_done() {
    let dir = Dir::new();
    let echo = |format: &str| {
        let sim = dir
            .host()
            .args(["sim", "-w", "echo", "--cache-dir"])
            .arg(compiled())
            .arg("--module");
        let sim = sim.arg(built("echo")).args(["--time-limit", "1"]);
        let live = sim
            .args(["--seeds", "0..1000000", "--format", format])
            .start();
        std::thread::sleep(Duration::from_millis(1500));
        live.signal(Signal::INT);
        live.wait()
    };
    let ended = echo("text");
    assert_eq!(ended.code(), Some(130), "{ended}");
    let done = ended.stderr.strip_prefix("interrupted: ").unwrap();
    let done = done.strip_suffix(" of 1000000 runs are done, and valid\n");
    let done: u64 = done.unwrap().parse().unwrap();
    let (head, rest) = ended.stdout.split_once("\n\n").unwrap();
    assert_eq!(
        head,
        format!("echo: {done} of 1000000 seeds done, {done} valid")
    );
    assert!(
        rest.starts_with("figures  ") && rest.contains("\n  msgs-per-op "),
        "{rest}"
    );

    let ended = echo("json");
    assert_eq!(ended.code(), Some(130), "{ended}");
    let result = parse(&ended);
    let runs = result["runs"].as_array().unwrap().len();
    assert_eq!(result["asked-for"], json!(1_000_000));
    assert_eq!(result["interrupted?"], json!(true));
    assert_eq!(result["figures"]["availability"]["runs"], json!(runs));
    assert!(0 < runs && runs < 1_000_000);
}

#[test]
fn one_run_has_nothing_to_go_on_with() {
    let ended = flood(&Dir::new(), "--seed 1 --keep-going").end();
    ended.is(expect![[r#"
        exit code 254
        ---- stderr
        error: --keep-going is for several runs: add --seeds A..B
    "#]]);
}
