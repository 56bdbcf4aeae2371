//! A schedule: a run spelled out, so that it can be kept in a file, changed and played again.
//!
//! It is a [`Script`] (operations and faults) and all that a run is made from besides its
//! module and its limits. Recorded from a run and played, it gives the same run again, to the
//! byte. `docs/simulator.md` has the file's format.

mod episode;
mod file;
mod trace;

pub use file::VERSION;
pub use trace::trace;

use crate::{Trial, TrialResult};
use host_check::workload::{CheckOptions, Workload};
use host_guest::Start;
use host_sim::journal::Observer;
use host_sim::workload::{Topology, TxnShape};
use host_sim::{RunOptions, Script};

/// A run spelled out.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Where the chance comes from that the script leaves: latencies, losses, services, guests.
    pub seed: u64,
    /// What clients do.
    pub workload: Workload,
    /// Who is whose neighbour.
    pub topology: Topology,
    /// The facts of the run. Its rate and its faults do not matter: the script has them.
    pub options: RunOptions,
    /// How it is judged.
    pub checks: CheckOptions,
    /// What clients begin and what goes wrong.
    pub script: Script,
}

impl Schedule {
    /// The schedule of a trial's run with one seed, of which [`Trial::record`] gave the script.
    #[must_use]
    pub fn of(trial: &Trial<'_>, seed: u64, script: Script) -> Self {
        Schedule {
            seed,
            workload: trial.workload,
            topology: trial.topology,
            options: trial.options.clone(),
            checks: trial.checks.clone(),
            script,
        }
    }

    /// What it is a schedule of, with these programs as [`Trial`] has them.
    #[must_use]
    pub fn trial<'a>(
        &self,
        module: &'a dyn Start,
        next_module: Option<&'a dyn Start>,
    ) -> Trial<'a> {
        Trial {
            module,
            next_module,
            workload: self.workload,
            topology: self.topology,
            txn: TxnShape::default(), // nothing is drawn that would need it
            options: self.options.clone(),
            checks: self.checks.clone(),
        }
    }

    /// Plays it with these programs; `observers` see everything.
    #[must_use]
    pub fn play(
        &self,
        module: &dyn Start,
        next_module: Option<&dyn Start>,
        observers: Vec<&mut dyn Observer>,
    ) -> TrialResult {
        let trial = self.trial(module, next_module);
        // They may see more than this run, whose borrow of them is shorter.
        let observers = observers.into_iter().map(|it| it as &mut dyn Observer);
        trial.play(self.seed, &self.script, observers.collect())
    }
}
