//! What is played.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use host_guest::Start;
use host_sim::Script;
use host_trial::schedule::Schedule;
use host_trial::{Scenario, Trial};

/// A program, for all runs of a session.
pub type Module = Arc<dyn Start + Send + Sync>;

/// The programs of runs, as [`Trial`] has them.
#[derive(Clone)]
pub struct Programs {
    /// That of every node.
    pub module: Module,
    /// The version that nodes change to.
    pub next_module: Option<Module>,
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Programs")
    }
}

/// A run that nobody has touched.
#[derive(Debug, Clone)]
pub struct Base {
    /// Its seed.
    pub seed: u64,
    /// Its scenario.
    pub scenario: Arc<Scenario>,
    /// What is played instead of what the seed would draw.
    pub script: Option<Arc<Script>>,
}

impl Programs {
    /// The version that nodes change to, as [`Trial`] has it.
    pub(crate) fn next(&self) -> Option<&dyn Start> {
        let next = self.next_module.as_ref();
        next.map(|module| &**module as &dyn Start)
    }
}

impl Base {
    /// The run of a schedule.
    #[must_use]
    pub fn of(schedule: Schedule) -> Self {
        Base {
            seed: schedule.seed,
            scenario: Arc::new(schedule.scenario),
            script: Some(Arc::new(schedule.script)),
        }
    }

    pub(crate) fn trial<'a>(&self, programs: &'a Programs) -> Trial<'a> {
        Trial {
            module: &*programs.module,
            next_module: programs.next(),
            scenario: Scenario::clone(&self.scenario),
        }
    }
}

/// What a session says of the run besides.
pub struct About {
    /// The name of the module's file.
    pub module: String,
    /// The command that repeats the base run.
    pub replay: String,
    /// The command that plays the schedule in the file of this name.
    pub play: Box<dyn Fn(&str) -> String + Send + Sync>,
    /// Bodies of messages that nodes of this workload know, as examples.
    pub messages: Vec<String>,
    /// Where the module is, if it is a program and no guest of the ABI.
    pub program: Option<PathBuf>,
    /// Whether the module's file is watched.
    pub watch: bool,
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "About({})", self.module)
    }
}

/// The most of everything.
pub(crate) mod limits {
    /// Branches of a session.
    pub(crate) const BRANCHES: usize = 16;
    /// Branches that have a run which stands still.
    pub(crate) const LIVE: usize = 4;
    /// Entries of a branch's journal.
    pub(crate) const ENTRIES: usize = 200_000;
    /// Bytes of what a branch keeps.
    pub(crate) const BYTES: usize = 256 << 20;
    /// Touches of a branch.
    pub(crate) const TOUCHES: usize = 10_000;
    /// Pages of a session that are told what is new.
    pub(crate) const PAGES: usize = 16;
    /// Breakpoints of a session.
    pub(crate) const BREAKPOINTS: usize = 32;
    /// Characters of a branch's name.
    pub(crate) const NAME_CHARS: usize = 60;
}
