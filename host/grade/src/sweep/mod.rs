//! Sweeps: one module in one scenario, run with many seeds.
//!
//! A sweep may have a million seeds, on many machines, so what is kept of its runs does not grow with
//! them: a [`Tally`] has counts, the first seeds of each anomaly, and each figure's [`Values`]. Tallies of
//! parts are joined to the tally of the whole, the same in every order and for every split. A
//! [`Summary`] is a tally with what it is about, as JSON, for [`merge`] and, while runs are to be done, in a file ([`kept`]).

pub mod compare;
pub mod csv;
mod figures;
pub mod kept;
pub mod merge;
mod summary;
mod tally;
mod tries;
mod values;

pub use figures::{AVAILABILITY, Figure, figures};
pub use summary::{FORMAT, FirstFailure, Summary, SweepFacts, SweepRun, VERSION};
pub use tally::{Failures, SEEDS_NAMED_MAX, Tally, Warned};
pub use tries::Try;
pub use values::{Quantiles, Spread, VALUES_MAX, Values};
