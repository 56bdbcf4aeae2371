//! What is done to a run, in its present and in its past.

use serde_json::{Value as Json, json};
use test_support::{Dir, Playing, built};

use super::{SMALL, branch, journal, play, position, run, scheduled, simulated, whole};

/// The first message on its way between two nodes.
fn between_nodes(delta: &Json) -> Json {
    let is_node = |name: &Json| name.as_str().unwrap().starts_with('n');
    let in_flight = delta["now"]["in_flight"].as_array().unwrap();
    let mut between = in_flight
        .iter()
        .filter(|it| is_node(&it["src"]) && is_node(&it["dest"]));
    between.next().unwrap().clone()
}

#[test]
fn a_run_that_nobody_touches_is_that_of_the_simulator() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    assert_eq!(playing.title, "Play broadcast with seed 1");
    let session = playing.get("api/session");
    assert_eq!(session["nodes"], json!(["n0", "n1", "n2"]));
    assert_eq!(session["branches"][0]["now"]["phase"], "main");
    assert_eq!(session["opens_at"], Json::Null);
    let delta = run(&playing, 1, &json!({"end": true}));
    assert_eq!(delta["now"]["ended"], true);
    assert_eq!(delta["now"]["verdict"]["valid"], true);
    assert_eq!(delta["now"]["verdict"]["so_far"], false);
    let (expected, code) = simulated(&dir, "broadcast", SMALL);
    assert_eq!(code, Some(0));
    assert_eq!(journal(&delta), expected);
    let ended = playing.end();
    assert_eq!((ended.code(), &*ended.stderr), (Some(130), ""));
}

#[test]
fn a_run_goes_on_by_an_event_at_a_time() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let (expected, _) = simulated(&dir, "broadcast", SMALL);
    let mut at = position(&whole(&playing, 1));
    for _ in 0..30 {
        let delta = playing.act(1, at, &json!({"kind": "step"}));
        assert_eq!(delta["from"], at);
        let now = position(&delta);
        assert!(now > at, "{delta}");
        // An event is of one time.
        let times = delta["entries"].as_array().unwrap()[1..].iter();
        assert!(times.clone().all(|entry| entry[0] == 0), "{delta}");
        at = now;
    }
    let shown = journal(&whole(&playing, 1));
    assert_eq!(shown, expected[..shown.len()]);
}

#[test]
fn a_branch_from_a_far_past_has_the_states_of_a_run_that_stopped_there() {
    let dir = Dir::new();
    let options = "-w broadcast --node-count 5 --rate 100 --time-limit 20 --seed 3";
    let cut = json!({"kind": "cut", "between": ["n0", "n1"]});
    let [from, until] = [2_300, 2_500].map(|at| json!({"position": at}));

    let goes_back = play(&dir, "broadcast", options);
    run(&goes_back, 1, &json!({"position": 2_700}));
    let back = goes_back.act(1, 2_300, &cut);
    assert_eq!((branch(&back), &back["now"]["why"]), (2, &Json::Null));
    run(&goes_back, 2, &until);

    let stops = play(&dir, "broadcast", options);
    let there = run(&stops, 1, &from);
    assert_eq!(position(&there), 2_300);
    stops.act(1, 2_300, &cut);
    run(&stops, 1, &until);

    let (child, whole_run) = (whole(&goes_back, 2), whole(&stops, 1));
    // More than a checkpoint of states apart.
    assert!(child["states"].to_string().len() > 4 * (128 << 10));
    for list in ["names", "entries", "messages", "states"] {
        assert_eq!(child[list], whole_run[list], "{list}");
    }
}

#[test]
fn the_past_is_exact_and_another_way_is_another_branch() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let there = run(&playing, 1, &json!({"position": 60}));
    let here = position(&there);
    let message = between_nodes(&there);
    let (src, dest) = (
        message["src"].as_str().unwrap(),
        message["dest"].as_str().unwrap(),
    );
    let later = run(&playing, 1, &json!({"position": 120}));

    let lost = playing.act(1, here, &json!({"kind": "lose", "message": message["id"]}));
    assert_eq!((branch(&lost), &lost["from"]), (2, &json!(here)));
    let listed = &playing.get("api/branches")[1];
    assert_eq!(
        (&listed["parent"], &listed["at"]),
        (&json!(1), &json!(here))
    );
    let words = format!("lose sync from {src} to {dest}");
    assert_eq!(
        lost["now"]["touches"],
        json!([{"at": here, "words": words}])
    );
    assert_eq!(lost["now"]["why"], Json::Null);

    let (parent, child) = (whole(&playing, 1), whole(&playing, 2));
    let here = usize::try_from(here).unwrap();
    for (list, count) in [("entries", here), ("messages", 0), ("states", 0)] {
        let (old, new) = (
            &parent[list].as_array().unwrap(),
            &child[list].as_array().unwrap(),
        );
        // All that came with the entries until then; messages and states have their own counts.
        let count = match list {
            "entries" => count,
            "messages" => usize::try_from(lost["messages_from"].as_u64().unwrap()).unwrap(),
            _ => old
                .iter()
                .filter(|step| step[0].as_u64() < Some(here as u64))
                .count(),
        };
        assert!(count > 5, "{list}");
        assert_eq!(old[..count], new[..count], "{list}");
    }
    // The parent has not changed, and what is new is the loss.
    assert_eq!(journal(&parent), journal(&later));
    let new = journal(&child)[here].clone();
    assert_eq!(
        (&new["event"], &new["why"], &new["id"]),
        (&json!("drop"), &json!("loss"), &message["id"])
    );
}

#[test]
fn what_was_done_is_a_schedule_with_the_same_journal() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let there = run(&playing, 1, &json!({"position": 60}));
    let message = between_nodes(&there);
    let mut at = position(&there);
    let others: Vec<&str> = ["n0", "n1", "n2"]
        .into_iter()
        .filter(|name| message["dest"] != *name && message["src"] != *name)
        .collect();
    for what in [
        json!({"kind": "copy", "message": message["id"]}),
        json!({"kind": "deliver", "message": message["id"]}),
        json!({"kind": "cut", "between": ["n0", "n1"]}),
        json!({"kind": "cut", "dest": "n2", "src": "n0"}),
        json!({"kind": "heal", "between": ["n0", "n1"]}),
        json!({"kind": "kill", "node": others[0]}),
        json!({"kind": "step"}),
        json!({"kind": "start", "node": others[0]}),
        json!({"kind": "pause", "node": message["src"]}),
        json!({"kind": "invoke", "worker": null, "f": "broadcast", "value": "77"}),
        json!({"kind": "step"}),
        json!({"kind": "resume", "node": message["src"]}),
        json!({"kind": "send", "node": "n2", "body": {"type": "read", "msg_id": 1}}),
        json!({"kind": "heal"}),
    ] {
        let delta = playing.act(1, at, &what);
        assert_eq!(branch(&delta), 1, "{what}");
        at = position(&delta);
    }
    let words = whole(&playing, 1)["now"]["touches"].clone();
    assert_eq!(words.as_array().unwrap().len(), 12, "{words}");
    let cuts = &whole(&playing, 1)["now"]["cuts"];
    assert_eq!(*cuts, json!([]));
    let delta = run(&playing, 1, &json!({"end": true}));
    assert_eq!(delta["now"]["ended"], true, "{}", delta["now"]["why"]);

    let (schedule, note) = playing.text("api/branches/1/schedule");
    assert_eq!(note, None);
    let (expected, code) = scheduled(&dir, "broadcast", &schedule);
    assert_eq!(journal(&delta), expected);
    assert_eq!(code, Some(0));

    // Who opens it sees what was done. A schedule says all links that are cut, not which are cut now.
    let opened = playing.send("POST", "api/open", &json!({"schedule": schedule}));
    let again = run(&playing, branch(&opened), &json!({"end": true}));
    let mut words = delta["now"]["touches"].clone();
    for (touch, links) in [
        (2, "from n1 to n0, from n0 to n1"),
        (3, "from n1 to n0, from n0 to n1, from n0 to n2"),
        (4, "from n0 to n2"),
    ] {
        words[touch]["words"] = format!("cut these links and no others: {links}").into();
    }
    words[12]["words"] = "finish".into(); // not why it was
    assert_eq!(again["now"]["touches"], words);

    // Up to a moment: what was done after it is not in it.
    let (early, note) = playing.text(&format!("api/branches/1/schedule?at={}", position(&there)));
    assert_eq!(note, None);
    assert!(!early.contains("touches"), "{early}");
    let untouched = simulated(&dir, "broadcast", SMALL);
    assert_eq!(scheduled(&dir, "broadcast", &early), untouched);
}

#[test]
fn a_link_opens_as_the_schedule_that_it_holds() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let there = run(&playing, 1, &json!({"position": 60}));
    let delta = playing.act(1, position(&there), &json!({"kind": "kill", "node": "n1"}));
    let at = position(&delta);
    playing.act(1, at, &json!({"kind": "finish"}));
    let delta = run(&playing, 1, &json!({"end": true}));
    let link = playing.get("api/branches/1/link")["link"].clone();
    let opened = playing.send("POST", "api/open", &json!({"schedule": link}));
    assert_eq!(branch(&opened), 2);
    let again = run(&playing, 2, &json!({"end": true}));
    assert_eq!(journal(&again), journal(&delta));
    assert_eq!(again["now"]["touches"], delta["now"]["touches"]);
    let (test, _) = playing.text("api/branches/2/test");
    assert!(test.contains("\n// kill n1\n// finish\n#[test]"), "{test}");

    let other = play(
        &dir,
        "broadcast",
        &format!("--schedule {}", link.as_str().unwrap()),
    );
    let again = run(&other, 1, &json!({"end": true}));
    assert_eq!(journal(&again), journal(&delta));
}

#[test]
fn a_unit_test_and_a_report_have_what_was_done() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let there = run(&playing, 1, &json!({"position": 60}));
    playing.act(1, position(&there), &json!({"kind": "kill", "node": "n1"}));
    let (test, note) = playing.text("api/branches/1/test");
    assert_eq!(note, None);
    let (schedule, _) = playing.text("api/branches/1/schedule");
    assert!(test.contains(&schedule), "{test}");
    assert!(test.contains("\n// kill n1\n#[test]\nfn no_"), "{test}");
    let (report, _) = playing.text("api/branches/1/report");
    assert!(report.starts_with("<!doctype html>"));
    assert!(report.contains("kill"));
}

#[test]
fn branches_are_named_and_removed_and_there_are_not_too_many() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let there = run(&playing, 1, &json!({"position": 60}));
    let past = position(&there) - 20;
    let kill = json!({"kind": "kill", "node": "n1"});
    for number in 2..=16 {
        assert_eq!(branch(&playing.act(1, past, &kill)), number);
    }
    let (status, why) = playing.not_done(1, past, &kill);
    assert_eq!(status, 409);
    assert_eq!(
        why,
        "there are 16 branches, the most of a session: remove one"
    );
    // Four have a run at a time; the others are made again.
    for number in 2..=16 {
        let at = position(&whole(&playing, number));
        let delta = playing.act(number, at, &json!({"kind": "step"}));
        assert_eq!(branch(&delta), number);
        assert!(position(&delta) > at);
    }
    let renamed = playing.send("POST", "api/branches/3/name", &json!({"name": " what if "}));
    assert_eq!(renamed["name"], "what if");
    let left = playing.send("DELETE", "api/branches/2", &Json::Null);
    assert_eq!(left.as_array().unwrap().len(), 15);
    assert_eq!(playing.refused("GET", "api/branches/2", "").0, 404);
    assert_eq!(branch(&playing.act(1, past, &kill)), 17);
}

#[test]
fn what_is_not_possible_is_told() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let there = run(&playing, 1, &json!({"position": 60}));
    let at = position(&there);
    let said = |what: Json| playing.not_done(1, at, &what).1;
    let mut all = String::new();
    for what in [
        json!({"kind": "deliver", "message": 0}),
        json!({"kind": "deliver", "message": 4000}),
        json!({"kind": "kill", "node": "n7"}),
        json!({"kind": "start", "node": "n1"}),
        json!({"kind": "resume", "node": "n1"}),
        json!({"kind": "heal"}),
        json!({"kind": "heal", "between": ["n0", "n1"]}),
        json!({"kind": "cut", "between": ["n0", "n0"]}),
        json!({"kind": "cut"}),
        json!({"kind": "invoke", "worker": 9, "f": "read", "value": "nil"}),
        json!({"kind": "invoke", "worker": null, "f": "write", "value": "nil"}),
        json!({"kind": "invoke", "worker": null, "f": "read", "value": "["}),
        json!({"kind": "send", "node": "n1", "body": [1]}),
        json!({"kind": "fire", "node": "n1", "timer": 99}),
        json!({"kind": "time_out", "worker": 99}),
        json!({"kind": "run", "speed": 0}),
        json!({"kind": "explode"}),
    ] {
        all += &said(what);
        all.push('\n');
    }
    all += &playing.not_done(1, at + 1, &json!({"kind": "step"})).1;
    all.push('\n');
    all += &playing.not_done(1, at - 10, &json!({"kind": "step"})).1;
    all.push('\n');
    all += &playing.not_done(9, 0, &json!({"kind": "step"})).1;
    expect_test::expect![[r#"
        message 0, init from c0 to n0, is not on its way at 0.435 s: go back to a moment when it is
        there is no message 4000 yet
        there is no node "n7", only n0 to n2
        n1 runs
        n1 is not paused
        no link is cut by hand or by a partition
        the links between n0 and n1 are not cut
        a node always hears itself: a link has two nodes
        a cut is {"dest", "src"} in one direction, or {"between": ["n1", "n2"]}
        there is no worker 9, only 0 to 2
        broadcast has the operations broadcast, read, not "write"
        the value is no EDN: line 1, column 2: expected a value or `]`, found the end of the text
        the body has to be an object with a `type` that is a text
        timer 99 of n1 is not set
        worker 99 waits for no answer
        a speed of 0 is none: from 0.001 to 1000000 virtual seconds a second
        this is no action: unknown variant `explode`, expected one of `step`, `run`, `pause_run`, `deliver`, `lose`, `copy`, `delay`, `fire`, `time_out`, `kill`, `power`, `start`, `pause`, `resume`, `cut`, `heal`, `invoke`, `send`, `finish` at line 1 column 31
        the branch has 60 entries, not 61: look at it again
        this moment is past: what comes next is known; go to the end of the branch to go on
        there is no branch 9 any more"#]].assert_eq(&all);
    assert_eq!(position(&whole(&playing, 1)), at);
    assert_eq!(playing.get("api/branches").as_array().unwrap().len(), 1);
}

#[test]
fn a_rebuilt_module_is_played_again() {
    let dir = Dir::new();
    let flood = std::fs::read(built("broadcast-flood")).unwrap();
    let path = dir.write("node.wasm", flood);
    let args = "--no-cache --watch -w broadcast --node-count 3 --time-limit 1 --rate 5 --hop-time 0 --seed 1";
    let args = format!("{args} --module {}", path.display());
    let mut playing = Playing::start(dir.host(), &args);
    let name = path.display();
    assert_eq!(
        playing.next_log_line(),
        format!("watching {name}; Ctrl-C ends\n")
    );

    // A message is lost, and nobody sends it again.
    let gossip = json!([{"kind": "message", "type": "gossip", "node": null}]);
    playing.send("PUT", "api/breakpoints", &gossip);
    let arrives = run(&playing, 1, &json!({}));
    playing.send("PUT", "api/breakpoints", &json!([]));
    let message = between_nodes(&arrives)["id"].clone();
    playing.act(
        1,
        position(&arrives),
        &json!({"kind": "lose", "message": message}),
    );
    let lost = run(&playing, 1, &json!({"end": true}));
    let verdict = &lost["now"]["verdict"];
    assert_eq!(verdict["valid"], false);
    assert!(
        verdict["first"]["words"]
            .as_str()
            .unwrap()
            .starts_with("lost-elements: "),
        "{verdict}"
    );

    let mut events = playing.events();
    dir.write("new.wasm", b"\0asm, or not");
    std::fs::rename(dir.path("new.wasm"), &path).unwrap();
    assert!(playing.next_log_line().starts_with("error: "));
    let session = playing.get("api/session");
    assert_eq!(session["generation"], 1);
    assert!(
        session["notice"]
            .as_str()
            .unwrap()
            .contains("cannot be loaded")
    );

    // This one sends it again.
    dir.write("new.wasm", std::fs::read(built("broadcast-retry")).unwrap());
    std::fs::rename(dir.path("new.wasm"), &path).unwrap();
    assert_eq!(
        events.wait_for("generation", |_| true),
        json!({"generation": 2})
    );
    let mended = whole(&playing, 1);
    assert_eq!(mended["generation"], 2);
    let now = &mended["now"];
    assert_eq!(
        (&now["ended"], &now["verdict"]["valid"]),
        (&json!(true), &json!(true))
    );
    let words = |delta: &Json| delta["now"]["touches"][0]["words"].clone();
    assert_eq!(words(&mended), words(&lost));
    assert_eq!(playing.get("api/session")["notice"], Json::Null);
}
