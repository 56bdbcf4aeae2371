//! Text from guests stays text in a page, whatever markup it contains.

use host_protocol::text::printable;
use host_report::page::page;
use serde_json::json;
use test_support::{Browser, Dir, Reported};

const RUN: &str = "-w unique-ids --node-count 2 --time-limit 10 --rate 5 --seed 1";

/// The text of the guest; see `tests/mutants/hostile-text`.
const SCRIPT: &str = "</script><script>window.pwned=1</script>";
const IMAGE: &str = "<img src=x onerror=";
const TYPE: &str = "</script><script>window.pwned=6</script>";

/// The only elements that the page's own script makes.
const OWN: [&str; 49] = [
    "a",
    "b",
    "body",
    "button",
    "canvas",
    "caption",
    "circle",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "g",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "input",
    "label",
    "li",
    "main",
    "mark",
    "meta",
    "nav",
    "noscript",
    "option",
    "p",
    "path",
    "pre",
    "rect",
    "script",
    "section",
    "select",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
];
const OWN_TOO: [&str; 6] = ["thead", "title", "tr", "ul", "defs", "marker"];

/// Steps through all events and views of the page.
const LOOK_AT_ALL: &str = "
    const click = (label) => document.querySelector(`[aria-label='${label}']`).click();
    const seen = new Set();
    const look = () => {
        document.querySelectorAll('details').forEach((it) => { it.open = true; });
        document.querySelectorAll('*').forEach((it) => seen.add(it.localName));
    };
    click('First event');
    const now = () => document.querySelector('.now').textContent;
    for (let last = ''; last !== now();) {
        last = now();
        look();
        click('Next event');
    }
    look();
    const attributes = [...document.querySelectorAll('*')].flatMap((it) => [...it.attributes])
        .filter(({ name }) => name.startsWith('on') || name === 'src' || name === 'srcdoc');
    const links = [...document.querySelectorAll('[href]')].map((it) => it.getAttribute('href'));
    return [[...seen], attributes.length, links, document.querySelectorAll('script').length, window.pwned ?? null]";

#[test]
fn nothing_that_a_guest_says_becomes_markup_or_runs() {
    let reported = Reported::of("hostile-text", RUN);
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let seen = browser.run(LOOK_AT_ALL, json!([]));
    let names: Vec<&str> = seen[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let is_own = |name: &&str| OWN.contains(name) || OWN_TOO.contains(name);
    let foreign: Vec<&&str> = names.iter().filter(|name| !is_own(name)).collect();
    assert_eq!(foreign, Vec::<&&str>::new());
    assert_eq!(seen[1], 0, "attributes that load or run something");
    for link in seen[2].as_array().unwrap() {
        let link = link.as_str().unwrap();
        let is_file = ["results.json", "history.edn", "journal.jsonl"].contains(&link)
            || ["messages.svg", "latency.svg", "rate.svg"].contains(&link);
        assert!(is_file || link.starts_with('#'), "{link}");
    }
    assert_eq!(seen[3], 2, "scripts");
    assert_eq!(seen[4], json!(null), "a script of the guest ran");
    // The browser would log what only the policy had stopped.
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // All of it is there as text.
    let text = browser.run("return document.body.textContent", json!([]));
    let text = text.as_str().unwrap();
    for hostile in [
        SCRIPT,
        IMAGE,
        TYPE,
        "javascript:window.pwned=4",
        "__proto__",
    ] {
        assert!(text.contains(hostile), "{hostile}");
    }
    let option =
        "return [...document.querySelectorAll('select[name=type] option')].map((it) => it.value)";
    let options = browser.run(option, json!([]));
    assert!(
        options.as_array().unwrap().contains(&json!(TYPE)),
        "{options}"
    );
    let state = browser.run(
        "return [...document.querySelectorAll('details.here pre.state, .panel pre.state')].map((it) => it.textContent).join()",
        json!([]),
    );
    assert!(
        state
            .as_str()
            .unwrap()
            .contains("\"__proto__\": \"__proto__\""),
        "{state}"
    );
}

#[test]
fn the_policy_would_stop_what_slipped_through() {
    let reported = Reported::of("hostile-text", RUN);
    let browser = Browser::start();
    browser.open(&reported.path("index.html"));
    let injected = browser.run(
        "const script = document.createElement('script');
         script.textContent = 'window.pwned = 7';
         document.body.append(script);
         const holder = document.createElement('div');
         holder.innerHTML = '<b onclick=\"window.pwned = 8\">x</b>';
         document.body.append(holder);
         holder.firstChild.click();
         return window.pwned ?? null",
        json!([]),
    );
    assert_eq!(injected, json!(null));
    let complaints = browser.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(
        complaints
            .iter()
            .all(|it| it.contains("Content Security Policy")),
        "{complaints:?}"
    );
}

#[test]
fn drawings_hold_text_only_too() {
    let reported = Reported::of("hostile-text", RUN);
    let browser = Browser::start();
    for name in ["messages.svg", "latency.svg", "rate.svg"] {
        browser.open(&reported.path(name));
        let seen = browser.run(
            "return [document.documentElement.localName, window.pwned ?? null,
                     [...new Set([...document.querySelectorAll('*')].map((it) => it.localName))].sort()]",
            json!([]),
        );
        assert_eq!(
            (&seen[0], &seen[1]),
            (&json!("svg"), &json!(null)),
            "{name}"
        );
        for element in seen[2].as_array().unwrap() {
            let own = ["svg", "title", "rect", "text", "line", "path"];
            assert!(
                own.contains(&element.as_str().unwrap()),
                "{name}: {element}"
            );
        }
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
    assert!(
        reported
            .read("messages.svg")
            .contains("&lt;script&gt;window.pwned=6")
    );
}

#[test]
fn a_page_escapes_what_every_other_output_escapes() {
    let mut texts: Vec<String> = [
        "déjà vu 日本語 👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3} 👍🏽",
        "a\u{200d}b 👩\u{200d} \u{200d}👩 b\u{fe0f}b 1\u{fe0f} 👍\u{fe0f}\u{fe0f} a\r\n\tb",
    ]
    .map(str::to_owned)
    .to_vec();
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    texts.extend(all.chunks(4096).map(|part| part.iter().collect()));
    let shown: Vec<String> = texts
        .iter()
        .map(|text| printable(text).into_owned())
        .collect();
    let script = "
        const [texts, expected] = data;
        const wrong = texts.filter((text, at) => el('p', {}, text).textContent !== expected[at]);
        document.body.append(el('p', { class: 'wrong', title: 'a\\u202eb' }, String(wrong.length)));
    ";
    let html = page(&[script], "text", &(texts, shown)).unwrap();
    let dir = Dir::new();
    let path = dir.write("page.html", html);
    let browser = Browser::start();
    browser.open(&path);
    let seen = browser.run(
        "const it = document.querySelector('.wrong'); return [it.textContent, it.title]",
        json!([]),
    );
    assert_eq!(seen, json!(["0", "a\\u{202e}b"]));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
