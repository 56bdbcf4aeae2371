//! Grading: judges submissions against a suite of challenges.
//!
//! A [`Suite`] says what is asked, [`submission`] finds what was handed in, [`judge`] runs
//! each module on each seed and turns what comes out into a [`Verdict`], and a [`Grade`] is
//! all of it, in an order that does not depend on who ran first. Every output format is made
//! from a grade, and several grades of parts of the work can be joined ([`merge`]).
//!
//! A module is judged seed by seed until the first that fails: a distributed system that is
//! right nine times of ten is wrong. Nothing here knows a terminal.

pub mod report;
pub mod suite;
mod verdict;

pub use report::Grade;
pub use suite::{Challenge, Suite};
pub use verdict::Verdict;
