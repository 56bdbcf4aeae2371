//! The pictures in docs/play.md: what a reader of it does, in a real browser. They are written where the variable
//! `PLAY_PICTURES` names a folder.

use std::{env, fs};

use serde_json::json;
use test_support::{Browser, Dir, STORMY};

use super::play;

const SIZE: (u32, u32) = (1200, 860);

/// The largest picture, in bytes.
const BYTES_MAX: usize = 150_000;

/// What each picture shows; docs/play.md has the same.
const PICTURES: [&str; 6] = ["stage", "message", "cut", "branch", "compare", "failure"];

fn take(browser: &Browser, name: &str) {
    assert!(PICTURES.contains(&name), "{name}");
    let picture = browser.picture();
    assert!(
        picture.len() <= BYTES_MAX,
        "{name}: {} bytes",
        picture.len()
    );
    if let Some(folder) = env::var_os("PLAY_PICTURES") {
        fs::write(format!("{}/{name}.png", folder.display()), picture).unwrap();
    }
}

#[test]
fn the_guide_shows_what_the_page_does() {
    let guide = fs::read_to_string(test_support::root().join("docs/play.md")).unwrap();
    for name in PICTURES {
        assert!(guide.contains(&format!("](play/{name}.png)")), "{name}");
    }
    let dir = Dir::new();
    let args = "-w broadcast --node-count 5 --time-limit 5 --rate 5 --seed 1";
    let playing = play(&dir, "broadcast-retry", args);
    let browser = Browser::of_size(SIZE);
    let now_has = |part: &str| {
        let part = json!(part);
        browser.wait_for(&format!(
            "document.querySelector('.on-stage .now').textContent.includes({part})"
        ));
    };
    browser.be_still();
    browser.visit(&playing.address);
    browser.wait_for("document.documentElement.dataset.ready");

    // Values and messages under way.
    browser.press("t");
    browser.wait_for("document.activeElement.name === 'break-kind'");
    browser.press("\u{e004}gossip\u{e007}");
    browser.wait_for("document.querySelector('#breakpoints li:not(.quiet)')");
    browser.run("document.activeElement.blur(); document.querySelector('#breakpoints').open = false; scrollTo(0, 0)", json!([]));
    browser.press("3");
    browser.wait_for("document.querySelector('#breakpoints .hit')");
    now_has("stopped");
    browser.choose("[name=field]", "/node/values");
    take(&browser, "stage");

    browser.wait_for("document.querySelector('.dot.of-node')");
    browser.click(".dot.of-node [role=button]");
    browser.wait_for("document.querySelector('[data-key=Lose]')");
    take(&browser, "message");
    browser.click("[data-key=Lose]");
    now_has("is lost");

    // Across the links of the node at the top.
    let top = browser.run(
        "const {x, y, width, height} = document.querySelector(\"[aria-label^='node n0,']\").getBoundingClientRect();
         return [x + width / 2, y + height / 2]",
        json!([]),
    );
    #[expect(clippy::cast_possible_truncation, reason = "a page has few pixels")]
    let [x, y] = [0, 1].map(|axis| top[axis].as_f64().unwrap() as i64);
    browser.drag((x - 150, y + 70), (x + 150, y + 70));
    browser.wait_for("document.querySelectorAll('.stage .link.cut').length === 4");
    browser.press("s");
    take(&browser, "cut");

    browser.press("[[[[[[[[[[[[");
    now_has("looking back");
    browser.press("d");
    browser.wait_for("document.querySelectorAll('[data-key^=\"open \"]').length === 2");
    browser.press("sssss");
    browser.click("[data-key^='name 2']");
    browser.wait_for("document.activeElement.name === 'branch-name'");
    browser.run(
        "document.activeElement.value = 'without the cut'",
        json!([]),
    );
    browser.press("\u{e007}");
    browser.wait_for("document.querySelector('h1').textContent.endsWith('without the cut')");
    take(&browser, "branch");

    browser.run("document.activeElement.blur()", json!([]));
    browser.press("w");
    browser.wait_for("document.querySelector('#compare .pair canvas')");
    browser.run(
        "document.querySelector('#compare').scrollIntoView()",
        json!([]),
    );
    take(&browser, "compare");
    assert_eq!(browser.complaints(), Vec::<String>::new());

    let failing = play(&dir, "broadcast-retry", STORMY);
    browser.visit(&failing.address);
    browser.wait_for("document.querySelector('h1')?.textContent.startsWith('✗ invalid')");
    browser.run(
        "document.querySelector('header [data-key=problems]').open = true",
        json!([]),
    );
    take(&browser, "failure");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
