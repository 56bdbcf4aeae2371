//! What is on the screen when a page opens, without scrolling.

use serde_json::{Value as Json, json};
use test_support::{Browser, Reported, STORMY};

const LAPTOP: [u32; 2] = [1366, 768];
const PHONE: [u32; 2] = [390, 844];

fn screen([width, height]: [u32; 2]) -> Browser {
    let browser = Browser::of_size((width.max(500), height));
    let is_phone = width < 500;
    browser.command(
        "Emulation.setDeviceMetricsOverride",
        &json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}),
    );
    browser
}

/// The screen, the bottoms of what has to be on it, and the rows of the diagram on it that are
/// marked as the event at hand.
const LOOK: &str = "
    const bottom = (selector) => document.querySelector(selector)?.getBoundingClientRect().bottom ?? null;
    const diagram = document.querySelector('.diagram'), canvas = diagram.querySelector('canvas');
    const box = canvas.getBoundingClientRect();
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const selected = getComputedStyle(document.documentElement).getPropertyValue('--selected').trim();
      const pixels = canvas.getContext('2d').getImageData(20, 0, 1, canvas.height).data;
      const scale = canvas.height / box.height;
      const hex = (at) => '#' + [0, 1, 2].map((part) => pixels[at * 4 + part].toString(16).padStart(2, '0')).join('');
      const rows = [...Array(canvas.height).keys()].filter((row) => hex(row) === selected).map((row) => box.top + row / scale);
      done({
        screen: [innerWidth, innerHeight], page: document.scrollingElement.scrollWidth, scrolled: scrollY,
        verdict: bottom('h1'), cause: bottom('header .problems > li'), now: bottom('.now'),
        diagram: innerHeight - box.top, marked: rows.length ? [rows[0], rows.at(-1)] : null,
        open: [...document.querySelectorAll('details[open]')].filter((it) => !it.closest('.panel')).length,
      });
    })));";

#[track_caller]
fn check(reported: &Reported, page: &str, size: [u32; 2]) {
    let browser = screen(size);
    browser.open(&reported.path(page));
    let seen = browser.run(LOOK, json!([]));
    let [width, height] = size.map(f64::from);
    assert_eq!(seen["screen"], json!(size), "{seen}");
    assert_eq!(seen["page"], json!(size[0]), "scrolls to the side: {seen}");
    assert_eq!(seen["scrolled"], 0, "{seen}");
    for part in ["verdict", "cause", "now"] {
        let bottom = seen[part].as_f64();
        assert!(bottom <= Some(height) && bottom.is_some(), "{part}: {seen}");
    }
    // Enough of the diagram to see what the failing answer came from, and that answer.
    let least = if width > 500.0 { 280.0 } else { 240.0 };
    assert!(seen["diagram"].as_f64() >= Some(least), "{seen}");
    let Json::Array(marked) = &seen["marked"] else {
        panic!("the event is not in sight: {seen}")
    };
    assert!(marked[1].as_f64() < Some(height), "{seen}");
    // Options, filters and tables are folded.
    assert_eq!(seen["open"], 0, "{seen}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn verdict_cause_and_diagram_are_on_the_first_screen() {
    let pages = [
        ("broadcast-retry", STORMY),
        (
            "txn-mutants",
            "-w txn-list-append --node-count 2 --time-limit 10 --rate 50 --seed 1 -- split",
        ),
        (
            "echo-mutants",
            "-w echo --time-limit 5 --rate 20 --seed 3 -- --bug panics",
        ),
        (
            "unique-ids-mutants",
            "-w unique-ids --time-limit 5 --seed 3 -- --bug counter",
        ),
    ];
    for (module, args) in pages {
        let reported = Reported::of(module, args);
        assert_eq!(reported.code, Some(1), "{module}");
        for size in [LAPTOP, PHONE] {
            check(&reported, "index.html", size);
            check(&reported, "shortest/index.html", size);
        }
    }
}

#[test]
fn options_unfold_from_the_list_of_parts() {
    let reported = Reported::of("echo-mutants", "-w echo --time-limit 2 --seed 1");
    let browser = screen(LAPTOP);
    browser.open(&reported.path("index.html"));
    assert_eq!(browser.text("#overview dl"), "");
    browser.click("nav a[href='#overview']");
    let options = browser.text("#overview dl");
    assert!(options.starts_with("workload\necho\n"), "{options}");
}
