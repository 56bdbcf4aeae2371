//! Schedules as JSON files.
//!
//! Options are fields: those with a text are read and written by their entry in the table of
//! options, and those with a number have that entry's range. Times are in nanoseconds, where
//! the options have seconds.
//!
//! The values of operations are EDN in JSON strings, as in histories: JSON has no keywords, and
//! a run played again has to be the same to the byte.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::episode::FaultLine;
use super::error::ScheduleError;
use super::play::Schedule;
use crate::scenario::Scenario;
use crate::scenario::option::{self, OptionError, ScenarioOption, Values};
use host_check::edn;
use host_check::value::{Name, Value};
use host_check::workload::Workload;
use host_sim::random::Streams;
use host_sim::ranges::{HOP_NS_MAX, TIME_LIMIT_NS_MAX, WORKERS_MAX};
use host_sim::{Cluster, Distribution, Episode, Hops, Invocation, Operation, Script};

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
    /// None if syncs take no time.
    #[serde(default, skip_serializing_if = "is_zero")]
    disk_latency_ms: u64,
    /// None if all take the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_latency_dist: Option<String>,
    /// None in files from before there were hops.
    #[serde(default)]
    hop_ns: u64,
    /// None if it is that of other messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_hop_ns: Option<u64>,
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
        let (scenario, script) = (&self.scenario, &self.script);
        let options = &scenario.options;
        let operations = script.operations.iter();
        let operations = operations.map(|it| to_raw_value(&OperationLine::of(it)));
        let faults = script.faults.iter();
        let faults = faults.map(|it| to_raw_value(&FaultLine::of(it, options.cluster)));
        let text = |option: &ScenarioOption| option.text(scenario).unwrap_or_default();
        let models = scenario.checks.consistency_models.iter();
        let hops = options.hops(&Streams::new(self.seed));
        let file = File {
            version: VERSION,
            workload: text(&option::WORKLOAD),
            seed: self.seed,
            node_count: options.cluster.count,
            first_node: options.cluster.first,
            concurrency: options.concurrency,
            time_limit_ns: options.time_limit_ns,
            latency_ms: options.latency.mean_ms,
            latency_dist: text(&option::LATENCY_DIST),
            disk_latency_ms: options.disk_latency.mean_ms,
            disk_latency_dist: (options.disk_latency.distribution != Distribution::default())
                .then(|| text(&option::DISK_LATENCY_DIST)),
            hop_ns: hops.message_ns,
            request_hop_ns: (hops.request_ns != hops.message_ns).then_some(hops.request_ns),
            network: text(&option::NETWORK),
            topology: text(&option::TOPOLOGY),
            checks: text(&option::CHECKS),
            availability: option::AVAILABILITY.text(scenario),
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
    pub fn read(text: &[u8]) -> Result<Self, ScheduleError> {
        // Another version may have other fields.
        let Versioned { version } = serde_json::from_slice(text)?;
        if version != VERSION {
            return Err(ScheduleError::Version(version));
        }
        let file: File = serde_json::from_slice(text)?;
        let scenario = file.scenario()?;
        let options = &scenario.options;
        let operations = each("operations", &file.operations, |line: OperationLine| {
            line.read(scenario.workload, options.concurrency)
        })?;
        let faults = each("faults", &file.faults, |line: FaultLine| {
            line.read(options.cluster)
        })?;
        in_order(&operations, &faults)?;
        Ok(Schedule {
            seed: file.seed,
            scenario,
            script: Script {
                operations,
                faults,
                ..Script::default()
            },
        })
    }
}

impl File {
    fn scenario(&self) -> Result<Scenario, ScheduleError> {
        let mut scenario = Scenario::default();
        set(&mut scenario, &option::WORKLOAD, &self.workload)?;
        if let Some(goal) = &self.availability {
            set(&mut scenario, &option::AVAILABILITY, goal)?;
        }
        set(&mut scenario, &option::CHECKS, &self.checks)?;
        option::CONSISTENCY_MODELS
            .set_list(&mut scenario, &self.consistency_models)
            .map_err(|error| wrong(&option::CONSISTENCY_MODELS, error))?;
        within(
            "node_count",
            self.node_count as u64,
            range(&option::NODE_COUNT),
        )?;
        within("first_node", self.first_node as u64, (0, 1))?;
        within(
            "concurrency",
            self.concurrency as u64,
            (1, WORKERS_MAX as u64),
        )?;
        within("time_limit_ns", self.time_limit_ns, (1, TIME_LIMIT_NS_MAX))?;
        within("latency_ms", self.latency_ms, range(&option::LATENCY))?;
        let disk_latency_ms = self.disk_latency_ms;
        within(
            "disk_latency_ms",
            disk_latency_ms,
            range(&option::DISK_LATENCY),
        )?;
        let request_hop_ns = self.request_hop_ns.unwrap_or(self.hop_ns);
        within("hop_ns", self.hop_ns, (0, HOP_NS_MAX))?;
        within("request_hop_ns", request_hop_ns, (0, HOP_NS_MAX))?;
        let swap_after_ns = self.swap_after_ns.unwrap_or(0);
        within("swap_after_ns", swap_after_ns, (0, TIME_LIMIT_NS_MAX))?;
        let options = &mut scenario.options;
        options.cluster = Cluster {
            count: self.node_count,
            first: self.first_node,
        };
        options.concurrency = self.concurrency;
        options.time_limit_ns = self.time_limit_ns;
        options.latency.mean_ms = self.latency_ms;
        options.disk_latency.mean_ms = disk_latency_ms;
        options.hops = Some(Hops {
            request_ns: request_hop_ns,
            message_ns: self.hop_ns,
        });
        options.swap_after_ns = self.swap_after_ns;
        options.guest_args.clone_from(&self.guest_args);
        set(&mut scenario, &option::LATENCY_DIST, &self.latency_dist)?;
        if let Some(shape) = &self.disk_latency_dist {
            set(&mut scenario, &option::DISK_LATENCY_DIST, shape)?;
        }
        set(&mut scenario, &option::NETWORK, &self.network)?;
        set(&mut scenario, &option::TOPOLOGY, &self.topology)?;
        Ok(scenario)
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
    list: &'static str,
    lines: &'a [Box<RawValue>],
    read: impl Fn(L) -> Result<T, String>,
) -> Result<Vec<T>, ScheduleError> {
    let lines = lines.iter().enumerate().map(|(index, line)| {
        let line = serde_json::from_str(line.get()).map_err(|error| error.to_string());
        let entry = line.and_then(&read);
        entry.map_err(|what| ScheduleError::Entry { list, index, what })
    });
    lines.collect()
}

/// Operations come in the order of their times, and a fault of a kind ends before the next one
/// of the kind starts.
fn in_order(operations: &[Invocation], faults: &[Episode]) -> Result<(), ScheduleError> {
    let wrong = |list, index, what| ScheduleError::Entry { list, index, what };
    let late = operations
        .windows(2)
        .position(|two| two[0].at_ns > two[1].at_ns);
    if let Some(before) = late {
        let (index, at_ns) = (before + 1, operations[before + 1].at_ns);
        let what = format!("it is due at {at_ns} ns, before the one above it");
        return Err(wrong("operations", index, what));
    }
    for (index, episode) in faults.iter().enumerate() {
        let fault = episode.action.fault();
        let mut above = faults[..index].iter().rev();
        let last = above.find(|it| it.action.fault() == fault);
        let ends_ns = last.map_or(Some(0), |last| last.until_ns);
        if ends_ns.is_none_or(|ends_ns| ends_ns > episode.from_ns) {
            let what = format!("the {fault} above it has not ended when it starts");
            return Err(wrong("faults", index, what));
        }
    }
    Ok(())
}

/// Sets an option to the text of the field that has its name.
fn set(scenario: &mut Scenario, option: &ScenarioOption, text: &str) -> Result<(), ScheduleError> {
    let set = option.set(scenario, text);
    set.map_err(|error| wrong(option, error))
}

fn wrong(option: &ScenarioOption, error: OptionError) -> ScheduleError {
    let field = option.field();
    ScheduleError::Option { field, error }
}

/// The range of an option with whole numbers.
fn range(option: &ScenarioOption) -> (u64, u64) {
    match option.values {
        Values::Whole(least, most) => (least, most),
        _ => (0, u64::MAX),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn within(field: &'static str, found: u64, (least, most): (u64, u64)) -> Result<(), ScheduleError> {
    if (least..=most).contains(&found) {
        Ok(())
    } else {
        Err(ScheduleError::Range {
            field,
            least,
            most,
            found,
        })
    }
}
