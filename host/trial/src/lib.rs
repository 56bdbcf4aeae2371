//! One run of the simulator and its verdict; a run spelled out; the shortest run that fails.
//!
//! | module | job |
//! |---|---|
//! | [`Trial`] | a run and how it is judged |
//! | [`schedule`] | a run spelled out in a file |
//! | [`shrink`] | the shortest schedule that still fails in the same way |

pub mod schedule;
pub mod shrink;
mod trial;

pub use trial::{Trial, TrialResult};
