//! A run's result as JSON: what Maelstrom's results have, and where they come from.

use serde::Serialize;

use host_check::validity::Validity;
use host_check::workload::CheckResult;
use host_sim::Stopped;
use host_trial::TrialResult;

/// The JSON of a run; `docs/simulator.md` has the format.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Results<'a> {
    #[serde(rename = "valid?")]
    valid: Validity,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
    run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<JsonStopped<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a CheckResult>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Run {
    end_ns: u64,
    messages: u64,
    steps: u64,
    fuel: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonStopped<'a> {
    at_ns: u64,
    node: Option<&'a str>,
    why: String,
}

impl<'a> JsonStopped<'a> {
    fn of(stopped: &'a Stopped) -> Self {
        JsonStopped {
            at_ns: stopped.at_ns,
            node: stopped.node.as_deref(),
            why: stopped.to_string(),
        }
    }
}

impl<'a> Results<'a> {
    /// The result of a run; `replay` is the command that runs it again, shown unless it is valid.
    #[must_use]
    pub fn of(report: &'a TrialResult, replay: String) -> Self {
        let is_valid = report.valid() == Validity::True;
        Results {
            valid: report.valid(),
            seed: report.seed,
            replay: (!is_valid).then_some(replay),
            run: Run {
                end_ns: report.end_ns,
                messages: report.messages,
                steps: report.used.steps,
                fuel: report.used.fuel,
            },
            stopped: report.result.as_ref().err().map(JsonStopped::of),
            results: report.result.as_ref().ok(),
        }
    }
}
