//! `host sim --summary` and `--shard`, and `host merge` of summaries.

use expect_test::{Expect, expect};
use host_grade::sweep::{AVAILABILITY, Spread, VALUES_MAX, Values};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use test_support::class::parse;
use test_support::{Dir, Ended, Run, built, compiled};

/// A broadcast that never tries again, cut off sometimes.
fn flood(dir: &Dir, args: &str) -> Run {
    let sim = dir.host().args(["sim", "-w", "broadcast", "--cache-dir"]);
    let sim = sim.arg(compiled());
    let sim = sim.arg("--module").arg(built("broadcast-flood"));
    let sim = sim.hide(built("broadcast-flood").parent().unwrap(), "DIR");
    let sim = sim.hide(&compiled(), "CACHE");
    let options = "--node-count 3 --time-limit 4 --rate 5 --nemesis partition --nemesis-interval 4";
    sim.args(options.split(' ')).args(args.split(' '))
}

fn merge(dir: &Dir, args: &str) -> Ended {
    dir.host().arg("merge").args(args.split(' ')).end()
}

/// Writes the shares of these seeds: `1.json` and so on.
fn write_shares(dir: &Dir, seeds: &str, of: u32) {
    for index in 1..=of {
        let share = flood(
            dir,
            &format!("--seeds {seeds} --shard {index}/{of} --format json"),
        );
        dir.write(&format!("{index}.json"), share.end().stdout);
    }
}

#[track_caller]
fn check(ended: &Ended, code: i32, expected: &Expect) {
    expected.assert_eq(&(ended.stdout.clone() + &ended.stderr));
    assert_eq!(ended.code(), Some(code));
}

#[test]
fn shares_are_merged_to_the_bytes_of_the_whole() {
    let dir = Dir::new();
    let whole = flood(&dir, "--seeds 3..12 --summary --format json").end();
    let alone = flood(&dir, "--seeds 3..12 --summary --format json");
    let alone = alone.env("RAYON_NUM_THREADS", "1").end();
    assert_eq!((whole.code(), &whole.stdout), (Some(1), &alone.stdout));
    dir.write("whole.json", &whole.stdout);
    // More shares than seeds: two have none.
    for of in [2, 11] {
        write_shares(&dir, "3..12", of);
        let names: Vec<String> = (1..=of)
            .rev()
            .map(|index| format!("{index}.json"))
            .collect();
        for format in ["json", "text", "csv"] {
            let merged = merge(&dir, &format!("--format {format} {}", names.join(" ")));
            let same = merge(&dir, &format!("--format {format} whole.json"));
            assert_eq!(merged.stdout, same.stdout);
            assert_eq!((merged.code(), &*merged.stderr), (Some(1), ""));
        }
        let merged = merge(&dir, &format!("--format json {}", names.join(" ")));
        assert_eq!(merged.stdout, whole.stdout);
    }
}

#[test]
fn a_summary_says_what_the_runs_say() {
    let dir = Dir::new();
    let runs = parse(&flood(&dir, "--seeds 0..8 --keep-going --format json").end());
    let summary = parse(&flood(&dir, "--seeds 0..8 --summary --format json").end());
    for (name, figure) in runs["figures"].as_object().unwrap() {
        let mut shown = summary["figures"][name].clone();
        let values = shown.as_object_mut().unwrap().remove("values").unwrap();
        assert_eq!(&shown, figure, "{name}");
        // Each run has a value, and it is counted.
        let mut expected = serde_json::Map::new();
        for run in runs["runs"].as_array().unwrap() {
            // A figure may have nothing to measure.
            if let Some(value) = run["figures"][name].as_f64() {
                let count = expected.entry(value.to_string()).or_insert(json!(0));
                *count = json!(count.as_u64().unwrap() + 1);
            }
        }
        assert_eq!(values, Json::Object(expected), "{name}");
    }
    let failed = |run: &&Json| run["valid?"] != json!(true);
    let all = runs["runs"].as_array().unwrap();
    let first = all.iter().find(failed).unwrap();
    assert_eq!(summary["first-failure"]["seed"], first["seed"]);
    assert_eq!(
        summary["first-failure"]["replay"],
        runs["first-failure"]["replay"]
    );
    let valid = all.len() - all.iter().filter(failed).count();
    let counts = [
        "asked-for",
        "complete",
        "valid?",
        "runs",
        "valid-runs",
        "unknown-runs",
    ];
    assert_eq!(
        counts.map(|name| summary[name].clone()),
        [
            json!(8),
            json!(true),
            json!(false),
            json!(8),
            json!(valid),
            json!(0)
        ]
    );
    for (name, failures) in runs["anomalies"].as_object().unwrap() {
        let has = |run: &&Json| {
            run["anomalies"]
                .as_array()
                .is_some_and(|it| it.contains(&json!(name)))
        };
        let seeds: Vec<&Json> = all.iter().filter(has).map(|run| &run["seed"]).collect();
        let shown = &summary["anomalies"][name];
        assert_eq!(shown["runs"], failures["runs"]);
        assert_eq!(shown["seeds"], json!(seeds[..seeds.len().min(6)]));
    }
}

#[test]
fn summaries_are_text_and_rows() {
    let dir = Dir::new();
    let ended = flood(&dir, "--seeds 0..8 --summary").end();
    check(
        &ended,
        1,
        &expect![[r#"
        broadcast: INVALID with 6 of 8 seeds, 0..8

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

        2 of 8 seeds: no fault touched anything, so they test nothing that runs without faults would not

        The first that is not valid is 1: host sim -w broadcast --cache-dir CACHE --module DIR/broadcast-flood.wasm --node-count 3 --time-limit 4 --rate 5 --nemesis partition --nemesis-interval 4 --seed 1
    "#]],
    );
    let ended = flood(&dir, "--seeds 0..8 --shard 1/4 --format csv").end();
    check(
        &ended,
        1,
        &expect![[r#"
        what,name,runs,seed,median,p99,worst
        runs,asked for,2,,,,
        runs,done,2,,,,
        runs,valid,1,,,,
        runs,not valid,1,4,,,
        anomaly,lost-elements,1,4,,,
        figure,msgs-per-op,2,4,0.6086956,0.7826087,0.7826087
        figure,stable-median-ms,2,0,0,0,0
        figure,stable-max-ms,2,0,0,0,0
        figure,visible-median-ms,2,0,0,0,0
        figure,visible-max-ms,2,0,0,0,0
        figure,acknowledged-median-ms,1,4,1,1,1
        figure,acknowledged-max-ms,1,4,1,1,1
        figure,ms-per-ok,2,4,186.011665,198.07083355,198.07083355
        figure,availability,2,0,1,1,1
    "#]],
    );
}

#[test]
fn a_run_that_only_misses_a_target_is_counted_so() {
    let dir = Dir::new();
    let args = "--seeds 0..1 --summary --format json --below msgs-per-op=0.1";
    let summary = parse(&flood(&dir, args).end());
    assert_eq!(
        (&summary["valid?"], &summary["anomalies"]),
        (
            &json!(false),
            &json!({"missed-targets": {"runs": 1, "seeds": [0]}})
        )
    );
}

#[test]
fn shares_that_are_missing_are_named() {
    let dir = Dir::new();
    write_shares(&dir, "0..4", 4);
    check(
        &merge(&dir, "1.json 4.json"),
        2,
        &expect![[r#"
        broadcast: valid with 2 seeds, 0..4; 2 seeds to be done

        figures                    median     99 %    worst
          msgs-per-op               0.609    0.609    0.609  with seed 0
          stable-median-ms              0        0        0  with seed 0
          stable-max-ms                 0        0        0  with seed 0
          visible-median-ms             0        0        0  with seed 0
          visible-max-ms                0        0        0  with seed 0
          acknowledged-median-ms        3        3        3  with seed 3
          acknowledged-max-ms           9        9        9  with seed 3
          ms-per-ok                   186      192      192  with seed 3
          availability                  1        1        1  with seed 0

        2 of 2 seeds: no fault touched anything, so they test nothing that runs without faults would not
         WARN not all shares are here; the seeds of these are not counted: 2/4, 3/4
    "#]],
    );
}

#[test]
fn what_does_not_belong_together_is_not_joined() {
    let dir = Dir::new();
    write_shares(&dir, "0..4", 2);
    dir.write("again.json", dir.read("1.json"));
    let write = |name: &str, args: &str| dir.write(name, flood(&dir, args).end().stdout);
    write("whole.json", "--seeds 0..4 --summary --format json");
    write("split.json", "--seeds 0..4 --shard 2/3 --format json");
    write("seeds.json", "--seeds 0..5 --shard 2/2 --format json");
    write(
        "option.json",
        "--seeds 0..4 --shard 2/2 --format json --latency 3",
    );
    write("args.json", "--seeds 0..4 --shard 2/2 --format json -- a");
    let mut changed: Json = serde_json::from_str(&dir.read("2.json")).unwrap();
    changed["sweep"]["judge"]["host"] = json!("0.0.1");
    dir.write("version.json", changed.to_string());
    let mut changed: Json = serde_json::from_str(&dir.read("2.json")).unwrap();
    changed["sweep"]["run"]["sha256"] = json!("00");
    dir.write("module.json", changed.to_string());
    let mut changed: Json = serde_json::from_str(&dir.read("2.json")).unwrap();
    changed["valid-runs"] = json!(9);
    dir.write("counts.json", changed.to_string());
    let mut changed: Json = serde_json::from_str(&dir.read("2.json")).unwrap();
    changed["figures"]["msgs-per-op"]["median"] = json!(9);
    dir.write("values.json", changed.to_string());
    let mut all = String::new();
    for other in [
        "again", "whole", "split", "seeds", "option", "args", "version", "module", "counts",
        "values",
    ] {
        let ended = merge(&dir, &format!("1.json {other}.json"));
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""));
        all += &ended.stderr;
    }
    for args in ["--format junit 1.json", "--each out 1.json"] {
        all += &merge(&dir, args).stderr;
    }
    expect![[r#"
        error: again.json: it is share 1/2, as 1.json is; give each share once
        error: whole.json: it is of all the work, not of a share (--shard); there is nothing to join it with
        error: split.json: it is share 2/3, and 1.json is share 1/2; they are not of one split
        error: seeds.json: its range of seeds is not that of 1.json; shares of a sweep have one program, module, scenario and range of seeds
        error: option.json: its --latency is not that of 1.json; shares of a sweep have one program, module, scenario and range of seeds
        error: args.json: its list of guest arguments is not that of 1.json; shares of a sweep have one program, module, scenario and range of seeds
        error: version.json: its program (host, its engine or its cost table) is not that of 1.json; shares of a sweep have one program, module, scenario and range of seeds
        error: module.json: its module is not that of 1.json; shares of a sweep have one program, module, scenario and range of seeds
        error: counts.json: not a summary: its numbers of runs contradict each other: the file was changed
        error: values.json: not a summary: its values of msgs-per-op contradict each other: the file was changed
        error: this --format is for grades; summaries of runs can be written as text, json and csv
        error: --each is for grades; summaries of runs can be written as text, json and csv
    "#]].assert_eq(&all);
}

#[test]
fn summaries_are_of_several_seeds_and_csv_is_for_them() {
    let dir = Dir::new();
    let mut all = String::new();
    for args in [
        "--seed 1 --summary",
        "--seed 1 --format csv",
        "--seeds 0..4 --format csv",
        "--seeds 0..4 --summary --watch",
        "--seed 1 --shard 1/2",
        "--seeds 0..4 --shard 3/2",
    ] {
        let ended = flood(&dir, args).end();
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""));
        all += ended.stderr.lines().next().unwrap();
        all += "\n";
    }
    expect![[r#"
        error: --summary is for several runs: add --seeds A..B
        error: --format csv is for what many runs show together: add --summary
        error: --format csv is for what many runs show together: add --summary
        error: the argument '--summary' cannot be used with '--watch'
        error: --shard is for several runs: add --seeds A..B
        error: invalid value '3/2' for '--shard <I/N>': expected I/N, with I from 1 to N and N up to 100000
    "#]].assert_eq(&all);
}

#[test]
fn an_interrupt_shows_what_is_done() {
    let dir = Dir::new();
    let args = "--seeds 0..1000000 --shard 1/2 --format json";
    let mut running = flood(&dir, args).env("RUST_LOG", "debug").start();
    while !running.next_log_line().contains("running 500000 seeds") {}
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_eq!(ended.code(), Some(130), "{ended}");
    let summary = parse(&ended);
    assert_eq!(summary["complete"], json!(false));
    assert_eq!(summary["asked-for"], json!(500_000));
    assert!(summary["runs"].as_u64().unwrap() < 500_000);
}

/// The value that a list of all values has at this rank.
fn exact(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(values.len() * percent).div_ceil(100).max(1) - 1]
}

fn of(values: &[f64]) -> Values {
    let mut all = Values::default();
    for value in values {
        assert!(all.add(*value));
    }
    all
}

/// Numbers that look random, of three magnitudes.
fn numbers(count: u64) -> Vec<f64> {
    let number = |at: u64| {
        let hash = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let fraction = f64::from(u32::try_from(hash % (1 << 31)).unwrap()) / f64::from(1_u32 << 31);
        fraction * [1.0, 40.0, 3000.0][usize::try_from(hash % 3).unwrap()]
    };
    (0..count).map(number).collect()
}

#[test]
fn few_values_are_exact() {
    let values = numbers(4096);
    let all = of(&values);
    assert_eq!((all.len(), all.error().to_bits()), (4096, 0));
    for percent in [1, 50, 99, 100] {
        let quantile = all.quantile(percent, false);
        let exact = exact(&values, usize::try_from(percent).unwrap());
        assert_eq!(quantile, Some(exact));
    }
    assert_eq!(of(&[1.0, 2.0, 3.0]).quantile(50, false), Some(2.0));
    assert_eq!(of(&[1.0, 2.0, 3.0]).quantile(99, true), Some(1.0));
    assert_eq!(Values::default().quantile(50, false), None);
}

#[test]
fn many_values_are_within_the_error_that_is_stated() {
    let values = numbers(100_000);
    let all = of(&values);
    assert!(all.distinct() <= VALUES_MAX);
    assert!(all.error() > 0.0 && all.error() < 0.01, "{}", all.error());
    for percent in [1, 50, 99, 100] {
        let quantile = all.quantile(percent, false).unwrap();
        let exact = exact(&values, usize::try_from(percent).unwrap());
        assert!(quantile <= exact && exact <= quantile * (1.0 + all.error()));
    }
}

#[test]
fn parts_are_the_whole_in_any_split_and_order() {
    let values = numbers(30_000);
    let whole = of(&values);
    for parts in [2, 7, 1000] {
        let part = |index: usize| -> Vec<f64> {
            let part = values.iter().skip(index).step_by(parts);
            part.copied().collect()
        };
        let mut joined = Values::default();
        for index in (0..parts).rev() {
            joined.join(&of(&part(index)));
        }
        assert_eq!(joined, whole);
        let (front, back) = values.split_at(parts);
        let mut joined = of(back);
        joined.join(&of(front));
        assert_eq!(joined, whole);
    }
}

#[test]
fn what_is_no_figure_does_not_count() {
    let mut values = Values::default();
    for no_figure in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(!values.add(no_figure));
    }
    assert!(values.add(-0.0) && values.add(0.0));
    assert_eq!((values.len(), values.distinct()), (2, 1));
}

#[test]
fn of_equal_values_the_first_seed_is_the_worst() {
    let mut more = Spread::of("msgs-per-op", 2.0, 7).unwrap();
    for (value, seed) in [(1.0, 1), (2.0, 3), (2.0, 9)] {
        more.add(value, seed);
    }
    let found = (more.worst().to_string(), more.worst_seed(), more.runs());
    assert_eq!(found, ("2".to_owned(), 3, 4));
    let mut less = Spread::of(AVAILABILITY, 1.0, 0).unwrap();
    for (value, seed) in [(0.5, 4), (0.75, 1), (0.5, 2)] {
        less.add(value, seed);
    }
    let found = [less.worst(), less.median(), less.p99()].map(|it| it.to_string());
    assert_eq!(
        (found, less.worst_seed()),
        (["0.5", "0.75", "0.5"].map(str::to_owned), 2)
    );
}
