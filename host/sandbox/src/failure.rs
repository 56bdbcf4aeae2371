//! Turns errors of the engine into errors of the guest.

use host_guest::{ErrorKind, GuestError, Limits};
use host_protocol::text::{excerpt, one_line};
use wasmtime::{Trap, WasmBacktrace};

/// Turns the error that ended a call into a guest's error. `refused` is the last request for memory or
/// table elements that was refused in the step; `log` is the stderr of the step.
///
/// A guest that traps or ends itself with an error in the step in which it was refused memory has failed
/// for want of it, as far as anybody can tell: its runtime says so and exits (Go, Python), or aborts
/// (Rust, C). What it was refused in an earlier step it has survived; of a program see
/// `program/last_words.rs`.
pub(super) fn failure(
    error: &wasmtime::Error,
    limits: &Limits,
    refused: Option<ErrorKind>,
    log: &[u8],
    entry: &'static str,
    event: &str,
) -> Box<GuestError> {
    let mut hint = String::new();
    let (kind, trap) = (
        error.downcast_ref::<ErrorKind>(),
        error.downcast_ref::<Trap>(),
    );
    let kind = match (kind, trap, refused) {
        (Some(ErrorKind::Exit(0)), _, Some(refused)) => {
            hint = format!("it was refused in this step what it asked for: {refused}");
            ErrorKind::Exit(0) // that says that all is well
        }
        (Some(ErrorKind::Exit(code)), _, Some(refused)) => {
            hint = format!("then it exited with code {code}");
            refused
        }
        (Some(kind), ..) => kind.clone(),
        (None, Some(trap), refused) => trap_kind(*trap, limits, refused),
        // Whatever the engine reports besides traps is not what the guest did.
        (None, None, refused) => {
            refused.unwrap_or_else(|| ErrorKind::Host(error.root_cause().to_string()))
        }
    };
    let mut failure = GuestError::failure(kind, entry, event.to_owned(), backtrace(error), log);
    failure.hint = hint;
    failure
}

fn trap_kind(trap: Trap, limits: &Limits, refused: Option<ErrorKind>) -> ErrorKind {
    match trap {
        Trap::OutOfFuel => ErrorKind::Fuel { limit: limits.fuel },
        Trap::Interrupt => ErrorKind::Wall {
            limit_ms: limits.wall.as_millis(),
        },
        Trap::StackOverflow => ErrorKind::Stack,
        other => refused.unwrap_or_else(|| {
            let text = other.to_string();
            ErrorKind::Trap(text.trim_start_matches("wasm trap: ").to_owned())
        }),
    }
}

/// The most functions that a backtrace names.
const FRAMES_MAX: usize = 8;

/// How much of a function's name a backtrace shows, in characters: the guest chooses it.
const NAME_SHOWN_MAX: usize = 200;

/// The functions on the call stack, innermost first, without the panic runtime of Rust.
pub(super) fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let names: Vec<String> = trace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => {
                let name = format!("{:#}", rustc_demangle::demangle(name));
                one_line(&excerpt(&name, NAME_SHOWN_MAX)).into_owned()
            }
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    const PANIC_RUNTIME: [&str; 7] = [
        "std::",
        "core::",
        "alloc::",
        "rustc::",
        "rust_panic",
        "rust_start_panic",
        "rust_begin_unwind",
    ];
    let is_runtime = |name: &String| {
        let name = name.trim_start_matches(['_', '<']);
        name == "abort" || PANIC_RUNTIME.iter().any(|prefix| name.starts_with(prefix))
    };
    let first = names.iter().position(|name| !is_runtime(name)).unwrap_or(0);
    names.into_iter().skip(first).take(FRAMES_MAX).collect()
}
