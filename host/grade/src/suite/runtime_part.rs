//! `[[runtime]]` and the keys of `[limits]` that are not options.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::runtime::{Runtime, RuntimeFiles, SubmissionLimits};
use host_sandbox::mount::Mount;
use host_sandbox::{CHOSEN_BYTES_MAX, ModuleLimits, MountLimits};

/// The most MiB that a suite may ask for.
const MIB_MAX: u64 = 1024;

/// The most seconds that compiling may take.
const COMPILE_S_MAX: u64 = 3600;

/// One `[[runtime]]`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RuntimePart {
    extension: String,
    module: PathBuf,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    mounts: Vec<MountPart>,
    #[serde(default = "chosen_mib")]
    max_module_mib: Mib,
    #[serde(default = "mount_mib")]
    max_mount_mib: Mib,
}

struct MountPart(Mount);

/// A number of MiB, in bytes.
#[derive(Clone, Copy)]
struct Mib(u64);

fn chosen_mib() -> Mib {
    Mib(CHOSEN_BYTES_MAX)
}

fn mount_mib() -> Mib {
    Mib(MountLimits::OF_USER.bytes)
}

impl<'de> Deserialize<'de> for Mib {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Mib(whole(deserializer, MIB_MAX)? << 20))
    }
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D, most: u64) -> Result<u64, D::Error> {
    let found = i64::deserialize(deserializer)?;
    let number = u64::try_from(found).ok();
    number.filter(|it| (1..=most).contains(it)).ok_or_else(|| {
        let text = format!("expected a whole number from 1 to {most}, found {found}");
        D::Error::custom(text)
    })
}

impl<'de> Deserialize<'de> for MountPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = Mount::parse(text.into());
        parsed.map(MountPart).map_err(D::Error::custom)
    }
}

impl RuntimePart {
    /// The runtime, with paths from the `folder` of the suite.
    pub(super) fn runtime(self, folder: &Path) -> Runtime {
        let mounts = self.mounts.into_iter().map(|MountPart(it)| Mount {
            folder: folder.join(it.folder),
            at: it.at,
        });
        Runtime {
            extension: self.extension,
            module: folder.join(self.module),
            args: self.args,
            mounts: mounts.collect(),
            module_limits: ModuleLimits::of_chosen(self.max_module_mib.0),
            mount_limits: MountLimits {
                bytes: self.max_mount_mib.0,
                ..MountLimits::OF_USER
            },
            files: RuntimeFiles::default(),
        }
    }
}

/// The keys of `[limits]` that are not options.
pub(super) const LIMIT_KEYS: [&str; 5] = [
    "max-module-mib",
    "max-compile-s",
    "max-compile-mib",
    "max-folder-mib",
    "max-folder-files",
];

/// `[limits]`, without its options.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct LimitsPart {
    max_module_mib: Option<Mib>,
    #[serde(default, deserialize_with = "seconds")]
    max_compile_s: Option<u64>,
    max_compile_mib: Option<Mib>,
    max_folder_mib: Option<Mib>,
    #[serde(default, deserialize_with = "files")]
    max_folder_files: Option<usize>,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    whole(deserializer, COMPILE_S_MAX).map(Some)
}

fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let most = MountLimits::OF_USER.files;
    let files = whole(deserializer, most as u64)?;
    Ok(Some(usize::try_from(files).unwrap_or(most)))
}

impl LimitsPart {
    pub(super) fn of_submissions(&self) -> SubmissionLimits {
        let mut limits = SubmissionLimits::default();
        if let Some(Mib(bytes)) = self.max_module_mib {
            // Who raises it has looked at what compiling may take.
            limits.module = match bytes > limits.module.module_bytes {
                true => ModuleLimits::of_chosen(bytes),
                false => ModuleLimits {
                    module_bytes: bytes,
                    ..limits.module
                },
            };
        }
        let compile = &mut limits.compile;
        compile.cpu_s = self.max_compile_s.unwrap_or(compile.cpu_s);
        compile.memory_bytes = self.max_compile_mib.map_or(compile.memory_bytes, |it| it.0);
        let folder = &mut limits.folder;
        folder.bytes = self.max_folder_mib.map_or(folder.bytes, |it| it.0);
        folder.files = self.max_folder_files.unwrap_or(folder.files);
        limits
    }
}
