//! Trials whose runs are touched by hand.

use crate::trial::{Trial, TrialResult, impossible};
use host_check::linear::Budgets;
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
