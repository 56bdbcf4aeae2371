//! Compiles a module in this process.

use wasmtime::{Engine, Module};

use host_protocol::text::{excerpt, one_line};

use crate::functions::Batch;

/// How much of the validator's message a problem shows, in characters.
const CAUSE_SHOWN_MAX: usize = 300;

/// Why a module cannot be compiled, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidModule(pub(crate) String);

/// Why there is no machine code.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompileError {
    /// The module is invalid, or compiling it takes too much time or memory.
    #[error(transparent)]
    Module(#[from] InvalidModule),
    /// The program was asked to end.
    #[error("interrupted")]
    Interrupted,
    /// The host or the machine failed.
    #[error("{0}")]
    Internal(String),
}

/// What the compiler makes of a module.
pub(super) struct Compiled {
    /// The machine code of the module.
    pub(super) code: Vec<u8>,
    /// The functions that were not known before.
    pub(super) functions: Batch,
}

/// Compiles `wasm` in this process, without limits on time and memory.
pub(super) fn compile(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>, InvalidModule> {
    engine
        .precompile_module(wasm)
        // The validator's message is clearer than the compiler's, and the same as `inspect`'s.
        .map_err(|error| Module::validate(engine, wasm).err().unwrap_or(error))
        .map_err(|error| InvalidModule(problem(&error)))
}

/// Describes the error of a module that does not compile on one line. The validator quotes
/// names from the module.
pub(super) fn problem(error: &wasmtime::Error) -> String {
    let cause = error.root_cause().to_string();
    let shown = excerpt(&cause, CAUSE_SHOWN_MAX);
    format!("the module is invalid: {}", one_line(&shown))
}

/// Makes a module of `code`, the result of [`compile`] in this process or in one that it has
/// started.
pub(super) fn deserialize(engine: &Engine, code: &[u8]) -> Result<Module, CompileError> {
    #[expect(unsafe_code, reason = "running our own compiler's output is the point")]
    // SAFETY: `code` comes from this program's compiler, in this process, in one that it has started for
    // that purpose, or on another machine, which only a holder of the user's key can claim (`shared.rs`).
    let module = unsafe { Module::deserialize(engine, code) };
    module.map_err(|error| CompileError::Internal(format!("{error:#}")))
}
