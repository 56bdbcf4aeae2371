//! Schedules as JSON files.
//!
//! Options are fields: those with a text are read and written by their entry in the table of
//! options, and those with a number have that entry's range. Times are in nanoseconds, where
//! the options have seconds.
//!
//! The values of operations are EDN in JSON strings, as in histories: JSON has no keywords, and
//! a run played again has to be the same to the byte.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::episode::FaultLine;
use super::error::ScheduleError;
use super::moves::MoveLine;
use super::operation::OperationLine;
use super::play::Schedule;
use super::touches::TouchLine;
use crate::scenario::Scenario;
use crate::scenario::option::{self, OptionError, ScenarioOption, Values};
use host_sim::random::Streams;
use host_sim::ranges::{HOP_NS_MAX, TIME_LIMIT_NS_MAX, WORKERS_MAX};
use host_sim::{Bounds, Cluster, Distribution, Episode, Hops, Invocation, Script};

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
    /// None if there are none but defaults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    option: Vec<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_matrix: Option<String>,
    checks: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<String>,
    consistency_models: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_after_ns: Option<u64>,
    guest_args: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    same_draws: bool,
    /// None if there are moves; so with faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<Box<RawValue>>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    warm_up_ns: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    moves: Vec<Box<RawValue>>,
    /// None if the schedule is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goal: Option<String>,
    /// None if nothing is done by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    touches: Vec<Box<RawValue>>,
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
        let operations = lines(script.operations.iter().map(OperationLine::of));
        let faults = script.faults.iter();
        let faults = lines(faults.map(|it| FaultLine::of(it, options.cluster)));
        let moves = script.moves.iter();
        let moves = lines(moves.map(|it| MoveLine::of(it, options.cluster)));
        let touches = script.touches.iter();
        let touches = lines(touches.map(|it| TouchLine::of(it, options.cluster)));
        let has_both = !script.is_directed();
        let text = |option: &ScenarioOption| option.text(scenario).unwrap_or_default();
        let models = scenario.checks.consistency_models.iter();
        let hops = options.hops(&Streams::new(self.seed));
        let file = File {
            version: VERSION,
            workload: text(&option::WORKLOAD),
            option: scenario.workload.options(),
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
            latency_matrix: option::LATENCY_MATRIX.text(scenario),
            checks: text(&option::CHECKS),
            availability: option::AVAILABILITY.text(scenario),
            consistency_models: models.map(|model| model.name().to_owned()).collect(),
            swap_after_ns: options.swap_after_ns,
            guest_args: options.guest_args.clone(),
            same_draws: options.same_draws,
            operations: has_both.then_some(operations),
            faults: has_both.then_some(faults),
            warm_up_ns: script.warm_up_ns,
            moves,
            goal: script.goal.clone(),
            touches,
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
        let (operations, faults) = file.operations_and_faults()?;
        let operations = each("operations", operations, |line: OperationLine| {
            line.read(&scenario.workload, options.concurrency)
        })?;
        let faults = each("faults", faults, |line: FaultLine| {
            line.read(options.cluster)
        })?;
        let moves = each("moves", &file.moves, |line: MoveLine| {
            line.read(&scenario.workload, options)
        })?;
        let touches = each("touches", &file.touches, |line: TouchLine| {
            line.read(&scenario.workload, options)
        })?;
        in_order(&operations, &faults)?;
        let times = moves.iter().map(|it| it.at_ns);
        times_in_order("moves", "due", times, file.warm_up_ns)?;
        times_in_order("touches", "done", touches.iter().map(|it| it.at_ns), 0)?;
        let script = Script {
            operations,
            faults,
            warm_up_ns: file.warm_up_ns,
            moves,
            goal: file.goal,
            touches,
        };
        Ok(Schedule {
            seed: file.seed,
            scenario,
            script,
        })
    }
}

impl File {
    /// The lists of operations and faults, which there have to be without moves and not with them.
    fn operations_and_faults(&self) -> Result<(Lines<'_>, Lines<'_>), ScheduleError> {
        let lists = [("operations", &self.operations), ("faults", &self.faults)];
        if self.moves.is_empty() {
            if self.warm_up_ns > 0 {
                return Err(ScheduleError::NoMoves);
            }
            let lists = lists.map(|(field, list)| {
                let list = list.as_deref();
                list.ok_or_else(|| serde_json::Error::missing_field(field))
            });
            let [operations, faults] = lists;
            return Ok((operations?, faults?));
        }
        let lists =
            lists.map(|(field, list)| (field, list.as_ref().is_some_and(|it| !it.is_empty())));
        let mut beside = lists
            .into_iter()
            .chain([("swap_after_ns", self.swap_after_ns.is_some())]);
        match beside.find(|(_, is_there)| *is_there) {
            Some((field, _)) => Err(ScheduleError::BesideMoves { field }),
            None => Ok((&[], &[])),
        }
    }

    fn scenario(&self) -> Result<Scenario, ScheduleError> {
        let mut scenario = Scenario::default();
        set(&mut scenario, &option::WORKLOAD, &self.workload)?;
        option::OPTION
            .set_list(&mut scenario, &self.option)
            .map_err(|error| wrong(&option::OPTION, error))?;
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
        within("warm_up_ns", self.warm_up_ns, (0, TIME_LIMIT_NS_MAX))?;
        let options = &mut scenario.options;
        options.cluster = Cluster {
            count: self.node_count,
            first: self.first_node,
        };
        options.bounds = Bounds::of_nodes(self.node_count);
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
        options.same_draws = self.same_draws;
        set(&mut scenario, &option::LATENCY_DIST, &self.latency_dist)?;
        if let Some(shape) = &self.disk_latency_dist {
            set(&mut scenario, &option::DISK_LATENCY_DIST, shape)?;
        }
        set(&mut scenario, &option::NETWORK, &self.network)?;
        set(&mut scenario, &option::TOPOLOGY, &self.topology)?;
        if let Some(matrix) = &self.latency_matrix {
            set(&mut scenario, &option::LATENCY_MATRIX, matrix)?;
        }
        Ok(scenario)
    }
}

/// The entries of a list.
type Lines<'a> = &'a [Box<RawValue>];

fn lines<L: Serialize>(lines: impl Iterator<Item = L>) -> Vec<Box<RawValue>> {
    let lines = lines.map(|line| to_raw_value(&line));
    lines.collect::<Result<_, _>>().expect("it is JSON")
}

/// Reads the entries of a list, each with its place in an error.
fn each<'a, L: Deserialize<'a>, T>(
    list: &'static str,
    lines: Lines<'a>,
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

/// Moves are due, and touches are done, in the order of their times, within a day; none before `first_ns`, the end
/// of the warm-up.
fn times_in_order(
    list: &'static str,
    is: &str,
    times: impl Iterator<Item = u64>,
    first_ns: u64,
) -> Result<(), ScheduleError> {
    let mut before_ns = first_ns;
    for (index, at_ns) in times.enumerate() {
        let what = match index {
            _ if at_ns > TIME_LIMIT_NS_MAX => {
                format!("it is {is} at {at_ns} ns, after {TIME_LIMIT_NS_MAX} ns, which is a day")
            }
            0 if at_ns < before_ns => {
                format!("it is {is} at {at_ns} ns, before the end of the warm-up (`warm_up_ns`)")
            }
            _ if at_ns < before_ns => format!("it is {is} at {at_ns} ns, before the one above it"),
            _ => {
                before_ns = at_ns;
                continue;
            }
        };
        return Err(ScheduleError::Entry { list, index, what });
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
