//! Runtimes: modules that run scripts which are handed in, and what a submission may be like.

use std::path::PathBuf;
use std::sync::Arc;

use crate::hash::sha256;
use host_sandbox::mount::{Mount, MountReader, Mounts};
use host_sandbox::{
    CompileLimits, Links, ModuleLimits, MountError, MountLimits, mount, read_regular,
};

/// The most runtimes of a suite.
const RUNTIMES_MAX: usize = 10;

/// A module that runs scripts which are handed in.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The end of the names of its scripts, without the dot: `py`.
    pub extension: String,
    /// Its file.
    pub module: PathBuf,
    /// Its arguments before the name of the script.
    pub args: Vec<String>,
    /// What is mounted besides the submission.
    pub mounts: Vec<Mount>,
    /// The limits on its module.
    pub module_limits: ModuleLimits,
    /// The limits on what is mounted.
    pub mount_limits: MountLimits,
    /// What its files have; none until they are read.
    pub files: RuntimeFiles,
}

/// What the files of a runtime have.
#[derive(Debug, Clone, Default)]
pub struct RuntimeFiles {
    /// The hash of the module and of what is mounted, as hexadecimal digits.
    pub sha256: String,
    /// What is mounted.
    pub mounts: Arc<Mounts>,
}

/// What a submission may be like.
#[derive(Debug, Clone, Copy)]
pub struct SubmissionLimits {
    /// A module.
    pub module: ModuleLimits,
    /// Compiling it.
    pub compile: CompileLimits,
    /// A folder with a script.
    pub folder: MountLimits,
}

impl Default for SubmissionLimits {
    fn default() -> Self {
        SubmissionLimits {
            module: ModuleLimits::default(),
            compile: CompileLimits::default(),
            folder: MountLimits::OF_SUBMISSION,
        }
    }
}

/// Why a runtime of a suite cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// Its module cannot be read.
    #[error("the runtime {}: {error}", path.display())]
    Module {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Its module is too large.
    #[error(
        "the runtime {} has more than {limit} bytes; give the [[runtime]] of a suite a greater \
         max-module-mib",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// What is mounted for it cannot be read.
    #[error("the runtime: {0}")]
    Mount(#[from] MountError),
    /// A suite cannot have it, for this reason.
    #[error("{0}")]
    Refused(String),
}

/// Adds a runtime.
///
/// # Errors
/// Why a suite cannot have it besides the others.
pub(super) fn add(runtimes: &mut Vec<Runtime>, runtime: Runtime) -> Result<(), String> {
    let end = runtime.extension.as_str();
    if end == "wasm" {
        return Err("modules need no runtime: name the end of scripts, such as `py`".to_owned());
    }
    if end.contains('.') {
        return Err(format!("a script's name ends in {end:?} without a dot"));
    }
    if runtimes.iter().any(|it| it.extension == end) {
        return Err(format!("there are two runtimes for {end:?}"));
    }
    if runtimes.len() == RUNTIMES_MAX {
        return Err(format!("a suite has at most {RUNTIMES_MAX} runtimes"));
    }
    runtimes.push(runtime);
    Ok(())
}

impl Runtime {
    /// A runtime for scripts with this end of their names, with the usual limits.
    #[must_use]
    pub fn new(extension: String, module: PathBuf, args: Vec<String>, mounts: Vec<Mount>) -> Self {
        Runtime {
            extension,
            module,
            args,
            mounts,
            module_limits: ModuleLimits::chosen(),
            mount_limits: MountLimits::OF_USER,
            files: RuntimeFiles::default(),
        }
    }

    /// Reads its files. Returns what is left out of mounts, in sentences.
    pub(super) fn read(&mut self) -> Result<Vec<String>, RuntimeError> {
        let path = || self.module.clone();
        let limit = self.module_limits.module_bytes;
        let bytes = match read_regular(&self.module, Links::Follow, limit) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Err(RuntimeError::TooLarge {
                    path: path(),
                    limit,
                });
            }
            Err(error) => {
                return Err(RuntimeError::Module {
                    path: path(),
                    error,
                });
            }
        };
        let mut reader = MountReader::new(self.mount_limits);
        for Mount { folder, at } in &self.mounts {
            reader.read(folder, at)?;
        }
        let (mounts, left_out) = reader.finish();
        self.files = RuntimeFiles {
            sha256: sha256(format!("{} {}", sha256(&bytes), mount::sha256(&mounts)).as_bytes()),
            mounts: Arc::new(mounts),
        };
        Ok(left_out.sentences())
    }
}
