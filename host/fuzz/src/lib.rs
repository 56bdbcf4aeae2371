//! Fuzz targets as functions: each takes any bytes and asserts what must hold for them.
//!
//! A target does more than find panics. It compares two ways to the same result: a value with
//! what is read after writing it, a fast parser with a simple one, one check of a module with
//! the next. The programs in `fuzz/` call the targets with inputs from libFuzzer; the test
//! `fuzz` replays the stored corpora, and mutations of them, in every test run.
//!
//! | module | targets |
//! |---|---|
//! | `readers` | [`edn`], [`history_json`]: the readers of histories |
//! | `judge` | [`judge`](fn@judge): the checkers |
//! | `loader` | [`loader`](fn@loader): vetting, validating and compiling a module |
//! | `effects` | [`effects`](fn@effects): what a guest returns |
//! | `message` | [`message`](fn@message): what a live node reads |
//! | `store` | [`store`](fn@store): the file that keeps a live node's disk |

mod effects;
mod judge;
mod loader;
mod message;
mod readers;
mod store;

pub use effects::effects;
pub use judge::judge;
pub use loader::loader;
pub use message::message;
pub use readers::{edn, history_json};
pub use store::store;

/// A function that panics if an assertion about its input fails.
pub type Target = fn(&[u8]);

/// All targets, by the names of their programs and corpora.
pub const TARGETS: [(&str, Target); 7] = [
    ("edn", edn),
    ("history_json", history_json),
    ("judge", judge),
    ("loader", loader),
    ("effects", effects),
    ("message", message),
    ("store", store),
];
