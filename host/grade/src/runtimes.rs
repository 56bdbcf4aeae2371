//! Loads what was handed in: modules, and scripts into the runtimes of the suite. A runtime is loaded
//! once, and its code is shared by all submissions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::script::Script;
use super::submission::{ModuleContent, ModuleFile};
use super::suite::{Setting, Suite};
use super::work::Work;
use host_guest::Limits;
use host_protocol::text::one_line;
use host_sandbox::mount::{MountReader, Mounts};
use host_sandbox::{Compiler, GuestModule, LoadError, MountError, Sandbox, mount};
use host_trial::scenario::schedule_command;
use host_trial::{Scenario, Trial};

/// Why a module or a script does not run, although it was there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotLoaded {
    /// The module cannot be loaded.
    #[error(transparent)]
    Module(#[from] LoadError),
    /// The folder of a script cannot be mounted any more.
    #[error(transparent)]
    Folder(#[from] MountError),
    /// It cannot be judged as it is, for this reason.
    #[error("{0}")]
    Refused(String),
    /// It is not what was found.
    #[error("{} changed while it was judged", one_line(&.0.to_string_lossy()))]
    Changed(PathBuf),
}

/// The runtimes that submissions need, loaded.
#[derive(Default)]
pub struct Runtimes(Vec<Option<GuestModule>>);

impl Runtimes {
    /// Loads the runtimes that the work needs.
    ///
    /// # Errors
    /// If one cannot be loaded.
    pub fn load(work: &Work<'_>, sandbox: &Sandbox) -> Result<Self, LoadError> {
        let limits = work.suite.guest_limits();
        let scripts = work
            .modules
            .values()
            .filter_map(|(module, _)| module.script.as_ref());
        let used: Vec<usize> = scripts.map(|script| script.runtime).collect();
        let runtimes = work.suite.runtimes.iter().enumerate();
        let loaded = runtimes.map(|(index, runtime)| {
            used.contains(&index)
                .then(|| sandbox.load_chosen(&runtime.module, &limits, &runtime.module_limits))
                .transpose()
        });
        Ok(Runtimes(loaded.collect::<Result<_, _>>()?))
    }

    /// Loads a module, or a script into its runtime. It must still be what was found.
    ///
    /// # Errors
    /// If it cannot be loaded, or is another.
    pub fn module(
        &self,
        file: &ModuleFile,
        suite: &Suite,
        limits: &Limits,
        load: impl FnOnce(&Path, &Limits) -> Result<GuestModule, LoadError>,
    ) -> Result<GuestModule, NotLoaded> {
        let changed = || NotLoaded::Changed(file.path.clone());
        let expected = match &file.content {
            ModuleContent::Sha256(sha256) => sha256,
            ModuleContent::Refused(why) => return Err(NotLoaded::Refused(why.clone())),
        };
        let runtime = |script: &Script| self.0.get(script.runtime)?.clone();
        let Some((script, module)) = file
            .script
            .as_ref()
            .zip(file.script.as_ref().and_then(runtime))
        else {
            let module = load(&file.path, limits)?;
            return match module.facts.sha256 == *expected {
                true => Ok(module),
                false => Err(changed()),
            };
        };
        let mut reader = MountReader::new(script.limits);
        reader.read(&script.folder, "")?;
        let (own, _) = reader.finish();
        if script.sha256(suite, &mount::sha256(&own)) != *expected {
            return Err(changed());
        }
        let runtime = &suite.runtimes[script.runtime];
        let mut mounts = Mounts::clone(&runtime.files.mounts);
        mounts.add_under(&own);
        let mut module = module.mounted(&Arc::new(mounts))?;
        module.first_args = script.args(suite);
        Ok(module)
    }
}

/// Loads with a compiler in another process.
pub(super) fn untrusted<'a>(
    sandbox: &'a Sandbox,
    compiler: &'a Compiler,
) -> impl FnOnce(&Path, &Limits) -> Result<GuestModule, LoadError> + 'a {
    |path, limits| sandbox.load_untrusted(path, limits, compiler)
}

impl ModuleFile {
    /// The command that makes a run with this seed again, or an exploration, with more flags.
    #[must_use]
    pub fn command(
        &self,
        suite: &Suite,
        setting: Setting<'_>,
        seed: u64,
        more: &[String],
    ) -> String {
        let command = |scenario: &Scenario, module: &Path, more: &[String]| match setting.explore()
        {
            None => scenario.command(module, seed, more),
            Some(explore) => {
                scenario.explore_command(module, seed, &[&explore.flags(), more].concat())
            }
        };
        let Some(script) = &self.script else {
            return command(setting.scenario(), &self.path, more);
        };
        let scenario = scenario(setting, &script.args(suite));
        let module = &suite.runtimes[script.runtime].module;
        command(&scenario, module, &[&script.flags(suite), more].concat())
    }

    /// The command that plays a schedule.
    #[must_use]
    pub fn schedule_command(&self, suite: &Suite, schedule: &Path) -> String {
        match &self.script {
            None => schedule_command(&self.path, schedule, &[]),
            Some(script) => {
                let module = &suite.runtimes[script.runtime].module;
                schedule_command(module, schedule, &script.flags(suite))
            }
        }
    }
}

/// A module in a setting of a challenge.
#[must_use]
pub fn trial<'a>(module: &'a GuestModule, setting: Setting<'_>) -> Trial<'a> {
    Trial::of(module, scenario(setting, &module.first_args))
}

/// The scenario of a setting, with more arguments of guests before those that it has.
pub(super) fn scenario(setting: Setting<'_>, first_args: &[String]) -> Scenario {
    let mut scenario = setting.scenario().clone();
    let args = &mut scenario.options.guest_args;
    args.splice(0..0, first_args.iter().cloned());
    scenario
}
