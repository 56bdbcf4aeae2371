//! What is recovered from a log or a value that a crash or a bad disk has left.

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;
use guest_sdk::testing::{Crash, TestDisk, TestNode};
use serde_json::{Value, json};
use std::time::Duration;

use super::scripted::{Scripted, node, request, survived};

/// Starts a node that finds these files.
fn found(files: &[(&str, &[u8])]) -> TestNode<Scripted> {
    let mut disk = TestDisk::default();
    for (file, bytes) in files {
        disk.set(file, *bytes);
    }
    let (node, sent) = TestNode::begin_with(disk, Duration::ZERO, &[], "n1", &["n1", "n2"]);
    assert_eq!(sent, []);
    node
}

/// What a node recovers from a log.
fn records(log: &[u8]) -> Value {
    survived(&found(&[("log", log)]))[0].clone()
}

/// Some records with characters of more than one byte, escapes and nothing at all, and the offsets behind each.
fn long_log() -> (Vec<Value>, Vec<u8>, Vec<usize>) {
    let values = vec![
        json!({"key": "ä\n", "value": [1, 2]}),
        json!(null),
        json!(18_446_744_073_709_551_615_u64),
        json!("x\"y"),
    ];
    let mut node = node();
    let mut log = Vec::new();
    let mut ends = Vec::new();
    for value in &values {
        node.receive("c1", request(json!([{"append": value}])));
        log = node.disk().bytes("log").expect("it has a record").to_vec();
        ends.push(log.len());
    }
    (values, log, ends)
}

/// What is done to a byte: each bit is flipped, and all of them.
const FLIPS: [u8; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 255];

/// How many records end at or before an offset.
fn whole(ends: &[usize], offset: usize) -> usize {
    ends.iter().filter(|end| **end <= offset).count()
}

#[test]
fn a_log_that_is_cut_anywhere_has_the_records_before() {
    let (values, log, ends) = long_log();
    for cut in 0..=log.len() {
        let mut node = found(&[("log", &log[..cut])]);
        let kept = whole(&ends, cut);
        let expected = json!([values[..kept], null, ["log"]]);
        assert_eq!(survived(&node), expected, "cut at {cut}");
        let end = if kept == 0 { 0 } else { ends[kept - 1] };
        assert_eq!(node.disk().bytes("log").unwrap(), &log[..end]);
        let dropped = (cut > end).then(|| {
            let text = format!(
                "the log \"log\" is torn or damaged behind record {kept}: {end} of {cut} bytes are kept"
            );
            (Level::Warn, text)
        });
        assert_eq!(node.log(), dropped.as_slice());

        // What is appended then can be read.
        node.receive("c1", request(json!([{"append": "new"}])));
        node.restart(Crash::Kill);
        let expected: Vec<&Value> = values[..kept].iter().collect();
        let expected = json!([expected, "new"]);
        let records = survived(&node)[0].as_array().unwrap().clone();
        let (last, before) = records.split_last().unwrap();
        assert_eq!(json!([before, last]), expected, "cut at {cut}");
    }
}

#[test]
fn a_log_with_any_other_byte_has_the_records_before() {
    let (values, log, ends) = long_log();
    for at in 0..log.len() {
        for flip in FLIPS {
            let mut damaged = log.clone();
            damaged[at] ^= flip;
            let kept = whole(&ends, at);
            assert_eq!(
                records(&damaged),
                json!(values[..kept]),
                "byte {at} ^ {flip}"
            );
        }
    }
}

#[test]
fn a_log_without_a_part_has_the_records_before() {
    let (values, log, ends) = long_log();
    for start in 0..log.len() {
        for end in start + 1..log.len() {
            let rest = &log[end..];
            let without = [&log[..start], rest].concat();
            let zeros = [&log[..start], &vec![0; end - start], rest].concat();
            for damaged in [without, zeros] {
                // A part may look as what it has replaced.
                let pairs = damaged.iter().zip(&log);
                let same = pairs.take_while(|(one, other)| one == other).count();
                let kept = json!(values[..whole(&ends, same)]);
                assert_eq!(records(&damaged), kept, "{start}..{end}");
            }
        }
    }
}

/// A change to a file at an offset, as a disk has it.
#[derive(Debug, Clone)]
enum Part {
    Data(usize, Vec<u8>),
    Length(usize),
}

fn apply(file: &mut Vec<u8>, part: &Part, data_max: usize) {
    match part {
        Part::Data(at, data) => {
            let data = &data[..data.len().min(data_max)];
            file.resize(file.len().max(at + data.len()), 0);
            file[*at..at + data.len()].copy_from_slice(data);
        }
        Part::Length(len) => file.resize(*len, 0),
    }
}

/// The power is lost while a log that has been cut is appended to: whatever is written of that, in any order, what is
/// recovered are the first records of the log as it was, or of the log as it became.
#[test]
fn no_power_loss_mixes_a_log_with_what_it_was_before_it_was_cut() {
    // Records of one length, so that new ones end where old ones ended.
    let old = [json!("a0"), json!("b0"), json!("c0"), json!("d0")];
    let mut node = node();
    node.receive("c1", request(json!([{"extend": old}, "reply"])));
    let durable = node.disk().bytes("log").unwrap().to_vec();
    let line = durable.len() / 4;

    let mut parts = Vec::new();
    let mut new = old[..1].to_vec();
    node.receive("c1", request(json!([{"cut": 1}])));
    parts.push(Part::Length(line));
    for record in ["b1", "c1"] {
        let at = node.disk().bytes("log").unwrap().len();
        node.receive("c1", request(json!([{"append": record}])));
        let data = node.disk().bytes("log").unwrap()[at..].to_vec();
        parts.push(Part::Data(at, data));
        new.push(json!(record));
    }
    assert_eq!(node.disk().unsynced(), 3);

    let mut seen = [false; 2];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        for count in 0..=3 {
            for torn in 0..=line {
                let mut file = durable.clone();
                for (place, part) in order[..count].iter().enumerate() {
                    let data_max = if place + 1 == count { torn } else { line };
                    apply(&mut file, &parts[*part], data_max);
                }
                let records = records(&file);
                let records = records.as_array().unwrap();
                let is_old = old.starts_with(records);
                let is_new = new.starts_with(records);
                assert!(is_old || is_new, "{order:?} {count} {torn}: {records:?}");
                seen[0] |= records.len() == 4;
                seen[1] |= *records == new;
            }
        }
    }
    assert_eq!(seen, [true, true]);
}

#[test]
fn a_replaced_log_is_the_old_one_or_the_new_one() {
    for (crash, expected) in [
        (Crash::Kill, json!([8, 9])),
        (Crash::Power, json!([1, 2, 3])),
        (Crash::Torn, json!([8])),
    ] {
        let mut node = node();
        node.receive("c1", request(json!([{"extend": [1, 2, 3]}, "reply"])));
        node.receive("c1", request(json!([{"replace": [8]}, {"append": 9}])));
        assert_eq!(node.restart(crash), []);
        assert_eq!(survived(&node)[0], expected, "{crash:?}");
    }
}

#[test]
fn a_log_goes_on_behind_what_it_recovered() {
    let mut node = node();
    for round in 0..5 {
        node.receive("c1", request(json!([{"append": round}, "reply"])));
        node.receive("c1", request(json!([{"append": "lost"}])));
        assert_eq!(node.restart(Crash::Power), []);
        let expected: Vec<i32> = (0..=round).collect();
        assert_eq!(survived(&node), json!([expected, null, ["log"]]));
    }
    assert_eq!(node.log(), []);
}

#[test]
fn newlines_in_raw_json_do_not_end_a_record() {
    #[derive(Serialize, Deserialize)]
    struct Keeps {
        log: Log<Box<RawValue>>,
        survived: Vec<String>,
    }

    impl Node for Keeps {
        type Request = Value;
        type Call = ();
        type Timer = ();

        fn init(ctx: &mut Ctx<Self>) -> Self {
            let (log, records) = ctx.disk().open_log::<Box<RawValue>>("raw");
            let survived = records.iter().map(|it| it.get().to_owned()).collect();
            Keeps { log, survived }
        }

        fn request(&mut self, _: Value, _: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
            let raw = RawValue::from_string("[1,\n\"a\\n\"\n]".to_owned()).unwrap();
            self.log.extend([&raw, &raw], ctx.disk());
            Ok(())
        }
    }

    let mut node = TestNode::<Keeps>::start("n1", &["n1"]);
    node.receive("c1", json!({"type": "keep"}));
    node.restart(Crash::Kill);
    let expected = ["[1, \"a\\n\" ]"; 2];
    assert_eq!(node.snapshot()["node"]["survived"], json!(expected));
}

#[test]
#[should_panic = "record 2 of the log \"numbers\" does not fit: invalid type: string \"2\", expected u8 at line 1 column 3"]
fn a_record_that_is_valid_but_of_another_type_is_not_dropped() {
    #[derive(Serialize, Deserialize)]
    struct Numbers(Log<u8>);

    impl Node for Numbers {
        type Request = Value;
        type Call = ();
        type Timer = ();

        fn init(ctx: &mut Ctx<Self>) -> Self {
            Numbers(ctx.disk().open_log("numbers").0)
        }

        fn request(&mut self, _: Value, _: Caller, _: &mut Ctx<Self>) -> Result<(), Error> {
            Ok(())
        }
    }

    let mut node = node();
    node.receive("c1", request(json!([{"extend": [1, "2"]}])));
    let mut disk = TestDisk::default();
    disk.set("numbers", node.disk().bytes("log").unwrap());
    let _ = TestNode::<Numbers>::begin_with(disk, Duration::ZERO, &[], "n1", &["n1"]);
}

#[test]
fn a_value_is_what_was_put_or_an_error() {
    let mut node = node();
    node.receive("c1", request(json!([{"put": ["v", {"term": 3}]}])));
    let bytes = node.disk().bytes("v").unwrap().to_vec();
    assert_eq!(bytes, b"6ee03060 {\"term\":3}\n");

    let value = |bytes: &[u8]| survived(&found(&[("v", bytes)]))[1].clone();
    assert_eq!(value(&bytes), json!({"term": 3}));
    let damaged = json!("the file \"v\" is damaged");
    for cut in 0..bytes.len() {
        assert_eq!(value(&bytes[..cut]), damaged, "cut at {cut}");
    }
    for at in 0..bytes.len() {
        for flip in FLIPS {
            let mut other = bytes.clone();
            other[at] ^= flip;
            assert_eq!(value(&other), damaged, "byte {at} ^ {flip}");
        }
    }
    assert_eq!(value(&[&bytes[..], b"\n"].concat()), damaged);
    assert_eq!(value(&[&bytes[..], &bytes].concat()), damaged);
}

#[test]
fn a_value_of_another_type_is_an_error_that_says_so() {
    #[derive(Serialize, Deserialize)]
    struct Number(String);

    impl Node for Number {
        type Request = Value;
        type Call = ();
        type Timer = ();

        fn init(ctx: &mut Ctx<Self>) -> Self {
            let number = ctx.disk().get::<u8>("v");
            Number(number.map_or_else(|error| error.to_string(), |it| format!("{it:?}")))
        }

        fn request(&mut self, _: Value, _: Caller, _: &mut Ctx<Self>) -> Result<(), Error> {
            Ok(())
        }
    }

    let mut node = node();
    for (value, expected) in [
        (json!(7), "Some(7)"),
        (
            json!("7"),
            "the value in the file \"v\" does not fit: invalid type: string \"7\", expected u8 at line 1 column 3",
        ),
    ] {
        node.receive("c1", request(json!([{"put": ["v", value]}])));
        let disk = node.disk().clone();
        let (number, _) = TestNode::<Number>::begin_with(disk, Duration::ZERO, &[], "n1", &["n1"]);
        assert_eq!(number.snapshot()["node"], json!(expected));
    }
    let number = TestNode::<Number>::start("n1", &["n1"]);
    assert_eq!(number.snapshot()["node"], json!("None"));
}

#[test]
fn files_of_any_name_and_any_bytes_are_found() {
    let names = ["\"", "\\n", "\n", "a b", "ä", "v"];
    let (values, log, _) = long_log();
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"\xff\0"[..])).collect();
    files.push(("log", &log));
    let expected = json!([
        values,
        "the file \"v\" is damaged",
        ["\n", "\"", "\\n", "a b", "log", "v", "ä"]
    ]);
    assert_eq!(survived(&found(&files)), expected);
}
