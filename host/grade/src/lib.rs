//! Grading: judges submissions against a suite of challenges.
//!
//! A [`Suite`] has the challenges, [`submission`] finds what was handed in, [`work`] says which
//! module has to be run for which challenge, and [`judge`] runs them in parallel: each [`run`] of a
//! module on a seed, under a challenge's official options or in one of its worlds, and each exploration
//! ([`explored`]) gets a [`Verdict`]. [`assemble`] makes a [`Grade`] of these, in an order that
//! does not depend on which run finished first. Every output format is made from a grade, and the
//! grades of shards can be joined ([`merge`]). [`class_report`] writes a page about a grade. [`sweep`] has
//! what many runs of one module have shown, which is no grade, and is split and joined alike.
//!
//! A module is judged seed by seed until the first that fails: a distributed system that is right
//! nine times out of ten is wrong. Nothing here writes to a terminal.

pub mod assemble;
pub mod class_page;
pub mod class_report;
pub mod csv;
pub mod demands;
pub mod explain;
pub mod explored;
mod folder;
pub mod grade;
mod hash;
pub mod judge;
pub mod merge;
pub mod proof;
pub mod resume;
pub mod run;
pub mod runtimes;
mod sanitize;
pub mod script;
pub mod submission;
pub mod suite;
pub mod sweep;
mod verdict;
pub mod work;

pub use grade::Grade;
pub use submission::Submission;
pub use suite::{Challenge, Setting, Suite};
pub use verdict::Verdict;
pub use work::Work;
