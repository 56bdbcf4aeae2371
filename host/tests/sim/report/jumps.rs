//! From what is wrong to the events that show it.

use serde_json::{Value as Json, json};
use test_support::{Browser, Reported, STORMY};

/// The position of the first entry that is like this.
fn position(journal: &[Json], is_it: impl Fn(&Json) -> bool) -> usize {
    journal.iter().position(is_it).expect("such an event")
}

/// The body of the message that an entry delivers.
fn body<'a>(journal: &'a [Json], entry: &Json) -> &'a Json {
    let is_it = |sent: &&Json| sent["event"] == "send" && sent["id"] == entry["id"];
    &journal.iter().find(is_it).unwrap()["body"]
}

/// The number of the event at hand, from 0.
fn cursor(browser: &Browser) -> usize {
    let now = browser.text(".now");
    let (number, _) = now.strip_prefix("Event ").unwrap().split_once(' ').unwrap();
    number.replace(',', "").parse::<usize>().unwrap() - 1
}

#[test]
fn an_operation_that_a_line_names_is_a_way_to_its_answer() {
    let reported = Reported::of("broadcast-retry", STORMY);
    let journal = reported.journal();
    let missed = &reported.results()["results"]["workload"]["maelstrom-missed"];
    // Five workers, one for each node: a process is that of the node with its remainder.
    let answers: Vec<usize> = [&missed[0], &missed[1]]
        .iter()
        .map(|complaint| {
            let node = format!("n{}", complaint["process"].as_u64().unwrap() % 5);
            position(&journal, |entry| {
                entry["event"] == "recv"
                    && entry["at_ns"] == complaint["time"]
                    && entry["src"] == *node
                    && body(&journal, entry)["type"] == "read_ok"
            })
        })
        .collect();
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    assert_eq!(cursor(&browser), answers[0]);
    for (complaint, answer) in missed.as_array().unwrap().iter().zip(&answers) {
        let link = format!("op {}", complaint["op"]);
        let shown = browser.run(
            "const found = [...document.querySelectorAll('header .problems a')].find((it) => it.textContent === arguments[0]);
             found.click();
             return found.getAttribute('href')",
            json!([link]),
        );
        assert_eq!(shown, format!("#event-{answer}"));
        assert_eq!(cursor(&browser), *answer);
    }
    // An address does the same, also when it changes while the page is open.
    browser.run("location.hash = '#event-3'", json!([]));
    let hash = "return new Promise((done) => setTimeout(() => done(document.querySelector('.now').textContent), 50))";
    let now = browser.run(hash, json!([]));
    assert!(now.as_str().unwrap().starts_with("Event 4 "), "{now}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn an_id_given_twice_is_a_way_to_both_answers() {
    let reported = Reported::of(
        "unique-ids-mutants",
        "-w unique-ids --time-limit 5 --seed 3 -- --bug counter",
    );
    let journal = reported.journal();
    let given: Vec<usize> = (0..journal.len())
        .filter(|at| {
            let entry = &journal[*at];
            entry["event"] == "recv" && body(&journal, entry)["id"] == "2"
        })
        .take(3)
        .collect();
    assert_eq!(given.len(), 3);
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let links = browser.run(
        "return [...document.querySelectorAll('header .problems li')]
           .filter((it) => it.textContent.startsWith('the id \"2\" was given'))
           .flatMap((it) => [...it.querySelectorAll('a')].map((link) => link.getAttribute('href')))",
        json!([]),
    );
    let expected: Vec<String> = given.iter().map(|at| format!("#event-{at}")).collect();
    assert_eq!(links, json!(expected));
}

#[test]
fn a_failing_answer_at_time_0_is_where_the_page_opens() {
    let reported = Reported::of(
        "echo-mutants",
        "-w echo --time-limit 5 --rate 20 --hop-time 0 --seed 3 -- --bug constant",
    );
    let browser = Browser::start();
    for page in ["", "shortest/"] {
        let journal = test_support::json_lines(&reported.read(&format!("{page}journal.jsonl")));
        let answer = position(&journal, |entry| {
            entry["event"] == "recv" && body(&journal, entry)["type"] == "echo_ok"
        });
        assert_eq!(journal[answer]["at_ns"], 0);
        browser.open(&reported.path(&format!("{page}index.html")));
        assert_eq!(cursor(&browser), answer, "{page}");
    }
}

#[test]
fn without_an_answer_the_page_opens_at_the_request() {
    let reported = Reported::of(
        "echo-mutants",
        "-w echo --time-limit 5 --rate 20 --hop-time 0 --seed 3 -- --bug deaf",
    );
    let journal = reported.journal();
    let request = position(&journal, |entry| {
        entry["event"] == "send" && entry["body"]["type"] == "echo"
    });
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    assert_eq!(cursor(&browser), request);
}

#[test]
fn a_run_that_stopped_leads_to_the_event_that_stopped_it() {
    let reported = Reported::of(
        "echo-mutants",
        "-w echo --time-limit 5 --rate 20 --seed 3 -- --bug panics",
    );
    let last = reported.journal().len() - 1;
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    browser.click("[aria-label='First event']");
    browser.click("header .problems a");
    assert_eq!(cursor(&browser), last);
    // Keys go on from there.
    browser.command(
        "Input.dispatchKeyEvent",
        &json!({"type": "keyDown", "key": "ArrowUp"}),
    );
    assert_eq!(cursor(&browser), last - 1);
}

#[test]
fn a_line_that_names_an_answer_or_a_moment_ends_with_a_way_to_it() {
    let reported = Reported::of(
        "echo-mutants",
        "-w echo --node-count 2 --time-limit 5 --rate 20 --seed 3",
    );
    let journal = reported.journal();
    let is_echo = |entry: &&Json| entry["event"] == "send" && entry["body"]["type"] == "echo";
    let asked = journal.iter().filter(is_echo).nth(3).unwrap();
    let (node, client) = (
        asked["dest"].as_str().unwrap(),
        asked["src"].as_str().unwrap(),
    );
    let at_ns = asked["at_ns"].as_u64().unwrap();
    let time = format!("{}.{:03}", at_ns / 1_000_000_000, at_ns / 1_000_000 % 1000);
    let lines = [
        "- n1 answered echo with {\"type\":\"echo_ok\"}: missing field \"echo\" (4 times)"
            .to_owned(),
        format!(
            "- no echo succeeded, of 9: {node} got echo from {client} at {time} s and did not answer within 5 s"
        ),
        "- only 2.00 % of the operations succeeded, less than asked for".to_owned(),
    ];
    let answer = position(&journal, |entry| {
        entry["event"] == "recv"
            && entry["src"] == "n1"
            && body(&journal, entry)["type"] == "echo_ok"
    });
    let request = position(&journal, |entry| std::ptr::eq(entry, asked));

    let page = reported.read("index.html");
    let problems = json!(lines.join("\n")).to_string();
    let changed = page.replace("\"problems\":\"\"", &format!("\"problems\":{problems}"));
    assert_ne!(changed, page);
    let path = reported.path("changed.html");
    std::fs::write(&path, changed).unwrap();
    let browser = Browser::start();
    browser.open(&path);
    let links = browser.run(
        "return [...document.querySelectorAll('header .problems li')]
           .map((it) => [...it.querySelectorAll('a')].map((link) => link.getAttribute('href')))",
        json!([]),
    );
    assert_eq!(
        links,
        json!([
            [format!("#event-{answer}")],
            [format!("#event-{request}")],
            []
        ])
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Operations that the verdict names and that no open table shows.
const HIDDEN: &str = "
    const named = [...document.querySelector('header').textContent.matchAll(/\\bop (\\d+)\\b/g)].map((it) => Number(it[1]));
    const cells = [...document.querySelectorAll('#anomalies td')].filter((it) => !it.closest('details'));
    const shown = new Set(cells.flatMap((it) => (it.textContent.match(/^\\d+(–\\d+)?$/) ?? [''])[0].split('–').map(Number)));
    return [named.length, named.filter((op) => !shown.has(op))]";

#[test]
fn what_the_verdict_needs_is_in_no_closed_table() {
    let runs = [
        ("broadcast-retry", STORMY),
        (
            "txn-mutants",
            "-w txn-list-append --node-count 2 --time-limit 10 --rate 50 --seed 1 -- split",
        ),
        (
            "lin-kv-mutants",
            "-w lin-kv --node-count 2 --concurrency 4 --time-limit 10 --rate 50 --seed 1 -- split",
        ),
    ];
    let browser = Browser::start();
    for (module, args) in runs {
        let reported = Reported::of(module, args);
        browser.open(&reported.path("index.html"));
        let seen = browser.run(HIDDEN, json!([]));
        assert!(seen[0].as_u64() > Some(0), "{module}: {seen}");
        assert_eq!(seen[1], json!([]), "{module}");
    }
}

#[test]
fn operations_that_had_no_success_are_shown_with_what_became_of_them() {
    let reported = Reported::of(
        "echo-mutants",
        "-w echo --time-limit 5 --rate 20 --hop-time 0 --seed 3 -- --bug deaf",
    );
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let rows = browser.cells("#anomalies");
    let first: Vec<&str> = rows[0].iter().map(String::as_str).collect();
    let Json::String(asked) = &reported.journal()[cursor(&browser)]["body"]["echo"] else {
        panic!("a text")
    };
    let asked = format!("\"{asked}\"");
    let answered = format!("{asked} :net-timeout");
    assert_eq!(first[0], "did not succeed");
    assert_eq!(
        first[5..],
        ["echo", &asked, "0 s", "5000 ms", "info", &answered]
    );
}
