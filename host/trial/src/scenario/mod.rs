//! Scenarios: everything that a run is made from, except its program and its seed.
//!
//! | files | job |
//! |---|---|
//! | `facts` | [`Scenario`], plain data |
//! | [`option`] | the table of options: each has one definition, which every reader and writer uses |
//! | `command` | the command that makes a run again |

mod command;
mod facts;
pub mod option;

pub use command::{Replay, bound_flag, called_as, schedule_command, with_report};
pub use facts::{Impossible, Scenario};
