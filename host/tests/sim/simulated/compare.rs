//! `host compare`: two modules on the same seeds.

use expect_test::expect;
use serde_json::{Value as Json, json};
use test_support::class::parse;
use test_support::{Browser, Dir, Run, built, compiled};

const OPTIONS: &str =
    "-w broadcast --node-count 3 --time-limit 4 --rate 5 --nemesis partition --nemesis-interval 4";

fn host(dir: &Dir, command: &str) -> Run {
    let run = dir.host().arg(command).arg("--cache-dir").arg(compiled());
    let run = run.args(OPTIONS.split(' '));
    run.hide(built("broadcast").parent().unwrap(), "DIR")
}

/// A right broadcast, and one that never tries again.
fn compare(dir: &Dir, args: &str) -> Run {
    let run = host(dir, "compare").args(args.split(' '));
    run.arg(built("broadcast")).arg(built("broadcast-flood"))
}

#[test]
fn each_side_has_what_its_runs_have() {
    let dir = Dir::new();
    let comparison = parse(&compare(&dir, "--seeds 0..8 --format json").end());
    let alone = |module: &str| {
        let sim = host(&dir, "sim").arg("--module").arg(built(module));
        parse(
            &sim.args("--seeds 0..8 --keep-going --format json".split(' '))
                .end(),
        )
    };
    let alone = [alone("broadcast"), alone("broadcast-flood")];
    let valid = |run: &Json| run["valid?"].clone();
    for (side, alone) in comparison["sides"].as_array().unwrap().iter().zip(&alone) {
        let runs = alone["runs"].as_array().unwrap();
        let valid = runs.iter().filter(|run| valid(run) == json!(true)).count();
        assert_eq!(side["valid-runs"], json!(valid));
    }
    let figures = comparison["figures"].as_array().unwrap();
    assert_eq!(
        figures.len(),
        alone[0]["figures"].as_object().unwrap().len()
    );
    for figure in figures {
        let name = figure["name"].as_str().unwrap();
        assert_eq!(figure["a"], alone[0]["figures"][name], "{name}");
        assert_eq!(figure["b"], alone[1]["figures"][name], "{name}");
        for (at, statistic) in ["median", "p99", "worst"].into_iter().enumerate() {
            let value = |side: &str| figure[side][statistic].as_f64().unwrap();
            let ratio = (value("a") != 0.0).then(|| value("b") / value("a"));
            assert_eq!(figure["ratios"][at], json!(ratio), "{name} {statistic}");
        }
    }
    let [a, b] = alone.map(|alone| alone["runs"].as_array().unwrap().clone());
    let differ: Vec<usize> = (0..8)
        .filter(|at| valid(&a[*at]) != valid(&b[*at]))
        .collect();
    let first = differ[0];
    assert_eq!(
        comparison["differ"],
        json!({"runs": differ.len(), "first-seed": first, "valid?": [valid(&a[first]), valid(&b[first])]})
    );
    // On one thread it is the same.
    let again = compare(&dir, "--seeds 0..8 --format json").env("RAYON_NUM_THREADS", "1");
    assert_eq!(parse(&again.end()), comparison);
}

#[test]
fn both_change_to_the_version_that_is_named() {
    let dir = Dir::new();
    let options = "-w broadcast --node-count 3 --time-limit 4 --rate 5 --swap-at 1 \
                   --seeds 0..4 --format json --swap-module";
    let run = |command: &str, swap: &str, modules: &[&str]| {
        let run = dir.host().args(command.split(' '));
        let run = run.arg("--cache-dir").arg(compiled());
        let run = run.args(options.split_whitespace()).arg(built(swap));
        parse(&run.args(modules.iter().map(|name| built(name))).end())
    };
    let modules = ["broadcast-retry", "broadcast-flood"];
    let comparison = run("compare", "broadcast-batched", &modules);
    let sides = comparison["sides"].as_array().unwrap();
    assert_eq!(sides[0]["swap-sha256"], sides[1]["swap-sha256"]);
    for (name, (side, letter)) in modules.iter().zip(sides.iter().zip(["a", "b"])) {
        let alone = run("sim --summary", "broadcast-batched", &[*name]);
        assert_eq!(side["valid-runs"], alone["valid-runs"]);
        assert_eq!(side["anomalies"], alone["anomalies"]);
        for figure in comparison["figures"].as_array().unwrap() {
            let name = figure["name"].as_str().unwrap();
            for statistic in ["median", "p99", "worst"] {
                let expected = &alone["figures"][name][statistic];
                assert_eq!(&figure[letter][statistic], expected, "{name} {statistic}");
            }
        }
    }
    let other = run("compare", "broadcast-flood", &modules);
    assert_eq!(other["sides"][0]["swap-sha256"], sides[1]["sha256"]);
    assert_ne!(other["figures"], comparison["figures"]);
}

#[test]
fn a_comparison_is_text_and_rows() {
    let dir = Dir::new();
    compare(&dir, "--seeds 0..4").end().is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: A and B with 4 seeds of 0..4

        A  DIR/broadcast.wasm
           4 of 4 seeds valid
        B  DIR/broadcast-flood.wasm
           2 of 4 seeds valid
           final-read-lacks      1 seed: 1
           lost-elements         2 seeds: 1, 2
        The verdicts differ with 2 seeds, first with 1: A is valid, B is INVALID.

        figures                                 median                  99 %                 worst
                                       A       B   B/A       A       B   B/A       A       B   B/A
          msgs-per-op              0.783   0.609 0.778    1.52   0.696 0.457    1.52   0.696 0.457
          stable-median-ms            55       0     0    2300   13742  5.97    2300   13742  5.97
          stable-max-ms              253       0     0    3457   13742  3.98    3457   13742  3.98
          visible-median-ms           56       0     0    2305   13745  5.96    2305   13745  5.96
          visible-max-ms             255       0     0    3460   13745  3.97    3460   13745  3.97
          acknowledged-median-ms       1       1     1       3       3     1       3       3     1
          acknowledged-max-ms          2       3   1.5       9       9     1       9       9     1
          ms-per-ok                  186     186     1     192     192     1     192     192     1
          availability                 1       1     1       1       1     1       1       1     1
    "#]]);
    let ended = compare(&dir, "--seeds 0..4 --format csv").end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        figure,statistic,a,b,ratio
        runs,valid,4,2,
        runs,unknown,0,0,
        msgs-per-op,median,0.7826087,0.6086956,0.7777777067901238
        msgs-per-op,p99,1.5217391,0.6956522,0.457142883428572
        msgs-per-op,worst,1.5217391,0.6956522,0.457142883428572
        stable-median-ms,median,55,0,0
        stable-median-ms,p99,2300,13742,5.974782608695652
        stable-median-ms,worst,2300,13742,5.974782608695652
        stable-max-ms,median,253,0,0
        stable-max-ms,p99,3457,13742,3.97512293896442
        stable-max-ms,worst,3457,13742,3.97512293896442
        visible-median-ms,median,56,0,0
        visible-median-ms,p99,2305,13745,5.963123644251627
        visible-median-ms,worst,2305,13745,5.963123644251627
        visible-max-ms,median,255,0,0
        visible-max-ms,p99,3460,13745,3.972543352601156
        visible-max-ms,worst,3460,13745,3.972543352601156
        acknowledged-median-ms,median,1,1,1
        acknowledged-median-ms,p99,3,3,1
        acknowledged-median-ms,worst,3,3,1
        acknowledged-max-ms,median,2,3,1.5
        acknowledged-max-ms,p99,9,9,1
        acknowledged-max-ms,worst,9,9,1
        ms-per-ok,median,186.011665,186.011665,1
        ms-per-ok,p99,191.71505235,191.71505235,1
        ms-per-ok,worst,191.71505235,191.71505235,1
        availability,median,1,1,1
        availability,p99,1,1,1
        availability,worst,1,1,1
    "#]]);
}

#[test]
fn one_module_is_compared_with_other_arguments() {
    let dir = Dir::new();
    let module = built("broadcast");
    let args = [
        "--seeds",
        "0..2",
        "--format",
        "json",
        "--args-b",
        "--strategy gossip",
    ];
    let ended = host(&dir, "compare").args(args).arg(&module).end();
    let sides = parse(&ended)["sides"].clone();
    assert_eq!(
        (&sides[0]["args"], &sides[1]["args"]),
        (&json!([]), &json!(["--strategy", "gossip"]))
    );
    assert_eq!(sides[0]["sha256"], sides[1]["sha256"]);
    let ended = host(&dir, "compare").arg(&module).end();
    ended.is(expect![[r#"
        exit code 254
        ---- stderr
        error: A and B are the same: give two modules, or one with --args-a and --args-b
    "#]]);
}

#[test]
fn the_page_of_a_comparison_has_the_figures_and_a_point_for_each_seed() {
    let dir = Dir::new();
    let ended = compare(&dir, "--seeds 0..4 --report page --format csv").end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(dir.read("page/compare.csv"), ended.stdout);
    let browser = Browser::start();
    browser.open(&dir.path("page/index.html"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.text("h1"), "broadcast: A and B on 4 seeds");
    // A row for each figure: its name and three values of each side, with a ratio each.
    let json: Json = serde_json::from_str(&dir.read("page/compare.json")).unwrap();
    let rows = browser.cells("#figures table");
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.first())
        .map(String::as_str)
        .collect();
    let figures = json["figures"].as_array().unwrap().iter();
    let expected: Vec<&str> = figures.map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.ends_with(&expected), "{names:?}");
    // A point of each side for each seed that has both figures: dots of A, crosses of B.
    let strokes = "return [...document.querySelectorAll('#plots svg')].map((svg) => \
        ['path.dots.q50', 'path.curve.q95'].map((it) => svg.querySelector(it).getAttribute('d').split('M').length - 1))";
    let strokes = browser.run(strokes, json!([]));
    let runs = ["broadcast", "broadcast-flood"].map(|module| {
        let sim = host(&dir, "sim").arg("--module").arg(built(module));
        let ended = sim
            .args("--seeds 0..4 --keep-going --format json".split(' '))
            .end();
        parse(&ended)["runs"].as_array().unwrap().clone()
    });
    let latencies = [
        "stable-median-ms",
        "stable-max-ms",
        "acknowledged-median-ms",
        "acknowledged-max-ms",
    ];
    let expected = latencies.map(|name| {
        let has = |run: &&Json| run["figures"].get(name).is_some();
        runs.each_ref().map(|runs| runs.iter().filter(has).count())
    });
    assert_eq!(strokes, json!(expected));
}
