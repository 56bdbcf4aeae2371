//! The state that the host keeps for a running guest.

use std::sync::Arc;

use host_disk::{Mounts, SharedDisk, View};
use host_guest::{ErrorKind, Growth, GuestOptions};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime::{Memory, ResourceLimiter};

use crate::watch::Watch;

/// The state of a guest of either kind.
pub(super) struct GuestState {
    pub(super) random: ChaCha8Rng,
    /// The arguments; the first is the guest's name.
    pub(super) args: Vec<String>,
    pub(super) limiter: GrowthLimiter,
    pub(super) watch: Watch,
    /// The node's disk.
    pub(super) disk: SharedDisk,
    /// What is mounted.
    pub(super) mounts: Arc<Mounts>,
    /// Its memory, once it has been found: to find it by its name at each call takes longer than most calls.
    pub(super) memory: Option<Memory>,
}

/// The state of a guest of the ABI.
pub(super) struct AbiState {
    pub(super) guest: GuestState,
    /// The time of the current event.
    pub(super) now_ns: u64,
    /// What the current step has written to stdout and stderr.
    pub(super) log: Vec<u8>,
    pub(super) log_limit: usize,
}

/// Limits the growth of memory and tables. It remembers the last refusal of a step, which explains
/// an end that follows.
pub(super) struct GrowthLimiter {
    /// The size of the memory.
    pub(super) memory_bytes: usize,
    memory_limit: usize,
    table_limit: usize,
    /// The number of elements in all tables together.
    pub(super) table_elements: usize,
    pub(super) refused: Option<ErrorKind>,
    /// Says whether the run has room for more.
    growth: Option<Arc<dyn Growth>>,
}

/// What an element of a table takes, in bytes.
const ELEMENT_BYTES: usize = size_of::<usize>();

impl GuestState {
    pub(super) fn new(name: &str, options: GuestOptions) -> Self {
        let mut args = vec![name.to_owned()];
        args.extend(options.args);
        GuestState {
            random: ChaCha8Rng::seed_from_u64(options.seed),
            args,
            watch: Watch::default(),
            disk: options.disk,
            mounts: Arc::default(),
            memory: None,
            limiter: GrowthLimiter {
                memory_bytes: 0,
                memory_limit: options.limits.memory_bytes,
                table_limit: options.limits.table_elements,
                table_elements: 0,
                refused: None,
                growth: options.growth,
            },
        }
    }

    /// The files of a program.
    pub(super) fn files(&self) -> View<'_> {
        View::new(&self.disk, &self.mounts)
    }
}

impl GrowthLimiter {
    /// Takes memory of the host for the guest, besides its own: `bytes`.
    pub(super) fn take(&self, bytes: usize) -> Result<(), ErrorKind> {
        let may_grow = |growth: &Arc<dyn Growth>| growth.memory(bytes);
        match self.growth.as_ref().is_none_or(may_grow) {
            true => Ok(()),
            false => Err(no_room(bytes, self.memory_limit)),
        }
    }
}

impl ResourceLimiter for GrowthLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The second memory is that of a program's constants (`rewrite::constants`). It is never written, so all nodes have
        // the one that the module's file has.
        if current == 0 && self.memory_bytes > 0 {
            return Ok(true);
        }
        // A memory without a maximum has that of its addresses.
        if maximum.is_some_and(|maximum| desired > maximum && maximum <= self.memory_limit) {
            return Ok(false); // the module's own limit
        }
        let fits = desired <= self.memory_limit;
        if fits {
            self.take(desired - current)?;
            self.memory_bytes = desired;
        } else {
            self.refused = Some(ErrorKind::Memory {
                wanted: desired,
                limit: self.memory_limit,
            });
        }
        Ok(fits)
    }

    /// Called when the engine cannot do what was allowed: that is the machine's failure, so the
    /// guest must not see it. More than 32 bits can address is refused without a question.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        match error.to_string().contains("memory type's limits") {
            true => Ok(()),
            false => Err(host_failure(&error)),
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // A table in a pool has a maximum too, but that is the limit, not the module's own.
        if maximum.is_some_and(|maximum| desired > maximum && maximum < self.table_limit) {
            return Ok(false); // the module's own limit
        }
        let wanted = self.table_elements.saturating_add(desired - current);
        if wanted > self.table_limit {
            let limit = self.table_limit;
            self.refused = Some(ErrorKind::Table { wanted, limit });
            return Ok(false);
        }
        let bytes = (desired - current).saturating_mul(ELEMENT_BYTES);
        let may_grow = |growth: &Arc<dyn Growth>| growth.tables(bytes);
        if !self.growth.as_ref().is_none_or(may_grow) {
            return Err(no_room(bytes, self.memory_limit).into());
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(host_failure(&error))
    }
}

fn host_failure(error: &wasmtime::Error) -> wasmtime::Error {
    wasmtime::Error::new(ErrorKind::Host(error.root_cause().to_string()))
}

/// Ends a step whose guest would have more memory than the run has room for. The driver knows why
/// and says it instead.
fn no_room(wanted: usize, limit: usize) -> ErrorKind {
    ErrorKind::Memory { wanted, limit }
}
