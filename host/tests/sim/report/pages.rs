//! The page of a run shows the figures of its results.

use serde_json::json;
use test_support::{Browser, Dir, Reported, STORMY, sim};

fn number(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap()
}

#[test]
fn figures_in_the_page_are_those_of_the_results() {
    let reported = Reported::of("broadcast-retry", STORMY);
    assert_eq!(reported.code, Some(1));
    let results = reported.results();
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.text("h1"), "✗ invalid broadcast, seed 1");
    let problems = browser.text(".problems");
    assert!(
        problems.contains("lacks 43 known elements for good"),
        "{problems}"
    );

    browser.click("#overview summary");
    let net = &results["results"]["net"];
    let rows = browser.cells("#net");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let of = &net[&row[0]];
        assert_eq!(
            number(&row[1]),
            of["send-count"].as_f64().unwrap(),
            "{row:?}"
        );
        assert_eq!(
            number(&row[2]),
            of["recv-count"].as_f64().unwrap(),
            "{row:?}"
        );
        match of.get("msgs-per-op") {
            Some(rate) => assert_eq!(number(&row[3]), rate.as_f64().unwrap(), "{row:?}"),
            None => assert_eq!(row[3], ""),
        }
    }

    let stats = &results["results"]["stats"]["by-f"];
    let mut counts = json!({});
    for row in browser.cells("#ends") {
        counts[&row[0]][format!("{}-count", row[1])] = json!(number(&row[2]));
    }
    for f in ["broadcast", "read"] {
        for end in ["ok-count", "fail-count", "info-count"] {
            let shown = counts[f][end].as_f64().unwrap_or(0.0);
            assert_eq!(shown, stats[f][end].as_f64().unwrap(), "{f} {end}");
        }
    }
    let run = &results["run"];
    let overview = browser.text("#overview");
    for (name, value) in [
        ("messages", &run["messages"]),
        ("events handled", &run["steps"]),
    ] {
        let shown = overview
            .lines()
            .skip_while(|line| *line != name)
            .nth(1)
            .unwrap();
        assert_eq!(number(shown), value.as_f64().unwrap(), "{name}");
    }
}

#[test]
fn the_failing_seed_of_many_is_the_one_reported() {
    let reported = Reported::of(
        "broadcast-flood",
        "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition --seeds 1..4",
    );
    assert_eq!(reported.code, Some(1));
    let results = reported.results();
    assert_eq!(
        (&results["valid?"], &results["seed"]),
        (&json!(false), &json!(1))
    );
}

#[test]
fn a_failure_leads_to_the_shortest_run_that_fails_like_it() {
    let reported = Reported::of(
        "broadcast-flood",
        "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition --seed 1",
    );
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    browser.click("header .note a");
    assert_eq!(browser.text("h1"), "✗ invalid broadcast, seed 1");
    let note = browser.text("header .note");
    assert!(
        note.starts_with("This is the shortest run found that fails like another"),
        "{note}"
    );
    // It opens at the read that lacks the one remaining value.
    let now = browser.text(".now");
    assert!(now.contains(" receives read_ok from n"), "{now}");
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // Its schedule replays that run.
    let (schedule, journal) = (
        reported.path("shortest/schedule.json"),
        reported.path("again"),
    );
    let [schedule, journal] = [schedule, journal].map(|path| path.to_str().unwrap().to_owned());
    let again = sim(
        "broadcast-flood",
        "--format json",
        &["--schedule", &schedule, "--journal", &journal],
    );
    assert_eq!(again.code(), Some(1), "{again:?}");
    assert!(reported.read("again") == reported.read("shortest/journal.jsonl"));
    browser.click("header .note a");
    assert!(browser.text("header .note").starts_with("The shortest run"));
}

#[test]
fn a_page_opens_at_the_answer_that_fails_even_at_the_beginning() {
    let reported = Reported::of(
        "echo-mutants",
        "-w echo --node-count 3 --concurrency 3n --time-limit 2 --seed 1 -- --bug lower-case",
    );
    assert_eq!(reported.code, Some(1));
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let now = browser.text(".now");
    assert!(now.contains(" receives echo_ok from n"), "{now}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_report_on_a_valid_run_has_no_shortest_run_of_an_older_one() {
    let dir = Dir::new();
    let path = dir.root().to_str().unwrap();
    let run = "-w broadcast --node-count 3 --time-limit 10 --rate 10 --seed 4";
    let failed = sim(
        "broadcast-flood",
        &format!("{run} --nemesis partition"),
        &["--report", path],
    );
    assert_eq!(failed.code(), Some(1), "{failed}");
    assert!(dir.path("shortest/index.html").exists());
    dir.write("shortest/mine.txt", "mine");
    let valid = sim("broadcast-flood", run, &["--report", path]);
    assert_eq!(valid.code(), Some(0), "{valid}");
    assert_eq!(dir.files_in("shortest"), ["mine.txt"]);
}

#[test]
fn cycles_and_the_moment_that_no_order_explains_are_drawn() {
    let browser = Browser::start();
    let txn = Reported::of(
        "txn-mutants",
        "-w txn-list-append --node-count 2 --time-limit 10 --rate 50 --seed 1 -- split",
    );
    browser.open(&txn.path("index.html"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let drawn = browser.run(
        "return document.querySelectorAll('#anomalies svg.graph .vertex').length",
        json!([]),
    );
    let anomalies = &txn.results()["results"]["workload"]["anomalies"];
    let cases = anomalies.as_object().unwrap().values();
    let cycles = cases.flat_map(|cases| cases.as_array().unwrap().iter().take(4));
    let expected: usize = cycles
        .filter(|case| case.get("steps").is_some())
        .take(24)
        .map(|case| case["txns"].as_array().unwrap().len())
        .sum();
    assert!(expected > 0, "{anomalies}");
    assert_eq!(drawn, expected);

    let register = Reported::of(
        "lin-kv-mutants",
        "-w lin-kv --node-count 2 --concurrency 4 --time-limit 10 --rate 50 --seed 1 -- split",
    );
    browser.open(&register.path("index.html"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let shown = browser.text("#anomalies .card p");
    let keys = &register.results()["results"]["workload"]["results"];
    let explained = |key: &serde_json::Value| key["linearizable"]["explanation"] == shown;
    assert!(keys.as_object().unwrap().values().any(explained), "{shown}");
    let wrong = "return document.querySelectorAll('#anomalies .wrong').length > 0";
    assert_eq!(browser.run(wrong, json!([])), true);
}

#[test]
fn a_phone_needs_no_scrolling_to_the_side() {
    let reported = Reported::of("broadcast-retry", STORMY);
    let browser = Browser::of_size((500, 900));
    browser.command(
        "Emulation.setDeviceMetricsOverride",
        &json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true}),
    );
    browser.open(&reported.path("index.html"));
    let widths = browser.run(
        "return [document.scrollingElement.scrollWidth, window.innerWidth]",
        json!([]),
    );
    assert_eq!(widths, json!([390, 390]));
}
