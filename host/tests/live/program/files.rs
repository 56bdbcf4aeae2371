//! The node's disk as the files of programs.

use std::sync::Arc;

use host_disk::{Survival, lock};
use host_guest::GuestOptions;
use host_sandbox::MountLimits;
use host_sandbox::mount::MountReader;
use serde_json::{Value, json};
use test_support::{Dir, program};

use crate::program::driver::{Driver, load};

#[path = "../../programs/rust/src/files.rs"]
#[expect(unreachable_pub, reason = "it is a module of the program, too")]
mod native;

use native::Does;

/// What a program answers to `body`, once the disk has answered all its syncs.
fn answer(driver: &mut Driver, body: Value) -> Value {
    driver.tell("c1", body);
    while driver.answer_sync() {}
    let sent = driver.sent();
    let [line] = &sent[..] else {
        panic!("{sent:?}");
    };
    serde_json::from_str(line.strip_prefix("-> c1 ").unwrap()).unwrap()
}

#[test]
fn a_program_finds_in_its_files_what_the_same_one_finds_in_a_directory() {
    for seed in 0..40 {
        let mut driver = Driver::built("rust-files", &[], 1);
        driver.init(&["n1"]);
        let told = answer(&mut driver, json!({"type": "x", "msg_id": 1, "seed": seed}));
        let dir = Dir::new();
        let root = dir.root().display().to_string();
        let expected = native::session(&root, seed, 150, Does::All);
        assert_eq!(lines(&told), expected, "seed {seed}");
    }
}

fn lines(told: &Value) -> Vec<&str> {
    let lines = told["lines"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap()).collect()
}

#[test]
fn a_program_finds_in_a_mount_what_the_same_one_finds_in_the_directory() {
    for seed in 0..20 {
        let dir = Dir::new();
        let root = dir.root().display().to_string();
        drop(native::session(&root, seed, 150, Does::All));
        let mut reader = MountReader::new(MountLimits::OF_USER);
        reader.read(dir.root(), "").unwrap();
        let (mounts, left_out) = reader.finish();
        assert_eq!(left_out.sentences(), [""; 0]);
        let options = GuestOptions::default();
        let module = load(&program("rust-files"), &options.limits);
        let module = module.mounted(&Arc::new(mounts)).unwrap();
        let mut driver = Driver::start(&module, options);
        driver.init(&["n1"]);
        let body = json!({"type": "x", "msg_id": 1, "seed": seed, "reads": true});
        let told = answer(&mut driver, body);
        let expected = native::session(&root, seed, 150, Does::Reads);
        assert_eq!(lines(&told), expected, "seed {seed}");
        assert!(lock(&driver.disk).is_empty());
    }
}

/// The elements that a node in Go has after it has answered for three, lost its power, and
/// started again.
fn after_a_power_loss(args: &[&str]) -> (Vec<String>, Value) {
    let mut driver = Driver::built("go-log", args, 1);
    driver.now_ns = 1;
    driver.init(&["n1"]);
    driver.done();
    let mut effects = Vec::new();
    for element in 1..=3 {
        driver.tell(
            "c1",
            json!({"type": "add", "msg_id": element, "element": element}),
        );
        loop {
            let done = driver.done();
            effects.extend(
                done.into_iter()
                    .filter(|it| !it.starts_with("log ") && !it.contains("timer")),
            );
            if !driver.answer_sync() {
                break;
            }
        }
    }
    let disk = driver.disk.clone();
    drop(driver);
    lock(&disk).lose_power(Survival::None);
    let options = GuestOptions {
        disk,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..GuestOptions::default()
    };
    let mut driver = Driver::start(&load(&program("go-log"), &options.limits), options);
    driver.now_ns = 2;
    driver.init(&["n1"]);
    driver.done();
    (
        effects,
        answer(&mut driver, json!({"type": "read", "msg_id": 9})),
    )
}

#[test]
fn a_node_in_go_that_syncs_before_it_answers_keeps_what_it_answered_for() {
    let (effects, read) = after_a_power_loss(&[]);
    let mut expected = Vec::new();
    for element in 1..=3 {
        expected.push("sync File(1)".to_owned());
        expected.push(format!(
            "-> c1 {{\"in_reply_to\":{element},\"type\":\"add_ok\"}}"
        ));
    }
    assert_eq!(effects, expected);
    assert_eq!(
        read,
        json!({"type": "read_ok", "in_reply_to": 9, "value": [1, 2, 3]})
    );
    let (effects, read) = after_a_power_loss(&["unsynced"]);
    assert_eq!(effects.len(), 3);
    assert_eq!(
        read,
        json!({"type": "read_ok", "in_reply_to": 9, "value": []})
    );
}

#[test]
fn a_program_that_waits_for_the_disk_handles_nothing_else() {
    let mut driver = Driver::built("go-log", &[], 1);
    driver.now_ns = 1;
    driver.init(&["n1"]);
    driver.done();
    driver.tell("c1", json!({"type": "add", "msg_id": 1, "element": 7}));
    assert_eq!(
        driver.done().last().map(String::as_str),
        Some("sync File(1)")
    );
    driver.tell("c1", json!({"type": "read", "msg_id": 2}));
    assert_eq!(driver.done(), [""; 0]);
    assert!(driver.answer_sync());
    let answers = [
        r#"-> c1 {"in_reply_to":1,"type":"add_ok"}"#,
        r#"-> c1 {"in_reply_to":2,"type":"read_ok","value":[7]}"#,
    ];
    let mut sent = driver.sent();
    sent.sort();
    assert_eq!(sent, answers);
}

#[test]
fn a_program_without_files_leaves_the_disk_empty() {
    for name in ["go-echo", "c-echo", "rust-echo"] {
        let mut driver = Driver::built(name, &[], 1);
        driver.init(&["n1"]);
        assert!(lock(&driver.disk).is_empty(), "{name}");
        assert!(lock(&driver.disk).is_durable(), "{name}");
    }
}
