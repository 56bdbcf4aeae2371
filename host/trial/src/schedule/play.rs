//! A schedule and how it is run.

use crate::scenario::Scenario;
use crate::trial::{Trial, TrialResult};
use host_guest::Start;
use host_sim::Script;
use host_sim::journal::Observer;
use host_sim::workload::TxnShape;

/// A run written down.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Decides all that the script does not: latencies, losses, services, guests.
    pub seed: u64,
    /// Everything else. Its rate, its faults and its shape of transactions do not matter: the
    /// script has the operations and the faults.
    pub scenario: Scenario,
    /// The operations that clients start, and the faults.
    pub script: Script,
}

impl Schedule {
    /// The schedule of a trial's run with one seed, of which [`Trial::record`] gave the script.
    #[must_use]
    pub fn of(trial: &Trial<'_>, seed: u64, script: Script) -> Self {
        let mut scenario = trial.scenario.clone();
        scenario.txn = TxnShape::default(); // as in a schedule that was read
        Schedule {
            seed,
            scenario,
            script,
        }
    }

    /// Its trial, with these programs as [`Trial`] has them.
    #[must_use]
    pub fn trial<'a>(
        &self,
        module: &'a dyn Start,
        next_module: Option<&'a dyn Start>,
    ) -> Trial<'a> {
        Trial {
            module,
            next_module,
            scenario: self.scenario.clone(),
        }
    }

    /// Runs it with these programs; `observers` see everything that happens.
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
