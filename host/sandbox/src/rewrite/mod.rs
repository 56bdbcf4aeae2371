//! Changes programs before they are compiled, where an instruction or a runtime would do what no
//! host can make right while it runs.
//!
//! | module | what it changes |
//! |---|---|
//! | [`threads`] | instructions that would block the process, in programs with threads |
//! | [`go`] | the goroutine of Go's runtime that waits for signals, which never come |

use std::fmt::Display;

use crate::compile::InvalidModule;

pub(super) mod go;
pub(super) mod threads;

/// Says that a module cannot be read after all.
fn invalid(error: &dyn Display) -> InvalidModule {
    InvalidModule(format!("the module is invalid: {error}"))
}
