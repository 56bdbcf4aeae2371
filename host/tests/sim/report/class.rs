//! The page of a class: verdicts, sorting, filters, exports, links.

use std::collections::BTreeMap;

use host_check::workload::Workload;
use host_grade::class_page::{ClassReport, run_path};
use host_grade::grade::ChallengeState;
use host_grade::{Grade, csv};
use host_report::{Extent, PageSize, ReportedRun};
use host_sim::RunOptions;
use host_sim::nemesis::Fault;
use serde_json::{Value as Json, json};
use test_support::{Browser, Run, built};

use crate::simulated::runs::{flood, options, trial};

const HOSTILE: &str = "<img src=x onerror=window.pwned=1>";

fn accepted(id: &str, score: u32) -> Json {
    json!({
        "id": id, "score": score, "state": "judged", "verdict": "AC", "module": format!("{id}.wasm"),
        "sha256": "00", "seeds-passed": 2,
    })
}

fn failed(id: &str, verdict: &str, why: &str) -> Json {
    json!({
        "id": id, "score": 0, "state": "judged", "verdict": verdict, "module": format!("{id}.wasm"),
        "sha256": "00", "seeds-passed": 1,
        "failure": {"seed": 1, "anomaly": [why], "replay": format!("host sim {why}"), "trace": ["0 s n0 starts"]},
    })
}

fn submission(name: &str, score: u32, challenges: Vec<Json>) -> Json {
    json!({"name": name, "passed": false, "score": score, "points": 30, "challenges": challenges})
}

/// Three submissions; the name of one is markup.
fn grade() -> Grade {
    let challenge = |id: &str, title: &str| {
        json!({
            "id": id, "title": title, "points": 10, "optional": false, "hidden": false, "seeds": [0, 1],
            "options": "-w broadcast --node-count 5 --rate 10 --nemesis-interval 10", "limits": {},
            "targets": {"msgs-per-op": 30.0, "far/stable-max-ms": 2000.0},
            "worlds": [{"name": "far", "why": "Messages take long and overtake each other.",
                "seeds": [1, 2, 3], "options": "--latency 100 --latency-dist exponential"}],
        })
    };
    let grade = json!({
        "format": "host-grade", "version": 1,
        "judge": {"host": "0.1.0", "engine": "wasmtime 48", "cost-table": {}},
        "suite": {"name": "Gossip Glomers", "sha256": "00", "challenges": [
            challenge("1", "Echo"), challenge("2", "Unique ids"), challenge("3c", "Fault-tolerant broadcast"),
        ]},
        "complete": true, "passed": false,
        "submissions": [
            submission("ada", 30, vec![accepted("1", 10), accepted("2", 10), accepted("3c", 10)]),
            submission(HOSTILE, 20, vec![accepted("1", 10), accepted("2", 10), failed("3c", "RTE", HOSTILE)]),
            submission("grace", 0, vec![
                failed("1", "CE", "not a module"),
                json!({"id": "2", "score": 0, "state": "missing"}),
                failed("3c", "WA", "17 values are lost"),
            ]),
        ],
        "timings": {"wall-ms": 1234, "runs-ms": {"grace": {"3c": 99}}},
    });
    serde_json::from_value(grade).unwrap()
}

/// Writes the report on a run that loses values to where the class's page links.
fn write_run(class: &ClassReport) {
    let options = RunOptions {
        faults: vec![Fault::Partition],
        ..options(5, 10)
    };
    let trial = trial(flood(), Workload::Broadcast, &options);
    let played = ReportedRun {
        trial: &trial,
        seed: 1,
        script: None,
        replay: &|_| "host sim …".to_owned(),
    };
    let files = class.run_dir("grace", "3c").unwrap();
    files.report(&played, 1 << 30).unwrap();
}

const LINKS: &str = "
    return [...document.querySelectorAll('[href]')].map((it) => it.getAttribute('href'))
        .filter((it) => !it.startsWith('#'))";

/// The rows of the table, their cells joined.
fn rows(browser: &Browser) -> Vec<String> {
    let rows = browser.cells("#class");
    rows.into_iter().map(|row| row.join("|")).collect()
}

#[test]
fn folders_are_plain_and_apart() {
    let [ada, evil, other] = [
        run_path("ada", "3c"),
        run_path("../../<a href=x>", "3c"),
        run_path("../../<a-href=x>", "3c"),
    ];
    assert!(ada.starts_with("runs/ada-3c-"), "{ada}");
    assert!(evil.starts_with("runs/ahrefx-3c-"), "{evil}");
    assert!(other.starts_with("runs/a-hrefx-3c-"), "{other}");
}

#[test]
fn a_cell_is_quoted_where_need_be_and_never_a_formula() {
    let mut grade = grade();
    let one = grade.submissions[0].clone();
    let names = [
        "=1", "+1", "-1", "@1", "\t1", "\r1", "a, \"b\"", "c\nd", "é;'",
    ];
    grade.submissions = names
        .map(|name| {
            let mut copy = one.clone();
            copy.name = name.to_owned();
            copy
        })
        .into();
    let cells = [
        "'=1",
        "'+1",
        "'-1",
        "'@1",
        "\\t1",
        "\\r1",
        "\"a, \"\"b\"\"\"",
        "c\\nd",
        "é;'",
    ];
    let rows = cells.map(|cell| format!("{cell},false,30,30,AC,AC,AC,\n"));
    let head = "submission,passed,score,points,1,2,3c,worlds\n";
    assert_eq!(csv::render(&grade), head.to_owned() + &rows.concat());
}

#[test]
fn the_table_sorts_filters_and_leads_to_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let only_pages = Extent::Pages {
        size: PageSize::WHOLE,
        shortest: false,
    };
    let class = ClassReport::create(dir.path()).unwrap().with(only_pages);
    write_run(&class);
    class.finish(&grade()).unwrap();
    let browser = Browser::start();
    browser.open(&dir.path().join("index.html"));
    assert_eq!(
        browser.text("h1"),
        "not all passed Gossip Glomers: 3 submissions"
    );

    let hostile = format!("{HOSTILE}|20 / 30|AC|AC|RTE");
    let (ada, grace) = ("ada|30 / 30|AC|AC|AC", "grace|0 / 30|CE|missing|WA");
    assert_eq!(rows(&browser), [hostile.as_str(), ada, grace]);
    browser.click("#class th:nth-child(2) button");
    assert_eq!(rows(&browser), [grace, &hostile, ada]);
    browser.click("#class th:nth-child(2) button");
    assert_eq!(rows(&browser), [ada, &hostile, grace]);
    browser.choose("select[name=verdict]", "WA");
    assert_eq!(rows(&browser), [grace]);

    browser.click("[aria-label='grace, 3c: wrong answer']");
    let details = browser.text("#details");
    for part in [
        "WA: wrong answer, with seed 1, after 1 official run that passed",
        "17 values are lost",
        "shortest trace that fails",
        "Its runs took 99 ms.",
        "0 s n0 starts",
    ] {
        assert!(details.contains(part), "{part}: {details}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.click("#details a");
    assert_eq!(browser.text("h1"), "✗ invalid broadcast, seed 1");
    assert_eq!(browser.run(LINKS, json!([])), json!([])); // there are no other files
}

#[test]
fn targets_are_shown_where_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    ClassReport::create(dir.path())
        .unwrap()
        .finish(&grade())
        .unwrap();
    let browser = Browser::start();
    browser.open(&dir.path().join("index.html"));
    let first = |selector: &str| browser.cells(selector)[0].join("|");
    assert_eq!(
        first("#challenges div:nth-of-type(1) table"),
        "1|Echo|10|msgs-per-op below 30|0, 1|-w broadcast --node-count 5 --rate 10 --nemesis-interval 10"
    );
    assert_eq!(
        first("#challenges div:nth-of-type(2) table"),
        "1|far|stable-max-ms below 2,000|1, 2, 3|--latency 100 --latency-dist exponential|\
         Messages take long and overtake each other."
    );
}

/// The words, or parts of words between hyphens, that stand on more than one line.
const BROKEN: &str = r"
    const broken = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(node.parentElement.tagName)) continue;
        for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}_.,]+/gu)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
            if (tops.size > 1) broken.push(word);
        }
    }
    return broken;";

#[test]
fn on_a_phone_no_word_is_broken_and_no_rare_character_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let mut grade = grade();
    grade.submissions[1].name = "grace.hopper.the.elder".to_owned();
    grade.submissions[0].notes = vec!["notes.txt is not a .wasm file".to_owned()];
    ClassReport::create(dir.path())
        .unwrap()
        .finish(&grade)
        .unwrap();
    let browser = Browser::of_size((390, 844));
    browser.open(&dir.path().join("index.html"));
    browser.click("[aria-label='grace, 3c: wrong answer']");
    assert_eq!(browser.run(BROKEN, json!([])), json!([]));
    // A page that is wider than the window would have to be scrolled to be read.
    let wide = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(browser.run(wide, json!([])), json!(true));
    // All of Latin-1, hyphens, dashes and arrows are in the fonts of every system.
    let rare =
        "return [...document.body.innerText].filter((c) => c > '\\u00ff' && !'–—…→↑↓'.includes(c))";
    assert_eq!(browser.run(rare, json!([])), json!([]));
}

/// The files of a folder and the folders in it, with their sizes.
fn sizes(folder: &std::path::Path) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match entry.metadata().unwrap() {
            it if it.is_dir() => {
                let inner = sizes(&entry.path()).into_iter();
                all.extend(inner.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
            }
            it => drop(all.insert(name, it.len())),
        }
    }
    all
}

#[test]
fn a_report_on_a_class_has_only_pages_and_these_are_small() {
    let dir = tempfile::tempdir().unwrap();
    let size = PageSize::of_data(60_000);
    for shortest in [true, false] {
        let extent = Extent::Pages { size, shortest };
        let dir = dir.path().join(shortest.to_string());
        let class = ClassReport::create(&dir).unwrap().with(extent);
        write_run(&class);
        class.finish(&grade()).unwrap();
        let sizes = sizes(&dir);
        let run = run_path("grace", "3c");
        let mut names = vec![
            "grade.csv".to_owned(),
            "grade.json".to_owned(),
            "index.html".to_owned(),
        ];
        names.push(format!("{run}/index.html"));
        if shortest {
            names.push(format!("{run}/shortest/index.html"));
            names.push(format!("{run}/shortest/schedule.json"));
        }
        assert_eq!(sizes.keys().cloned().collect::<Vec<_>>(), names);
        let page = sizes[&format!("{run}/index.html")];
        assert!(page < 200_000, "{page}");
        // The failure is on it.
        let browser = Browser::start();
        browser.open(&dir.join(run).join("index.html"));
        assert!(
            browser.text(".now").contains("read_ok"),
            "{}",
            browser.text(".now")
        );
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[test]
fn names_and_reasons_stay_text_and_exports_have_all() {
    let dir = tempfile::tempdir().unwrap();
    let class = ClassReport::create(dir.path()).unwrap();
    class.finish(&grade()).unwrap();
    let browser = Browser::start();
    browser.open(&dir.path().join("index.html"));
    browser.click("[aria-label$='3c: runtime error']");
    let seen = browser.run(
        "return [document.querySelectorAll('img').length, window.pwned ?? null, document.querySelectorAll('#details a').length]",
        json!([]),
    );
    assert_eq!(seen, json!([0, null, 0]));
    assert!(
        browser
            .text("#details")
            .contains(&format!("host sim {HOSTILE}"))
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());

    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let back: Grade = serde_json::from_str(&read("grade.json")).unwrap();
    assert_eq!(back, grade());
    let csv = read("grade.csv");
    assert!(csv.contains("grace,false,0,30,CE,missing,WA"), "{csv}");
}

#[test]
fn a_students_own_grade_leads_to_the_run_of_each_challenge() {
    let dir = tempfile::tempdir().unwrap();
    let args = "grade --no-cache --challenge 1 --seeds 3..5 --report";
    let ended = Run::host()
        .args(args.split(' '))
        .arg(dir.path())
        .arg(built("echo"))
        .end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    let browser = Browser::start();
    browser.open(&dir.path().join("index.html"));
    assert_eq!(browser.cells("#class").len(), 1);
    browser.click("#class td button");
    browser.click("#details a");
    assert_eq!(browser.text("h1"), "✓ valid echo, seed 3");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_large_class_fits_and_says_what_is_cut() {
    let mut large = grade();
    let one = large.submissions[2].clone();
    large.submissions = (0..500)
        .map(|number| {
            let mut copy = one.clone();
            copy.name = format!("student {number}");
            for challenge in &mut copy.challenges {
                if let ChallengeState::Judged(judgement) = &mut challenge.state {
                    let failure = judgement.failure.as_mut().unwrap();
                    failure.trace = vec!["0.1 s n0 sends gossip to n1 <<<<".to_owned(); 150];
                }
            }
            copy
        })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let class = ClassReport::create(dir.path()).unwrap();
    class.finish(&large).unwrap();
    let bytes = dir.path().join("index.html").metadata().unwrap().len();
    assert!(bytes < 5_000_000, "{bytes}");
    let browser = Browser::start();
    browser.open(&dir.path().join("index.html"));
    assert_eq!(
        browser.text(".note"),
        "Traces are cut to 20 lines here; grade.json has all of them."
    );
    let counted: BTreeMap<String, usize> =
        rows(&browser)
            .into_iter()
            .fold(BTreeMap::new(), |mut counted, row| {
                let verdicts = row.split_once('|').unwrap().1.to_owned();
                *counted.entry(verdicts).or_default() += 1;
                counted
            });
    assert_eq!(
        counted,
        BTreeMap::from([("0 / 30|CE|missing|WA".to_owned(), 500)])
    );
}
