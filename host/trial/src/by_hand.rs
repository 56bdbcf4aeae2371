//! Trials whose runs are touched by hand, and histories that go on.

use crate::Scenario;
use crate::trial::{Trial, TrialResult, impossible};
use host_check::history::History;
use host_check::linear::Budgets;
use host_check::so_far::check_so_far;
use host_check::workload::CheckResult;
use host_sim::journal::Observer;
use host_sim::{Hand, Script, Simulation, run};

impl Trial<'_> {
    /// Runs it with one seed, or plays a script, while a hand touches it; also returns the operations and faults that
    /// were drawn. The run may stand still for as long as the hand likes, so it has no place among others and waits
    /// for none: who makes several at a time sees to their memory.
    #[must_use]
    pub fn by_hand<'o>(
        &'o self,
        seed: u64,
        script: Option<&'o Script>,
        hand: &'o mut (dyn Hand + 'o),
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> (TrialResult, Script) {
        let options = &self.scenario.options;
        let records = script.is_none();
        match self.simulation(options, seed, script, records, None, observers) {
            Ok(simulation) => {
                let mut outcome = run(Simulation {
                    hand: Some(hand),
                    ..simulation
                });
                let written = outcome.script.take().unwrap_or_default();
                (self.judge(seed, outcome, &Budgets::default()), written)
            }
            Err(why) => (impossible(seed, why), Script::default()),
        }
    }
}

impl Scenario {
    /// What is wrong for good with a history that goes on, whatever comes next; `None` if nothing is, or if it is not known.
    #[must_use]
    pub fn check_so_far(&self, history: &History) -> Option<CheckResult> {
        check_so_far(self.workload.rules(), history, &self.check_options())
    }
}
