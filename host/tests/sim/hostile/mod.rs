//! Submissions that attack the grader, or that fail in unusual ways.
//!
//! Each folder of `host/tests/hostile/corpus` is one: a module in the text format (`guest.wat`,
//! whole or joined with `frame.wat`) or a recipe in `bombs.rs`, and its verdict in
//! `expected.toml`. `README.md` there has the rules.

pub(crate) mod bombs;
mod compiling;
mod corpus;
pub(crate) mod frame;
mod judge;
