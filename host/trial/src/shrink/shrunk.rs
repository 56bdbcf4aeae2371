//! What a search finds.

use serde::Serialize;

use crate::schedule::{Schedule, trace};
use crate::trial::TrialResult;
use host_check::anomalies::AnomalyName;
use host_check::text::render_problems;
use host_guest::Start;
use host_protocol::text::counted;
use host_sim::short_seconds;

/// The smallest run that was found.
#[derive(Debug)]
pub struct Shrunk {
    /// The run.
    pub schedule: Schedule,
    /// Its result, without the history.
    pub report: TrialResult,
    /// The anomaly that it and the original have.
    pub anomaly: AnomalyName,
    /// What every run of the search had to keep.
    pub kept: Kept,
    /// Number of runs that the search took.
    pub runs: u32,
    /// Whether nothing more can be left out; otherwise the budget was spent, or the program asked
    /// to end, before that was known.
    pub is_minimal: bool,
}

/// What the runs of a search have to keep, so that they say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// The evidence, which shows the anomaly whatever else is left out.
    Evidence,
    /// All attempts, faults, nodes and time, since the anomaly is that something did not happen.
    Attempts,
}

impl Shrunk {
    /// How large it is: `2 nodes, 2 clients, 1 operation and 1 fault in 0.001 s`, or `in 4 moves`.
    #[must_use]
    pub fn size(&self) -> String {
        size(&self.schedule)
    }

    /// What is to be said of how short it is: `nothing of it can be left out`.
    #[must_use]
    pub fn how_short(&self) -> &'static str {
        match (self.kept, self.is_minimal) {
            (Kept::Attempts, _) => {
                "it is about what did not happen, so all attempts, faults and the time stay"
            }
            (Kept::Evidence, true) => "nothing of it can be left out",
            (Kept::Evidence, false) => {
                "it is the shortest found within the budget, and there may be a shorter one"
            }
        }
    }

    /// What happens in it, a line each: see [`trace`].
    #[must_use]
    pub fn trace(&self, module: &dyn Start, next_module: Option<&dyn Start>) -> Vec<String> {
        trace(&self.schedule, module, next_module, &self.anomaly)
    }

    /// What happens in it, a line each, and after that what is wrong with it.
    #[must_use]
    pub fn story(&self, module: &dyn Start, next_module: Option<&dyn Start>) -> String {
        let mut text = self.trace(module, next_module).join("\n");
        text.push_str("\n\n");
        text.push_str(&match &self.report.result {
            Ok(result) => render_problems(result),
            Err(_) => self.report.stop_in_words().unwrap_or_default(),
        });
        text.push('\n');
        text
    }
}

/// See [`Shrunk::size`].
#[must_use]
pub fn size(schedule: &Schedule) -> String {
    let (operations, faults) = schedule.script.counts();
    let length = match schedule.script.is_directed() {
        true => counted(schedule.script.moves.len(), "move"),
        false => {
            let time_limit_ns = schedule.scenario.options.time_limit_ns;
            format!("{} s", short_seconds(time_limit_ns))
        }
    };
    format!(
        "{}, {}, {} and {} in {length}",
        counted(schedule.scenario.options.cluster.count, "node"),
        counted(schedule.scenario.options.concurrency, "client"),
        counted(operations, "operation"),
        counted(faults, "fault"),
    )
}
