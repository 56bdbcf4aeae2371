//! The table of languages in docs/programs.md: what its figures say is so.

use std::sync::Arc;

use host_guest::{GuestOptions, Limits};
use host_sandbox::MountLimits;
use host_sandbox::mount::MountReader;
use serde_json::{Value, json};
use test_support::{program, root};

use crate::program::driver::{Driver, load};

/// A row: how its line begins, the module, what follows it, and what it is asked.
const ROWS: [(&str, &str, &[&str], &str); 9] = [
    ("| Go ", "go-echo", &[], "echo"),
    (
        "| Go, with a log file and signals",
        "go-gossip",
        &[],
        "read",
    ),
    ("| C ", "c-echo", &[], "echo"),
    ("| C, POSIX threads", "c-threads", &[], "echo"),
    ("| Rust ", "rust-echo", &[], "echo"),
    ("| Rust, threads and channels", "rust-threads", &[], "read"),
    ("| Rust, tokio", "rust-tokio", &[], "read"),
    (
        "| JavaScript",
        "qjs",
        &["--std", "nodejs.js", "gossip.js"],
        "read",
    ),
    ("| Python", "python", &["gossip.py"], "read"),
];

/// How many requests are averaged.
const REQUESTS: u32 = 200;

/// The size of a module in KiB, the fuel of its start with `init` in millions of units, and that of an
/// answer in thousands.
fn costs(name: &str, args: &[&str], request: &str) -> [f64; 3] {
    let limits = Limits {
        fuel: 10_000_000_000,
        ..Limits::default()
    };
    let mut reader = MountReader::new(MountLimits::OF_USER);
    let folders = match name {
        "qjs" => &["host/tests/programs/js", "docs/interpreters"][..],
        "python" => &["host/tests/programs/python"],
        _ => &[],
    };
    for folder in folders {
        reader.read(&root().join(folder), "").unwrap();
    }
    let mounts = Arc::new(reader.finish().0);
    let module = load(&program(name), &limits).mounted(&mounts).unwrap();
    let options = GuestOptions {
        limits,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..GuestOptions::default()
    };
    let mut driver = Driver::start(&module, options);
    driver.init(&["n1"]);
    let start = driver.guest.fuel_used();
    driver.done();
    for number in 2..REQUESTS + 2 {
        let body = json!({"type": request, "msg_id": number, "echo": "hi"});
        driver.tell("c1", body);
        let sent = driver.sent();
        let [answer] = &sent[..] else {
            panic!("{name}: {sent:?}");
        };
        let body: Value = serde_json::from_str(answer.strip_prefix("-> c1 ").unwrap()).unwrap();
        assert_eq!(body["type"], format!("{request}_ok"), "{name}");
    }
    let bytes = std::fs::metadata(program(name)).unwrap().len();
    let answers = driver.guest.fuel_used() - start;
    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^53")]
    let [bytes, start, answers] = [bytes, start, answers].map(|number| number as f64);
    [
        bytes / 1024.0,
        start / 1e6,
        answers / 1e3 / f64::from(REQUESTS),
    ]
}

/// Up to a quarter: another version of a compiler makes other code.
#[test]
fn the_page_says_what_each_language_costs() {
    let page = std::fs::read_to_string(root().join("docs/programs.md")).unwrap();
    let mut wrong = Vec::new();
    for (begins, name, args, request) in ROWS {
        let costs = costs(name, args, request);
        let row = page.lines().find(|line| line.starts_with(begins));
        let cells = row.map_or(Vec::new(), |row| row.split('|').map(str::trim).collect());
        let is_told = cells.len() > 5
            && cells[2..5].iter().zip(costs).all(|(told, cost)| {
                let told: f64 = told.replace(',', "").parse().expect(told);
                (cost / told - 1.0).abs() < 0.25
            });
        if !is_told {
            wrong.push(format!("{begins}: {costs:.2?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
