//! EDN, the notation of Jepsen's histories and results: a reader and a writer for
//! [`Value`](super::value::Value).
//!
//! The reader accepts the [EDN format](https://github.com/edn-format/edn) and what else Clojure
//! prints: integers in any base, ratios, maps with a namespace, regular expressions, objects
//! (`#object[…]`, `#<…>`), `##Inf` and `##NaN`. Metadata is dropped. It rejects code (`#=`). It never
//! panics and never recurses deeper than [`DEPTH_MAX`].

mod read;
mod token;
mod write;

pub use read::{DEPTH_MAX, Reader, read};
pub use write::{write, write_str};
