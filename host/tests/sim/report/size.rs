//! The size of a page, and whether it has all of a run or says what it leaves out.
//! `benches/report.rs` measures how fast it is shown.

use serde_json::{Value as Json, json};
use test_support::{Browser, Reported};

/// The largest page, in bytes.
const PAGE_MAX: u64 = 5_000_000;

/// The size of a page.
fn bytes(reported: &Reported) -> u64 {
    reported.path("index.html").metadata().unwrap().len()
}

#[test]
fn ten_thousand_messages_are_there() {
    let reported = Reported::of(
        "broadcast-retry",
        "-w broadcast --node-count 25 --time-limit 20 --rate 10 --latency 100 --seed 1",
    );
    let messages = reported.results()["run"]["messages"].as_u64().unwrap();
    assert!((10_000..12_500).contains(&messages), "{messages}");
    assert!(bytes(&reported) < PAGE_MAX, "{}", bytes(&reported));
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let events = browser.text(".filters .quiet");
    assert_eq!(
        events.split(' ').next().unwrap().replace(',', ""),
        reported.journal().len().to_string()
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_larger_run_is_shown_in_part_and_the_page_says_so() {
    let reported = Reported::of(
        "broadcast-flood",
        "-w broadcast --node-count 25 --time-limit 20 --rate 150 --latency 10 --nemesis partition --seed 1",
    );
    assert_eq!(reported.code, Some(1));
    assert!(bytes(&reported) < PAGE_MAX, "{}", bytes(&reported));
    let journal = reported.journal();
    assert!(journal.len() > 60_000, "{}", journal.len());
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let note = browser.text("#travel .note");
    assert!(
        note.starts_with("This run has ") && note.contains("30,000 of them"),
        "{note}"
    );
    // The failure is among them.
    let now = browser.text(".now");
    assert!(now.contains("receives read_ok from"), "{now}");
    // So are all messages in flight at that time, whenever they were sent.
    let shown = browser.run(
        "const number = (text) => Number(text.replaceAll(',', ''));
         return [number(document.querySelector('.now').textContent.match(/Event ([\\d,]+)/)[1]),
                 number([...document.querySelectorAll('.panel h3')].at(-1).textContent.match(/: ([\\d,]+)/)[1])]",
        json!([]),
    );
    let until = shown[0].as_u64().unwrap();
    let mut flying = std::collections::BTreeSet::new();
    for entry in &journal[..usize::try_from(until).unwrap()] {
        let id = entry["id"].as_u64();
        match (entry["event"].as_str().unwrap(), id) {
            ("send", Some(id)) => drop(flying.insert(id)),
            ("recv" | "drop", Some(id)) => drop(flying.remove(&id)),
            _ => {}
        }
    }
    assert_eq!(shown[1], flying.len() as u64);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_costs_most_to_escape_does_not_make_a_page_larger() {
    let reported = Reported::of(
        "hostile-text",
        "-w unique-ids --node-count 5 --time-limit 60 --rate 500 --seed 1",
    );
    let messages: &Json = &reported.results()["run"]["messages"];
    assert!(messages.as_u64().unwrap() > 60_000, "{messages}");
    assert!(bytes(&reported) < PAGE_MAX, "{}", bytes(&reported));
}
