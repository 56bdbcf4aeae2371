//! Breakpoints, verdicts and ends.

use serde_json::{Value as Json, json};
use test_support::{Dir, Playing};

use super::{SMALL, branch, journal, play, position, run, whole};

/// Goes on to the first breakpoint: its number, what is said, and the last entry.
fn stopped(playing: &Playing, breakpoints: &Json) -> (Json, String, Json) {
    playing.send("PUT", "api/breakpoints", breakpoints);
    let delta = run(playing, 1, &json!({}));
    let hit = &delta["now"]["hit"];
    let words = hit["words"].as_str().unwrap_or_default().to_owned();
    let last = journal(&delta).pop().unwrap();
    (hit["breakpoint"].clone(), words, last)
}

#[test]
fn a_run_stops_at_messages_nodes_and_answers() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let never = json!({"kind": "message", "type": "nothing", "node": null});
    let (hit, words, _) = stopped(
        &playing,
        &json!([never, {"kind": "message", "type": "sync", "node": null}]),
    );
    assert_eq!(hit, 1);
    assert!(words.starts_with("sync from n"), "{words}");
    // The event that it stops at is the first of its kind.
    let of_main = |event: &Json| {
        event["event"] == "recv"
            && event["dest"].as_str().unwrap().starts_with('n')
            && event["src"].as_str().unwrap().starts_with('n')
    };
    let entries = journal(&whole(&playing, 1));
    assert_eq!(entries.iter().filter(|it| of_main(it)).count(), 1);

    let (hit, words, _) = stopped(&playing, &json!([{"kind": "node", "node": "n2"}]));
    assert_eq!(hit, 0);
    assert!(words.contains("n2"), "{words}");
    let (hit, words, last) = stopped(&playing, &json!([{"kind": "acknowledged"}]));
    assert_eq!(hit, 0);
    assert!(words.ends_with("is acknowledged"), "{words}");
    assert!(
        last["dest"].as_str().unwrap().starts_with('c')
            || last["src"].as_str().unwrap().starts_with('c'),
        "{last}"
    );
    let delta = playing.act(1, position(&whole(&playing, 1)), &json!({"kind": "step"}));
    assert_eq!(branch(&delta), 1);
}

#[test]
fn a_run_stops_at_fields_of_states() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let state = |node: usize| {
        let delta = run(&playing, 1, &json!({"position": 0}));
        let mut states: Vec<Json> = delta["states"].as_array().unwrap().clone();
        let name = json!(format!("n{node}"));
        states.retain(|step| {
            delta["names"][usize::try_from(step[1].as_u64().unwrap()).unwrap()] == name
        });
        states
    };
    assert!(!state(0).is_empty());
    let (hit, words, _) = stopped(
        &playing,
        &json!([{"kind": "field", "node": null, "path": "/state", "is": null}]),
    );
    assert_eq!(hit, 0);
    assert!(words.starts_with("/state of n"), "{words}");
    let (status, why) = playing.refused(
        "PUT",
        "api/breakpoints",
        r#"[{"kind":"field","path":"term"}]"#,
    );
    assert_eq!(
        (status, &*why),
        (
            400,
            "breakpoint 0: the path \"term\" has to begin with /, as in /node/term"
        )
    );
}

#[test]
fn a_history_that_becomes_wrong_is_told_where_it_does() {
    let dir = Dir::new();
    let playing = play(
        &dir,
        "echo-mutants",
        "-w echo --node-count 1 --time-limit 2 --rate 5 -- --bug constant",
    );
    let (hit, words, last) = stopped(&playing, &json!([{"kind": "invariant"}]));
    assert_eq!(hit, 0);
    assert!(words.starts_with("the history is wrong"), "{words}");
    // The answer that is not what was asked for has just come.
    assert_eq!(last["event"], "recv");
    let delta = whole(&playing, 1);
    let verdict = &delta["now"]["verdict"];
    assert_eq!(
        (&verdict["valid"], &verdict["so_far"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(verdict["first"]["position"], position(&delta) - 1);
}

#[test]
fn a_run_that_fails_opens_where_it_shows() {
    let dir = Dir::new();
    let playing = play(
        &dir,
        "echo-mutants",
        "-w echo --node-count 1 --time-limit 2 --rate 5 --seed 1 -- --bug constant",
    );
    let session = playing.get("api/session");
    let delta = whole(&playing, 1);
    assert_eq!(delta["now"]["ended"], true);
    let at = usize::try_from(session["opens_at"].as_u64().unwrap()).unwrap();
    let shown = journal(&delta)[at - 1].clone();
    assert_eq!(
        (&shown["event"], &shown["src"]),
        (&json!("recv"), &json!("n0"))
    );
    assert_eq!(delta["now"]["verdict"]["valid"], false);
    assert_eq!(delta["now"]["verdict"]["so_far"], false);
    // It may be changed.
    let delta = playing.act(
        1,
        session["opens_at"].as_u64().unwrap(),
        &json!({"kind": "kill", "node": "n0"}),
    );
    assert_eq!(branch(&delta), 2);
}

#[test]
fn a_guest_that_fails_ends_its_branch_and_no_other() {
    let dir = Dir::new();
    let playing = play(
        &dir,
        "echo-mutants",
        "-w echo --node-count 1 --time-limit 4 --rate 10 -- --bug panics",
    );
    let delta = run(&playing, 1, &json!({"end": true}));
    let now = &delta["now"];
    assert_eq!(
        (&now["ended"], &now["verdict"]["valid"]),
        (&json!(true), &json!(false))
    );
    let why = now["why"].as_str().unwrap();
    assert!(
        why.contains("n0") && why.contains("too much to say"),
        "{why}"
    );
    let (status, why) = playing.not_done(1, position(&delta), &json!({"kind": "step"}));
    assert_eq!(
        (status, &*why),
        (
            409,
            "this run is over: go back, and do something to have another one"
        )
    );
    let delta = playing.act(
        1,
        position(&delta) - 20,
        &json!({"kind": "pause", "node": "n0"}),
    );
    assert_eq!((branch(&delta), &delta["now"]["ended"]), (2, &json!(false)));
}

#[test]
fn a_run_has_a_speed_and_is_paused() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let mut events = playing.events();
    let at = position(&whole(&playing, 1));
    let delta = playing.act(1, at, &json!({"kind": "run", "until": {}, "speed": 0.01}));
    assert_eq!(delta["now"]["running"], true);
    events.wait_for("delta", |delta| position(delta) > at);
    let paused = playing.act(1, at, &json!({"kind": "pause_run"}));
    assert_eq!(paused["now"]["running"], false);
    let now = position(&paused);
    assert_eq!(position(&whole(&playing, 1)), now);
    assert_eq!(
        position(&playing.act(1, now, &json!({"kind": "step"}))),
        position(&whole(&playing, 1))
    );
}
