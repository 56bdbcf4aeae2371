//! What is different in two runs: `host diff`, and the page of a shrunk run.

use std::fs;

use expect_test::{Expect, expect};
use serde_json::{Value as Json, json};
use test_support::{Browser, Dir, Ended, Reported, Run, STORMY};

fn diff(args: &[&str]) -> Ended {
    Run::host().arg("diff").args(args).end()
}

fn echo(args: &str) -> Reported {
    Reported::of("echo-mutants", &format!("-w echo --node-count 1 {args}"))
}

/// Compares two reports. Their folders are called A/ and B/ in the text.
#[track_caller]
fn check(a: &Reported, b: &Reported, expected: Expect) {
    let folders = [a, b].map(|it| it.path("").to_str().unwrap().to_owned());
    let ended = diff(&[&folders[0], &folders[1]]);
    assert_eq!((ended.code(), &*ended.stderr), (Some(0), ""));
    let text = ended.stdout.replace(&folders[0], "A/");
    expected.assert_eq(&text.replace(&folders[1], "B/"));
}

#[test]
fn the_same_run_is_the_same() {
    let run = || echo("--time-limit 2 --seed 1");
    check(
        &run(),
        &run(),
        expect![[r#"
        A  echo, seed 1, valid: A/
        B  echo, seed 1, valid: B/

        The runs are the same: 44 events, all alike.
    "#]],
    );
}

#[test]
fn a_program_and_its_bug_differ_from_the_first_wrong_answer_on() {
    check(
        &echo("--time-limit 2 --seed 1"),
        &echo("--time-limit 2 --seed 1 -- --bug lower-case"),
        expect![[r#"
            A  echo, seed 1, valid: A/
            B  echo, seed 1, invalid: B/

            options            A  B
              guest arguments  -  --bug lower-case
            The figures are the same.
            wrong in B only
              op 1: sent "Please echo 68", got back {:type "echo_ok", :echo "please echo 68", :in_reply_to 1}
              op 3: sent "Please echo 43", got back {:type "echo_ok", :echo "please echo 43", :in_reply_to 2}
              op 5: sent "Please echo 49", got back {:type "echo_ok", :echo "please echo 49", :in_reply_to 3}
              op 7: sent "Please echo 120", got back {:type "echo_ok", :echo "please echo 120", :in_reply_to 4}
              op 9: sent "Please echo 6", got back {:type "echo_ok", :echo "please echo 6", :in_reply_to 5}
              op 11: sent "Please echo 23", got back {:type "echo_ok", :echo "please echo 23", :in_reply_to 6}
              op 13: sent "Please echo 3", got back {:type "echo_ok", :echo "please echo 3", :in_reply_to 7}
              op 15: sent "Please echo 87", got back {:type "echo_ok", :echo "please echo 87", :in_reply_to 8}
            2 events are alike. The first that differ:
              A  event 7, 0.005617218 s: n0 sends echo_ok to c2 {"echo":"Please echo 68"}
                 A/index.html#event-6
              B  event 7, 0.005617218 s: n0 sends echo_ok to c2 {"echo":"please echo 68"}
                 B/index.html#event-6
        "#]],
    );
}

#[test]
fn options_are_told_first() {
    check(
        &echo("--time-limit 2 --seed 1"),
        &echo("--time-limit 3 --seed 2"),
        expect![[r#"
            A  echo, seed 1, valid: A/
            B  echo, seed 2, valid: B/

            options       A    B
              time-limit  2 s  3 s
              seed        1    2
            figures           A              B
              virtual time    1.874360233 s  2.956297065 s
              messages        24             36
              events handled  12             18
              operations      11             17
              of them ok      11             17
            The first events after the start of the nodes differ:
              A  event 5, 0.00141663 s: c2 sends echo to n0 {"echo":"Please echo 68"}
                 A/index.html#event-4
              B  event 5, 0.003038394 s: c2 sends echo to n0 {"echo":"Please echo 34"}
                 B/index.html#event-4
        "#]],
    );
}

#[test]
fn a_comparison_as_json() {
    let (a, b) = (
        echo("--time-limit 1 --seed 1"),
        echo("--time-limit 1 --seed 1 -- --bug lower-case"),
    );
    let folders = [&a, &b].map(|it| it.path("").to_str().unwrap().to_owned());
    let ended = diff(&["--format", "json", &folders[0], &folders[1]]);
    expect![[r#"
        {
          "runs": [
            "echo, seed 1, valid",
            "echo, seed 1, invalid"
          ],
          "options": [
            {
              "name": "guest arguments",
              "a": null,
              "b": "--bug lower-case"
            }
          ],
          "figures": [],
          "problems": [
            [],
            [
              "op 1: sent \"Please echo 68\", got back {:type \"echo_ok\", :echo \"please echo 68\", :in_reply_to 1}",
              "op 3: sent \"Please echo 43\", got back {:type \"echo_ok\", :echo \"please echo 43\", :in_reply_to 2}",
              "op 5: sent \"Please echo 49\", got back {:type \"echo_ok\", :echo \"please echo 49\", :in_reply_to 3}",
              "op 7: sent \"Please echo 120\", got back {:type \"echo_ok\", :echo \"please echo 120\", :in_reply_to 4}",
              "op 9: sent \"Please echo 6\", got back {:type \"echo_ok\", :echo \"please echo 6\", :in_reply_to 5}",
              "op 11: sent \"Please echo 23\", got back {:type \"echo_ok\", :echo \"please echo 23\", :in_reply_to 6}"
            ]
          ],
          "event": {
            "a": {
              "position": 6,
              "words": "0.005617218 s: n0 sends echo_ok to c2 {\"echo\":\"Please echo 68\"}"
            },
            "b": {
              "position": 6,
              "words": "0.005617218 s: n0 sends echo_ok to c2 {\"echo\":\"please echo 68\"}"
            }
          },
          "alike": 2
        }
    "#]].assert_eq(&ended.stdout);
}

#[test]
fn what_is_no_report_is_refused() {
    let report = echo("--time-limit 1 --seed 1");
    let page = fs::read_to_string(report.path("index.html")).unwrap();
    let (head, _) = page.split_once("<script").unwrap();
    let class = format!("{head}<script type=\"application/json\" id=\"data\">{{}}</script>");
    let cases = [
        ("empty", None, None),
        ("other", Some("<p>mine</p>"), None),
        ("class", Some(&*class), None),
        ("cut", Some(head), None),
        ("journal", Some(&*page), Some("{\"at_ns\":0,\n")),
    ];
    let dir = Dir::new();
    let mut said = String::new();
    for (name, page, journal) in cases {
        let folder = dir.make_dir(name);
        let files = [("index.html", page), ("journal.jsonl", journal)];
        for (file, text) in files {
            if let Some(text) = text {
                fs::write(folder.join(file), text).unwrap();
            }
        }
        let folder = folder.to_str().unwrap().to_owned();
        let ended = diff(&[&folder, &folder]);
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""));
        said += &ended.stderr;
    }
    let root = dir.root().to_str().unwrap();
    expect![[r#"
        error: DIR/empty/index.html is not the report of a run: No such file or directory (os error 2); name a folder that `host sim --report` wrote
        error: DIR/other/index.html is not the report of a run: it is a page of something else; name a folder that `host sim --report` wrote
        error: DIR/class/index.html is not the report of a run: it is the page of a class; name a folder that `host sim --report` wrote
        error: DIR/cut/index.html is not the report of a run: it has no data; name a folder that `host sim --report` wrote
        error: DIR/journal/journal.jsonl: line 1 is no event of a journal
    "#]].assert_eq(&said.replace(root, "DIR"));
}

#[test]
fn a_shrunk_run_says_what_is_different_from_the_whole_run() {
    let reported = Reported::of("broadcast-retry", STORMY);
    let browser = Browser::start();
    browser.open(&reported.path("shortest/index.html"));
    let small: Json = serde_json::from_str(&reported.read("shortest/results.json")).unwrap();
    let options = browser.cells("#compare-options");
    assert_eq!(options[0], ["node-count", "5", "2"]);
    let figures = browser.cells("#compare-figures");
    let messages = [&reported.results(), &small].map(|it| it["run"]["messages"].to_string());
    assert!(
        figures.contains(&vec![
            "messages".to_owned(),
            messages[0].clone(),
            messages[1].clone()
        ]),
        "{figures:?}"
    );
    // The first event that differs is a way to both runs.
    let text = browser.text("#compare");
    let first = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name) && line.contains(" event "));
        let line = line.unwrap_or_else(|| panic!("{text}"));
        let (_, rest) = line.split_once(" event ").unwrap();
        rest.split_once(',').unwrap().0.to_owned()
    };
    let (of_whole, of_this) = (first("A:"), first("B:"));
    browser.run(
        "[...document.querySelectorAll('#compare a')].find((it) => it.getAttribute('href').startsWith('#')).click()",
        json!([]),
    );
    let now = browser.text(".now");
    assert!(now.starts_with(&format!("Event {of_this} ")), "{now}");
    browser.click("#compare a[href*='#event']");
    let now = browser.text(".now");
    assert!(now.starts_with(&format!("Event {of_whole} ")), "{now}");
    assert_eq!(browser.text("h1"), "✗ invalid broadcast, seed 1");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
