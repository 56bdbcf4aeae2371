//! How the result of an exploration is shown.

use std::fmt::{self, Write};

use super::again::Again;
use super::{Extent, Outcome};
use crate::cli::Failure;
use crate::cli::output::print_verdict;
use crate::cli::sim::show::write_report;
use host_check::validity::Validity;
use host_explore::{
    Bounds, End, FailingSchedule, GoalFound, LostGoal, Mode, Reach, Strategy, TimerOrder, Unjudged,
};
use host_protocol::text::{counted, grouped, joined, one_line};
use host_sim::seconds;
use host_trial::{Scenario, TrialResult};

/// An exploration that is over.
pub(super) struct Shown<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) bounds: &'a Bounds,
    pub(super) seed: u64,
    pub(super) operations: &'a [String],
    pub(super) outcome: &'a Outcome,
    /// What the simulator makes of the schedule that fails, if there is one.
    pub(super) played: Option<&'a TrialResult>,
    pub(super) again: Again,
    /// Whether another exploration can go on from here.
    pub(super) is_kept: bool,
}

impl Shown<'_> {
    /// What was proved of the nodes.
    pub(super) fn valid(&self) -> Validity {
        let mut goals = self.outcome.goals.iter();
        match self.outcome.end {
            End::Complete | End::Depth if goals.any(|it| it.found.is_unknown()) => {
                Validity::Unknown
            }
            End::Complete | End::Depth | End::Runs => Validity::True,
            End::States | End::Spent(_) | End::Interrupted => Validity::Unknown,
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
        writeln!(
            out,
            "{}: {}\n",
            self.scenario.workload.name(),
            self.headline()
        )?;
        if let End::Failure(failing) = &self.outcome.end {
            write_story(out, failing)?;
        }
        let mut row = |head: &str, text: &str| writeln!(out, "{head:<14}{text}");
        row("bounds", &self.bounds_in_words())?;
        row("operations", &self.operations())?;
        row("explored", &self.explored_in_words())?;
        if let Some(resumed) = &self.outcome.resumed {
            let met = many(resumed.states as u64, "state");
            let how = match resumed.is_over {
                true => "it was over before, and nothing was tried again".to_owned(),
                false => format!("after {met}"),
            };
            row("resumed", &how)?;
        }
        if let Some(how) = how(self.outcome.mode) {
            row("states", how)?;
        }
        if !self.bounds.tries_ends {
            row(
                "ends",
                "not tried: what shows only in the end was not looked for",
            )?;
        }
        for GoalFound { goal, found } in &self.outcome.goals {
            row(
                "goal",
                &format!("{}: {}", goal.name, reach_in_words(*found)),
            )?;
        }
        match (&self.outcome.end, self.played) {
            (End::Failure(_), Some(played)) => {
                writeln!(out, "\nThe simulator plays this schedule:\n")?;
                write_report(
                    out,
                    played,
                    &[],
                    self.scenario.workload.name(),
                    &self.again.next(),
                )
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
            End::States => {
                format!("stopped at the budget of states, after {met}: no failure so far")
            }
            End::Spent(spent) => format!(
                "stopped at the budget of {}, after {met}: no failure so far",
                spent.name()
            ),
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
            Extent::All(progress) | Extent::DepthFirst(progress) => {
                many(progress.states as u64, "state")
            }
            Extent::Chosen(_, tried) => many(tried.runs, "run"),
        }
    }

    fn closing(&self) -> &'static str {
        let mut goals = self.outcome.goals.iter();
        let is_unknown = goals.any(|it| it.found.is_unknown());
        match &self.outcome.end {
            End::Complete if is_unknown => {
                "No schedule within these bounds fails, but whether each goal can be reached is not known."
            }
            End::Depth if is_unknown => {
                "No schedule within these bounds fails, but whether each goal can be reached is not known; longer \
                 schedules were not tried."
            }
            End::Complete => "No schedule within these bounds fails.",
            End::Depth => "No schedule within these bounds fails; longer ones were not tried.",
            End::Runs => "Those that were tried do not fail; it proves nothing about others.",
            End::States => match self.is_kept {
                false => {
                    "Not all schedules within these bounds were tried; --max-states raises the budget."
                }
                true => {
                    "Not all schedules within these bounds were tried; the same command with a larger \
                     --max-states goes on."
                }
            },
            End::Spent(_) => match self.is_kept {
                false => {
                    "Not all schedules within these bounds were tried; --max-states-mib raises the budget."
                }
                true => {
                    "Not all schedules within these bounds were tried; the same command with a larger \
                     --max-states-mib goes on."
                }
            },
            End::Interrupted | End::Failure(_) => {
                "Not all schedules within these bounds were tried."
            }
        }
    }

    /// How far it came, for one who has ended it.
    pub(super) fn how_far(&self) -> String {
        let met = self.met();
        match self.outcome.extent {
            Extent::All(progress) => format!(
                "{met} were met, and none fails; all schedules of up to {} were tried",
                counted(progress.depth, "move")
            ),
            Extent::DepthFirst(_) => format!("{met} were met, and none fails"),
            Extent::Chosen(..) => format!("{met} were made, and none fails"),
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
            symmetric,
            tries_ends: _, // a row of its own
        } = self.bounds;
        let options = &self.scenario.options;
        let cluster = format!(
            "{}, {}",
            counted(options.cluster.count, "node"),
            counted(options.concurrency, "client")
        );
        let timers = match timers {
            _ if *fires == 0 => "no timer fires".to_owned(),
            TimerOrder::Any => format!("at most {} in any order", counted(*fires, "timer")),
            TimerOrder::Bursts => {
                format!(
                    "at most {} of timers in any order",
                    counted(*fires, "burst")
                )
            }
            TimerOrder::Ordered => format!("at most {} in order", counted(*fires, "timer")),
            TimerOrder::Bounded => format!(
                "at most {} in order but for {drift_ppm} ppm",
                counted(*fires, "timer")
            ),
        };
        let faults = [
            (drops, "lost message"),
            (duplicates, "doubled message"),
            (kills, "kill"),
            (power, "power failure"),
            (partitions, "partition"),
            (timeouts, "timeout"),
        ];
        let faults = faults.iter().filter(|(count, _)| **count > 0);
        let faults: Vec<String> = faults.map(|(count, one)| counted(**count, one)).collect();
        let mut parts = vec![cluster, timers];
        parts.push(match faults.is_empty() {
            true => "no faults".to_owned(),
            false => format!("at most {}", joined(&faults)),
        });
        if let Some(delays) = delays {
            parts.push(format!("at most {}", counted(*delays, "late message")));
        }
        if let Some(depth) = depth {
            parts.push(format!("at most {}", counted(*depth, "move")));
        }
        if *warm_up_ns > 0 {
            parts.push(format!("after a warm-up of {} s", seconds(*warm_up_ns)));
        }
        if *symmetric {
            parts.push("nodes are alike".to_owned());
        }
        if !reduces {
            parts.push("no reductions".to_owned());
        }
        parts.join("; ")
    }

    fn operations(&self) -> String {
        let planned = self.operations;
        if planned.is_empty() {
            return "none: the workload has clients do nothing at its beginning".to_owned();
        }
        let asks = planned.join(", ");
        let asks = one_line(&asks);
        format!(
            "{asks}; each by any client, in this order (seed {})",
            self.seed
        )
    }

    fn explored_in_words(&self) -> String {
        match &self.outcome.extent {
            Extent::All(progress) => {
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
            Extent::DepthFirst(progress) => {
                let mut text = format!(
                    "{}, {}; depth first: the longest schedule has {}",
                    many(progress.states as u64, "state"),
                    many(progress.transitions, "move"),
                    counted(progress.depth, "move")
                );
                if let End::Depth = self.outcome.end {
                    let wait = many(progress.frontier as u64, "state");
                    text += &format!("; {wait} lead further");
                }
                text
            }
            Extent::Chosen(guidance, tried) => {
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
}

fn write_story(out: &mut String, failing: &FailingSchedule) -> fmt::Result {
    for line in &failing.story {
        writeln!(out, "  {}", one_line(line))?;
    }
    if let Some(lost) = &failing.goal {
        for line in goal_in_words(lost) {
            writeln!(out, "  {}", one_line(&line))?;
        }
    } else if failing.is_at_end {
        writeln!(
            out,
            "  from here on nothing goes wrong: faults end, messages arrive, timers fire, and clients ask for the last time"
        )?;
    }
    writeln!(out)
}

/// What cannot be reached, a line each.
fn goal_in_words(lost: &LostGoal) -> Vec<String> {
    let LostGoal {
        goal,
        following,
        is_for_ever,
        story,
    } = lost;
    let name = &goal.name;
    if *following == 0 {
        return vec![format!(
            "no schedule within these bounds shows the goal {name}, and none does on the way to its end"
        )];
    }
    let states = match following {
        1 => "no other state can follow".to_owned(),
        _ => format!(
            "none of {} that can follow shows it",
            many(*following as u64, "state")
        ),
    };
    let end = match is_for_ever {
        true => "",
        false => ", nor does any come to it in the time that a run has to recover",
    };
    let head =
        format!("from here on the goal {name} is out of reach, if no fault follows: {states}{end}");
    std::iter::once(head).chain(story.iter().cloned()).collect()
}

/// What is known of a goal.
pub(super) fn reach_in_words(reach: Reach) -> String {
    let many = |count: usize| many(count as u64, "state");
    match reach {
        Reach::Seen => "reached".to_owned(),
        Reach::Unseen => "not seen so far".to_owned(),
        Reach::Always(states) => format!("can be reached from all {}", many(states)),
        Reach::Open { reached, open: 0 } => {
            format!("can be reached from all {} that were looked at", many(reached))
        }
        Reach::Open { reached, open } => format!(
            "can be reached from {}; of {} it is not known",
            many(reached),
            match open {
                1 => "1 other".to_owned(),
                open => format!("{} others", grouped(open as u64)),
            }
        ),
        Reach::Never => "is never reached".to_owned(),
        Reach::Lost(states) => format!("cannot be reached from {}", many(states)),
        Reach::NotJudged(Unjudged::Untold) => {
            "not judged: nodes do not say whether they show it; it is read from their snapshots".to_owned()
        }
        Reach::NotJudged(Unjudged::Strategy) => {
            "not judged: whether it can be reached from every state is looked for by --strategy exhaustive"
                .to_owned()
        }
        Reach::NotJudged(Unjudged::Ends) => "not judged: it needs --ends on".to_owned(),
    }
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
