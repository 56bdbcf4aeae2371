//! JSON to and from serde data, in little code.
//!
//! A module contains the code that reads and writes each type of its messages and its state, so what one
//! field of one type costs decides how large a module is. `serde_json` is made for speed on large
//! documents: it puts its parser into the code of each field (measured: 700 bytes), and drags the
//! formatting of floats into modules that have none. Here all that does not depend on a type is in functions that are not
//! generic, structs are read from objects only, and errors are one pointer.
//!
//! What is written is, byte for byte, what `serde_json` writes; what is read is what it reads, but for structs written as arrays.

mod body;
mod error;
mod key;
mod number;
mod read;
mod reader;
mod string;
mod write;

use crate::words::word_at;
pub use body::{BodyError, read_body};
pub use error::JsonError;
pub use read::{from_str, from_str_seed, is_json};
pub use write::{to_vec, write, write_body};

/// How `serde_json` names the structure that passes a [`RawValue`](serde_json::value::RawValue)
/// between itself and a format.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Whether `name` is [`RAW_VALUE`]. Most names are shorter, and a guest compares words sooner than bytes.
#[inline]
fn is_raw_value(name: &str) -> bool {
    let word = |text: &str, at: usize| word_at(text.as_bytes(), at);
    let is_same = |at: usize| word(name, at) == word(RAW_VALUE, at);
    name.len() == RAW_VALUE.len() && [0, 8, 16, RAW_VALUE.len() - 8].into_iter().all(is_same)
}

#[cfg(test)]
mod tests;
