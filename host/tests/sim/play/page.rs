//! The page, in a real browser: by mouse, by keyboard alone, on a phone.

use serde_json::{Value as Json, json};
use test_support::{Browser, Dir, Playing};

use super::{SMALL, journal, play, scheduled, whole};

const ARROW_RIGHT: &str = "\u{e014}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";

/// Opens the page of a session and waits until it shows something.
fn see(browser: &Browser, playing: &Playing) {
    browser.be_still();
    browser.visit(&playing.address);
    browser.wait_for("document.documentElement.dataset.ready");
}

/// The moment that is looked at: the number of events before it.
fn moment(browser: &Browser) -> u64 {
    let now = browser.text(".on-stage .now");
    let number = now.strip_prefix("Event ").unwrap().split(' ').next();
    number.unwrap().replace(',', "").parse().unwrap()
}

fn wait_for_now(browser: &Browser, part: &str) {
    let part = json!(part);
    browser.wait_for(&format!(
        "document.querySelector('.on-stage .now').textContent.includes({part})"
    ));
}

/// Lets events happen, one at a time, until there is something that a selector finds.
fn step_until(browser: &Browser, selector: &str) {
    for _ in 0..100 {
        if browser.run(
            "return Boolean(document.querySelector(arguments[0]))",
            json!([selector]),
        ) == true
        {
            return;
        }
        let before = moment(browser);
        browser.press("s");
        browser.wait_for(&format!(
            "!document.querySelector('.on-stage .now').textContent.startsWith('Event {before} of')"
        ));
    }
    panic!("no {selector}");
}

fn nothing_is_in_the_way(browser: &Browser) {
    assert_eq!(browser.barriers(), Vec::<String>::new());
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// A message between two nodes, as a button of the stage.
const BETWEEN: &str = ".dot.of-node:not(.lost, .arrived) [role=button]";

#[test]
fn an_answer_that_is_late_does_not_put_the_branch_back() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast-retry", SMALL);
    let browser = Browser::start();
    see(&browser, &playing);
    step_until(&browser, BETWEEN);

    // The list of branches that is asked for when there is another one comes when the page is told to take it.
    browser.run(
        "const real = window.fetch;
         const taken = new Promise((take) => { window.takeList = take; });
         window.fetch = async (path, options) => {
           const answer = await real(path, options);
           if (path !== 'api/branches') return answer;
           const text = await answer.text();
           window.isHeld = true;
           await taken;
           setTimeout(() => { window.isTaken = true; });
           return new Response(text, { headers: answer.headers });
         };",
        json!([]),
    );
    browser.press("[[");
    wait_for_now(&browser, "looking back");
    browser.click("[aria-label^='node n0,']");
    browser.wait_for("document.querySelector('[data-key=kill]')");
    browser.click("[data-key=kill]");
    browser.wait_for("document.querySelector('h1').textContent.endsWith('branch 2')");
    browser.wait_for("window.isHeld");
    let steps = |count: u64| {
        let from = moment(&browser);
        for _ in 0..count {
            let before = moment(&browser);
            browser.press("s");
            browser.wait_for(&format!(
                "!document.querySelector('.on-stage .now').textContent.startsWith('Event {before} of')"
            ));
        }
        assert!(moment(&browser) >= from + count);
    };
    steps(3);
    browser.run("window.takeList()", json!([]));
    browser.wait_for("window.isTaken");
    steps(1);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_is_done_in_the_page_is_a_schedule_that_the_simulator_plays() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast-retry", SMALL);
    let browser = Browser::start();
    see(&browser, &playing);
    assert_eq!(browser.text("h1"), "✓ valid so far: broadcast, main");
    nothing_is_in_the_way(&browser);

    // Act: lose a message.
    step_until(&browser, BETWEEN);
    let here = moment(&browser);
    browser.click(BETWEEN);
    browser.wait_for("document.querySelector('[data-key=Lose]')");
    let chosen = browser.text(".chosen-card h3");
    browser.click("[data-key=Lose]");
    wait_for_now(&browser, "is lost");
    assert_eq!(moment(&browser), here + 1);

    // Go back, and do the other thing there: a branch.
    browser.press("[");
    wait_for_now(&browser, "looking back");
    assert_eq!(moment(&browser), here);
    browser.click(BETWEEN);
    browser.wait_for("document.querySelector('[data-key=Deliver]')");
    assert_eq!(browser.text(".chosen-card h3"), chosen);
    browser.click("[data-key=Deliver]");
    browser.wait_for("document.querySelectorAll('[data-key^=\"open \"]').length === 2");
    browser.wait_for("document.querySelector('h1').textContent.endsWith('branch 2')");
    wait_for_now(&browser, "(main phase, stopped)");
    assert_eq!(playing.get("api/branches")[1]["at"], here);
    nothing_is_in_the_way(&browser);

    // Compare: what was done is what differs.
    browser.click("[data-key='compare 1']");
    browser.wait_for("document.querySelector('#compare .pair canvas')");
    let text = browser.text("#compare");
    let alike = format!(
        "{here} events are alike. The first that differ are events {}.",
        here + 1
    );
    assert!(text.contains(&alike), "{text}");
    nothing_is_in_the_way(&browser);

    // Cut by drawing across the link between the nodes at the right and at the left.
    browser.run("scrollTo(0, 0)", json!([]));
    let places = browser.run(
        "return ['n1', 'n2'].map((name) => {
           const {x, y, width, height} = document.querySelector(`[aria-label^='node ${name},']`).getBoundingClientRect();
           return [x + width / 2, y + height / 2].map(Math.round);
         })",
        json!([]),
    );
    let at = |node: usize, axis: usize| places[node][axis].as_i64().unwrap();
    let (middle, below) = (i64::midpoint(at(0, 0), at(1, 0)), at(0, 1));
    browser.drag((middle, below + 40), (middle, below - 40));
    browser.wait_for("document.querySelectorAll('.stage .link.cut').length === 1");
    let cuts = &whole(&playing, 2)["now"]["cuts"];
    assert_eq!(*cuts, json!([["n1", "n2"], ["n2", "n1"]]));

    // Finish, and pass it on.
    browser.press("e");
    wait_for_now(&browser, "(over)");
    browser.wait_for("document.querySelector('h1').textContent === '✓ valid broadcast, branch 2'");
    browser.click("#out summary");
    let path = browser.run(
        "return document.querySelector('[data-file=schedule]').getAttribute('href')",
        json!([]),
    );
    let (schedule, _) = playing.text(path.as_str().unwrap());
    let (simulated, code) = scheduled(&dir, "broadcast-retry", &schedule);
    assert_eq!(journal(&whole(&playing, 2)), simulated);
    assert_eq!(code, Some(0));
    let report = playing.text("api/branches/2/report").0;
    assert!(report.starts_with("<!doctype html>"));
    nothing_is_in_the_way(&browser);

    // A link opens what was passed on as a branch of its own.
    let link = playing.get("api/branches/2/link")["link"].clone();
    browser.run(
        "document.querySelector('[name=given]').value = arguments[0]",
        json!([link]),
    );
    browser.click("#out form button");
    browser.wait_for("document.querySelectorAll('[data-key^=\"open \"]').length === 3");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Waits until what has this name has the focus.
fn wait_for_focus(browser: &Browser, name: &str) {
    browser.wait_for(&format!(
        "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent) === {}",
        json!(name)
    ));
}

#[test]
fn everything_can_be_done_with_the_keyboard() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast-retry", SMALL);
    let browser = Browser::start();
    see(&browser, &playing);
    browser.press("?");
    browser.wait_for("document.querySelector('dialog').open");
    nothing_is_in_the_way(&browser);
    // What had the focus in the dialog keeps it until the next frame: keys work all the same.
    let focused = browser.run(
        "document.querySelector('dialog').close();
         const last = document.activeElement.type;
         document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}));
         return last",
        json!([]),
    );
    assert_eq!(focused, "checkbox");
    wait_for_focus(&browser, "node n0, running");
    browser.press("?");
    browser.wait_for("document.querySelector('dialog').open");
    browser.press(ESCAPE);
    browser.wait_for("!document.querySelector('dialog').open");

    // Choose a node and kill it; the focus stays where it was.
    browser.press("a");
    wait_for_focus(&browser, "node n0, running");
    browser.press(ARROW_RIGHT);
    wait_for_focus(&browser, "node n1, running");
    browser.press(ENTER);
    browser.wait_for("document.activeElement.dataset.key === 'kill'");
    browser.press(ENTER);
    browser.wait_for("document.activeElement.textContent === 'Start'");
    wait_for_now(&browser, "fault: kill");
    assert_eq!(whole(&playing, 1)["now"]["nodes"][1]["up"], false);
    browser.press("k");
    browser.wait_for("document.activeElement.textContent === 'Kill'");

    // A breakpoint: the run stops where a node gets gossip.
    browser.press("t");
    browser.wait_for("document.activeElement.name === 'break-kind'");
    browser.press(TAB);
    browser.press("gossip");
    browser.press(ENTER);
    browser.wait_for("document.querySelector('#breakpoints li').textContent.startsWith('a message of type gossip arrives at any node')");
    browser.run("document.activeElement.blur()", json!([]));
    browser.press("3");
    browser.wait_for("document.querySelector('#breakpoints .hit')");
    wait_for_now(&browser, "stopped");
    let hit = browser.text("#breakpoints .hit");
    assert!(hit.contains(" hit: "), "{hit}");
    let stopped = moment(&browser);

    // An operation, begun by a form.
    browser.press("o");
    browser.wait_for("document.activeElement.name === 'operation'");
    browser.press(TAB);
    browser.press("77");
    browser.press(ENTER);
    browser.wait_for("document.querySelector('.stage .client.busy')");
    let asked: Vec<Json> = whole(&playing, 1)["operations"].as_array().unwrap().clone();
    assert_eq!(asked.last().unwrap()[2], "broadcast");
    browser.run("document.activeElement.blur()", json!([]));

    // Back, and another way from there.
    while moment(&browser) > stopped {
        browser.press("[");
    }
    browser.press("k");
    browser.wait_for("document.querySelectorAll('[data-key^=\"open \"]').length === 2");
    browser.press("w");
    browser.wait_for("document.querySelector('#compare')");
    browser.press("w");
    browser.wait_for("!document.querySelector('#compare')");
    browser.press("b");
    browser.wait_for("document.querySelector('h1').textContent.endsWith('main')");

    // The tab key leads through all of it, and out again.
    browser.run(
        "document.querySelectorAll('main details').forEach((it) => { it.open = true; })",
        json!([]),
    );
    let mut seen = Vec::new();
    browser.run("document.querySelector('.skip').focus()", json!([]));
    for _ in 0..400 {
        browser.press(TAB);
        let place = browser.run(
            "const it = document.activeElement; return it === document.body || it.className === 'skip' ? null : it.closest('[id]')?.id ?? 'header'",
            json!([]),
        );
        let Some(place) = place.as_str() else { break };
        seen.push(place.to_owned());
    }
    seen.dedup();
    for part in ["desk", "branches", "forms", "breakpoints", "out", "travel"] {
        assert!(seen.iter().any(|it| it == part), "{part} of {seen:?}");
    }
    assert!(seen.len() < 60, "{seen:?}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn it_fits_a_phone_in_the_dark_and_a_server_that_is_gone_is_told() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast-retry", SMALL);
    let browser = Browser::of_size((390, 844));
    browser.be_phone((390, 844), true);
    browser.visit(&playing.address);
    browser.wait_for("document.documentElement.dataset.ready");
    let width = || browser.run("return document.documentElement.scrollWidth", json!([]));
    assert_eq!(width(), 390);
    nothing_is_in_the_way(&browser);
    browser.run(
        "document.querySelectorAll('main details').forEach((it) => { it.open = true; })",
        json!([]),
    );
    step_until(&browser, BETWEEN);
    browser.click(BETWEEN);
    browser.wait_for("document.querySelector('[data-key=Deliver]')");
    assert_eq!(width(), 390);
    nothing_is_in_the_way(&browser);

    assert_eq!(playing.end().code(), Some(130));
    browser.wait_for("!document.querySelector('.lost').hidden");
    browser.press("s");
    browser.wait_for(
        "document.querySelector('.wrong').textContent.startsWith('The server does not answer.')",
    );
}

#[test]
fn a_run_that_fails_opens_where_it_shows() {
    let dir = Dir::new();
    let args = "-w echo --node-count 1 --time-limit 2 --seed 1 -- --bug lower-case";
    let playing = play(&dir, "echo-mutants", args);
    let browser = Browser::start();
    see(&browser, &playing);
    // The first answer differs from what was asked: event 8, after its sending, event 7 (see `diff.rs`).
    let now = browser.text(".on-stage .now");
    assert!(now.contains("receives echo_ok from n0"), "{now}");
    assert_eq!(moment(&browser), 8);
    browser.wait_for("document.querySelector('h1').textContent.startsWith('✗ invalid')");
    browser.press("{");
    wait_for_now(&browser, "Event 1 of");
    browser.click("header a[href='#event-7']");
    wait_for_now(&browser, "receives echo_ok from n0");
    assert_eq!(moment(&browser), 8);
    nothing_is_in_the_way(&browser);
}

#[test]
fn what_guests_write_is_shown_as_text() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast-retry", SMALL);
    let browser = Browser::start();
    see(&browser, &playing);
    browser.press("m");
    browser.wait_for("document.activeElement.name === 'body'");
    let body = r#"{"type": "<img src=x onerror=alert(1)>", "msg_id": 1}"#;
    browser.run("document.activeElement.value = arguments[0]", json!([body]));
    browser.click("#forms form:last-of-type button");
    wait_for_now(&browser, "sends <img src=x onerror=alert(1)> to n0");
    browser.wait_for("[...document.querySelectorAll('.dot text')].some((it) => it.textContent.startsWith('<img'))");
    assert_eq!(browser.run("return document.images.length", json!([])), 0);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_tour_leads_through_a_run_and_asks() {
    let dir = Dir::new();
    let playing = Playing::start(dir.host(), "--tour raft-election");
    let browser = Browser::start();
    see(&browser, &playing);
    let session = playing.get("api/session");
    let tour = &session["tour"];
    let steps = tour["steps"].as_array().unwrap();
    browser.wait_for("document.querySelector('#tour h3')");
    assert_eq!(browser.text("#tour h2"), tour["title"].as_str().unwrap());
    for (index, step) in steps.iter().enumerate() {
        browser.wait_for(&format!(
            "document.querySelector('#tour h3').textContent === {}",
            step["title"]
        ));
        browser.wait_for(&format!(
            "document.querySelector('.on-stage .now').textContent.replaceAll(',', '').startsWith('Event {} of')",
            step["at"]
        ));
        let marked = browser.run(
            "return document.querySelectorAll('.stage .marked').length",
            json!([]),
        );
        let marks = step["marks"].as_array().unwrap();
        assert_eq!(marked, marks.len(), "{step}");
        // The first node that it is about is chosen: its state is there, and each field has a value.
        let marks = marks.iter().filter_map(|mark| mark.as_str());
        if let Some(node) = marks.into_iter().find(|mark| mark.starts_with('n')) {
            browser.wait_for(&format!(
                "document.querySelector('.chosen-card h3').textContent.startsWith('Node {node} ')"
            ));
            assert!(browser.text(".chosen-card .state").contains("\"term\""));
            let fields = "return [...document.querySelectorAll('.chosen-card select')].map((it) => it.value)";
            let fields = browser.run(fields, json!([]));
            assert!(
                fields.as_array().unwrap().iter().all(|it| it != ""),
                "{fields}"
            );
        }
        if let Some(right) = step["question"]["right"].as_u64() {
            let many = step["question"]["answers"].as_array().unwrap().len() as u64;
            let answer =
                |at: u64| browser.click(&format!("#tour label:nth-of-type({}) input", at + 1));
            answer((right + 1) % many);
            assert!(browser.text("#tour fieldset p").starts_with("✗ Not so."));
            answer(right);
            let why = step["question"]["why"].as_str().unwrap();
            assert_eq!(browser.text("#tour fieldset p"), format!("✓ Right. {why}"));
        }
        if index == 1 || index + 1 == steps.len() {
            nothing_is_in_the_way(&browser);
        }
        browser.click("[data-key=tour-next]");
    }
}
