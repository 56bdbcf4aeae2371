//! What a search finds.

use crate::schedule::{Schedule, trace};
use crate::trial::TrialResult;
use host_check::anomalies::AnomalyName;
use host_check::text::render_problems;
use host_guest::Start;
use host_sim::seconds;

/// The smallest run that was found.
#[derive(Debug)]
pub struct Shrunk {
    /// The run.
    pub schedule: Schedule,
    /// Its result, without the history.
    pub report: TrialResult,
    /// The anomaly that it and the original have.
    pub anomaly: AnomalyName,
    /// Number of runs that the search took.
    pub runs: u32,
    /// Whether nothing more can be left out; otherwise the budget was spent, or the program asked
    /// to end, before that was known.
    pub is_minimal: bool,
}

impl Shrunk {
    /// How large it is: `2 nodes, 2 clients, 1 operation and 1 fault in 0.001 s`.
    #[must_use]
    pub fn size(&self) -> String {
        size(&self.schedule)
    }

    /// What happens in it, a line each, and after that what is wrong with it.
    #[must_use]
    pub fn story(&self, module: &dyn Start, next_module: Option<&dyn Start>) -> String {
        let mut text = trace(&self.schedule, module, next_module).join("\n");
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
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "{}, {}, {} and {} in {} s",
        count(schedule.scenario.options.cluster.count, "node"),
        count(schedule.scenario.options.concurrency, "client"),
        count(schedule.script.operations.len(), "operation"),
        count(schedule.script.faults.len(), "fault"),
        seconds(schedule.scenario.options.time_limit_ns)
    )
}
