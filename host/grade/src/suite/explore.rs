//! `explore` of a world: its schedules are explored in place of being drawn by seeds.

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de};
use toml::Spanned;

use super::options::Wrong;
use host_explore::{Bounds, Guidance, NODES_MAX, PARTITIONED_NODES_MAX, Strategy, TimerOrder};
use host_protocol::text::counted;
use host_sim::{MS, seconds};
use host_trial::Scenario;

/// The most clients of a world that is explored: each takes room in each of its states.
const CLIENTS_MAX: usize = 100;

/// How many states are met at most, if a world does not say.
const STATES_MAX: usize = 200_000;

/// The name of the search that is no strategy: all schedules, the shorter ones first.
const EXHAUSTIVE: &str = "exhaustive";

/// How a world is explored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explore {
    /// What is tried.
    pub bounds: Bounds,
    /// Which of that, and how much.
    pub search: Search,
}

/// Which schedules are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// All, the shorter ones first.
    Exhaustive {
        /// How many states are met at most.
        states_max: usize,
    },
    /// Those that a strategy chooses.
    Guided(Guidance),
}

impl Explore {
    /// The flags of `host explore`: those that are not the default.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let usual = Bounds::default();
        let it = &self.bounds;
        let number =
            |name, value: u64, usual: u64| (value != usual).then(|| (name, value.to_string()));
        let some = |name, value: Option<u32>| value.map(|value| (name, value.to_string()));
        let fault = |name, count: u8| number(name, count.into(), 0);
        let is_drifting = it.timers == TimerOrder::Bounded;
        let bounds = [
            number("operations", it.operations as u64, usual.operations as u64),
            number("fires", it.fires.into(), usual.fires.into()),
            (it.timers != usual.timers).then(|| ("timers", it.timers.name().to_owned())),
            is_drifting.then(|| ("drift", it.drift_ppm.to_string())),
            fault("drops", it.drops),
            fault("duplicates", it.duplicates),
            fault("kills", it.kills),
            fault("power", it.power),
            fault("partitions", it.partitions),
            fault("timeouts", it.timeouts),
            some("delays", it.delays),
            some("depth", it.depth),
            (it.warm_up_ns > 0).then(|| ("warm-up", seconds(it.warm_up_ns))),
        ];
        let search = match self.search {
            Search::Exhaustive { states_max } => {
                [Some(("max-states", states_max.to_string())), None, None]
            }
            Search::Guided(guidance) => [
                Some(("strategy", guidance.strategy.name().to_owned())),
                Some(("runs", guidance.runs.to_string())),
                number(
                    "pct-depth",
                    guidance.pct_depth.into(),
                    Guidance::default().pct_depth.into(),
                ),
            ],
        };
        let all = bounds.into_iter().chain(search).flatten();
        all.flat_map(|(name, value)| [format!("--{name}"), value])
            .collect()
    }

    /// What is tried, in words: `3 nodes, 4 operations, 1 kill`.
    #[must_use]
    pub fn in_words(&self, scenario: &Scenario) -> String {
        let it = &self.bounds;
        let budget = |count: u64, one: &str, more: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {more}")),
        };
        let fault = |count: u8, one, more| budget(count.into(), one, more);
        let fires = match it.timers {
            TimerOrder::Bursts => budget(it.fires.into(), "burst of timers", "bursts of timers"),
            _ => budget(it.fires.into(), "timer that fires", "timers that fire"),
        };
        let fires = fires.map(|fires| match it.timers {
            TimerOrder::Bursts | TimerOrder::Ordered => fires,
            TimerOrder::Any => format!("{fires} in any order"),
            TimerOrder::Bounded => format!("{fires} late by up to {} ppm", it.drift_ppm),
        });
        let parts = [
            Some(counted(scenario.options.cluster.count, "node")),
            Some(counted(it.operations, "operation")),
            fires,
            fault(it.drops, "loss", "losses"),
            fault(it.duplicates, "duplicate", "duplicates"),
            fault(it.kills, "kill", "kills"),
            fault(it.power, "loss of power", "losses of power"),
            fault(it.partitions, "partition", "partitions"),
            fault(it.timeouts, "timeout", "timeouts"),
            it.delays.map(|delays| counted(delays, "late message")),
            it.depth
                .map(|depth| format!("up to {}", counted(depth, "move"))),
            (it.warm_up_ns > 0).then(|| format!("after {} s", seconds(it.warm_up_ns))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }

    /// Why it cannot be explored in this scenario.
    pub(super) fn misfit(&self, scenario: &Scenario) -> Option<String> {
        let (nodes, clients) = (scenario.options.cluster.count, scenario.options.concurrency);
        let partitions = self.bounds.partitions > 0;
        let nodes_max = if partitions {
            PARTITIONED_NODES_MAX
        } else {
            NODES_MAX
        };
        if nodes > nodes_max {
            let with = if partitions { " with partitions" } else { "" };
            return Some(format!(
                "a world that is explored{with} has at most {nodes_max} nodes, and this has {nodes}: \
                 set node-count, 3 are usual"
            ));
        }
        (clients > CLIENTS_MAX).then(|| {
            format!(
                "a world that is explored has at most {CLIENTS_MAX} clients, and this has {clients}: set \
                 concurrency"
            )
        })
    }
}

/// The table, key by key.
#[derive(Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table such as { operations = 4, kills = 1 }"
)]
pub(super) struct ExplorePart {
    operations: Option<Whole<1, 100>>,
    fires: Option<Whole<0, 100_000>>,
    delays: Option<Spanned<Whole<0, 1000>>>,
    drops: Option<Whole<0, 100>>,
    duplicates: Option<Whole<0, 100>>,
    kills: Option<Whole<0, 100>>,
    power: Option<Whole<0, 100>>,
    partitions: Option<Whole<0, 100>>,
    timeouts: Option<Whole<0, 100>>,
    depth: Option<Whole<1, 10_000>>,
    timers: Option<Spanned<Named<TimerOrder>>>,
    drift_ppm: Option<Spanned<Whole<1, 1_000_000>>>,
    warm_up_ms: Option<Whole<0, 600_000>>,
    states_max: Option<Spanned<Whole<1, 10_000_000>>>,
    strategy: Option<SearchName>,
    runs: Option<Spanned<Whole<1, 1_000_000>>>,
    pct_depth: Option<Spanned<Whole<1, 100>>>,
}

impl ExplorePart {
    /// The bounds and the search, or which keys do not fit together.
    pub(super) fn explore(self) -> Result<Explore, Wrong> {
        let timers = self.timers.as_ref();
        let order = timers.map_or(TimerOrder::default(), |it| it.as_ref().0);
        match (order, timers, &self.drift_ppm) {
            (TimerOrder::Bounded, Some(timers), None) => {
                let text = "timers that are bounded need `drift-ppm`: with 1000 a timer of 1 s is late by \
                            up to 1 ms";
                return Err((timers.span(), text.to_owned()));
            }
            (TimerOrder::Any | TimerOrder::Bursts | TimerOrder::Ordered, _, Some(drift)) => {
                let text = "`drift-ppm` is for `timers = \"bounded\"`";
                return Err((drift.span(), text.to_owned()));
            }
            _ => {}
        }
        let strategy = self.strategy.and_then(|SearchName(strategy)| strategy);
        let of_strategy = "is for a `strategy` such as \"pct\"; all schedules are tried without one, up to \
                           `states-max`";
        let of_all = "is for all schedules; a `strategy` tries as many as `runs` says, and chooses what is \
                      late";
        let refused = match strategy {
            None => [
                self.runs.as_ref().map(|it| (it.span(), "runs")),
                self.pct_depth.as_ref().map(|it| (it.span(), "pct-depth")),
            ],
            Some(_) => [
                self.states_max.as_ref().map(|it| (it.span(), "states-max")),
                self.delays.as_ref().map(|it| (it.span(), "delays")),
            ],
        };
        if let Some((span, key)) = refused.into_iter().flatten().next() {
            let why = if strategy.is_none() {
                of_strategy
            } else {
                of_all
            };
            return Err((span, format!("`{key}` {why}")));
        }
        let usual = Bounds::default();
        let bounds = Bounds {
            operations: self.operations.map_or(usual.operations, Whole::count),
            fires: self.fires.map_or(usual.fires, Whole::number),
            drops: self.drops.map_or(usual.drops, Whole::few),
            duplicates: self.duplicates.map_or(usual.duplicates, Whole::few),
            kills: self.kills.map_or(usual.kills, Whole::few),
            power: self.power.map_or(usual.power, Whole::few),
            partitions: self.partitions.map_or(usual.partitions, Whole::few),
            timeouts: self.timeouts.map_or(usual.timeouts, Whole::few),
            delays: self.delays.map(|it| it.into_inner().number()),
            depth: self.depth.map(Whole::number),
            timers: order,
            drift_ppm: self.drift_ppm.map_or(0, |it| it.into_inner().number()),
            warm_up_ns: self.warm_up_ms.map_or(0, |it| it.0 * MS),
            ..usual
        };
        let search = match strategy {
            None => Search::Exhaustive {
                states_max: self
                    .states_max
                    .map_or(STATES_MAX, |it| it.into_inner().count()),
            },
            Some(strategy) => {
                let usual = Guidance::default();
                Search::Guided(Guidance {
                    strategy,
                    runs: self.runs.map_or(usual.runs, |it| it.into_inner().0),
                    pct_depth: self
                        .pct_depth
                        .map_or(usual.pct_depth, |it| it.into_inner().number()),
                })
            }
        };
        Ok(Explore { bounds, search })
    }
}

/// A whole number in a range.
struct Whole<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Whole<LEAST, MOST> {
    fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn number(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    fn few(self) -> u8 {
        u8::try_from(self.0).unwrap_or(u8::MAX)
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = i64::deserialize(deserializer)?;
        let number = u64::try_from(found).ok();
        let number = number.filter(|it| (LEAST..=MOST).contains(it));
        number.map(Whole).ok_or_else(|| {
            let text = format!("expected a whole number from {LEAST} to {MOST}, found {found}");
            D::Error::custom(text)
        })
    }
}

/// One of a few names.
struct Named<T>(T);

impl<'de> Deserialize<'de> for Named<TimerOrder> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = TimerOrder::ALL.iter().map(|it| (it.name(), *it));
        named(deserializer, names).map(Named)
    }
}

/// A strategy, or none for all schedules.
struct SearchName(Option<Strategy>);

impl<'de> Deserialize<'de> for SearchName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let strategies = Strategy::ALL.iter().map(|it| (it.name(), Some(*it)));
        let names = std::iter::once((EXHAUSTIVE, None)).chain(strategies);
        named(deserializer, names).map(SearchName)
    }
}

fn named<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    names: impl Iterator<Item = (&'static str, T)>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut known = Vec::new();
    for (name, value) in names {
        if name == text {
            return Ok(value);
        }
        known.push(format!("\"{name}\""));
    }
    let expected = known.join(", ");
    Err(de::Error::custom(format!(
        "expected one of {expected}, found {text:?}"
    )))
}
