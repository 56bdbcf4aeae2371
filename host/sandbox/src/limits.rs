//! How much a module may be, and how much compiling it may take.

use std::time::Duration;

/// Bounds on the module itself, checked before it is compiled: compiling is the
/// one step that fuel cannot stop, and its time grows faster than the code.
///
/// Measured on the largest honest modules at hand (a Go program of 3.4 MB) and
/// left well above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Bytes of the file.
    pub module_bytes: u64,
    /// Types.
    pub types: u32,
    /// Imports.
    pub imports: u32,
    /// Exports.
    pub exports: u32,
    /// Tables.
    pub tables: u32,
    /// Variables of the module as a whole.
    pub globals: u32,
    /// Functions defined.
    pub functions: u32,
    /// Bytes of one function's body.
    pub body_bytes: u32,
    /// Locals of one function, parameters not counted.
    pub locals: u32,
    /// Size of `body bytes * locals` of one function: the compiler's time on
    /// control flow over many locals grows like this product.
    pub body_work: u64,
    /// Locals of all functions together: each costs the compiler a quarter of a
    /// microsecond even where no code uses it, and a hundred of them five bytes.
    pub locals_total: u64,
    /// `body_work` of all functions together.
    pub work_total: u64,
}

impl Default for ModuleLimits {
    fn default() -> Self {
        ModuleLimits {
            module_bytes: 16 << 20,
            types: 100_000,
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

/// Bounds on compiling one module in a process of its own.
///
/// The largest honest modules at hand (Go programs of 3.7 MB) take 3.4 s with an
/// unoptimised host, and 103 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Wall time. Reaching it is the machine's fault: `cpu_s` ends what computes.
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
