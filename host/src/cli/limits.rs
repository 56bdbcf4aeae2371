//! Flags of every command that runs a guest: its limits and the cache.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::{env, thread};

use clap::Args;
use tracing::warn;

use super::cache::read_key;
use super::options::{GuestLimits, OptionArgs};
use super::{Exit, Failure};
use host_guest::{Interrupt, Limits};
use host_sandbox::{
    CHOSEN_BYTES_MAX, Cache, EngineError, ModuleLimits, Sandbox, SharedCache, guests_max,
};

/// The flags that limit a guest.
pub(super) type LimitArgs = OptionArgs<GuestLimits>;

impl LimitArgs {
    pub(super) fn limits(&self) -> Result<Limits, Failure> {
        Ok(self.scenario()?.options.limits)
    }
}

/// How large a module may be that the user has chosen.
#[derive(Debug, Args)]
pub(super) struct ModuleArgs {
    /// Maximum size of the module, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = CHOSEN_BYTES_MAX >> 20, value_parser = clap::value_parser!(u64).range(1..=1024), help_heading = HEADING, hide_short_help = true)]
    max_module_mib: u64,
}

impl ModuleArgs {
    pub(super) fn limits(&self) -> ModuleLimits {
        ModuleLimits::of_chosen(self.max_module_mib << 20)
    }
}

/// The heading of the flags of the cache.
const HEADING: &str = "Compiled code";

/// Where compiled code is kept: by default in the user's cache directory.
#[derive(Debug, Default, Args)]
pub(super) struct CacheArgs {
    /// Directory for compiled modules, of mode 0700 [default: the user's cache directory].
    #[arg(long, value_name = "DIR", help_heading = HEADING, hide_short_help = true)]
    cache_dir: Option<PathBuf>,
    /// Compile the module again and store nothing.
    #[arg(long, conflicts_with = "cache_dir", help_heading = HEADING, hide_short_help = true)]
    no_cache: bool,
    /// Directory of modules that another machine has compiled (`host cache share`), such as a volume that is mounted
    /// read-only. What the cache lacks is taken from there.
    #[arg(long, value_name = "DIR", requires = "cache_key", conflicts_with = "no_cache", help_heading = HEADING, hide_short_help = true)]
    shared_cache: Option<PathBuf>,
    /// File with the key of the shared cache (`host cache key`).
    #[arg(long, value_name = "FILE", requires = "shared_cache", help_heading = HEADING, hide_short_help = true)]
    cache_key: Option<PathBuf>,
}

/// Starts fewer threads than there are processors if each makes runs with so many guests at a time, and the system does not
/// have memory mappings for all of them. It has to be called before anything runs in parallel.
pub(super) fn fit_threads(guests_of_run: usize) -> Result<(), Failure> {
    let fit = guests_max() / guests_of_run.max(1);
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // Who asks for a number of threads gets it, or an error from the sandbox.
    let is_asked_for = env::var_os("RAYON_NUM_THREADS").is_some();
    if fit == 0 || fit >= processors || is_asked_for {
        return Ok(());
    }
    warn!(
        "{fit} of {processors} processors are used: the system has no memory mappings for more runs of {guests_of_run} \
         guests at a time (sysctl vm.max_map_count)"
    );
    let pool = rayon::ThreadPoolBuilder::new().num_threads(fit);
    pool.build_global()
        .map_err(|error| Failure::new(Exit::Internal, format!("cannot start threads: {error}")))
}

impl CacheArgs {
    /// A sandbox with the cache that the flags ask for. A cache that cannot be
    /// used costs time, not correctness: it is only worth a warning.
    pub(super) fn sandbox(&self) -> Result<Sandbox, Failure> {
        self.open(Sandbox::new)
    }

    /// The same, for this many guests at a time, which end when `interrupt` is requested.
    pub(super) fn sandbox_for(
        &self,
        instances: usize,
        interrupt: &Interrupt,
    ) -> Result<Sandbox, Failure> {
        let sandbox = self.open(|cache| Sandbox::pooled(cache, instances))?;
        Ok(sandbox.interrupted_by(interrupt))
    }

    /// The shared cache, if there is one. It is named by the user, so one that cannot be used is an error.
    fn shared(&self) -> Result<Option<SharedCache>, Failure> {
        let Some((directory, key)) = self.shared_cache.as_ref().zip(self.cache_key.as_ref()) else {
            return Ok(None);
        };
        let key = read_key(key)?;
        if let Err(error) = std::fs::read_dir(directory) {
            let text = format!(
                "cannot read the shared cache: {}: {error}",
                directory.display()
            );
            return Err(Failure::new(Exit::Usage, text));
        }
        Ok(Some(SharedCache::new(directory.clone(), key)))
    }

    fn open(
        &self,
        make: impl FnOnce(Option<Cache>) -> Result<Sandbox, EngineError>,
    ) -> Result<Sandbox, Failure> {
        let shared = self.shared()?;
        let cache = if self.no_cache {
            None
        } else {
            let directory = self.cache_dir.clone();
            let directory = directory.unwrap_or_else(Cache::default_directory);
            Cache::open(directory.clone())
                .inspect_err(|error| {
                    warn!("working without the cache {}: {error}", directory.display());
                })
                .ok()
                .map(|cache| match shared {
                    Some(shared) => cache.beside(shared),
                    None => cache,
                })
        };
        make(cache).map_err(|error| {
            let exit = match error {
                EngineError::Guests(_) => Exit::Usage,
                _ => Exit::Internal,
            };
            Failure::new(exit, error)
        })
    }
}
