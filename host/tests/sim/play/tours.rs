//! `host play --tour`.

use expect_test::expect;
use serde_json::json;
use test_support::{Browser, Dir, Playing, built};

use super::{branch, position, whole};

#[test]
fn a_tour_needs_no_module_and_its_steps_are_moments_to_act_at() {
    let dir = Dir::new();
    let playing = Playing::start(dir.host(), "--tour stale-read");
    assert_eq!(playing.title, "A stale read, and the read index");
    let session = playing.get("api/session");
    assert_eq!(session["workload"], "lin-kv");
    assert_eq!(session["module"], "raft");
    let steps = session["tour"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 9);
    for step in steps {
        let delta = whole(&playing, step["branch"].as_u64().unwrap());
        assert!(position(&delta) >= step["at"].as_u64().unwrap());
    }
    // The stale read: the verdict of its branch.
    let stale = &steps[4];
    let (of, at) = (
        stale["branch"].as_u64().unwrap(),
        stale["at"].as_u64().unwrap(),
    );
    let delta = whole(&playing, of);
    assert_eq!(position(&delta), at);
    // With the links whole before the read, there is another branch, and n0 hears of the new leader.
    let before = &steps[3];
    let at = before["at"].as_u64().unwrap();
    let healed = playing.act(of, at, &json!({"kind": "heal"}));
    assert_ne!(branch(&healed), of);
    let now = whole(&playing, branch(&healed));
    assert_eq!(now["now"]["cuts"], json!([]));
    let words: Vec<&str> = now["now"]["touches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["words"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "invoke write [1 1] at n0",
            "cut n0 | n1 n2",
            "invoke write [1 2] at n1",
            "heal all links"
        ]
    );
}

#[test]
fn a_tour_of_ones_own_runs_a_module() {
    let dir = Dir::new();
    dir.write(
        "my.md",
        "---\ntitle: Mine\nworkload: echo\nnode-count: 1\n---\n\n# An echo\n\nA client asks.\n\n```tour\ninvoke echo \"hi\" at n0\n\
         go to echo at n0 ended\nexpect echo at n0 gave {:echo \"hi\"}\n```\n\n```question\nWho has answered?\n- [x] n0\n- [ ] n1\n\nThere is one node.\n```\n",
    );
    let echo = built("echo");
    let args = format!("--no-cache --tour my.md --module {}", echo.display());
    let ended = dir.host().arg("play").args(args.split(' ')).end();
    // What an echo gives is not what this text says: it is told with its line.
    expect![[r#"
        254error: my.md, line 14: the last echo at n0 gave {:type "echo_ok", :echo "hi", :in_reply_to 1}
    "#]].assert_eq(&format!("{}{}", ended.code().unwrap(), ended.stderr));
    let text = dir
        .read("my.md")
        .replace("expect echo at n0 gave {:echo \"hi\"}\n", "expect n0 up\n");
    dir.write("my.md", text);
    let playing = Playing::start(dir.host(), &args);
    assert_eq!(playing.title, "Mine");
    assert_eq!(playing.get("api/session")["module"], "echo.wasm");
    let log = playing.end();
    assert_eq!((log.code(), &*log.stderr), (Some(130), ""));
    // Limits are those of the command.
    let poor = args + " --max-fuel 100";
    let ended = dir.host().arg("play").args(poor.split(' ')).end();
    assert_eq!(ended.code(), Some(254));
    let why = "out of fuel: a step may use 100 units (--max-fuel)";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

#[test]
fn what_is_no_tour_is_told() {
    let dir = Dir::new();
    dir.write("bad.md", "# A step\n");
    dir.write(
        "node.md",
        "---\ntitle: Mine\nworkload: echo\nnode: paxos\n---\n# One\nText.\n```question\nWhy?\n- [x] So\n- [ ] Not\n\nSo.\n```\n",
    );
    let mut said = String::new();
    for args in [
        "--tour nowhere",
        "--tour bad.md",
        "--tour node.md",
        "--tour lost-message --schedule x.json",
        "--tour lost-message -w echo",
        "--tour lost-message --below msgs-per-op=1",
        "--tour lost-message --max-fuel 5",
    ] {
        let ended = dir.host().arg("play").args(args.split(' ')).end();
        assert_eq!(ended.stdout, "", "{args}");
        said += &format!("{} {}", ended.code().unwrap(), ended.stderr);
    }
    expect![[r#"
        254 error: cannot read the tour nowhere: No such file or directory (os error 2); the host has the tours lost-message, partition, raft-election, stale-read, power-loss
        254 error: bad.md, line 1: a tour begins with a head: a line `---`, then lines such as `title: A lost message`, then `---`
        254 error: node.md: there is no node `paxos` here: there are relay, raft, keeper; for one of your own leave out `node` and give --module
        254 error: the argument '--tour <NAME|FILE>' cannot be used with '--schedule <FILE|LINK>'

        Usage: host play --tour <NAME|FILE> [MODULE] [-- <GUEST_ARGS>...]

        For more information, try '--help'.
        254 error: the argument '--tour <NAME|FILE>' cannot be used with '--workload <NAME>'

        Usage: host play --tour <NAME|FILE> [MODULE] [-- <GUEST_ARGS>...]

        For more information, try '--help'.
        254 error: --below is for `host sim`: a run that is acted on by hand has no targets
        254 error: --max-fuel is for modules, and the nodes of the tour lost-message are the host's own: leave it out, or give --module FILE
    "#]].assert_eq(&said);
}

/// Waits for a step, by its heading.
fn wait_for_step(browser: &Browser, heading: &str) {
    let heading = json!(heading);
    browser.wait_for(&format!(
        "document.querySelector('#tour h3').textContent === {heading}"
    ));
}

#[test]
fn a_reader_takes_a_tour_answers_and_acts() {
    let dir = Dir::new();
    let playing = Playing::start(dir.host(), "--tour raft-election");
    let steps = playing.get("api/session")["tour"]["steps"].clone();
    let browser = Browser::start();
    browser.be_still();
    browser.visit(&playing.address);
    browser.wait_for("document.documentElement.dataset.ready");
    assert_eq!(browser.text("#tour h2"), "Two leaders in two terms");
    let mut questions = 0;
    for (index, step) in steps.as_array().unwrap().iter().enumerate() {
        if index > 0 {
            browser.click("[data-key=tour-next]");
        }
        wait_for_step(&browser, step["title"].as_str().unwrap());
        let at = step["at"].as_u64().unwrap();
        browser.wait_for(&format!(
            "document.querySelector('.on-stage .now').textContent.replace(/,/g, '').startsWith('Event {at} of')"
        ));
        if let Some(right) = step["question"]["right"].as_u64() {
            questions += 1;
            let answers = step["question"]["answers"].as_array().unwrap().len() as u64;
            for answer in (0..answers).filter(|it| *it != right).chain([right]) {
                browser.click(&format!("#tour .answer:nth-of-type({}) input", answer + 1));
                let said = browser.text("#tour [role=status]");
                let begins = if answer == right {
                    "✓ Right."
                } else {
                    "✗ Not so."
                };
                assert!(said.starts_with(begins), "{said}");
            }
            let why = step["question"]["why"].as_str().unwrap();
            assert!(browser.text("#tour [role=status]").ends_with(why));
        }
        if let Some(folder) = std::env::var_os("TOUR_PICTURES") {
            let path = format!("{}/{index}.png", folder.display());
            std::fs::write(path, browser.picture()).unwrap();
        }
    }
    assert_eq!(questions, 3);
    assert_eq!(browser.barriers(), Vec::<String>::new());
    browser.be_phone((390, 844), true);
    assert_eq!(browser.barriers(), Vec::<String>::new());
    let wide = browser.run(
        "return document.documentElement.scrollWidth > innerWidth",
        json!([]),
    );
    assert_eq!(wide, false);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
