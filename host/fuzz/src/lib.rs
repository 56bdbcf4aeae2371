//! What a fuzzer calls: each target takes any bytes and asserts what must hold of them.
//!
//! "It does not panic" is the least of it. A target compares two ways to the same answer: what
//! was read against what is read from its own writing, the fast way against the plain one, one
//! gate against the next. The programs of `fuzz/` feed them with what libFuzzer makes up; the
//! test `fuzz` replays the stored corpora, and mutations of them, in every run of the tests.

mod effects;
mod judge;
mod loader;
mod message;
mod readers;

pub use effects::effects;
pub use judge::judge;
pub use loader::loader;
pub use message::message;
pub use readers::{edn, history_json};

/// A function that panics if something is wrong with what the project makes of some bytes.
pub type Target = fn(&[u8]);

/// All targets, under the names of their programs and corpora.
pub const TARGETS: [(&str, Target); 6] = [
    ("edn", edn),
    ("history_json", history_json),
    ("judge", judge),
    ("loader", loader),
    ("effects", effects),
    ("message", message),
];
