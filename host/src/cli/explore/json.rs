//! The result of an exploration as JSON.

use serde::Serialize;

use super::Extent;
use super::args::{DEPTH_FIRST, EXHAUSTIVE};
use super::show::Shown;
use crate::cli::Failure;
use crate::cli::output::print_json;
use host_check::validity::Validity;
use host_explore::{End, GoalFound, Guidance, Progress, Reach, Strategy, Tried, Unjudged};
use host_report::Results;

impl Shown<'_> {
    pub(super) fn print_json(&self) -> Result<(), Failure> {
        let bounds = self.bounds;
        let failure = match &self.outcome.end {
            End::Failure(failing) => Some(JsonFailure {
                anomalies: &failing.names,
                moves: failing.moves,
                is_at_end: failing.is_at_end,
                goal: failing.goal.as_ref().map(|lost| JsonLostGoal {
                    name: &lost.goal.name,
                    kind: lost.goal.kind.name(),
                    following: lost.following,
                    is_for_ever: lost.is_for_ever,
                    then: &lost.story,
                }),
                trace: &failing.story,
                run: self
                    .played
                    .map(|played| Results::of(played, self.again.replay())),
            }),
            _ => None,
        };
        print_json(&JsonExplored {
            valid: self.valid(),
            end: match &self.outcome.end {
                End::Complete => "complete",
                End::Depth => "depth",
                End::States => "states",
                End::Spent(spent) => spent.name(),
                End::Runs => "runs",
                End::Interrupted => "interrupted",
                End::Failure(_) => "failure",
            },
            seed: self.seed,
            bounds: JsonBounds {
                nodes: self.scenario.options.cluster.count,
                clients: self.scenario.options.concurrency,
                fires: bounds.fires,
                timers: bounds.timers.name(),
                drift_ppm: bounds.drift_ppm,
                drops: bounds.drops,
                duplicates: bounds.duplicates,
                kills: bounds.kills,
                power: bounds.power,
                partitions: bounds.partitions,
                timeouts: bounds.timeouts,
                delays: bounds.delays,
                depth: bounds.depth,
                warm_up_ns: bounds.warm_up_ns,
                reduces: bounds.reduces,
                symmetric: bounds.symmetric,
                tries_ends: bounds.tries_ends,
            },
            operations: self.operations,
            explored: JsonExtent::of(&self.outcome.extent),
            mode: JsonMode {
                by_replay: self.outcome.mode.by_replay,
                reads_clock: self.outcome.mode.reads_clock,
            },
            goals: self.outcome.goals.iter().map(JsonGoal::of).collect(),
            failure,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonExplored<'a> {
    #[serde(rename = "valid?")]
    valid: Validity,
    end: &'static str,
    seed: u64,
    bounds: JsonBounds,
    operations: &'a [String],
    explored: JsonExtent,
    mode: JsonMode,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    goals: Vec<JsonGoal<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<JsonFailure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonBounds {
    nodes: usize,
    clients: usize,
    fires: u32,
    timers: &'static str,
    drift_ppm: u32,
    drops: u8,
    duplicates: u8,
    kills: u8,
    power: u8,
    partitions: u8,
    timeouts: u8,
    delays: Option<u32>,
    depth: Option<u32>,
    warm_up_ns: u64,
    #[serde(rename = "reduces?")]
    reduces: bool,
    #[serde(rename = "symmetric?")]
    symmetric: bool,
    #[serde(rename = "tries-ends?")]
    tries_ends: bool,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
enum JsonExtent {
    All {
        strategy: &'static str,
        states: usize,
        moves: u64,
        depth: u32,
        frontier: usize,
    },
    Chosen {
        strategy: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pct_depth: Option<u32>,
        runs: u64,
        moves: u64,
        states: usize,
    },
}

impl JsonExtent {
    fn of(extent: &Extent) -> Self {
        match *extent {
            Extent::All(progress) | Extent::DepthFirst(progress) => {
                let strategy = match extent {
                    Extent::DepthFirst(_) => DEPTH_FIRST,
                    _ => EXHAUSTIVE,
                };
                let Progress {
                    states,
                    transitions,
                    depth,
                    frontier,
                } = progress;
                JsonExtent::All {
                    strategy,
                    states,
                    moves: transitions,
                    depth,
                    frontier,
                }
            }
            Extent::Chosen(guidance, tried) => {
                let Guidance {
                    strategy,
                    pct_depth,
                    ..
                } = guidance;
                let Tried {
                    runs,
                    moves,
                    states,
                    ..
                } = tried;
                JsonExtent::Chosen {
                    strategy: strategy.name(),
                    pct_depth: (strategy == Strategy::Pct).then_some(pct_depth),
                    runs,
                    moves,
                    states,
                }
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonMode {
    #[serde(rename = "by-replay?")]
    by_replay: bool,
    #[serde(rename = "reads-clock?")]
    reads_clock: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonGoal<'a> {
    name: &'a str,
    kind: &'static str,
    /// Whether it is reached: true, false, or unknown; absent if it was not judged.
    #[serde(rename = "reached?", skip_serializing_if = "Option::is_none")]
    reached: Option<Validity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached_from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_judged: Option<&'static str>,
}

impl<'a> JsonGoal<'a> {
    fn of(GoalFound { goal, found }: &'a GoalFound) -> Self {
        let blank = JsonGoal {
            name: &goal.name,
            kind: goal.kind.name(),
            reached: None,
            reached_from: None,
            unknown_from: None,
            not_judged: None,
        };
        match *found {
            Reach::Seen => JsonGoal {
                reached: Some(Validity::True),
                ..blank
            },
            Reach::Unseen => JsonGoal {
                reached: Some(Validity::Unknown),
                ..blank
            },
            Reach::Never | Reach::Lost(_) => JsonGoal {
                reached: Some(Validity::False),
                ..blank
            },
            Reach::Always(states) => JsonGoal {
                reached: Some(Validity::True),
                reached_from: Some(states),
                ..blank
            },
            Reach::Open { reached, open } => JsonGoal {
                reached: Some(Validity::Unknown),
                reached_from: Some(reached),
                unknown_from: Some(open),
                ..blank
            },
            Reach::NotJudged(why) => JsonGoal {
                not_judged: Some(match why {
                    Unjudged::Untold => "untold",
                    Unjudged::Strategy => "strategy",
                    Unjudged::Ends => "ends",
                }),
                ..blank
            },
        }
    }
}

/// A goal that is out of reach.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonLostGoal<'a> {
    name: &'a str,
    kind: &'static str,
    /// How many states can follow without another fault.
    following: usize,
    /// Whether it goes round then, or stands still.
    #[serde(rename = "for-ever?")]
    is_for_ever: bool,
    /// What the cluster does then.
    then: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFailure<'a> {
    anomalies: &'a [String],
    moves: usize,
    #[serde(rename = "at-end?")]
    is_at_end: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<JsonLostGoal<'a>>,
    trace: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Results<'a>>,
}
