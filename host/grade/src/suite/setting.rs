//! Settings: where the runs of a challenge take place.
//!
//! The official options are those of the challenge's page, and its figures and targets are judged
//! there. A world changes some of them, as far as the challenge's promise goes: other latencies,
//! more clients, faults. It has a sentence about why that is fair.

use std::iter::once;

use super::challenge::{Challenge, World};
use super::explore::Explore;
use super::options::Options;
use super::target::{Measure, Target};
use host_sim::ranges::SMALL_NODES_MAX;
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group, OptionError, ScenarioOption};

/// Where runs take place: under the official options of a challenge, or in one of its worlds.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The challenge.
    pub challenge: &'a Challenge,
    /// The world; `None` for the official options.
    pub world: Option<&'a World>,
}

/// A run that a challenge asks for.
#[derive(Debug, Clone, Copy)]
pub struct PlannedRun<'a> {
    /// Where it takes place.
    pub setting: Setting<'a>,
    /// Its seed in the suite.
    pub seed: u64,
}

/// An option that a command line gives, and that does not fit to the others.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("--{option}: {error}")]
pub struct InvalidOption {
    /// The option's name.
    pub option: &'static str,
    /// What is wrong with its value.
    pub error: OptionError,
}

impl Challenge {
    /// Its official options.
    #[must_use]
    pub fn official(&self) -> Setting<'_> {
        Setting {
            challenge: self,
            world: None,
        }
    }

    /// The world with this name.
    #[must_use]
    pub fn world(&self, name: &str) -> Option<Setting<'_>> {
        let mut worlds = self.settings().skip(1);
        worlds.find(|it| it.world.is_some_and(|world| world.name == name))
    }

    /// The official options, then its worlds.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'_>> {
        let worlds = self.worlds.iter().map(|world| Setting {
            challenge: self,
            world: Some(world),
        });
        once(self.official()).chain(worlds)
    }

    /// All runs, in the order in which they count: the official seeds, then those of each world.
    pub fn runs(&self) -> impl Iterator<Item = PlannedRun<'_>> {
        self.settings().flat_map(|setting| {
            let seeds = setting.seeds().iter();
            seeds.map(move |&seed| PlannedRun { setting, seed })
        })
    }

    /// How many runs there are in worlds.
    #[must_use]
    pub fn world_runs(&self) -> usize {
        self.worlds.iter().map(|world| world.seeds.len()).sum()
    }

    /// Gives every node of every run these arguments.
    pub fn set_guest_args(&mut self, args: &[String]) {
        let worlds = self.worlds.iter_mut().map(|world| &mut world.scenario);
        for scenario in once(&mut self.scenario).chain(worlds) {
            scenario.options.guest_args = args.to_vec();
        }
    }
}

impl<'a> Setting<'a> {
    /// The name of the world, if it is one.
    #[must_use]
    pub fn world_name(self) -> Option<&'a str> {
        self.world.map(|world| world.name.as_str())
    }

    /// The seeds on which it is judged, in this order.
    #[must_use]
    pub fn seeds(self) -> &'a [u64] {
        self.world
            .map_or(&self.challenge.seeds, |world| &world.seeds)
    }

    /// How it is explored, if it is.
    #[must_use]
    pub fn explore(self) -> Option<&'a Explore> {
        self.world.and_then(|world| world.explore.as_ref())
    }

    /// The scenario of its runs.
    #[must_use]
    pub fn scenario(self) -> &'a Scenario {
        self.world
            .map_or(&self.challenge.scenario, |world| &world.scenario)
    }

    /// The figures that have a bound.
    #[must_use]
    pub fn targets(self) -> &'a [Target] {
        self.world
            .map_or(&self.challenge.targets, |world| &world.targets)
    }

    /// What a measurement is called among those of all settings: `far/msgs-per-op`.
    #[must_use]
    pub fn name_of(self, measure: Measure) -> String {
        self.qualified(measure.name())
    }

    /// The name of a measurement, with the world before it.
    pub(crate) fn qualified(self, measure: &str) -> String {
        match self.world {
            None => measure.to_owned(),
            Some(world) => format!("{}/{measure}", world.name),
        }
    }

    /// The seed of the run that has `seed` in the suite: another one if the suite has a key. No
    /// name has a slash, so no two settings share a seed by their names.
    #[must_use]
    pub fn run_seed(self, seed: u64) -> u64 {
        let id = &self.challenge.id;
        match (&self.challenge.seed_key, self.world) {
            (None, _) => seed,
            (Some(key), None) => key.run_seed(id, seed),
            (Some(key), Some(world)) => key.run_seed(&format!("{id}/{}", world.name), seed),
        }
    }

    /// The scenario with other values of some options, which a command line gives. What depends on
    /// them follows: two clients a node are two a node among more nodes.
    ///
    /// # Errors
    /// The first option that does not fit to the others.
    pub fn scenario_with(
        self,
        given: &[(&'static ScenarioOption, String)],
    ) -> Result<Scenario, InvalidOption> {
        let mut options = self.challenge.options.clone();
        if let Some(world) = self.world {
            options = options.with(&world.changes);
        }
        // The suite's limits of a run are for its own clusters, not for one of another size.
        let grows = given.iter().any(|(option, text)| {
            let nodes = text.parse().unwrap_or(0);
            std::ptr::eq(*option, &option::NODE_COUNT) && nodes > SMALL_NODES_MAX
        });
        if grows {
            options = options.without(Group::RunLimits);
        }
        let options = options.with(&Options::given(given));
        let mut scenario = options.scenario().map_err(|wrong| InvalidOption {
            option: wrong.option.name,
            error: wrong.error,
        })?;
        let args = &self.scenario().options.guest_args;
        scenario.options.guest_args.clone_from(args);
        Ok(scenario)
    }
}
