//! Logs of nodes stand beside them.

use serde_json::{Value as Json, json};
use test_support::{Browser, Reported};

/// Notes what the diagram writes when it is drawn again.
const DRAWN: &str = "
    const drawn = [], pen = CanvasRenderingContext2D.prototype, write = pen.fillText;
    pen.fillText = function (text, ...more) { drawn.push([text, more[0]]); return write.call(this, text, ...more); };
    dispatchEvent(new Event('resize'));
    document.querySelector('.diagram').dispatchEvent(new Event('scroll'));
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      pen.fillText = write;
      done(drawn);
    })))";

#[test]
fn a_log_is_beside_its_node_in_the_diagram_and_in_its_state() {
    let reported = Reported::of(
        "lin-kv",
        "-w lin-kv --node-count 3 --concurrency 6 --time-limit 10 --rate 20 --nemesis partition,wipe --seed 1",
    );
    let journal = reported.journal();
    let logs: Vec<usize> = (0..journal.len())
        .filter(|at| journal[*at]["event"] == "log")
        .collect();
    let log = &journal[logs[0]];
    let line = format!(
        "{}: {}",
        log["level"].as_str().unwrap(),
        log["text"].as_str().unwrap()
    );
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    browser.run(
        "location.hash = arguments[0]",
        json!([format!("#event-{}", logs[0])]),
    );
    let drawn = browser.run(DRAWN, json!([]));
    let drawn = drawn.as_array().unwrap();
    let across = |text: &str| {
        let found = drawn.iter().find(|it| it[0] == text);
        found.unwrap_or_else(|| panic!("{text} is not among {drawn:?}"))[1]
            .as_f64()
            .unwrap()
    };
    // Seven pixels from the line of the node, at one of its sides.
    let node = log["node"].as_str().unwrap();
    let gap = (across(&line) - across(node)).abs();
    assert!((gap - 7.0).abs() < 0.01, "{gap}");

    // The state of the node has it, once the step that logs it is the one at hand, and so have later ones.
    let step = (0..logs[0])
        .rev()
        .find(|at| {
            let entry = &journal[*at];
            entry["event"] == "timer" && entry["node"] == node
                || entry["event"] == "recv" && entry["dest"] == node
        })
        .unwrap();
    for (at, expected) in [(step - 1, false), (step, true), (logs[0], true)] {
        browser.run(
            "location.hash = arguments[0]",
            json!([format!("#event-{at}")]),
        );
        let lines = browser.run(
            "return new Promise((done) => setTimeout(() => {
               const nodes = [...document.querySelectorAll('.panel details')];
               const node = nodes.find((it) => it.querySelector('summary b')?.textContent === arguments[0]);
               done([...node.querySelectorAll('.logs li')].map((it) => it.textContent));
             }, 50))",
            json!([node]),
        );
        let Json::Array(lines) = lines else {
            panic!("{lines}")
        };
        let is_there = lines.iter().any(|it| it.as_str().unwrap().ends_with(&line));
        assert_eq!(is_there, expected, "at event {at}: {lines:?}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
