//! Flags that say in which scenario nodes run: one by one, or by a challenge of a suite.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use crate::cli::options::{AllLimits, Circumstances, OptionArgs};
use crate::cli::{Exit, Failure, suite_file};
use host_grade::suite::Target;
use host_sim::workload::AnyWorkload;
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group, ScenarioOption};

/// The flags.
#[derive(Debug, Args)]
pub(in crate::cli) struct SettingArgs {
    #[command(flatten)]
    scenario: OptionArgs<Circumstances>,
    /// Take the options and the targets of this challenge of a suite. Other options change them.
    #[arg(long, value_name = "ID", help_heading = CHALLENGES)]
    challenge: Option<String>,
    /// Take the options of this world of the challenge; `host suite show ID` lists its worlds.
    #[arg(long, value_name = "NAME", help_heading = CHALLENGES)]
    world: Option<String>,
    /// Read the challenge from this suite [default: the Gossip Glomers challenges].
    #[arg(long, value_name = "FILE", help_heading = CHALLENGES)]
    suite: Option<PathBuf>,
    /// Ask for less than this of a measure, such as msgs-per-op=30, or the run is not valid.
    ///
    /// Repeatable; --challenge brings the targets of the challenge.
    #[arg(long, value_name = "MEASURE=NUMBER", value_parser = Target::from_str, help_heading = Group::Checks.heading())]
    below: Vec<Target>,
}

/// The heading of the flags about suites.
const CHALLENGES: &str = "Challenges";

/// What the flags say.
pub(in crate::cli) struct SettingOfRuns {
    pub(in crate::cli) scenario: Scenario,
    /// The flags for limits that come from a suite. A schedule has none.
    pub(in crate::cli) limit_flags: Vec<String>,
    /// The targets of the challenge.
    pub(in crate::cli) targets: Vec<Target>,
}

impl SettingArgs {
    /// The scenario from the flags, or from a challenge and the flags, with these limits and arguments of nodes.
    /// The module is for a command in an error message.
    pub(in crate::cli) fn read(
        &self,
        limits: &OptionArgs<AllLimits>,
        guest_args: &[String],
        module: &Path,
    ) -> Result<SettingOfRuns, Failure> {
        let Some(id) = &self.challenge else {
            if self.world.is_some() || self.suite.is_some() {
                let flag = match self.world {
                    Some(_) => "--world is for a world",
                    None => "--suite is for the suite",
                };
                let text = format!(
                    "{flag} of a challenge: add --challenge ID; `host suite list` lists them"
                );
                return Err(Failure::new(Exit::Usage, text));
            }
            let mut scenario = self.scenario.scenario()?;
            limits.apply(&mut scenario)?;
            scenario.options.guest_args = guest_args.to_vec();
            return Ok(SettingOfRuns {
                scenario,
                limit_flags: Vec::new(),
                targets: Vec::new(),
            });
        };
        let suite = suite_file::open(self.suite.as_deref())?;
        let challenge = suite_file::find(&suite, id)?;
        let setting = suite_file::setting(challenge, self.world.as_deref())?;
        if let (Some(explore), Some(world)) = (setting.explore(), &self.world) {
            let command = setting.scenario().explore_command(
                module,
                setting.run_seed(setting.seeds()[0]),
                &explore.flags(),
            );
            let text = format!("the world {world} is explored, and has no runs: {command}");
            return Err(Failure::new(Exit::Usage, text));
        }
        let given = [self.scenario.given(), limits.given()].concat();
        let usage = |error| Failure::new(Exit::Usage, error);
        let mut scenario = setting.scenario_with(&given).map_err(usage)?;
        if !guest_args.is_empty() {
            scenario.options.guest_args = guest_args.to_vec();
        }
        let is_given =
            |option: &ScenarioOption| given.iter().any(|(it, _)| std::ptr::eq(*it, option));
        let limits = option::ALL.iter().copied();
        let limits = limits.filter(|option| !option.is_in_schedules() && !is_given(option));
        let flags = limits.filter_map(|option| Some([option.flag(), option.get(&scenario)?]));
        let limit_flags = flags.flatten().collect();
        Ok(SettingOfRuns {
            scenario,
            limit_flags,
            targets: setting.targets().to_vec(),
        })
    }

    /// Refuses targets where runs have none.
    pub(in crate::cli) fn refuse_targets(&self) -> Result<(), Failure> {
        match self.below.is_empty() {
            true => Ok(()),
            false => Err(Failure::new(
                Exit::Usage,
                "--below is for `host sim`: a run that is acted on by hand has no targets",
            )),
        }
    }

    /// The targets of runs of a workload: those that were given, and those of the challenge that were not. Other options
    /// may have changed the workload of the challenge.
    pub(in crate::cli) fn targets(
        &self,
        workload: &AnyWorkload,
        mut of_challenge: Vec<Target>,
    ) -> Result<Vec<Target>, Failure> {
        if let Some(target) = self
            .below
            .iter()
            .find(|it| !it.measure.is_of(workload.built_in()))
        {
            let text = format!(
                "--below: {} has no {}",
                workload.name(),
                target.measure.name()
            );
            return Err(Failure::new(Exit::Usage, text));
        }
        of_challenge.retain(|target| {
            let is_given = self.below.iter().any(|it| it.measure == target.measure);
            target.measure.is_of(workload.built_in()) && !is_given
        });
        of_challenge.extend_from_slice(&self.below);
        Ok(of_challenge)
    }
}
