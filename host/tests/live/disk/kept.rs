//! What a node has written is there when it starts again, and nowhere but in its folder.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use rustix::process::Signal;
use serde_json::json;
use test_support::wat::{answering, assemble, guest_text};
use test_support::{Dir, GO, INIT, Node, Run, host};

const READ: &str =
    "{\"id\":2,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":3}}\n";

fn add(element: &str) -> String {
    let body = json!({"type": "add", "msg_id": 2, "element": element, "pad": "last"});
    json!({"src": "c1", "dest": "n1", "body": body}).to_string() + "\n"
}

/// The node with its disk in `data`.
fn keeper(dir: &Dir) -> Run {
    dir.node(dir.guest("keeper")).args(["--data-dir", "data"])
}

/// `host disk` with these arguments.
#[track_caller]
fn shown(dir: &Dir, args: &[&str], expected: Expect) {
    dir.host().arg("disk").args(args).end().is(expected);
}

/// Every file and folder below this one.
fn all_below(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.push(path.display().to_string());
        if path.is_dir() {
            all.extend(all_below(&path));
        }
    }
    all.sort();
    all
}

#[test]
fn a_node_that_starts_again_has_its_disk() {
    let dir = Dir::new();
    let mut node = keeper(&dir).start();
    node.send(INIT.to_owned() + &add("7"));
    for _ in ["init_ok", "add_ok"] {
        node.next_line();
    }
    // It may be looked at while it runs.
    shown(
        &dir,
        &["data/n1"],
        expect![[r#"
        exit code 0
        ---- stdout
                 4 last
                 2 log
    "#]],
    );
    node.signal(Signal::KILL);
    node.wait();
    keeper(&dir)
        .input(INIT.to_owned() + &add("8") + READ)
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"add_ok","in_reply_to":2}}
            {"src":"n1","dest":"c1","body":{"type":"read_ok","in_reply_to":3,"log":"7\n8\n"}}
        "#]]);
    shown(
        &dir,
        &["data/n1", "log"],
        expect![[r#"
        exit code 0
        ---- stdout
        7
        8
    "#]],
    );
    shown(
        &dir,
        &["data/n1", "../log"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: there is no file "../log" on the disk in data/n1
    "#]],
    );
    shown(
        &dir,
        &["data"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot open data/disk: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn without_a_folder_it_lives_as_long_as_the_process_and_the_log_says_so_once() {
    let dir = Dir::new();
    dir.node(dir.guest("keeper"))
        .input(INIT.to_owned() + &add("7") + &add("8") + READ)
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"add_ok","in_reply_to":2}}
            {"src":"n1","dest":"c1","body":{"type":"add_ok","in_reply_to":2}}
            {"src":"n1","dest":"c1","body":{"type":"read_ok","in_reply_to":3,"log":"7\n8\n"}}
            ---- stderr
             WARN n1 syncs its disk, which lives only as long as this process; --data-dir DIR keeps it
        "#]]);
}

#[test]
fn nothing_is_made_before_the_node_has_a_name() {
    let dir = Dir::new();
    let ended = keeper(&dir).input(GO);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(!dir.path("data").exists());
}

#[test]
fn a_node_stays_in_the_folder_whatever_it_is_called() {
    let dir = Dir::new();
    let before = all_below(dir.root());
    for (name, folder) in [
        ("../x", "%2E%2E%2Fx"),
        ("/tmp/x", "%2Ftmp%2Fx"),
        ("..", "%2E%2E"),
    ] {
        let init = INIT.replace("n1", name);
        let ended = keeper(&dir).input(init + &add("7").replace("n1", name));
        assert_eq!(ended.code(), Some(0), "{ended}");
        let disk = dir.path("data").join(folder).join("disk");
        assert!(disk.is_file(), "{}", disk.display());
        fs::remove_dir_all(dir.path("data")).unwrap();
        fs::remove_file(dir.path("keeper.wasm")).unwrap();
        assert_eq!(all_below(dir.root()), before);
    }
}

#[test]
fn a_file_of_another_folder_has_no_name() {
    for name in ["..", ".", "../x", "/x", "", "a\\u0000"] {
        let dir = Dir::new();
        let effect = format!("{{\"put\":{{\"file\":\"{name}\",\"text\":\"x\"}}}}");
        let module = dir.module("guest.wasm", &answering(effect));
        let node = dir.node(module).args(["--data-dir", "data"]);
        let ended = node.input(INIT.to_owned() + GO);
        assert_eq!(ended.code(), Some(1), "{ended}");
        assert!(ended.stderr.contains("a file's name "), "{ended}");
        let data = dir.path("data");
        let expected = [data.join("n1"), data.join("n1/disk")];
        let expected: Vec<String> = expected.map(|it| it.display().to_string()).into();
        assert_eq!(all_below(&data), expected);
    }
}

/// Cut off in the last record, which nothing says to have been durable.
#[test]
fn a_record_that_was_being_written_is_cut_off_and_the_log_says_so() {
    let dir = Dir::new();
    let ended = keeper(&dir).input(INIT.to_owned() + &add("7"));
    assert_eq!(ended.code(), Some(0), "{ended}");
    let path = dir.path("data/n1/disk");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    shown(
        &dir,
        &["data/n1"],
        expect![[r#"
            exit code 0
            ---- stderr
             WARN the last 43 bytes are being written, or were when the node stopped
        "#]],
    );
    keeper(&dir)
        .input(INIT.to_owned() + READ)
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"read_ok","in_reply_to":3,"log":""}}
            ---- stderr
             WARN data/n1/disk: the last 43 bytes were being written when the node stopped, and are cut off
        "#]]);
}

#[test]
fn two_nodes_cannot_share_a_disk() {
    let dir = Dir::new();
    let mut first = keeper(&dir).start();
    first.send(INIT);
    first.next_line();
    keeper(&dir).input(INIT).is(expect![[r#"
        exit code 254
        ---- stderr
        error: data/n1 is in use by another process: each node has a disk of its own
    "#]]);
    assert_eq!(first.end().code(), Some(0));
}

#[test]
fn a_file_that_is_no_disk_is_refused() {
    let dir = Dir::new();
    dir.write("data/n1/disk", "my thesis");
    keeper(&dir).input(INIT).is(expect![[r#"
        exit code 254
        ---- stderr
        error: data/n1/disk is not the disk of a node (links are not followed); nothing was changed
    "#]]);
    assert_eq!(dir.read("data/n1/disk"), "my thesis");
}

/// The machine lets no file grow beyond 4 KiB, which is to a node as a full disk is. All is one batch, so
/// the first answer waits for the same sync as the last.
#[test]
fn nothing_is_answered_that_the_disk_has_refused() {
    let dir = Dir::new();
    let long = add("7").replace("last", &"x".repeat(8000));
    let input = File::open(dir.write("input", INIT.to_owned() + &long)).unwrap();
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let output = Command::new("/bin/sh")
        .args(["-c", limited])
        .arg(host())
        .arg("--no-cache")
        .arg("--module")
        .arg(dir.guest("keeper"))
        .arg("--data-dir")
        .arg(dir.path("data"))
        .stdin(input)
        .env_clear()
        .output()
        .unwrap();
    let disk = dir.path("data/n1/disk");
    let said = format!(
        "error: cannot write to {}: File too large (os error 27)\n",
        disk.display()
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
    assert_eq!((output.stdout, output.status.code()), (vec![], Some(254)));
}

/// The new version has no state to take over, and finds the disk.
#[test]
fn a_new_version_has_the_disk_of_the_old_one() {
    let keeper = guest_text("keeper");
    let next = keeper.replacen("(module $keeper", "(module $keeper_too (func)", 1);
    let mut node = Node::start(&assemble(&keeper), &["--watch", "--data-dir", "data"]);
    node.init(&["n1"]);
    let add =
        |msg_id, element| json!({"type": "add", "msg_id": msg_id, "element": element, "pad": ""});
    node.tell("c1", add(2, "7"));
    assert_eq!(
        node.hear(),
        ("c1", json!({"type": "add_ok", "in_reply_to": 2}))
    );
    node.replace(&assemble(&next));
    let line = node.log();
    assert!(
        line.ends_with("no state: the new module has no restore; as after a restart"),
        "{line}"
    );
    node.tell("c1", add(3, "8"));
    assert_eq!(
        node.hear(),
        ("c1", json!({"type": "add_ok", "in_reply_to": 3}))
    );
    node.tell("c1", json!({"type": "read", "msg_id": 4}));
    let read_ok = json!({"type": "read_ok", "in_reply_to": 4, "log": "7\n8\n"});
    assert_eq!(node.hear(), ("c1", read_ok));
    node.end(0);
}
