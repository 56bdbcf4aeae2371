//! What is explored, by names and values: what has to be the same for an exploration to go on.

use std::collections::BTreeMap;

use host_trial::scenario::option::{self, Group};

use crate::bounds::Bounds;
use crate::exploration::Exploration;
use crate::kept::About;

impl Exploration<'_> {
    /// What is explored. `program` names the one that explores and its version, since another one may step guests in another
    /// way; `module` says what of nodes is not in the scenario, by name: the hashes of their module and files.
    #[must_use]
    pub fn about(&self, program: &str, module: &[(&str, &str)]) -> About {
        let Exploration {
            module: _,
            scenario,
            bounds,
            budget: _,
            seed,
            operations,
        } = self;
        let mut about = BTreeMap::new();
        let mut note = |name: &str, value: String| {
            about.insert(name.to_owned(), value);
        };
        note("the program", program.to_owned());
        for (name, hash) in module {
            note(name, (*hash).to_owned());
        }
        for option in option::ALL {
            // A run confirms a failure, and finds none.
            if option.group != Group::RunLimits
                && let Some(text) = option.text(scenario)
            {
                note(&format!("--{}", option.name), text);
            }
        }
        let args = &scenario.options.guest_args;
        if !args.is_empty() {
            note("what is after --", format!("{args:?}"));
        }
        note("--seed", seed.to_string());
        note("what clients do", format!("{operations:?}"));
        let Bounds {
            operations,
            fires,
            drops,
            duplicates,
            kills,
            power,
            partitions,
            timeouts,
            delays,
            depth,
            timers,
            drift_ppm,
            warm_up_ns,
            reduces,
            symmetric,
            tries_ends,
        } = bounds;
        let switch = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
        note("--operations", operations.to_string());
        note("--fires", fires.to_string());
        for (name, count) in [
            ("--drops", drops),
            ("--duplicates", duplicates),
            ("--kills", kills),
            ("--power", power),
            ("--partitions", partitions),
            ("--timeouts", timeouts),
        ] {
            note(name, count.to_string());
        }
        for (name, bound) in [("--delays", delays), ("--depth", depth)] {
            if let Some(bound) = bound {
                note(name, bound.to_string());
            }
        }
        note("--timers", timers.name().to_owned());
        note("--drift", drift_ppm.to_string());
        note("--warm-up", host_sim::seconds(*warm_up_ns));
        note("--reductions", switch(*reduces));
        if *symmetric {
            note("--symmetric", switch(true));
        }
        note("--ends", switch(*tries_ends));
        About(about)
    }
}
