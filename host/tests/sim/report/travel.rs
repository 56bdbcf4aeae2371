//! Time travel in a page: stepping, filtering, following a message, the states of nodes.

use std::collections::BTreeMap;
use std::io;

use host_check::workload::Workload;
use host_sim::journal::{Entry, EntryKind, Observer, Stepped};
use host_sim::nemesis::Fault;
use host_sim::{RunOptions, SECOND};
use serde_json::{Value as Json, json};
use test_support::{Browser, Reported, STORMY};

use crate::simulated::runs::{broadcast, options, trial};

fn now(browser: &Browser) -> String {
    browser.text(".now")
}

/// How the page should begin for an entry: `Event 7 at 1.5 s: `.
fn at(journal: &[Json], index: usize) -> String {
    let ns = journal[index]["at_ns"].as_u64().unwrap();
    let text = format!("{}.{:09}", ns / SECOND, ns % SECOND);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let number = index + 1;
    let number = match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    };
    format!("Event {number} at {text} s: ")
}

#[track_caller]
fn check_now(browser: &Browser, journal: &[Json], index: usize, what: &str) {
    assert_eq!(now(browser), at(journal, index) + what);
}

#[test]
fn the_cursor_steps_jumps_filters_and_follows() {
    let reported = Reported::of("broadcast-retry", STORMY);
    let journal = reported.journal();
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));

    // It opens at the first answer that shows the failure.
    let end_ns = reported.results()["run"]["end-ns"].as_u64().unwrap();
    let is_answer = |entry: &&Json| {
        entry["event"] == "recv" && entry["dest"].as_str().unwrap().starts_with('c')
    };
    let missed = &reported.results()["results"]["workload"]["maelstrom-missed"][0];
    assert_eq!(missed["time"], end_ns);
    assert!(
        now(&browser).contains("receives read_ok from"),
        "{}",
        now(&browser)
    );
    let opened = now(&browser);

    browser.click("[aria-label='First event']");
    check_now(&browser, &journal, 0, "c0 sends init to n0");
    browser.click("[aria-label='Next event']");
    check_now(&browser, &journal, 1, "c1 sends init to n1");
    browser.click("[aria-label='Previous event']");
    check_now(&browser, &journal, 0, "c0 sends init to n0");
    const ARROW_DOWN: &str = "\u{e015}";
    const END: &str = "\u{e010}";
    browser.keys(".diagram", ARROW_DOWN);
    check_now(&browser, &journal, 1, "c1 sends init to n1");
    browser.keys(".diagram", END);
    assert!(now(&browser).starts_with(&at(&journal, journal.len() - 1)));
    browser.click("[aria-label='Go to where the failure becomes visible']");
    assert_eq!(now(&browser), opened);

    browser.choose("select[name=type]", "broadcast_ok");
    let is_of_type: BTreeMap<u64, bool> = journal
        .iter()
        .filter(|entry| entry["event"] == "send")
        .map(|entry| {
            let is_it = entry["body"]["type"] == "broadcast_ok";
            (entry["id"].as_u64().unwrap(), is_it)
        })
        .collect();
    let matching = journal.iter().filter(|entry| {
        let id = entry["id"].as_u64().filter(|_| entry["event"] != "timer");
        id.is_some_and(|id| is_of_type[&id])
    });
    let matching: Vec<&Json> = matching.collect();
    let shown = browser.text(".filters .quiet");
    let expected = format!("{} events of ", matching.len());
    assert!(shown.starts_with(&expected), "{shown}, not {expected}");
    browser.click("[aria-label='First event']");
    let first = journal
        .iter()
        .position(|entry| entry == matching[0])
        .unwrap();
    let Json::String(node) = &matching[0]["src"] else {
        panic!("{}", matching[0])
    };
    let client = matching[0]["dest"].as_str().unwrap();
    check_now(
        &browser,
        &journal,
        first,
        &format!("{node} sends broadcast_ok to {client}"),
    );

    // The chain goes through losses, timers and retries to every node.
    browser.choose("select[name=type]", "");
    browser.click("[aria-pressed]");
    browser.click(".filters summary");
    browser.click("input[type=checkbox]");
    browser.run(
        "document.querySelector('details.events').open = true",
        json!([]),
    );
    let rows = browser.cells(".events table");
    assert!(
        rows[0][2].starts_with(client) && rows[0][2].contains(" sends broadcast to "),
        "{rows:?}"
    );
    let receivers: std::collections::BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| {
            row[2]
                .split_once(" receives gossip from ")
                .map(|(node, _)| node)
        })
        .collect();
    assert_eq!(Vec::from_iter(receivers), ["n0", "n1", "n2", "n3", "n4"]);
    assert!(journal.iter().filter(is_answer).count() > rows.len());
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// The last snapshot of each node.
#[derive(Default)]
struct LastStates(BTreeMap<String, Json>);

impl Observer for LastStates {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if let EntryKind::Fault { f: "wipe", .. } = entry.kind {
            panic!("killed nodes have no state");
        }
        Ok(())
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        let snapshot = step.guest.snapshot().unwrap().unwrap();
        let state: Json = serde_json::from_slice(&snapshot)?;
        self.0.insert(step.node.to_owned(), state);
        Ok(())
    }
}

#[test]
fn at_the_end_the_page_shows_the_states_that_the_guests_had() {
    let reported = Reported::of(
        "broadcast-retry",
        "-w broadcast --node-count 3 --time-limit 10 --rate 10 --hop-time 0 --nemesis partition --seed 3",
    );
    let options = RunOptions {
        rate: 10.0,
        faults: vec![Fault::Partition],
        ..options(3, 10)
    };
    let trial = trial(broadcast(), Workload::Broadcast, &options);
    let mut states = LastStates::default();
    let _ = trial.run(3, vec![&mut states]);

    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    browser.click("[aria-label='Last event']");
    let shown = browser.run(
        "const shown = {};
         for (const node of document.querySelectorAll('.panel details:has(> summary > b)')) {
           const [state, rest] = node.querySelectorAll('pre.state');
           shown[node.querySelector('b').textContent] = [JSON.parse(state.textContent), JSON.parse(rest.textContent)];
         }
         return shown",
        json!([]),
    );
    // Integers that JavaScript would round are shown as strings.
    let expected = states.0.iter().map(|(node, state)| {
        let mut ctx = state["ctx"].clone();
        ctx["rng"] = ctx["rng"].to_string().into();
        (node, json!([state["node"], ctx]))
    });
    assert_eq!(shown, json!(expected.collect::<BTreeMap<_, _>>()));

    // One step adds a value to a state; the change is marked.
    let marked = browser.run(
        "document.querySelector('select[name=type]').value = 'broadcast';
         document.querySelector('select[name=type]').dispatchEvent(new Event('change'));
         document.querySelector('select[name=kind]').value = 'receive';
         document.querySelector('select[name=kind]').dispatchEvent(new Event('change'));
         document.querySelector(\"[aria-label='First event']\").click();
         return [...document.querySelectorAll('details.here > pre mark')].map((mark) => mark.textContent)",
        json!([]),
    );
    let first = reported
        .journal()
        .into_iter()
        .find(|entry| entry["body"]["type"] == "broadcast");
    let value = first.unwrap()["body"]["message"].to_string();
    assert_eq!(marked[0], value, "{marked}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
