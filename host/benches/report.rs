//! Measures pages: how long the report of a run takes to write, and to be on the screen of a
//! browser; how soon `host play` answers. Whole processes.
//!
//! `./runner.sh bench` builds what this needs and runs it; the browser is Chromium with its driver.

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::{Browser, Dir, Playing, Reported, built, sim};

const TRIES: usize = 5;

/// About ten thousand messages.
const RUN: &str = "-w broadcast --node-count 25 --time-limit 20 --rate 10 --latency 100 --seed 1";

fn main() {
    println!("{:<58} {:>10}  budget", "what", "median");
    let module = "broadcast-retry";
    let without = median(|| timed(|| drop(sim(module, RUN, &[]))));
    row("a run of 11,000 messages, without a report", without, "");
    let with = median(|| timed(|| drop(Reported::of(module, RUN))));
    row("the same with its report", with, "");

    let reported = Reported::of(module, RUN);
    let browser = Browser::start();
    let shown = median(|| rendered(&browser, &reported));
    row("its page, from the navigation to the screen", shown, "");
    played(&browser);
}

/// `host play` on a run of this many events.
const EVENTS: u64 = 10_000;

fn played(browser: &Browser) {
    let dir = Dir::new();
    let module = built("broadcast-retry");
    let args = format!("--no-cache --module {} {RUN}", module.display());
    let playing = Playing::start(dir.host(), &args);
    let position = |delta: &serde_json::Value| delta["now"]["position"].as_u64().unwrap_or(0);
    let mut events = playing.events();
    let at = position(&playing.get("api/branches/1?from=0"));
    let until = json!({"kind": "run", "until": {"position": EVENTS}, "speed": null});
    playing.act(1, at, &until);
    let is_there =
        |delta: &serde_json::Value| delta["now"]["running"] == false && position(delta) >= EVENTS;
    events.wait_for("delta", is_there);

    let opened = median(|| {
        browser.visit(&playing.address);
        browser.wait_for("document.documentElement.dataset.ready");
        let at = browser.run(
            "return Number(document.documentElement.dataset.ready)",
            json!([]),
        );
        Duration::from_secs_f64(at.as_f64().expect("a number") / 1e3)
    });
    row(
        "the page of host play with 10,000 events, until it is ready",
        opened,
        "",
    );
    let stepped = median(|| answered(browser, "s"));
    row("a step, from the key to the screen", stepped, "50 ms");
    let back = median(|| answered(browser, "["));
    row("an event back, from the key to the screen", back, "50 ms");
    let frames = browser.run(
        "return new Promise((done) => {
           document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'g', bubbles: true}));
           document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', bubbles: true}));
           let frames = 0;
           const begin = performance.now();
           const frame = () => {
             frames++;
             if (performance.now() - begin < 3000) requestAnimationFrame(frame);
             else done(frames / 3);
           };
           requestAnimationFrame(frame);
         })",
        json!([]),
    );
    println!(
        "{:<58} {:>7.0} a second  60",
        "frames while it runs at 1x",
        frames.as_f64().unwrap_or(0.0)
    );
}

/// From a key until what it changes is on the screen.
fn answered(browser: &Browser, key: &str) -> Duration {
    let took = browser.run(
        "return new Promise((done) => {
           const now = document.querySelector('.on-stage .now'), before = now.textContent, begin = performance.now();
           const look = () => {
             if (now.textContent === before) requestAnimationFrame(look);
             else requestAnimationFrame(() => done(performance.now() - begin));
           };
           document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}));
           requestAnimationFrame(look);
         })",
        json!([key]),
    );
    Duration::from_secs_f64(took.as_f64().expect("a number") / 1e3)
}

/// From the start of the navigation until what the page made is on the screen.
fn rendered(browser: &Browser, reported: &Reported) -> Duration {
    browser.open(&reported.path("index.html"));
    let at = browser.run(
        "return new Promise((done) => {
           const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
           const ready = Number(document.documentElement.dataset.ready);
           requestAnimationFrame(() => requestAnimationFrame(() => done(Math.max(painted, ready))));
         })",
        json!([]),
    );
    Duration::from_secs_f64(at.as_f64().expect("a number") / 1e3)
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = std::iter::repeat_with(measure).take(TRIES).collect();
    times.sort();
    times[TRIES / 2]
}

fn row(what: &str, time: Duration, budget: &str) {
    println!("{what:<58} {:>7.0} ms  {budget}", time.as_secs_f64() * 1e3);
}
