//! `host grade` from outside: classes of submissions in folders; grades, in every format, out.
//!
//! `UPDATE_EXPECT=1 cargo test -p host --test grade` writes what is into what is expected.

mod class;
mod command_line;
mod folders;
mod formats;
mod parts;
mod suite_run;
mod suites;
