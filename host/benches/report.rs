//! Measures reports: how long the page of a run takes to write, and to be on the screen of a
//! browser. Whole processes.
//!
//! `./runner.sh bench` builds what this needs and runs it; the browser is Chromium with its driver.

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::{Browser, Reported, sim};

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
