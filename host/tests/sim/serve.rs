//! `host serve`: what it lists, what it serves, and what not.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::symlink;

use serde_json::{Value as Json, json};
use test_support::{Browser, Dir, Playing, sim};

/// A folder with a report, schedules, a grade and the file of a grading.
fn folder() -> Dir {
    let dir = Dir::new();
    let path = |name: &str| dir.path(name).display().to_string();
    dir.make_dir("out");
    dir.make_dir("out/deep");
    let (report, schedule) = (path("out/report"), path("out/deep/echo run.json"));
    let more = ["--report", &report, "--write-schedule", &schedule];
    let ended = sim(
        "echo",
        "-w echo --node-count 1 --time-limit 1 --seed 7",
        &more,
    );
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let grade = json!({
        "format": "host-grade", "version": 1, "complete": true, "passed": false,
        "suite": {"name": "algorithms", "challenges": []}, "submissions": [{}, {}],
    });
    dir.write("out/grade-of-may.json", grade.to_string());
    dir.write("out/runs.jsonl", format!("{HEADER}\n{}\n", run("3c", "AC")));
    dir.write("out/notes.txt", "bring chalk");
    dir.write("out/other.json", "{\"workload\": 1}");
    dir.write("secret.txt", "secret");
    dir
}

const HEADER: &str =
    r#"{"format":"host-grade-runs 1","host":"0","engine":"e","suite":"algorithms","sha256":"00"}"#;

fn run(challenge: &str, verdict: &str) -> String {
    json!({
        "sha256": "11", "module": "broadcast", "challenge": challenge, "seed": 1,
        "run": {"verdict": verdict}, "ms": 5,
    })
    .to_string()
}

fn serve(dir: &Dir) -> Playing {
    Playing::serve(dir.host(), "out --module my.wasm")
}

/// The list without what depends on the clock and on the machine.
fn items(list: &Json) -> Vec<Json> {
    let mut items = list["items"].as_array().unwrap().clone();
    for item in &mut items {
        let item = item.as_object_mut().unwrap();
        assert!(item.remove("modified_ms").unwrap().as_u64().unwrap() > 0);
        assert!(item.remove("bytes").unwrap().as_u64().unwrap() > 0);
        let play = item["play"].as_str().map(|play| {
            play.replace("/", " ")
                .split_whitespace()
                .last()
                .unwrap()
                .to_owned()
        });
        item.insert("play".to_owned(), json!(play));
    }
    items
}

#[test]
fn what_the_host_has_written_is_listed() {
    let dir = folder();
    symlink(dir.root(), dir.path("out/up")).unwrap();
    let list = serve(&dir).get("api/list");
    assert_eq!(list["left_out"], Json::Null);
    assert_eq!(
        items(&list),
        [
            json!({"path": "deep/echo run.json", "kind": "schedule", "of": "echo, nodes: 1, seed: 7", "verdict": null, "progress": null, "play": "run.json'"}),
            json!({"path": "grade-of-may.json", "kind": "grade", "of": "algorithms, submissions: 2", "verdict": "invalid", "progress": null, "play": null}),
            json!({"path": "report/index.html", "kind": "report", "of": "echo with seed 7", "verdict": "valid", "progress": null, "play": null}),
            json!({"path": "runs.jsonl", "kind": "grading", "of": "algorithms", "verdict": null, "play": null, "progress": {
                "suite": "algorithms", "runs": 1, "failed": 0, "modules": 1, "more": false,
                "challenges": [{"id": "3c", "runs": 1, "failed": 0}],
            }}),
        ]
    );
}

#[test]
fn a_grading_is_followed() {
    let dir = folder();
    let serving = serve(&dir);
    let mut events = serving.all_events();
    let runs = |list: &Json| list["items"][3]["progress"]["runs"] == 1;
    events.wait_for("list", runs);
    let mut file = OpenOptions::new()
        .append(true)
        .open(dir.path("out/runs.jsonl"))
        .unwrap();
    // The second line is not whole.
    write!(file, "{}\n{}", run("4", "WA"), &run("4", "AC")[..20]).unwrap();
    let list = events.wait_for("list", |list| list["items"][3]["progress"]["runs"] != 1);
    assert_eq!(
        list["items"][3]["progress"],
        json!({
            "suite": "algorithms", "runs": 2, "failed": 1, "modules": 1, "more": false,
            "challenges": [{"id": "3c", "runs": 1, "failed": 0}, {"id": "4", "runs": 1, "failed": 1}],
        })
    );
}

/// The status and the headers of the answer to a path behind the token.
fn head(serving: &Playing, path: &str) -> String {
    let (host, token) = serving.host_and_path();
    let answer = serving.raw(&format!(
        "GET {token}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    ));
    answer.split("\r\n\r\n").next().unwrap().to_owned()
}

#[test]
fn files_below_the_folder_are_served_and_no_others() {
    let dir = folder();
    symlink(dir.path("secret.txt"), dir.path("out/link.txt")).unwrap();
    symlink(dir.root(), dir.path("out/up")).unwrap();
    let page = dir.read("out/report/index.html");
    dir.write("out/plain.html", "<!doctype html><script>alert(1)</script>");
    dir.write(
        "out/open.html",
        page.replacen("default-src 'none'", "default-src *", 1),
    );
    dir.write("out/my.wasm", "\0asm");
    let serving = serve(&dir);
    assert_eq!(serving.text("file/report/index.html").0, page);
    assert_eq!(serving.text("file/notes.txt").0, "bring chalk");
    let shown = head(&serving, "file/report/index.html");
    let policy = shown
        .lines()
        .find(|line| line.starts_with("content-security-policy: "))
        .unwrap();
    assert!(
        policy.starts_with("content-security-policy: default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.ends_with("; sandbox allow-scripts allow-downloads; frame-ancestors 'none'"),
        "{policy}"
    );
    let download = head(&serving, "download/deep/echo%20run.json");
    assert!(
        download.contains("content-disposition: attachment"),
        "{download}"
    );
    for (path, status) in [
        ("file/../secret.txt", 404),
        ("file/%2e%2e/secret.txt", 404),
        ("file/report/..%2f..%2f..%2fsecret.txt", 404),
        ("file/link.txt", 404),
        ("file/up/secret.txt", 404),
        ("download/up/secret.txt", 404),
        ("file//etc/passwd", 404),
        ("file/report", 404),
        ("file/", 404),
        ("file/missing.txt", 404),
        ("file/plain.html", 415),
        ("file/open.html", 415),
        ("file/my.wasm", 415),
    ] {
        let head = head(&serving, path);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {head}"
        );
    }
    let (status, _) = serving.refused("POST", "api/list", "{}");
    assert_eq!(status, 405);
}

#[test]
fn a_folder_that_is_none_is_told() {
    let dir = Dir::new();
    let ended = dir.host().args(["serve", "missing"]).end();
    assert_eq!(ended.code(), Some(254));
    assert_eq!(
        ended.stderr,
        "error: cannot read the folder missing: No such file or directory (os error 2)\n"
    );
}

#[test]
fn the_page_lists_filters_and_opens() {
    let dir = folder();
    let serving = serve(&dir);
    let browser = Browser::start();
    browser.visit(&serving.address);
    let paths = || -> Vec<String> {
        browser
            .cells("main")
            .into_iter()
            .map(|mut row| row.remove(0))
            .collect()
    };
    let wait_for = |count: usize| {
        while browser.cells("main").len() != count {
            std::thread::yield_now();
        }
    };
    // Four files and the challenge of the grading.
    wait_for(5);
    assert_eq!(browser.barriers(), Vec::<String>::new());
    browser.be_phone((390, 844), true);
    assert_eq!(browser.barriers(), Vec::<String>::new());
    let wide = browser.run(
        "return document.documentElement.scrollWidth > innerWidth",
        json!([]),
    );
    assert_eq!(wide, false);
    browser.choose("#sort", "path");
    assert_eq!(
        paths(),
        [
            "3c",
            "deep/echo run.json",
            "grade-of-may.json",
            "report/index.html",
            "runs.jsonl"
        ]
    );
    browser.choose("#verdict", "invalid");
    assert_eq!(paths(), ["3c", "grade-of-may.json"]);
    browser.choose("#verdict", "");
    browser.keys("#search", "ECHO SEED");
    assert_eq!(paths(), ["3c", "deep/echo run.json", "report/index.html"]);
    browser.run(
        "document.querySelector('a[href=\"file/report/index.html\"]').click()",
        json!([]),
    );
    while browser
        .run("return location.pathname", json!([]))
        .as_str()
        .is_none_or(|path| !path.ends_with("/file/report/index.html"))
    {
        std::thread::yield_now();
    }
    assert_eq!(
        browser.run("return document.querySelectorAll('h1').length", json!([])),
        1
    );
    // It is in an origin of its own.
    assert_eq!(browser.run("return self.origin", json!([])), "null");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
