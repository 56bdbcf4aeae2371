//! The limits on a module and on compiling it.

use std::time::Duration;

/// Limits on a module, checked before it is compiled: fuel cannot stop the compiler, and
/// its time grows faster than the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Size of the file, in bytes.
    pub module_bytes: u64,
    /// Types, those of recursion groups included.
    pub types: u32,
    /// Parameters and results of all function types, and fields of others: each takes the
    /// compiler some bytes, and a thousand of them take a thousand bytes of the file.
    pub type_values: u64,
    /// Entries of the import section.
    pub imports: u32,
    /// Entries of the export section.
    pub exports: u32,
    /// Entries of the table section.
    pub tables: u32,
    /// Entries of the global section.
    pub globals: u32,
    /// Functions that the module defines, without imports.
    pub functions: u32,
    /// Size of one function body, in bytes.
    pub body_bytes: u32,
    /// Locals of one function, without parameters.
    pub locals: u32,
    /// Body size in bytes times locals, of one function: the compiler's time for control
    /// flow over many locals grows like this product.
    pub body_work: u64,
    /// Locals of all functions together: each takes the compiler a quarter of a
    /// microsecond even if no code uses it, and a hundred of them take five bytes.
    pub locals_total: u64,
    /// The sum of the products of `body_work` over all functions.
    pub work_total: u64,
}

impl ModuleLimits {
    /// For a module of so many bytes that a user or a suite has chosen: an interpreter. Who chooses it
    /// waits for the compiler, so the limits only tell an accident from what is meant.
    #[must_use]
    pub fn of_chosen(module_bytes: u64) -> Self {
        ModuleLimits {
            module_bytes,
            exports: 100_000,
            globals: 100_000,
            functions: 1_000_000,
            body_bytes: 8 << 20,
            locals: 50_000,
            body_work: 64 << 30,
            locals_total: 50_000_000,
            work_total: 1 << 40,
            ..Self::default()
        }
    }

    /// Those of [`of_chosen`](Self::of_chosen) for the largest module that is usual: CPython's has
    /// 26 MB.
    #[must_use]
    pub fn chosen() -> Self {
        Self::of_chosen(CHOSEN_BYTES_MAX)
    }
}

/// The largest module that a user or a suite chooses, unless they say otherwise, in bytes.
pub const CHOSEN_BYTES_MAX: u64 = 32 << 20;

/// Those of a submission, for which nobody vouches. They are well above the largest known modules of
/// real programs (Go, 3.4 MB).
impl Default for ModuleLimits {
    fn default() -> Self {
        ModuleLimits {
            module_bytes: 16 << 20,
            types: 100_000,
            type_values: 1_000_000,
            imports: 1_000,
            exports: 1_000,
            tables: 4,
            globals: 10_000,
            functions: 50_000,
            body_bytes: 512 << 10,
            locals: 5_000,
            body_work: 64 << 20,
            locals_total: 1_000_000,
            work_total: 1 << 30,
        }
    }
}

/// Limits on compiling one module in a separate process.
///
/// The largest known modules of real programs (Go, 3.7 MB) take 3.4 s with an unoptimised
/// host, and 103 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Wall time. Only an overloaded machine reaches it: `cpu_s` ends a compiler that computes.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits {
            cpu_s: 20,
            memory_bytes: 512 << 20,
            wall: Duration::from_secs(300),
        }
    }
}
