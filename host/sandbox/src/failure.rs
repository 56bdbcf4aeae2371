//! What an error of the engine says about the guest.

use wasmtime::{Trap, WasmBacktrace};

use host_guest::Limits;
use host_guest::{ErrorKind, GuestError};
use host_protocol::text::{excerpt, one_line};

/// Makes sense of an error that ended a call. `refused` is the last growth of memory or
/// tables that was refused, `log` what the step has written to stderr.
pub(super) fn failure(
    error: &wasmtime::Error,
    limits: &Limits,
    refused: Option<ErrorKind>,
    log: &[u8],
    entry: &'static str,
    event: &str,
) -> Box<GuestError> {
    let fault = match (
        error.downcast_ref::<ErrorKind>(),
        error.downcast_ref::<Trap>(),
    ) {
        (Some(fault), _) => fault.clone(),
        (None, Some(trap)) => trap_fault(*trap, limits, refused),
        (None, None) => ErrorKind::Trap(error.root_cause().to_string()),
    };
    Box::new(GuestError {
        fault,
        entry,
        event: event.to_owned(),
        backtrace: backtrace(error),
        stderr: String::from_utf8_lossy(log).into_owned(),
        unfinished: String::new(),
    })
}

fn trap_fault(trap: Trap, limits: &Limits, refused: Option<ErrorKind>) -> ErrorKind {
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

/// How much of a function's name it shows, in characters: names are the guest's own.
const NAME_SHOWN_MAX: usize = 200;

/// The functions that were active, innermost first, without the machinery of a
/// Rust panic that says nothing about the solution.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
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
    const MACHINERY: [&str; 7] = [
        "std::",
        "core::",
        "alloc::",
        "rustc::",
        "rust_panic",
        "rust_start_panic",
        "rust_begin_unwind",
    ];
    let is_machinery = |name: &String| {
        let name = name.trim_start_matches(['_', '<']);
        name == "abort" || MACHINERY.iter().any(|prefix| name.starts_with(prefix))
    };
    let own = names
        .iter()
        .position(|name| !is_machinery(name))
        .unwrap_or(0);
    names.into_iter().skip(own).take(FRAMES_MAX).collect()
}
