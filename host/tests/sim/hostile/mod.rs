//! Submissions that want to harm the grader or to fool it, or that just went wrong badly.
//!
//! Each folder of `corpus/` is one: a module in the text format (`guest.wat`, whole or to be
//! joined with `frame.wat`) or the name of a recipe in `bombs.rs`, and what has to come of it
//! in `expected.toml`. `corpus/README.md` says by which rules.

mod bombs;
mod compiling;
mod corpus;
mod frame;
mod judge;
