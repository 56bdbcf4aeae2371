//! `host grade` from outside: classes of submissions in folders; grades, in every format, out.
//!
//! `UPDATE_EXPECT=1 cargo test -p host --test grade` writes what is into what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod class;
mod command_line;
mod folders;
mod formats;
mod parts;
mod suites;
