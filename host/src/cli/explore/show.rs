//! How the result of an exploration is shown.

use std::fmt::{self, Write};

use serde::Serialize;

use super::{Extent, Outcome, again};
use crate::cli::Failure;
use crate::cli::output::{print_json, print_verdict};
use crate::cli::sim::show::write_report;
use host_check::validity::Validity;
use host_explore::{
    Bounds, End, FailingSchedule, Guidance, Mode, Progress, Strategy, TimerOrder, Tried,
};
use host_protocol::text::{counted, grouped, one_line};
use host_report::Results;
use host_sim::seconds;
use host_trial::{Scenario, TrialResult};

/// An exploration that is over.
pub(super) struct Shown<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) bounds: &'a Bounds,
    pub(super) seed: u64,
    pub(super) outcome: &'a Outcome,
    /// What the simulator makes of the schedule that fails, if there is one.
    pub(super) played: Option<&'a TrialResult>,
    /// What to do next with it.
    pub(super) next: Vec<(&'static str, String)>,
}

impl Shown<'_> {
    /// What was proved of the nodes.
    pub(super) fn valid(&self) -> Validity {
        match self.outcome.end {
            End::Complete | End::Depth | End::Runs => Validity::True,
            End::States | End::Interrupted => Validity::Unknown,
            End::Failure(_) => Validity::False,
        }
    }

    pub(super) fn print_text(&self) -> Result<(), Failure> {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut text);
        print_verdict(&text, self.valid())
    }

    fn write_text(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "{}: {}\n", self.scenario.workload, self.headline())?;
        if let End::Failure(failing) = &self.outcome.end {
            write_story(out, failing)?;
        }
        let mut row = |head: &str, text: &str| writeln!(out, "{head:<14}{text}");
        row("bounds", &self.bounds_in_words())?;
        row("operations", &self.operations())?;
        row("explored", &self.explored_in_words())?;
        if let Some(how) = how(self.outcome.mode) {
            row("states", how)?;
        }
        if !self.bounds.tries_ends {
            row(
                "ends",
                "not tried: what shows only in the end was not looked for",
            )?;
        }
        match (&self.outcome.end, self.played) {
            (End::Failure(_), Some(played)) => {
                writeln!(out, "\nThe simulator plays this schedule:\n")?;
                write_report(out, played, &[], self.scenario.workload, &self.next)
            }
            (End::Failure(_), None) => Ok(()),
            _ => writeln!(out, "\n{}", self.closing()),
        }
    }

    fn headline(&self) -> String {
        let met = self.met();
        match &self.outcome.end {
            End::Complete => format!("all {met} within these bounds: no failure"),
            End::Depth => {
                let depth = self.bounds.depth.unwrap_or_default();
                let moves = counted(depth, "move");
                format!("all {met} that {moves} reach within these bounds: no failure")
            }
            End::Runs => format!("{met}: no failure"),
            End::States => format!("stopped at the budget, after {met}: no failure so far"),
            End::Interrupted => format!("interrupted after {met}: no failure so far"),
            End::Failure(failing) => format!(
                "INVALID: {} after {}",
                failing.names.join(", "),
                counted(failing.moves, "move")
            ),
        }
    }

    fn met(&self) -> String {
        match self.outcome.extent {
            Extent::All { progress, .. } => many(progress.states as u64, "state"),
            Extent::Chosen { tried, .. } => many(tried.runs, "run"),
        }
    }

    fn closing(&self) -> &'static str {
        match &self.outcome.end {
            End::Complete => "No schedule within these bounds fails.",
            End::Depth => "No schedule within these bounds fails; longer ones were not tried.",
            End::Runs => "Those that were tried do not fail; it proves nothing about others.",
            _ => "Not all schedules within these bounds were tried.",
        }
    }

    /// How far it came, for one who has ended it.
    pub(super) fn how_far(&self) -> String {
        let met = self.met();
        match self.outcome.extent {
            Extent::All { progress, .. } => format!(
                "{met} were met, and none fails; all schedules of up to {} were tried",
                counted(progress.depth, "move")
            ),
            Extent::Chosen { .. } => format!("{met} were made, and none fails"),
        }
    }

    fn bounds_in_words(&self) -> String {
        let Bounds {
            operations: _, // a row of its own
            fires,
            drops,
            duplicates,
            kills,
            power,
            partitions,
            timeouts,
            delays,
            depth,
            timers,
            drift_ppm,
            warm_up_ns,
            reduces,
            tries_ends: _, // a row of its own
        } = self.bounds;
        let options = &self.scenario.options;
        let mut parts = vec![
            counted(options.cluster.count, "node"),
            counted(options.concurrency, "client"),
        ];
        parts.push(match (fires, timers) {
            (0, _) => "no timer fires".to_owned(),
            (fires, TimerOrder::Any) => {
                format!("{} fire, any of them next", counted(*fires, "timer"))
            }
            (fires, TimerOrder::Ordered) => {
                format!(
                    "{} fire, the one that is due first",
                    counted(*fires, "timer")
                )
            }
            (fires, TimerOrder::Bounded) => {
                format!(
                    "{} fire, up to {drift_ppm} ppm late",
                    counted(*fires, "timer")
                )
            }
        });
        let faults = [
            (drops, "lost message", "lost messages"),
            (duplicates, "doubled message", "doubled messages"),
            (kills, "kill", "kills"),
            (power, "power failure", "power failures"),
            (partitions, "partition", "partitions"),
            (timeouts, "timeout", "timeouts"),
        ];
        let faults = faults.iter().filter(|(count, ..)| **count > 0);
        let faults = faults.map(|(count, one, more)| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {more}"),
        });
        let before = parts.len();
        parts.extend(faults);
        if parts.len() == before {
            parts.push("no faults".to_owned());
        }
        if let Some(delays) = delays {
            parts.push(counted(*delays, "late message"));
        }
        if let Some(depth) = depth {
            parts.push(format!("at most {}", counted(*depth, "move")));
        }
        if *warm_up_ns > 0 {
            parts.push(format!("after a warm-up of {} s", seconds(*warm_up_ns)));
        }
        if !reduces {
            parts.push("no reductions".to_owned());
        }
        parts.join(", ")
    }

    fn operations(&self) -> String {
        let planned = &self.outcome.operations;
        if planned.is_empty() {
            return "none: the workload has clients do nothing at its beginning".to_owned();
        }
        let workers = 0..self.scenario.options.concurrency;
        let of_worker = |worker: usize| {
            let asks = planned.iter().filter(|it| it.worker == worker);
            let asks: Vec<&str> = asks.map(|it| it.asks.as_str()).collect();
            (!asks.is_empty()).then(|| format!("client {worker}: {}", asks.join(", ")))
        };
        let all: Vec<String> = workers.filter_map(of_worker).collect();
        format!("{} (seed {})", one_line(&all.join("; ")), self.seed)
    }

    fn explored_in_words(&self) -> String {
        match &self.outcome.extent {
            Extent::All { progress, .. } => {
                let mut text = format!(
                    "{}, {}",
                    many(progress.states as u64, "state"),
                    many(progress.transitions, "move")
                );
                text += &match self.outcome.end {
                    // The last level is empty.
                    End::Complete => {
                        let longest = progress.depth.saturating_sub(1);
                        format!("; the longest way to one has {}", counted(longest, "move"))
                    }
                    _ => {
                        let depth = counted(progress.depth, "move");
                        format!("; all schedules of up to {depth} were tried")
                    }
                };
                if progress.frontier > 0 && !matches!(self.outcome.end, End::Failure(_)) {
                    let wait = many(progress.frontier as u64, "state");
                    text += &format!("; {wait} lead further");
                }
                text
            }
            Extent::Chosen { guidance, tried } => {
                let strategy = match guidance.strategy {
                    Strategy::Pct => format!("pct of depth {}", guidance.pct_depth),
                    strategy => strategy.name().to_owned(),
                };
                format!(
                    "{}, {}, {}; by the strategy {strategy}",
                    many(tried.runs, "run"),
                    many(tried.moves, "move"),
                    many(tried.states as u64, "state")
                )
            }
        }
    }

    pub(super) fn print_json(&self) -> Result<(), Failure> {
        let bounds = self.bounds;
        let failure = match &self.outcome.end {
            End::Failure(failing) => Some(JsonFailure {
                anomalies: &failing.names,
                moves: failing.moves,
                is_at_end: failing.is_at_end,
                trace: &failing.story,
                run: self.played.map(|played| Results::of(played, again::same())),
            }),
            _ => None,
        };
        print_json(&JsonExplored {
            valid: self.valid(),
            end: match &self.outcome.end {
                End::Complete => "complete",
                End::Depth => "depth",
                End::States => "states",
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
                tries_ends: bounds.tries_ends,
            },
            operations: (self.outcome.operations.iter())
                .map(|it| JsonOperation {
                    worker: it.worker,
                    asks: &it.asks,
                })
                .collect(),
            explored: JsonExtent::of(&self.outcome.extent),
            mode: JsonMode {
                by_replay: self.outcome.mode.by_replay,
                reads_clock: self.outcome.mode.reads_clock,
            },
            failure,
        })
    }
}

fn write_story(out: &mut String, failing: &FailingSchedule) -> fmt::Result {
    for line in &failing.story {
        writeln!(out, "  {}", one_line(line))?;
    }
    if failing.is_at_end {
        writeln!(
            out,
            "  from here on nothing goes wrong: faults end, messages arrive, timers fire, and clients ask for the last time"
        )?;
    }
    writeln!(out)
}

/// What states consist of, if that is not what they should consist of.
fn how(mode: Mode) -> Option<&'static str> {
    Some(match (mode.by_replay, mode.reads_clock) {
        (false, false) => return None,
        (false, true) => "the guest reads the clock, so each has a time: there are more of them",
        (true, _) => {
            "the guest has no snapshot of all its state, so each is what nodes were told, and they are \
             told it again: slower, and more states"
        }
    })
}

/// `1,000,128 states`
fn many(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{} {one}s", grouped(count)),
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
    operations: Vec<JsonOperation<'a>>,
    explored: JsonExtent,
    mode: JsonMode,
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
    #[serde(rename = "tries-ends?")]
    tries_ends: bool,
}

#[derive(Serialize)]
struct JsonOperation<'a> {
    worker: usize,
    asks: &'a str,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
enum JsonExtent {
    All {
        states: usize,
        moves: u64,
        depth: u32,
        frontier: usize,
        guest_states: usize,
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
            Extent::All {
                progress,
                guest_states,
            } => {
                let Progress {
                    states,
                    transitions,
                    depth,
                    frontier,
                } = progress;
                JsonExtent::All {
                    states,
                    moves: transitions,
                    depth,
                    frontier,
                    guest_states,
                }
            }
            Extent::Chosen { guidance, tried } => {
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
struct JsonFailure<'a> {
    anomalies: &'a [String],
    moves: usize,
    #[serde(rename = "at-end?")]
    is_at_end: bool,
    trace: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Results<'a>>,
}
