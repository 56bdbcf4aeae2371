//! How much a search may cost, and what it reports when that is not enough.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

/// What a check of linearizability may cost. When a budget is spent, the verdict is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Configurations looked at, for all keys of a history together. First each key may spend an equal
    /// part of one half; then those for which that was too little share the other half. Less than a
    /// microsecond each; 16 looks at calls that may take effect next count as one.
    pub steps: u64,
    /// Configurations held at once, for each key being searched. Of the order of 150 bytes each.
    pub configs: usize,
    /// Time, for all keys together. Results then depend on the machine, so there is none by
    /// default.
    pub time: Option<Duration>,
}

impl Default for Budgets {
    /// A hundred million steps and half a million configurations: less than a minute, and 200 MB a
    /// thread, at worst.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            configs: 1 << 19,
            time: None,
        }
    }
}

/// Which budget ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Budget {
    /// [`Budgets::steps`].
    Steps,
    /// [`Budgets::configs`].
    Configs,
    /// [`Budgets::time`].
    Time,
}

/// Why there is no verdict, and how far the search got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spent {
    /// Which budget ran out.
    pub budget: Budget,
    /// How much it was: steps, configurations, or milliseconds.
    pub limit: u64,
    /// The longest prefix that was linearized, in completed operations.
    pub linearized_count: usize,
    /// Of how many.
    pub completed_count: usize,
}

/// `the budget of 1000 steps was spent; 12 of 40 completed operations were linearized`
impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            limit,
            linearized_count,
            completed_count,
            ..
        } = self;
        let unit = match self.budget {
            Budget::Steps => "steps",
            Budget::Configs => "configurations at once",
            Budget::Time => "milliseconds",
        };
        write!(
            f,
            "the budget of {limit} {unit} was spent; \
             {linearized_count} of {completed_count} completed operations were linearized"
        )
    }
}

/// What one search may spend, and what it has spent.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    steps: u64,
    steps_max: u64,
    pub(super) configs_max: usize,
    /// When time is up, and how much there was, in milliseconds.
    deadline: Option<(Instant, u64)>,
}

/// How many steps are taken between two looks at the clock.
const STEPS_A_LOOK: u64 = 1 << 12;

impl Meter {
    /// For a search of a check that began at `start`.
    pub(super) fn new(budgets: &Budgets, start: Instant) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            steps: 0,
            steps_max: budgets.steps,
            configs_max: budgets.configs.max(1),
            deadline: budgets
                .time
                .and_then(|time| Some((start.checked_add(time)?, millis(time)))),
        }
    }

    /// The same with an equal share of `steps_max`, for one of `keys` searches.
    pub(super) fn share(&self, steps_max: u64, keys: usize) -> Self {
        Self {
            steps_max: steps_max / (keys.max(1) as u64),
            ..self.clone()
        }
    }

    /// Takes steps, or tells which budget does not have them, and how much it was.
    pub(super) fn steps(&mut self, steps: u64) -> Result<(), (Budget, u64)> {
        if steps > self.steps_max - self.steps {
            return Err((Budget::Steps, self.steps_max));
        }
        let looks = self.steps / STEPS_A_LOOK;
        self.steps += steps;
        match self.deadline {
            Some((deadline, millis))
                if self.steps / STEPS_A_LOOK != looks && Instant::now() >= deadline =>
            {
                Err((Budget::Time, millis))
            }
            _ => Ok(()),
        }
    }
}
