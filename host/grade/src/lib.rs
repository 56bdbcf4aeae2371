//! Grading: judges submissions against a suite of challenges.
//!
//! A [`Suite`] says what is asked, [`submission`] finds what was handed in, [`work`] says which
//! module has to be run on what, [`judge`] runs it, in parallel, each [`run`] a [`Verdict`], and
//! [`assemble`] makes a [`Grade`] of all that, in an order that does not depend on which run
//! came first. Every output format is made from a grade, and grades of parts of the work can be
//! joined ([`merge`]).
//!
//! A module is judged seed by seed until the first that fails: a distributed system that is
//! right nine times of ten is wrong. Nothing here knows a terminal.

pub mod assemble;
pub mod csv;
pub mod judge;
pub mod merge;
pub mod report;
pub mod resume;
pub mod run;
pub mod submission;
pub mod suite;
mod verdict;
mod words;
pub mod work;

pub use report::Grade;
pub use submission::Submission;
pub use suite::{Challenge, Suite};
pub use verdict::Verdict;
pub use work::Work;
