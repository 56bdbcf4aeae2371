//! A report does not change the run.

use serde_json::json;
use test_support::{Browser, Reported, STORMY, sim};

/// Journal, history and result of a run, with and without a report.
fn both(module: &str, args: &str) -> [[String; 3]; 2] {
    let files = |dir: &tempfile::TempDir, report: bool| {
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let (journal, history) = (path("journal"), path("history"));
        let report = match report {
            true => vec!["--report".to_owned(), path("report")],
            false => Vec::new(),
        };
        let mut more = vec![
            "--journal",
            &journal,
            "--history",
            &history,
            "--format",
            "json",
        ];
        more.extend(report.iter().map(String::as_str));
        let output = sim(module, args, &more);
        let result: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let result = json!([result["valid?"], result["run"], result["results"]]);
        let read = |path: &str| std::fs::read_to_string(path).unwrap();
        [read(&journal), read(&history), result.to_string()]
    };
    [false, true].map(|report| files(&tempfile::tempdir().unwrap(), report))
}

#[test]
fn with_and_without_a_report_a_run_is_the_same_to_the_byte() {
    let [without, with] = both("broadcast-retry", STORMY);
    assert!(without == with);
}

#[test]
fn a_guest_that_notices_is_judged_as_if_nobody_had_looked() {
    let moody = "-w unique-ids --node-count 2 --time-limit 5 --rate 5 --seed 1 -- --moody true";
    let [without, with] = both("hostile-text", moody);
    assert!(without == with);

    // Its states would be those of another run, so the page shows none, and says why.
    let reported = Reported::of("hostile-text", moody);
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    browser.click("[aria-label='Last event']");
    let nodes = browser.run(
        "document.querySelectorAll('.panel details').forEach((it) => { it.open = true; });
         return document.querySelector('.panel').innerText",
        json!([]),
    );
    let why = "Its state is not known: this guest behaves differently when it is asked for it.";
    assert!(nodes.as_str().unwrap().contains(why), "{nodes}");
}

#[test]
fn the_files_are_those_of_the_options_for_them() {
    let reported = Reported::of("broadcast-retry", STORMY);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (journal, history) = (path("journal.jsonl"), path("history.edn"));
    sim(
        "broadcast-retry",
        STORMY,
        &["--journal", &journal, "--history", &history],
    );
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert!(reported.read("journal.jsonl") == read(&journal));
    assert!(reported.read("history.edn") == read(&history));
}
