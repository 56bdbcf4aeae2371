//! What the host keeps for a guest while it runs.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime::ResourceLimiter;

use host_guest::ErrorKind;
use host_guest::GuestOptions;

/// What is kept for any guest.
pub(super) struct Common {
    pub(super) random: ChaCha8Rng,
    /// Its name first.
    pub(super) args: Vec<String>,
    pub(super) growth: Growth,
}

/// What is kept for a guest of the ABI.
pub(super) struct State {
    pub(super) common: Common,
    pub(super) now_ns: u64,
    /// What the current step has written to stdout and stderr.
    pub(super) log: Vec<u8>,
    pub(super) log_limit: usize,
}

/// Bounds the growth of memory and tables, and remembers refusals: a guest that
/// dies of one did not just trap.
pub(super) struct Growth {
    /// What it has.
    pub(super) memory_bytes: usize,
    memory_limit: usize,
    table_limit: usize,
    /// Elements of all tables together.
    table_elements: usize,
    pub(super) refused: Option<ErrorKind>,
}

impl Common {
    pub(super) fn new(name: &str, options: GuestOptions) -> Self {
        let mut args = vec![name.to_owned()];
        args.extend(options.args);
        Common {
            random: ChaCha8Rng::seed_from_u64(options.seed),
            args,
            growth: Growth {
                memory_bytes: 0,
                memory_limit: options.limits.memory_bytes,
                table_limit: options.limits.table_elements,
                table_elements: 0,
                refused: None,
            },
        }
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= self.memory_limit;
        if fits {
            self.memory_bytes = desired;
        } else {
            self.refused = Some(ErrorKind::Memory {
                wanted: desired,
                limit: self.memory_limit,
            });
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // A pool's tables have a maximum too, but that one is the limit and not the module's.
        if maximum.is_some_and(|maximum| desired > maximum && maximum < self.table_limit) {
            return Ok(false); // the module's own limit
        }
        let wanted = self.table_elements.saturating_add(desired - current);
        if wanted > self.table_limit {
            let limit = self.table_limit;
            self.refused = Some(ErrorKind::Table { wanted, limit });
            return Ok(false);
        }
        self.table_elements = wanted;
        Ok(true)
    }
}
