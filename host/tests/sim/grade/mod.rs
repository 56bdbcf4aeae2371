//! `host grade` as a process: folders of submissions in; grades, in every format, out.
//!
//! `UPDATE_EXPECT=1 cargo nextest run -p host --test sim grade::` writes the outputs that it
//! finds into the expectations.

mod bad_folders;
mod command_line;
mod demands;
mod explored;
mod folders;
mod formats;
pub(crate) mod gradescope;
mod heavy;
mod interrupts;
mod keys;
mod memory;
mod numbers;
mod parts;
mod published;
mod scripts;
mod sources;
mod suite_run;
mod suites;
mod text;
mod verdicts;
mod worlds;
mod worlds_in_commands;
mod worlds_in_suites;
