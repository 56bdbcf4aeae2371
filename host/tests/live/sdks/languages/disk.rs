//! The disk of nodes that are written with the SDKs.

use host_disk::lock;
use host_protocol::disk::{Change, SyncFailure};
use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::{Dir, INIT, compiled, program};

use super::{continued, started};
use crate::program::driver::Driver;

/// A node with a disk, and how it is spoken to.
struct Durable {
    name: &'static str,
    log: &'static str,
    /// A request to keep the number 5, and what is asked later.
    keep: &'static str,
    list: &'static str,
    /// What the answers have.
    kept: &'static str,
    listed: &'static str,
    /// The file. Its checksum is that of zlib.crc32 in Python.
    file: &'static str,
}

const fn broadcast_durable(name: &'static str) -> Durable {
    Durable {
        name,
        log: "messages",
        keep: r#"{"type":"broadcast","msg_id":2,"message":5}"#,
        list: r#"{"type":"read","msg_id":3}"#,
        kept: r#""broadcast_ok""#,
        listed: r#""messages":[5]"#,
        file: "84b12bae 5\n",
    }
}

const DURABLES: [Durable; 4] = [
    broadcast_durable("sdk-c-durable"),
    broadcast_durable("sdk-zig-durable"),
    broadcast_durable("sdk-assemblyscript-durable"),
    Durable {
        name: "sdk-go-durable",
        log: "records",
        keep: r#"{"type":"send","msg_id":2,"key":"k","msg":5}"#,
        list: r#"{"type":"poll","msg_id":3,"offsets":{"k":0}}"#,
        kept: r#""send_ok""#,
        listed: r#""msgs":{"k":[[0,5]]}"#,
        file: "44906b45 {\"key\":\"k\",\"msg\":5}\n",
    },
];

fn from_client(body: &str) -> String {
    format!("{{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{body}}}\n")
}

#[test]
fn what_is_acknowledged_was_synced_and_is_there_after_a_kill() {
    for durable in DURABLES {
        let (name, dir) = (durable.name, Dir::new());
        let mut driver = started(name, &["n1"]);
        driver.done();
        driver.text(&from_client(durable.keep));
        let done = driver.done();
        let kinds = done.iter().map(|line| line.split(['{', ' ']).next());
        let kinds: Vec<&str> = kinds.map(Option::unwrap).collect();
        assert_eq!(kinds, ["disk", "sync", "->"], "{name}: {done:?}");

        let node = || {
            let run = dir.host().arg("--module").arg(program(name));
            run.arg("--cache-dir")
                .arg(compiled())
                .args(["--data-dir", "data"])
        };
        let mut live = node().start();
        live.send(INIT.to_owned() + &from_client(durable.keep));
        live.next_line();
        let kept = live.next_line();
        assert!(kept.contains(durable.kept), "{name}: {kept}");
        live.signal(Signal::KILL);
        live.wait();
        let shown = dir
            .host()
            .args(["disk", "data/n1", durable.log])
            .end()
            .stdout;
        assert_eq!(shown, durable.file, "{name}");
        let again = node().input(INIT.to_owned() + &from_client(durable.list));
        let listed = again.stdout.lines().nth(1).unwrap_or_default();
        assert!(listed.contains(durable.listed), "{name}: {again}");
    }
}

#[test]
fn a_node_whose_sync_fails_ends_and_says_so() {
    for durable in DURABLES {
        for reason in [SyncFailure::Full, SyncFailure::Error] {
            let mut driver = started(durable.name, &["n1"]);
            let error = driver.try_synced(Err(reason)).unwrap_err().to_string();
            let (_, said) = error.split_once("stderr: ").expect(&error);
            let said = said.lines().next().unwrap();
            let end = ": what was written since the last one may be lost";
            assert!(said.contains("a sync has failed"), "{error}");
            assert!(said.contains(end), "{error}");
            let is_full = reason == SyncFailure::Full;
            assert_eq!(said.contains("full"), is_full, "{error}");
        }
    }
}

/// The library in AssemblyScript, which has no compiler for this machine: a node with these files, after `init`, and its effects.
fn tried_disk(files: &[(&str, &[u8])]) -> (Driver, Vec<String>) {
    let mut driver = Driver::built("sdk-assemblyscript-disk", &[], 1);
    for (file, data) in files {
        let (file, data) = ((*file).into(), (*data).into());
        lock(&driver.disk).apply(&Change::Put { file, data });
    }
    driver.tell(
        "c0",
        json!({"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ["n1"]}),
    );
    let done = driver.done();
    (driver, done)
}

const SYNC: &str = "sync All";
const INIT_OK: &str = r#"-> c0 {"type":"init_ok","in_reply_to":1}"#;
const OK: &str = r#"-> c1 {"type":"ok","in_reply_to":2}"#;

/// As [`broadcast_durable`]'s; all of them go on behind the record 5.
const RECORDS: [&str; 2] = ["84b12bae 5\n", "ca145ef7 {\"n\": \"\\n\" }\n"];

/// What a request does before it is answered twice.
#[track_caller]
fn does(driver: &mut Driver, request: Value, effects: &[&str]) {
    let mut request = request;
    request["msg_id"] = json!(2);
    driver.tell("c1", request);
    let wanted: Vec<&str> = effects.iter().copied().chain([OK, OK]).collect();
    assert_eq!(driver.done(), wanted);
}

fn change(kind: &str, file: &str, data: &str) -> String {
    let data = data.as_bytes();
    format!("disk {kind} {{ file: {file:?}, data: {data:?} }}")
}

#[test]
fn assemblyscript_keeps_bytes() {
    let (mut driver, done) = tried_disk(&[("raw", b"\xff\x0f\xfe\0a"), ("z\"", b"")]);
    assert_eq!(
        done,
        [
            "log raw z\"",
            "log 255 15 254 0 97",
            "log none",
            "log ",
            SYNC,
            INIT_OK
        ]
    );
    let request = json!({"type": "bytes"});
    does(
        &mut driver,
        request,
        &[
            &change("Put", "f", "a"),
            &change("Append", "f", "ab"),
            "disk Write { file: \"f\", at: 18446744073709551615, data: [97, 98, 99] }",
            &change("Append", "f", ""),
            "disk Truncate { file: \"f\", len: 7 }",
            "disk Rename { from: \"f\", to: \"é\\\"\" }",
            "disk Remove { file: \"f\" }",
            "log 0 not synced",
            SYNC,
        ],
    );
}

#[test]
fn assemblyscript_keeps_logs() {
    let (mut driver, done) = tried_disk(&[]);
    assert_eq!(done, [INIT_OK, "log ", "log none", "log none", "log "]);
    let record = |given: &str| {
        let text = format!(r#"{{"type":"append","msg_id":2,"given":{given}}}"#);
        from_client(&text)
    };
    driver.text(&record("5"));
    let appended = change("Append", "log", RECORDS[0]);
    assert_eq!(driver.done(), [&appended, "log 1 not synced", SYNC, OK, OK]);
    // A newline between values becomes a blank.
    driver.text(&record("{\"n\":\n\"\\n\" }"));
    let appended = change("Append", "log", RECORDS[1]);
    assert_eq!(driver.done(), [&appended, "log 2 not synced", SYNC, OK, OK]);
    does(
        &mut driver,
        json!({"type": "cut", "given": 1, "sync": true}),
        &[
            "disk Truncate { file: \"log\", len: 11 }",
            "log 1 not synced",
            SYNC,
        ],
    );
    does(
        &mut driver,
        json!({"type": "cut", "given": 1}),
        &["log 1 synced"],
    );
    does(
        &mut driver,
        json!({"type": "replace", "given": [], "without_sync": true}),
        &[&change("Put", "log", ""), "log 0 synced"],
    );
    // Half a surrogate pair is written as U+FFFD, and the checksum is of that.
    let half = change("Append", "log", "b936f22b \"\u{fffd}\"\n");
    does(
        &mut driver,
        json!({"type": "half"}),
        &[&half, "log 1 not synced", SYNC],
    );
    // A hot swap keeps where the log ends.
    let replaced = json!({"type": "replace", "given": [5]});
    let put = change("Put", "log", RECORDS[0]);
    does(&mut driver, replaced, &[&put, "log 1 not synced", SYNC]);
    let (mut next, _) = continued("sdk-assemblyscript-disk", &mut driver);
    next.text(&record(r#"{"n": "\n" }"#));
    assert_eq!(next.done(), [&appended, "log 2 not synced", SYNC, OK, OK]);
}

/// It looks at four characters at a time, or at eight bytes.
#[test]
fn assemblyscript_reads_and_writes_any_text_at_any_place() {
    let (mut driver, _) = tried_disk(&[]);
    for special in [
        "\"", "\\", "\n", "\u{8}", "\u{1f}", " ", "\u{7f}", "é", "€", "😀",
    ] {
        for length in 0..12 {
            for place in 0..=length {
                let (before, behind) = ("/".repeat(place), "u".repeat(length - place));
                let text = format!("{before}{special}{behind}{special}");
                let units = text.encode_utf16();
                let escaped: String = units.map(|unit| format!("\\u{unit:04X}")).collect();
                for given in [json!(text).to_string(), format!("\"{escaped}\"")] {
                    let request = format!(r#"{{"type":"say","msg_id":2,"given":{given}}}"#);
                    driver.text(&from_client(&request));
                    let said = format!("log {text}");
                    assert_eq!(driver.done(), [&said, "log 0 synced", OK, OK]);
                }
            }
        }
    }
}

/// Records behind a sync that failed are not on the disk, and what is written behind them would be cut off as damaged.
#[test]
fn assemblyscript_replaces_a_log_first_that_was_changed_behind_a_failed_sync() {
    let append = json!({"type": "append", "msg_id": 2, "given": 5, "sync_first": true});
    let appended = change("Append", "log", RECORDS[0]);
    for (is_swapped, reason, is_behind) in [
        (false, SyncFailure::Full, true),
        (true, SyncFailure::Full, true),
        (true, SyncFailure::Error, true),
        // The disk may have lost what was in front of it too.
        (false, SyncFailure::Error, false),
    ] {
        let failed = || {
            let (mut driver, _) = tried_disk(&[]);
            let mut append = append.clone();
            append["sync_first"] = json!(is_behind);
            let effects = [SYNC, &appended, "log 1 not synced", SYNC];
            does(&mut driver, append, &effects[usize::from(!is_behind)..]);
            if is_swapped {
                driver = continued("sdk-assemblyscript-disk", &mut driver).0;
            }
            driver.try_synced(Err(reason)).unwrap();
            let is_full = reason == SyncFailure::Full;
            assert_eq!(
                driver.done(),
                [if is_full { "log full" } else { "log failed" }]
            );
            driver
        };
        let error = failed().try_text(&from_client(&append.to_string()));
        let error = error.unwrap_err().to_string();
        let wanted = "or a sync has failed: replace it with all records first";
        assert!(error.contains(wanted), "{error}");

        let mut driver = failed();
        let effects = [&change("Put", "log", RECORDS[0]), "log 1 not synced", SYNC];
        does(
            &mut driver,
            json!({"type": "replace", "given": [5]}),
            &effects,
        );
    }
}

#[test]
fn assemblyscript_cuts_a_log_before_what_is_torn() {
    for (torn, is_torn) in [
        (RECORDS[1], false),
        (&RECORDS[1][..RECORDS[1].len() - 1], true),
        (RECORDS[0], true),
        ("\n", true),
        ("\0\0", true),
        ("CA145EF7 {\"n\": \"\\n\" }\n", true),
    ] {
        let text = format!("{}{torn}", RECORDS[0]);
        let (_, done) = tried_disk(&[("log", text.as_bytes())]);
        let all = text.len();
        let warning = format!(
            "log the log \"log\" is torn or damaged behind record 1: 11 of {all} bytes are kept"
        );
        let mut wanted = vec!["log log", "log none", "log none"];
        if is_torn {
            wanted.extend([
                &warning,
                "disk Truncate { file: \"log\", len: 11 }",
                "log 5",
            ]);
        } else {
            wanted.push(r#"log 5 {"n": "\n" }"#);
        }
        wanted.extend([SYNC, INIT_OK]);
        assert_eq!(done, wanted);
    }
}
