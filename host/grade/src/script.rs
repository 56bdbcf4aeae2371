//! Scripts that are handed in.
//!
//! The folder of a submission is mounted as the root of its nodes' files, under what the suite mounts
//! for the runtime: no submission can replace a file of the runtime's library.

use std::path::{Path, PathBuf};

use super::hash::sha256;
use super::suite::Suite;
use host_protocol::text::one_line;
use host_sandbox::mount::MountReader;
use host_sandbox::{ModuleLimits, MountError, MountLimits, mount};

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

impl Script {
    /// The arguments before those of the challenge.
    pub(super) fn args(&self, suite: &Suite) -> Vec<String> {
        let mut args = suite.runtimes[self.runtime].args.clone();
        args.push(self.file.clone());
        args
    }

    /// The flags of `host sim` that mount what it runs with.
    pub(super) fn flags(&self, suite: &Suite) -> Vec<String> {
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
