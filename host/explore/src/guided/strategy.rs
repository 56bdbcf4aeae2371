//! The strategies, and what a search with one of them is told and tells.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::explore::End;
use crate::goals::Sighted;
use crate::wrong::Mode;

/// How schedules are chosen where there are too many to try all, under its name in `--strategy`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Strategy {
    /// Each move that is possible is as likely as any other.
    Random,
    /// Messages are prompt, but for a few that are late by any time.
    ///
    /// Source: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic guarantees of
    /// finding bugs" (2010); for messages: Ozkan, Majumdar, Niksic, Befrouei and Weissenbacher, "Randomized testing of
    /// distributed systems with probabilistic guarantees" (2018).
    #[default]
    Pct,
    /// Phases, in each of which some nodes are cut off and some clocks are quick.
    ///
    /// Source: Winter, Buse, de Graaf, von Gleissenthall and Kulahcioglu Ozkan, "Randomized testing of Byzantine fault
    /// tolerant algorithms" (2023).
    Phases,
    /// Each event has a random priority, and draws a new one when its order with the one that happened matters.
    ///
    /// Source: Yuan, Yang and Gu, "Partial order aware concurrency sampling" (2018).
    Pos,
    /// Runs begin in states that were reached and are unlike all before them.
    Novelty,
    /// Runs are changes of earlier ones that have reached such states.
    Mutate,
}

impl Strategy {
    /// All of them.
    pub const ALL: &'static [Strategy] = Strategy::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How a search goes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guidance {
    /// How schedules are chosen.
    pub strategy: Strategy,
    /// How many are tried.
    pub runs: u64,
    /// For [`Strategy::Pct`]: the depth of the bugs that are looked for, one more than how often in a run something is late on
    /// purpose, at least; at most it is sixteen times as often.
    pub pct_depth: u32,
}

impl Default for Guidance {
    fn default() -> Self {
        Guidance {
            strategy: Strategy::default(),
            runs: 1000,
            pct_depth: 3,
        }
    }
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tried {
    /// Runs that were made, up to the first that fails.
    pub runs: u64,
    /// Their moves.
    pub moves: u64,
    /// States that they have met, each once. Beyond 2²² no more are counted.
    pub states: usize,
    /// States or schedules that further runs begin with.
    pub pool: usize,
    /// The goals that were shown.
    pub goals: Sighted,
}

/// What came of a search.
#[derive(Debug)]
pub struct Guided {
    /// How far it came.
    pub tried: Tried,
    /// The number of the run that failed, from 0.
    pub failed_run: Option<u64>,
    /// Why it is over.
    pub end: End,
    /// What states consisted of.
    pub mode: Mode,
}
