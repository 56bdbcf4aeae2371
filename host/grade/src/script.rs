//! Scripts that are handed in, and the runtimes of the suite that run them.
//!
//! The folder of a submission is mounted as the root of its nodes' files, under what the suite mounts
//! for the runtime: no submission can replace a file of the runtime's library. A runtime is loaded
//! once, and its code is shared by all submissions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::hash::sha256;
use super::submission::{ModuleContent, ModuleFile};
use super::suite::{Setting, Suite};
use super::work::Work;
use host_guest::Limits;
use host_protocol::text::one_line;
use host_sandbox::mount::{MountReader, Mounts};
use host_sandbox::{
    Compiler, GuestModule, LoadError, ModuleLimits, MountError, MountLimits, Sandbox, mount,
};
use host_trial::scenario::schedule_command;
use host_trial::{Scenario, Trial};

/// A script that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The runtime, by its index in the suite.
    pub runtime: usize,
    /// The folder that it is in.
    pub folder: PathBuf,
    /// Its name in the folder.
    pub file: String,
    /// The limits on the folder.
    pub limits: MountLimits,
}

/// What a folder with scripts has.
pub(super) struct FolderContent {
    /// The hash of all files, or why they cannot be mounted.
    pub(super) sha256: Result<String, String>,
    /// What its author should know.
    pub(super) notes: Vec<String>,
}

impl FolderContent {
    /// Reads a folder for scripts of these runtimes.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(super) fn read(
        folder: &Path,
        suite: &Suite,
        runtimes: &[usize],
    ) -> Result<Self, MountError> {
        let mut reader = MountReader::new(suite.limits.folder);
        match reader.read(folder, "") {
            Ok(()) => {}
            Err(error @ MountError::Unreadable { .. }) => return Err(error),
            Err(error) => {
                return Ok(FolderContent {
                    sha256: Err(error.to_string()),
                    notes: Vec::new(),
                });
            }
        }
        let (mounts, left_out) = reader.finish();
        let mut notes = left_out.sentences();
        let is_hidden = |name: &str| {
            let mut mounts = runtimes.iter().map(|it| &suite.runtimes[*it].files.mounts);
            mounts.any(|mounts| mounts.covers(name))
        };
        let hidden = mounts.list("").filter(|(name, _)| is_hidden(name));
        notes.extend(hidden.map(|(name, _)| {
            let name = one_line(name);
            format!("/{name} is that of the suite's runtime, and {name} of the folder is not seen")
        }));
        Ok(FolderContent {
            sha256: Ok(mount::sha256(&mounts)),
            notes,
        })
    }
}

impl Script {
    /// What identifies it, together with all that it runs with.
    pub(super) fn sha256(&self, suite: &Suite, folder_sha256: &str) -> String {
        let runtime = &suite.runtimes[self.runtime].files.sha256;
        let all = [runtime, folder_sha256, &self.file];
        sha256(all.join(" ").as_bytes())
    }
}

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

impl Script {
    /// The arguments before those of the challenge.
    fn args(&self, suite: &Suite) -> Vec<String> {
        let mut args = suite.runtimes[self.runtime].args.clone();
        args.push(self.file.clone());
        args
    }

    /// The flags of `host sim` that mount what it runs with.
    fn flags(&self, suite: &Suite) -> Vec<String> {
        let runtime = &suite.runtimes[self.runtime];
        let mut flags = Vec::new();
        let mounted = runtime.mounts.iter().map(|mount| {
            let folder = mount.folder.to_string_lossy();
            format!("{folder}:/{}", mount.at)
        });
        let own = self.folder.to_string_lossy().into_owned();
        for mount in mounted.chain([own]) {
            flags.extend(["--mount".to_owned(), mount]);
        }
        let mib = |bytes: u64| (bytes >> 20).to_string();
        if runtime.module_limits != ModuleLimits::chosen() {
            let bytes = runtime.module_limits.module_bytes;
            flags.extend(["--max-module-mib".to_owned(), mib(bytes)]);
        }
        if runtime.mount_limits != MountLimits::OF_USER {
            flags.extend([
                "--max-mount-mib".to_owned(),
                mib(runtime.mount_limits.bytes),
            ]);
        }
        flags
    }
}

impl ModuleFile {
    /// The command that makes a run with this seed again, with more flags.
    #[must_use]
    pub fn command(
        &self,
        suite: &Suite,
        setting: Setting<'_>,
        seed: u64,
        more: &[String],
    ) -> String {
        let Some(script) = &self.script else {
            return setting.scenario().command(&self.path, seed, more);
        };
        let scenario = scenario(setting, &script.args(suite));
        let module = &suite.runtimes[script.runtime].module;
        scenario.command(module, seed, &[&script.flags(suite), more].concat())
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
fn scenario(setting: Setting<'_>, first_args: &[String]) -> Scenario {
    let mut scenario = setting.scenario().clone();
    let args = &mut scenario.options.guest_args;
    args.splice(0..0, first_args.iter().cloned());
    scenario
}
