//! Scenarios: everything that a run is made from, except its program and its seed.
//!
//! | files | job |
//! |---|---|
//! | `facts` | [`Scenario`], plain data |
//! | [`option`] | the table of options: each has one definition, which every reader and writer uses |
//! | `custom` | workloads that come from files |
//! | `command` | the command that makes a run again |

mod command;
mod custom;
mod facts;
pub mod option;

pub use command::{Replay, bound_flag, called_as, play_command, schedule_command, with_report};
pub use custom::{
    FindWorkload, find_workloads_with, is_workload_file, other_workloads, workload_in,
};
pub use facts::{Impossible, Scenario};
