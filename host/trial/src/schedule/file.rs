//! Schedules as JSON files: read with errors that say where, written with one operation or
//! fault a line.
//!
//! The values of operations are texts of EDN inside, as histories have them: JSON knows no
//! keywords, and a run played again has to be the same to the byte.

use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use strum::VariantArray;

use super::Schedule;
use super::episode::FaultLine;
use host_check::edn;
use host_check::txn::model::Model;
use host_check::validity::Checks;
use host_check::value::{Name, Value};
use host_check::workload::{CheckOptions, Workload};
use host_sim::ranges::{LATENCY_MS_MAX, NODES_MAX, TIME_LIMIT_NS_MAX, WORKERS_MAX};
use host_sim::workload::Topology;
use host_sim::{Cluster, Episode, Invocation, Latency, Operation, RunOptions, Script};

/// The version of the format, and the only one that is read.
pub const VERSION: u64 = 1;

#[derive(Deserialize)]
#[serde(expecting = "an object with a version")]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    workload: String,
    seed: u64,
    node_count: usize,
    /// The number in the first node's name.
    first_node: usize,
    concurrency: usize,
    time_limit_ns: u64,
    latency_ms: u64,
    latency_dist: String,
    network: String,
    topology: String,
    checks: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<String>,
    consistency_models: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_after_ns: Option<u64>,
    guest_args: Vec<String>,
    operations: Vec<Box<RawValue>>,
    faults: Vec<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationLine {
    at_ns: u64,
    worker: usize,
    f: String,
    value: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    extra: IndexMap<String, String>,
}

impl Schedule {
    /// As the text of a file.
    ///
    /// # Panics
    /// Never: numbers, texts and lists of them are JSON.
    #[must_use]
    pub fn write(&self) -> String {
        let (options, script) = (&self.options, &self.script);
        let operations = script.operations.iter();
        let operations = operations.map(|it| to_raw_value(&OperationLine::of(it)));
        let faults = script.faults.iter();
        let faults = faults.map(|it| to_raw_value(&FaultLine::of(it, options.cluster)));
        let models = self.checks.consistency_models.iter();
        let file = File {
            version: VERSION,
            workload: self.workload.to_string(),
            seed: self.seed,
            node_count: options.cluster.count,
            first_node: options.cluster.first,
            concurrency: options.concurrency,
            time_limit_ns: options.time_limit_ns,
            latency_ms: options.latency.mean_ms,
            latency_dist: options.latency.distribution.to_string(),
            network: options.network.to_string(),
            topology: self.topology.to_string(),
            checks: self.checks.checks.name().to_owned(),
            availability: self.checks.availability.map(|goal| goal.to_string()),
            consistency_models: models.map(|model| model.name().to_owned()).collect(),
            swap_after_ns: options.swap_after_ns,
            guest_args: options.guest_args.clone(),
            operations: operations.collect::<Result<_, _>>().expect("it is JSON"),
            faults: faults.collect::<Result<_, _>>().expect("it is JSON"),
        };
        serde_json::to_string_pretty(&file).expect("it is JSON") + "\n"
    }

    /// Reads the bytes of a file. The limits of guests and of the run are the defaults, since
    /// files have none.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        // Another version may have other fields.
        let Versioned { version } =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!(
                "it has version {version}, and this program reads version {VERSION}"
            ));
        }
        let file: File = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let workload = Workload::from_str(&file.workload).map_err(at("workload"))?;
        let models = file.consistency_models.iter();
        let models = models.map(|name| Model::from_str(name));
        let checks = CheckOptions {
            availability: parse("availability", file.availability.as_deref())?,
            checks: Checks::from_str(&file.checks).map_err(at("checks"))?,
            consistency_models: models
                .collect::<Result<_, _>>()
                .map_err(at("consistency_models"))?,
        };
        let options = file.options()?;
        let operations = each("operations", &file.operations, |line: OperationLine| {
            line.read(workload, options.concurrency)
        })?;
        let faults = each("faults", &file.faults, |line: FaultLine| {
            line.read(options.cluster)
        })?;
        in_order(&operations, &faults)?;
        Ok(Schedule {
            seed: file.seed,
            workload,
            topology: Topology::from_str(&file.topology).map_err(at("topology"))?,
            options,
            checks,
            script: Script { operations, faults },
        })
    }
}

impl File {
    fn options(&self) -> Result<RunOptions, String> {
        within("node_count", self.node_count, 1, NODES_MAX)?;
        within("first_node", self.first_node, 0, 1)?;
        within("concurrency", self.concurrency, 1, WORKERS_MAX)?;
        within("time_limit_ns", self.time_limit_ns, 1, TIME_LIMIT_NS_MAX)?;
        within("latency_ms", self.latency_ms, 0, LATENCY_MS_MAX)?;
        within(
            "swap_after_ns",
            self.swap_after_ns.unwrap_or(0),
            0,
            TIME_LIMIT_NS_MAX,
        )?;
        Ok(RunOptions {
            cluster: Cluster {
                count: self.node_count,
                first: self.first_node,
            },
            concurrency: self.concurrency,
            time_limit_ns: self.time_limit_ns,
            latency: Latency {
                mean_ms: self.latency_ms,
                distribution: named("latency_dist", &self.latency_dist)?,
            },
            network: named("network", &self.network)?,
            swap_after_ns: self.swap_after_ns,
            guest_args: self.guest_args.clone(),
            ..RunOptions::default()
        })
    }
}

impl OperationLine {
    fn of(invocation: &Invocation) -> Self {
        let Operation { f, value, extra } = &invocation.operation;
        let extra = extra.iter();
        OperationLine {
            at_ns: invocation.at_ns,
            worker: invocation.worker,
            f: f.to_string(),
            value: value.to_string(),
            extra: extra
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
        }
    }

    fn read(self, workload: Workload, workers: usize) -> Result<Invocation, String> {
        if self.worker >= workers {
            let last = workers - 1;
            return Err(format!(
                "there is no worker {}, only 0 to {last}",
                self.worker
            ));
        }
        let known = workload.operations();
        if !known.contains(&self.f.as_str()) {
            let known = known.join(", ");
            return Err(format!(
                "{workload} has the operations {known}, not `{}`",
                self.f
            ));
        }
        let value = |key: &str, text: &str| -> Result<Value, String> {
            edn::read(text.as_bytes()).map_err(|error| format!("`{key}` is no EDN: {error}"))
        };
        let extra = self.extra.iter().map(|(key, text)| {
            if Name::is_readable(key) {
                Ok((Name::from(key.as_str()), value(key, text)?))
            } else {
                Err(format!("{key:?} is no name for a key"))
            }
        });
        Ok(Invocation {
            at_ns: self.at_ns,
            worker: self.worker,
            operation: Operation {
                f: self.f.as_str().into(),
                value: value("value", &self.value)?,
                extra: extra.collect::<Result<_, _>>()?,
            },
        })
    }
}

/// Reads the entries of a list, each with its place in an error.
fn each<'a, L: Deserialize<'a>, T>(
    list: &str,
    lines: &'a [Box<RawValue>],
    read: impl Fn(L) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let lines = lines.iter().enumerate().map(|(index, line)| {
        let line = serde_json::from_str(line.get()).map_err(|error| error.to_string());
        let entry = line.and_then(&read);
        entry.map_err(|what| format!("{list}[{index}]: {what}"))
    });
    lines.collect()
}

/// Operations come in the order of their times, and a fault of a kind ends before the next one
/// of the kind starts.
fn in_order(operations: &[Invocation], faults: &[Episode]) -> Result<(), String> {
    let late = operations
        .windows(2)
        .position(|two| two[0].at_ns > two[1].at_ns);
    if let Some(before) = late {
        let (index, at_ns) = (before + 1, operations[before + 1].at_ns);
        return Err(format!(
            "operations[{index}]: it is due at {at_ns} ns, before the one above it"
        ));
    }
    for (index, episode) in faults.iter().enumerate() {
        let fault = episode.action.fault();
        let mut above = faults[..index].iter().rev();
        let last = above.find(|it| it.action.fault() == fault);
        let ends_ns = last.map_or(Some(0), |last| last.until_ns);
        if ends_ns.is_none_or(|ends_ns| ends_ns > episode.from_ns) {
            return Err(format!(
                "faults[{index}]: the {fault} above it has not ended when it starts"
            ));
        }
    }
    Ok(())
}

fn at<E: std::fmt::Display>(field: &str) -> impl Fn(E) -> String {
    move |what| format!("`{field}`: {what}")
}

fn parse<T: FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<T>, String> {
    text.map(T::from_str).transpose().map_err(at(field))
}

fn within<N: PartialOrd + std::fmt::Display>(
    field: &str,
    number: N,
    least: N,
    most: N,
) -> Result<(), String> {
    if (&least..=&most).contains(&&number) {
        Ok(())
    } else {
        Err(format!(
            "`{field}` has to be from {least} to {most}, and is {number}"
        ))
    }
}

fn named<T>(field: &str, text: &str) -> Result<T, String>
where
    T: FromStr + VariantArray + Copy + Into<&'static str>,
{
    text.parse().map_err(|_| {
        let names: Vec<&str> = T::VARIANTS.iter().map(|it| (*it).into()).collect();
        let names = names.join(", ");
        format!("`{field}`: expected one of {names}, found `{text}`")
    })
}
