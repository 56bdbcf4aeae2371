//! Changes programs before they are compiled: where an instruction or a runtime would do what no
//! host can make right while it runs, and where they could share machine code.
//!
//! | module | what it changes |
//! |---|---|
//! | `encode` | nothing: what the others need |
//! | [`threads`] | instructions that would block the process, in programs with threads |
//! | [`constants`] | constants in programs of Go, which differ in functions that are else equal |
//! | `go` | the goroutine of Go's runtime that waits for signals, which never come |

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::compile::InvalidModule;
use crate::facts::Facts;
use crate::vet::hex;

mod constants;
mod encode;
mod go;
pub(super) mod threads;

/// The version of all that is changed: what was compiled with another version is not used.
const VERSION: &[u8] = b"rewritten 3";

/// The name under which the compiled code of a module is kept, a hash; `None` if the module stays as
/// it is.
pub(super) fn key(facts: &Facts) -> Option<String> {
    let is_rewritten = facts.threads || facts.is_go_program();
    is_rewritten.then(|| {
        hex(&Sha256::new()
            .chain_update(VERSION)
            .chain_update(&facts.sha256)
            .finalize())
    })
}

/// Rewrites a module that has a [`key`] and is valid.
///
/// # Errors
/// If it cannot be read after all.
pub(super) fn rewrite<'a>(facts: &Facts, wasm: &'a [u8]) -> Result<Cow<'a, [u8]>, InvalidModule> {
    if facts.threads {
        return Ok(Cow::Owned(threads::rewrite(wasm)?));
    }
    let wasm = go::rewrite(wasm)?.map_or(Cow::Borrowed(wasm), Cow::Owned);
    let without = constants::rewrite(&wasm)?;
    Ok(without.map_or(wasm, Cow::Owned))
}
