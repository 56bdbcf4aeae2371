//! What an exploration has proved of a module.

use serde::{Deserialize, Serialize};

use host_protocol::text::{counted, grouped};

/// What was tried of a module without a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Proof {
    /// The bounds, in words.
    pub bounds: String,
    /// Why the exploration was over.
    pub end: ProofEnd,
    /// How many states were met.
    pub states: u64,
    /// Schedules of up to so many moves were all tried; absent if a strategy chose them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// The strategy that chose schedules, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// How many schedules it chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedules: Option<u64>,
}

/// Why an exploration that found no failure was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofEnd {
    /// Everything within the bounds was tried.
    Complete,
    /// All schedules of the greatest length were.
    Depth,
    /// So many states were met as were asked for.
    States,
    /// So many schedules were tried as were asked for.
    Schedules,
    /// The fuel was used up.
    Fuel,
    /// The memory was.
    Memory,
    /// The processor time was.
    ProcessorTime,
}

impl Proof {
    /// As a sentence without an end.
    #[must_use]
    pub fn in_words(&self) -> String {
        let bounds = &self.bounds;
        let spent = match self.end {
            ProofEnd::Fuel => "stopped as its fuel was used up: ",
            ProofEnd::Memory => "stopped as its memory was used up: ",
            ProofEnd::ProcessorTime => "stopped as its processor time was used up: ",
            _ => "",
        };
        let large = |count: u64, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{} {one}s", grouped(count)),
        };
        if let Some(strategy) = &self.strategy {
            let schedules = large(self.schedules.unwrap_or(0), "schedule");
            return format!("{spent}{schedules} ({strategy}; {bounds}): no failure");
        }
        let states = large(self.states, "state");
        match self.end {
            ProofEnd::Complete => format!("all {states} ({bounds}): no failure"),
            _ => {
                let moves = counted(self.depth.unwrap_or(0), "move");
                format!("{spent}{states}, every schedule of up to {moves} ({bounds}): no failure")
            }
        }
    }
}
