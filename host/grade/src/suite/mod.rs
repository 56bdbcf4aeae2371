//! Suites: what is asked of a submission.
//!
//! A suite is a TOML file ([`read`](fn@read::read)); the one for Gossip Glomers is built in. Its
//! keys are the options of `host sim`, without their dashes.
//!
//! | files | job |
//! |---|---|
//! | `challenge` `setting` `target` `seed_key` `visibility` | a suite in memory |
//! | `read` `error` | reading the file, and what is wrong with it |
//! | `runtime` | modules that run scripts which are handed in |
//! | `options` `parts` `runtime_part` | the keys that are options, and the others |
//! | `explore` | worlds whose schedules are explored |

mod challenge;
mod error;
mod explore;
mod keys;
mod options;
mod parts;
pub mod read;
mod runtime;
mod runtime_part;
mod seed_key;
mod setting;
mod target;
mod visibility;

pub use challenge::{Challenge, GOSSIP_GLOMERS, LABS, Suite, World};
pub use error::SuiteError;
pub use explore::{Explore, Search};
pub use runtime::{Runtime, RuntimeError, SubmissionLimits};
pub use seed_key::SeedKey;
pub use setting::{InvalidOption, PlannedRun, Setting};
pub use target::{InvalidTarget, Measure, Target, judge_targets};
pub use visibility::Visibility;

pub(super) use parts::POINTS_MAX;
