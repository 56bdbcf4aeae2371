//! The result of a run as JSON: Maelstrom's results, and how to get them again.

use serde::Serialize;

use host_check::validity::Validity;
use host_check::workload::CheckResult;
use host_sim::{Coverage, Stopped, begins_ns};
use host_trial::TrialResult;

/// The results of a run; `docs/simulator.md` describes the JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Results<'a> {
    #[serde(rename = "valid?")]
    valid: Validity,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
    run: RunFacts,
    #[serde(skip_serializing_if = "Coverage::is_empty")]
    faults: &'a Coverage,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<StopFacts<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missed_targets: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a CheckResult>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct RunFacts {
    clock_ns: u64,
    end_ns: u64,
    messages: u64,
    steps: u64,
    fuel: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct StopFacts<'a> {
    at_ns: u64,
    node: Option<&'a str>,
    why: String,
}

impl<'a> StopFacts<'a> {
    fn of(stopped: &'a Stopped) -> Self {
        StopFacts {
            at_ns: stopped.at_ns,
            node: stopped.node.as_deref(),
            why: stopped.to_string(),
        }
    }
}

impl<'a> Results<'a> {
    /// The results of a run. `replay` is the command that runs it again; a valid run is shown
    /// without.
    #[must_use]
    pub fn of(result: &'a TrialResult, replay: String) -> Self {
        let is_valid = result.valid() == Validity::True;
        Results {
            valid: result.valid(),
            seed: result.seed,
            replay: (!is_valid).then_some(replay),
            run: RunFacts {
                clock_ns: begins_ns(result.seed),
                end_ns: result.end_ns,
                messages: result.messages,
                steps: result.used.steps,
                fuel: result.used.fuel,
            },
            faults: &result.coverage,
            warnings: result.warnings(),
            stopped: result.result.as_ref().err().map(StopFacts::of),
            missed_targets: (result.result.as_ref()).map_or(&[], |it| &it.missed_targets),
            evidence: Vec::new(),
            results: result.result.as_ref().ok(),
        }
    }

    /// The same with what the run did that went over a limit.
    #[must_use]
    pub fn with_evidence(self, evidence: Vec<String>) -> Self {
        Results { evidence, ..self }
    }
}
