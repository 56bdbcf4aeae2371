//! The table of options.
//!
//! An option is defined once, in `table`: its name, its help text, its default, what it may be,
//! and how it is read from text into a [`Scenario`](super::Scenario) and written from one. The
//! flags of `host sim` and `host check`, the keys of suites, the fields of schedules, the command
//! that makes a run again and the options in a report come from it.
//!
//! Three things that a run is made from are no options: its seed, its program and the arguments
//! of its guests.

mod definition;
mod table;
#[cfg(test)]
mod tests;

pub use definition::{Choice, Group, OptionError, ScenarioOption, SuiteKey, Values};
pub use table::*;
