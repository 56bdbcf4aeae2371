//! Disks and what faults do to them, at times counted by hand.

use host_check::value::{Name, Value};
use host_check::workload::Workload;
use host_disk::lock;
use host_guest::{Event, EventKind, Guest, GuestError, GuestOptions, Start};
use host_sim::nemesis::{DiskLoss, FaultAction, Rot};
use host_sim::{
    Episode, Invocation, Latency, MS, NetworkModel, Operation, Outcome, RunOptions, Script,
    Survival,
};
use serde_json::{Value as Json, json};

use crate::guest::Native;
use crate::runs::{options, play};

/// A g-set that appends each element to a file.
#[derive(Clone, Copy)]
pub(crate) enum Keeper {
    /// It syncs, and answers then.
    Syncs,
    /// It answers first.
    AnswersFirst,
}

impl Start for Keeper {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let (keeper, disk) = (*self, options.disk.clone());
        let mut elements: Vec<Json> = Vec::new();
        let react = move |event: &Event<'_>| {
            let text = match event.kind {
                EventKind::Message(text) => text,
                EventKind::Synced(Err(_)) => return "it gives up".to_owned(), // no effect
                EventKind::Timer(_) | EventKind::Synced(Ok(())) => return String::new(),
            };
            let message: Json = serde_json::from_str(text).unwrap();
            let body = &message["body"];
            let answer = |mut answer: Json| {
                answer["in_reply_to"] = body["msg_id"].clone();
                let send = json!({"src": message["dest"], "dest": message["src"], "body": answer});
                json!({ "send": send })
            };
            match body["type"].as_str().unwrap() {
                "init" => {
                    for (_, bytes) in lock(&disk).files() {
                        let lines = String::from_utf8(bytes).unwrap();
                        elements.extend(
                            lines
                                .lines()
                                .map(|line| serde_json::from_str::<Json>(line).unwrap()),
                        );
                    }
                    answer(json!({"type": "init_ok"})).to_string()
                }
                "read" => answer(json!({"type": "read_ok", "value": elements})).to_string(),
                _ => {
                    elements.push(body["element"].clone());
                    let line = format!("{}\n", body["element"]);
                    let append = json!({"append": {"file": "log", "text": line}});
                    let (sync, ok) = (json!({"sync": {}}), answer(json!({"type": "add_ok"})));
                    match keeper {
                        Keeper::Syncs => format!("{append}\n{sync}\n{ok}"),
                        Keeper::AnswersFirst => format!("{append}\n{ok}\n{sync}"),
                    }
                }
            }
        };
        Ok(Native::start(react, &options))
    }
}

/// A sync takes 20 ms, messages none. Adds 0, 1 and so on, at these times in ms; then all is read.
fn run(
    keeper: Keeper,
    adds_ms: &[u64],
    faults: &[(u64, u64, FaultAction)],
) -> (Outcome, Vec<Json>) {
    let add = |(element, at_ms): (usize, &u64)| Invocation {
        at_ns: at_ms * MS,
        worker: 0,
        operation: Operation::new(&Name::from("add"), Value::Int(element as i64)),
    };
    let episode = |(from_ms, until_ms, action): &(u64, u64, FaultAction)| Episode {
        from_ns: from_ms * MS,
        until_ns: Some(until_ms * MS),
        action: action.clone(),
    };
    let script = Script {
        operations: adds_ms.iter().enumerate().map(add).collect(),
        faults: faults.iter().map(episode).collect(),
        ..Script::default()
    };
    let options = RunOptions {
        disk_latency: Latency {
            mean_ms: 20,
            ..Latency::default()
        },
        network: NetworkModel::Ideal,
        ..options(1, 20)
    };
    let (outcome, journal) = play(&keeper, Workload::GSet, &options, 1, &script);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let entries = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (outcome, entries.collect())
}

/// When each `add_ok` was sent, in ms from the first request on.
fn answers_ms(journal: &[Json]) -> Vec<u64> {
    let of = |event: &'static str, kind: &'static str| {
        let entries = journal.iter();
        entries.filter(move |it| it["event"] == event && it["body"]["type"] == kind)
    };
    let time = |entry: &Json| entry["at_ns"].as_u64().unwrap();
    let first = of("send", "add").map(time).next().unwrap();
    of("send", "add_ok")
        .map(|it| (time(it) - first) / MS)
        .collect()
}

/// What the disk went through, without times.
fn disk(journal: &[Json]) -> Vec<String> {
    let entries = journal.iter().filter(|it| it["event"] == "disk");
    let words = entries.map(|it| {
        let rest = [&it["path"], &it["change"], &it["reason"], &it["at"]];
        let rest = rest.iter().filter(|it| !it.is_null());
        let rest = rest.map(|it| it.as_str().map_or(it.to_string(), str::to_owned));
        let words: Vec<String> = rest.collect();
        format!("{} {}", it["what"].as_str().unwrap(), words.join(" "))
    });
    words.map(|words| words.trim_end().to_owned()).collect()
}

/// What the last read found.
fn last_read(outcome: &Outcome) -> String {
    let mut reads = outcome.ops.iter().rev().filter(|op| &*op.f == "read");
    reads.next().unwrap().value.to_string()
}

fn power(survival: Survival) -> FaultAction {
    FaultAction::Power(None, vec![DiskLoss { node: 0, survival }])
}

#[test]
fn what_stands_behind_a_sync_waits_for_it_and_so_do_the_next_events() {
    let (outcome, journal) = run(Keeper::Syncs, &[100, 105], &[]);
    // The second is handled at 20 and answered 20 later.
    assert_eq!(answers_ms(&journal), [20, 40]);
    assert_eq!(last_read(&outcome), "[0 1]");
    let expected = [
        "changed log made",
        "changed log 2 bytes written at 0",
        "sync",
        "synced",
        "changed log 2 bytes written at 2",
        "sync",
        "synced",
    ];
    assert_eq!(disk(&journal), expected);
    let (_, journal) = run(Keeper::AnswersFirst, &[100, 105], &[]);
    assert_eq!(answers_ms(&journal), [0, 20]);
}

#[test]
fn a_power_loss_during_the_sync_takes_what_was_answered_before_it() {
    // Element 1 is written at 200, and durable at 220.
    let fault = [(210, 500, power(Survival::None))];
    let (outcome, journal) = run(Keeper::AnswersFirst, &[100, 200], &fault);
    assert_eq!(answers_ms(&journal), [0, 100]);
    assert_eq!(last_read(&outcome), "[0]");
    assert_eq!(disk(&journal)[6..], ["lost log 2 bytes written at 2"]);
    assert_eq!(
        outcome.coverage.lines(),
        [
            "1 power loss, 1 of them took messages, requests or unsynced changes: 1 unsynced change, \
         1 node lost what it knew"
        ]
    );
    let (outcome, journal) = run(Keeper::Syncs, &[100, 200], &fault);
    assert_eq!(answers_ms(&journal), [20]); // it has not said that it has 1
    assert_eq!(last_read(&outcome), "[0]");
}

#[test]
fn what_survives_a_power_loss_is_as_the_schedule_says() {
    let left = |survival| last_read(&run(Keeper::Syncs, &[200], &[(210, 500, power(survival))]).0);
    assert_eq!(left(Survival::All), "[0]");
    assert_eq!(left(Survival::None), "[]");
    // Half of two changes: the file, and of its two bytes one, which is the whole number.
    let torn = Survival::Prefix {
        permille: 500,
        torn_permille: 500,
    };
    assert_eq!(left(torn), "[0]");
}

#[test]
fn a_kill_keeps_what_was_written_and_a_wipe_nothing() {
    let kill = FaultAction::Kill(None, vec![0]);
    let (outcome, _) = run(Keeper::Syncs, &[100, 200], &[(210, 500, kill)]);
    assert_eq!(last_read(&outcome), "[0 1]");
    let wipe = FaultAction::Wipe(None, vec![0]);
    let (outcome, journal) = run(Keeper::Syncs, &[100, 200], &[(210, 500, wipe)]);
    assert_eq!(last_read(&outcome), "[]");
    assert_eq!(disk(&journal).last().unwrap(), "wiped");
}

#[test]
fn a_slow_disk_takes_ten_times_as_long() {
    let slow = (50, 150, FaultAction::DiskSlow(vec![0]));
    let (outcome, journal) = run(Keeper::Syncs, &[100, 400], &[slow]);
    assert_eq!(answers_ms(&journal), [200, 320]);
    assert_eq!(
        outcome.coverage.lines(),
        ["1 period of slow disks, 1 of them delayed a sync: 1 sync"]
    );
}

#[test]
fn who_is_told_that_a_sync_failed_may_crash_and_starts_again_a_second_later() {
    let losses = vec![DiskLoss {
        node: 0,
        survival: Survival::None,
    }];
    let fails = (150, 250, FaultAction::DiskError(losses));
    // Element 1 fails at 220; element 2 finds nobody, and 3 the node that has started at 1220.
    let (outcome, journal) = run(Keeper::Syncs, &[100, 200, 6000], &[fails]);
    assert_eq!(answers_ms(&journal), [20, 5920]);
    // The bytes of element 1 are not durable, but the operating system still shows them.
    assert_eq!(last_read(&outcome), "[0 1 2]");
    assert!(disk(&journal).contains(&"sync-failed error".to_owned()));
    let full = (150, 250, FaultAction::DiskFull(vec![0]));
    let (outcome, journal) = run(Keeper::Syncs, &[100, 200, 6000], &[full]);
    assert_eq!(answers_ms(&journal), [20, 5920]);
    assert_eq!(last_read(&outcome), "[0 1 2]");
    assert!(disk(&journal).contains(&"sync-failed full".to_owned()));
}

#[test]
fn who_fails_without_a_failed_sync_ends_the_run() {
    struct Fails;
    impl Start for Fails {
        fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
            Ok(Native::start(
                |_: &Event<'_>| r#"{"rename":{"from":"a","to":"b"}}"#.to_owned(),
                &options,
            ))
        }
    }
    let (outcome, _) = play(
        &Fails,
        Workload::GSet,
        &options(1, 1),
        1,
        &Script::default(),
    );
    assert_eq!(
        outcome.stopped.unwrap().to_string().lines().next().unwrap(),
        "at 0 s, node n0: the guest failed in handle: there is no file \"a\" on the node's disk"
    );
}

#[test]
fn a_bit_that_has_flipped_is_seen_after_a_restart() {
    let rot = FaultAction::BitRot(Rot {
        node: 0,
        byte: 0,
        bit: 0,
    });
    let kill = (250, 300, FaultAction::Kill(None, vec![0]));
    let (outcome, journal) = run(Keeper::Syncs, &[100], &[(200, 201, rot), kill]);
    assert_eq!(last_read(&outcome), "[1]"); // '0' is 0x30
    assert_eq!(disk(&journal).last().unwrap(), "rotten log 0");
}
