//! Reads `zoo.txt`, which says itself what its lines are.

use std::collections::BTreeMap;

use host::check::workload::{Options as CheckOptions, Workload};
use host::sim::{Cluster, Latency, MS, Options, SECOND};

/// All of it.
pub(crate) struct Table {
    pub(crate) challenges: BTreeMap<String, Challenge>,
    pub(crate) mutants: Vec<Mutant>,
}

/// What programs are tried on.
pub(crate) struct Challenge {
    pub(crate) workload: Workload,
    pub(crate) options: Options,
    pub(crate) checks: CheckOptions,
}

/// A program that is wrong.
pub(crate) struct Mutant {
    pub(crate) module: String,
    pub(crate) challenge: String,
    pub(crate) anomaly: String,
    pub(crate) args: Vec<String>,
}

impl Mutant {
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.module, self.challenge, self.args.join(" "))
    }
}

impl Table {
    pub(crate) fn read() -> Self {
        let mut table = Table {
            challenges: BTreeMap::new(),
            mutants: Vec::new(),
        };
        for line in include_str!("zoo.txt").lines() {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            match &words[..] {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                [first, name, options @ ..] if first == "challenge" => {
                    table
                        .challenges
                        .insert(name.clone(), Challenge::of(options));
                }
                [module, challenge, anomaly, args @ ..] if !args.is_empty() => {
                    assert!(table.challenges.contains_key(challenge), "{line}");
                    table.mutants.push(Mutant {
                        module: module.clone(),
                        challenge: challenge.clone(),
                        anomaly: anomaly.clone(),
                        args: args.to_vec(),
                    });
                }
                _ => panic!("{line}"),
            }
        }
        table
    }
}

impl Challenge {
    fn of(words: &[String]) -> Self {
        let mut challenge = Challenge {
            workload: Workload::Echo,
            options: Options::default(),
            checks: CheckOptions::default(),
        };
        let options = &mut challenge.options;
        let mut a_node = 1;
        for word in words {
            let (key, value) = word.split_once('=').unwrap();
            let number = || value.parse::<u64>().unwrap();
            match key {
                "workload" => challenge.workload = value.parse().unwrap(),
                "node-count" => options.cluster = Cluster::of(value.parse().unwrap()),
                "concurrency" => a_node = value.strip_suffix('n').unwrap().parse().unwrap(),
                "rate" => options.rate = value.parse().unwrap(),
                "time-limit" => options.time_limit_ns = number() * SECOND,
                "latency" => {
                    options.latency = Latency {
                        mean_ms: number(),
                        ..Latency::default()
                    };
                }
                "nemesis" => {
                    options.faults = value.split(',').map(|it| it.parse().unwrap()).collect();
                }
                "nemesis-interval-ms" => options.nemesis_interval_ns = number() * MS,
                "availability" => challenge.checks.availability = Some(value.parse().unwrap()),
                "max-steps" => options.bounds.steps = number(),
                _ => panic!("{word}"),
            }
        }
        options.concurrency = a_node * options.cluster.count;
        challenge
    }
}
