//! Runs spelled out: played again they are the same, and files that are none are refused.

use host::check::history::write_edn;
use host::check::workload::Workload;
use host::guest::GuestModule;
use host::schedule::Schedule;
use host::sim::journal::{JsonLines, Observer};
use host::sim::nemesis::Fault;
use host::sim::{Distribution, Latency, NetworkModel, Options, SECOND};
use host::trial::{Report, Trial};

use crate::runs::{broadcast, echo, flood, kafka, lin_kv, options, run_trial, trial, txn};

/// Everything at once.
fn stormy(concurrency: usize) -> Options {
    Options {
        rate: 50.0,
        concurrency,
        faults: Fault::ALL.to_vec(),
        nemesis_interval_ns: SECOND,
        swap_after_ns: Some(3 * SECOND),
        latency: Latency {
            mean_ms: 20,
            distribution: Distribution::Exponential,
        },
        ..options(5, 8)
    }
}

/// Runs with a journal, and spells the run out.
fn record(trial: &Trial<'_>, seed: u64) -> (Report, String, Schedule) {
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let observers: Vec<&mut dyn Observer> = vec![&mut journal];
    let (report, script) = trial.record(seed, observers);
    let schedule = Schedule::of(trial, seed, script);
    let journal = String::from_utf8(journal.finish().unwrap()).unwrap();
    (report, journal, schedule)
}

/// Plays with a journal.
fn play(schedule: &Schedule, module: &GuestModule) -> (Report, String) {
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let report = schedule.play(module, None, vec![&mut journal]);
    let journal = String::from_utf8(journal.finish().unwrap()).unwrap();
    (report, journal)
}

/// Everything that there is to say of a run.
fn all_of(report: &Report, journal: String) -> (String, String, String, [u64; 4]) {
    let history = report.history.as_ref().map(write_edn).unwrap_or_default();
    let result = match &report.result {
        Ok(result) => serde_json::to_string(result).unwrap(),
        Err(stopped) => stopped.to_string(),
    };
    let figures = [report.end_ns, report.messages, report.steps, report.fuel];
    (journal, history, result, figures)
}

#[test]
fn a_run_spelled_out_written_and_read_is_the_same_run_to_the_byte() {
    let bounded = |options: Options| Options {
        network: NetworkModel::Ideal,
        ..options
    };
    let at_once = Options {
        rate: 500.0,
        latency: Latency::default(),
        time_limit_ns: SECOND,
        ..stormy(2)
    };
    let idle = Options {
        rate: 0.0,
        ..stormy(5)
    };
    let cases: [(&GuestModule, Workload, Options); 10] = [
        (echo(), Workload::Echo, stormy(5)),
        (broadcast(), Workload::Broadcast, idle),
        (broadcast(), Workload::Broadcast, at_once.clone()),
        (kafka(), Workload::Kafka, at_once),
        (broadcast(), Workload::Broadcast, stormy(5)),
        (flood(), Workload::Broadcast, bounded(stormy(7))),
        (lin_kv(), Workload::LinKv, stormy(10)),
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
