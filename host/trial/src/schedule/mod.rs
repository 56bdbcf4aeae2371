//! Schedules: a run written to a file, so that it can be kept, changed and played again.
//!
//! A schedule has a seed, a scenario and a [`Script`](host_sim::Script), which lists the
//! operations and faults. A schedule that was recorded from a run gives the same run again, to
//! the byte, if the program and the limits are the same. `docs/simulator.md` has the format of
//! the file.
//!
//! | files | job |
//! |---|---|
//! | `play` | [`Schedule`], and running it |
//! | `file` `operation` `episode` `moves` `error` | reading and writing the file |
//! | `unit_test` | a schedule as a unit test |
//! | `trace` | what happens in a run, a line each, to read |

mod episode;
mod error;
mod file;
mod moves;
mod operation;
mod play;
#[cfg(test)]
mod testing;
mod touches;
mod trace;
mod unit_test;

pub use error::ScheduleError;
pub use file::VERSION;
pub use play::Schedule;
pub use trace::{message_in_words, operation_in_words, request_in_words, trace};
pub use unit_test::UnitTest;
