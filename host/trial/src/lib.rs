//! One run of the simulator and its verdict: what it is made from, how it is written down, and
//! the shortest run that fails like it.
//!
//! | module | job |
//! |---|---|
//! | [`scenario`] | everything that a run is made from, except its program and its seed |
//! | [`Trial`] | runs a scenario with a program and a seed, and judges the history |
//! | `by_hand` | the same while a person touches the run |
//! | [`schedule`] | a run written to a file: its scenario, its seed, its operations and faults |
//! | `room` | how much memory runs hold that go on at the same time |
//! | [`heavy`] | what a run did that went over a limit or missed a target |
//! | [`shrink`] | the shortest schedule that fails in the same way |
//! | [`mod@reference`] | programs that are right, to try schedules on |

mod by_hand;
pub mod heavy;
pub mod reference;
mod room;
pub mod scenario;
pub mod schedule;
pub mod shrink;
mod trial;

pub use room::{SHARE_BYTES, SHARED_BYTES, in_room};
pub use scenario::Scenario;
pub use trial::{Trial, TrialResult};
