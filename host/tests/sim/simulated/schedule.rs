//! Schedules: a replay is the same run, and invalid files are refused.

use expect_test::expect;
use host_check::history::write_edn;
use host_check::workload::Workload;
use host_sandbox::GuestModule;
use host_sim::journal::{JsonLines, Observer};
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Latency, NetworkModel, RunOptions, SECOND};
use host_trial::schedule::Schedule;
use host_trial::{Trial, TrialResult};

use crate::simulated::runs::{
    broadcast, echo, flood, kafka, lin_kv, options, run_trial, trial, txn,
};

/// All faults at once.
fn stormy(concurrency: usize) -> RunOptions {
    RunOptions {
        rate: 50.0,
        concurrency,
        faults: Fault::PLAIN.to_vec(),
        nemesis_interval_ns: SECOND,
        swap_after_ns: Some(3 * SECOND),
        latency: Latency {
            mean_ms: 20,
            distribution: Distribution::Exponential,
        },
        ..options(5, 8)
    }
}

/// Runs with a journal, and records the schedule.
fn record(trial: &Trial<'_>, seed: u64) -> (TrialResult, String, Schedule) {
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let observers: Vec<&mut dyn Observer> = vec![&mut journal];
    let (report, script) = trial.record(seed, observers);
    let schedule = Schedule::of(trial, seed, script);
    let journal = String::from_utf8(journal.finish().unwrap()).unwrap();
    (report, journal, schedule)
}

/// Replays a schedule with a journal.
fn play(schedule: &Schedule, module: &GuestModule) -> (TrialResult, String) {
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let report = schedule.play(module, None, vec![&mut journal]);
    let journal = String::from_utf8(journal.finish().unwrap()).unwrap();
    (report, journal)
}

/// All results of a run.
fn all_of(report: &TrialResult, journal: String) -> (String, String, String, [u64; 4]) {
    let history = report.history.as_ref().map(write_edn).unwrap_or_default();
    let result = match &report.result {
        Ok(result) => serde_json::to_string(result).unwrap(),
        Err(stopped) => stopped.to_string(),
    };
    let figures = [
        report.end_ns,
        report.messages,
        report.used.steps,
        report.used.fuel,
    ];
    (journal, history, result, figures)
}

#[test]
fn a_run_spelled_out_written_and_read_is_the_same_run_to_the_byte() {
    let bounded = |options: RunOptions| RunOptions {
        network: NetworkModel::Ideal,
        ..options
    };
    let at_once = RunOptions {
        rate: 500.0,
        latency: Latency::default(),
        time_limit_ns: SECOND,
        ..stormy(2)
    };
    let idle = RunOptions {
        rate: 0.0,
        ..stormy(5)
    };
    let hunted = RunOptions {
        faults: vec![Fault::Pause, Fault::Hunt],
        ..stormy(10)
    };
    let cases: [(&GuestModule, Workload, RunOptions); 12] = [
        (echo(), Workload::Echo, stormy(5)),
        (broadcast(), Workload::Broadcast, idle),
        (broadcast(), Workload::Broadcast, at_once.clone()),
        (kafka(), Workload::Kafka, at_once),
        (broadcast(), Workload::Broadcast, stormy(5)),
        (flood(), Workload::Broadcast, bounded(stormy(7))),
        (lin_kv(), Workload::LinKv, stormy(10)),
        (lin_kv(), Workload::LinKv, hunted.clone()),
        (broadcast(), Workload::Broadcast, hunted),
        (kafka(), Workload::Kafka, stormy(5)),
        (txn(), Workload::TxnListAppend, stormy(3)),
        (txn(), Workload::TxnRwRegister, bounded(stormy(5))),
    ];
    for (module, workload, options) in cases {
        let trial = trial(module, workload, &options);
        for seed in 0..3 {
            let (first, journal) = run_trial(&trial, seed);
            let first = all_of(&first, journal);
            let (recorded, journal, schedule) = record(&trial, seed);
            assert!(all_of(&recorded, journal) == first, "{workload} {seed}");
            let text = schedule.write();
            let read = Schedule::read(text.as_bytes()).unwrap();
            assert_eq!(read.write(), text);
            let (played, journal) = play(&read, module);
            let played = all_of(&played, journal);
            assert!(played == first, "{workload}, seed {seed}:\n{text}");
        }
    }
}

/// A small schedule with every kind of entry.
const SMALL: &str = r#"{
  "version": 1,
  "workload": "broadcast",
  "seed": 1,
  "node_count": 2,
  "first_node": 0,
  "concurrency": 2,
  "time_limit_ns": 2000000,
  "latency_ms": 10,
  "latency_dist": "uniform",
  "hop_ns": 250000,
  "network": "ideal",
  "topology": "line",
  "checks": "maelstrom",
  "availability": "0.5",
  "consistency_models": [
    "serializable"
  ],
  "swap_after_ns": 5,
  "guest_args": [
    "--window",
    "3"
  ],
  "operations": [
    {"at_ns":1,"worker":0,"f":"broadcast","value":"3"},
    {"at_ns":1,"worker":1,"f":"read","value":"nil","extra":{"note":":none"}}
  ],
  "faults": [
    {"fault":"partition","from_ns":0,"until_ns":7,"asked":"one","links":{"n1":["n0"]}},
    {"fault":"kill","from_ns":0,"until_ns":5,"asked":"one","nodes":["n1"]},
    {"fault":"pause","from_ns":1,"nodes":["n0","n1"]},
    {"fault":"loss","from_ns":1,"permille":200},
    {"fault":"duplicate","from_ns":1,"permille":1000},
    {"fault":"one-way","from_ns":1,"links":{"n0":["n1"]}},
    {"fault":"slow","from_ns":1,"links":{"n0":["n1"]}},
    {"fault":"clock-skew","from_ns":1,"clocks":{"n0":{"rate_permille":1500,"jump_ns":9}}},
    {"fault":"swap","from_ns":1,"node":"n1"},
    {"fault":"isolate","from_ns":1,"asked":"answers","links":{"n0":["n1"]}},
    {"fault":"chain","from_ns":1,"until_ns":2,"asked":"begins-to-speak","links":{"n0":["n1"]}},
    {"fault":"flip","from_ns":1,"links":{"n0":["n1"]}},
    {"fault":"flap","from_ns":1,"links":{"n0":["n1"]}},
    {"fault":"stall","from_ns":1,"asked":"hears","nodes":["n0"]},
    {"fault":"hold","from_ns":1,"links":{"n0":["n1"]},"messages":3},
    {"fault":"lose-one","from_ns":1,"links":{"n0":["n1"]},"messages":1,"answers":true},
    {"fault":"chain","from_ns":2,"links":{"n1":["n0"]}},
    {"fault":"partition","from_ns":7,"links":{}}
  ]
}
"#;

#[test]
fn a_file_is_written_as_it_was_read() {
    assert_eq!(Schedule::read(SMALL.as_bytes()).unwrap().write(), SMALL);
}

#[test]
fn files_that_are_no_schedules_are_refused_with_the_place() {
    let changes = [
        ("{", ""),
        ("\"version\": 1", "\"version\": 2"),
        ("\"seed\": 1,", ""),
        ("\"seed\": 1", "\"seed\": -1"),
        ("\"seed\"", "\"sead\""),
        ("\"broadcast\",", "\"multicast\","),
        ("\"node_count\": 2", "\"node_count\": 0"),
        ("\"concurrency\": 2", "\"concurrency\": 10001"),
        ("\"time_limit_ns\": 2000000", "\"time_limit_ns\": 0"),
        ("\"uniform\"", "\"normal\""),
        ("\"ideal\"", "\"perfect\""),
        ("\"line\"", "\"ring\""),
        ("\"checks\": \"maelstrom\"", "\"checks\": \"lax\""),
        ("\"0.5\"", "\"1.5\""),
        ("\"serializable\"", "\"serialisable\""),
        ("\"worker\":1", "\"worker\":2"),
        ("\"f\":\"read\"", "\"f\":\"reed\""),
        ("\"value\":\"3\"", "\"value\":3"),
        ("\"value\":\"3\"", "\"value\":\"[3\""),
        ("\"note\"", "\"a note\""),
        ("{\"at_ns\":1,\"worker\":0", "{\"at_ns\":2,\"worker\":0"),
        ("\"fault\":\"kill\"", "\"fault\":\"murder\""),
        ("\"asked\":\"one\",\"nodes\"", "\"asked\":\"two\",\"nodes\""),
        ("\"nodes\":[\"n1\"]", "\"nodes\":[\"n2\"]"),
        ("\"nodes\":[\"n1\"]", "\"permille\":3"),
        ("\"fault\":\"flip\"", "\"fault\":\"hunt\""),
        ("\"asked\":\"answers\"", "\"asked\":\"one\""),
        ("\"messages\":3", "\"messages\":0"),
        (",\"messages\":3", ""),
        (",\"answers\":true", ""),
        ("\"until_ns\":2", "\"until_ns\":3"),
        ("\"permille\":200", "\"permille\":200,\"node\":\"n0\""),
        ("\"permille\":200", "\"permille\":1001"),
        ("\"rate_permille\":1500", "\"rate_permille\":0"),
        ("\"until_ns\":5", "\"until_ns\":5,\"until\":6"),
        (
            "\"from_ns\":0,\"until_ns\":5",
            "\"from_ns\":6,\"until_ns\":5",
        ),
        ("\"from_ns\":7", "\"from_ns\":6"),
    ];
    let mut errors = String::new();
    for (from, to) in changes {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        let error = Schedule::read(text.as_bytes()).unwrap_err();
        errors.push_str(&error.to_string());
        errors.push('\n');
    }
    expect![[r#"
        invalid type: string "version", expected an object with a version at line 2 column 11
        it has version 2, and this program reads version 1
        missing field `seed` at line 48 column 1
        invalid value: integer `-1`, expected u64 at line 4 column 12
        unknown field `sead`, expected one of `version`, `workload`, `option`, `seed`, `node_count`, `first_node`, `concurrency`, `time_limit_ns`, `latency_ms`, `latency_dist`, `disk_latency_ms`, `disk_latency_dist`, `hop_ns`, `request_hop_ns`, `network`, `topology`, `latency_matrix`, `checks`, `availability`, `consistency_models`, `swap_after_ns`, `guest_args`, `same_draws`, `operations`, `faults`, `warm_up_ns`, `moves`, `goal`, `touches` at line 4 column 8
        `workload`: expected a workload (echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv), found `multicast`
        `node_count` has to be from 1 to 10000, and is 0
        `concurrency` has to be from 1 to 10000, and is 10001
        `time_limit_ns` has to be from 1 to 86400000000000, and is 0
        `latency_dist`: expected one of constant, uniform, exponential, found `normal`
        `network`: expected one of maelstrom, ideal, found `perfect`
        `topology`: expected a topology (line, grid, tree, tree2, tree3, tree4, total), found `ring`
        `checks`: expected strict or maelstrom, found `lax`
        `availability`: expected total or a number from 0 to 1, found `1.5`
        `consistency_models`: expected a consistency model (read-uncommitted, read-committed, cursor-stability, monotonic-view, monotonic-snapshot-read, monotonic-atomic-view, consistent-view, forward-consistent-view, repeatable-read, update-serializable, read-atomic, update-atomic, causal-cerone, prefix, parallel-snapshot-isolation, snapshot-isolation, serializable, strong-session-read-uncommitted, strong-session-read-committed, strong-session-snapshot-isolation, strong-session-serializable, strong-read-uncommitted, strong-read-committed, strong-snapshot-isolation, strict-serializable), found `serialisable`
        operations[1]: there is no worker 2, only 0 to 1
        operations[1]: broadcast has the operations broadcast, read, not `reed`
        operations[0]: invalid type: integer `3`, expected a string at line 1 column 47
        operations[0]: `value` is no EDN: line 1, column 3: expected a value or `]`, found the end of the text
        operations[1]: "a note" is no name for a key
        operations[1]: it is due at 1 ns, before the one above it
        faults[1]: expected a fault (partition, kill, power, wipe, pause, loss, duplicate, one-way, slow, clock-skew, swap, disk-slow, disk-full, disk-error, bit-rot, hunt, isolate, chain, flip, flap, stall, hold, lose-one), found `murder`
        faults[1]: expected `asked` to be one of one, minority, majority, all, found `two`
        faults[1]: there is no node `n2`, only n0 to n1
        faults[1]: a fault of kind kill needs `nodes`
        faults[11]: hunt draws other faults, and a schedule has those: isolate, chain, flip, flap, stall, hold, lose-one
        faults[9]: expected `asked` to be one of busiest, answers, begins-to-speak, speaks, is-asked, hears, time, found `one`
        faults[14]: `messages` is 0: without a message there is no fault
        faults[14]: a fault of kind hold needs `messages`
        faults[15]: a fault of kind lose-one needs `answers`
        faults[16]: the chain above it has not ended when it starts
        faults[3]: a fault of kind loss has no `node`
        faults[3]: `permille` is 1001, more than 1000
        faults[7]: `rate_permille` is 0, not from 1 to 1000000
        faults[1]: unknown field `until`, expected one of `fault`, `from_ns`, `until_ns`, `asked`, `links`, `sides`, `nodes`, `messages`, `answers`, `permille`, `clocks`, `node`, `keeps`, `byte`, `bit` at line 1 column 48
        faults[1]: it ends before it starts: `until_ns` is less than `from_ns`
        faults[17]: the partition above it has not ended when it starts
    "#]].assert_eq(&errors);
}
