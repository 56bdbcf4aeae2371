//! Guided: clusters that are too large to try all of their schedules.
//!
//! A *run* begins in the state in which an exploration begins, or in one that an earlier run has reached, and takes moves
//! until none is possible. Then the end of its last state is judged. A strategy chooses among what happens by itself: deliveries,
//! timers, syncs. When operations begin and faults strike is drawn before the run ([`agenda`]), so that they are
//! spread over it whatever the strategy prefers.
//!
//! Run number `k` draws from the stream `run k` of the seed, and from nothing else. Runs are made in rounds of a fixed number,
//! in parallel, and joined in the order of their numbers; what one has found serves those of later rounds. So the
//! result depends on the seed and not on threads.
//!
//! | module | job |
//! |---|---|
//! | [`strategy`] | the strategies by name; what a search is told and tells |
//! | [`guide`] | rounds of runs, to the first that fails |
//! | [`round`] | what the runs of a round begin with, and what comes of them |
//! | [`run`] | one run |
//! | [`agenda`] | when operations begin and faults strike |
//! | [`schedulers`], [`pct`], [`phases`], [`pos`] | who chooses among what happens by itself |
//! | [`cuts`] | who does not hear whom for a while |
//! | [`links`] | which message is next |
//! | [`shape`] | what is alike in states that differ in values |
//! | [`pool`] | what was new: states to begin with, schedules to change |
//! | [`mutate`] | changes of schedules |
//! | [`follow`] | moves that hold in other states than those that they were made in |
//! | [`shorten`] | the shortest schedule that fails in the same way |
//! | [`renew`] | a model without what is not needed any more |

mod agenda;
mod cuts;
mod follow;
mod guide;
mod links;
mod mutate;
mod pct;
mod phases;
mod pool;
mod pos;
mod renew;
mod round;
mod run;
mod schedulers;
mod shape;
mod shorten;
mod strategy;

pub(crate) use shorten::Shortening;
pub use strategy::{Guidance, Guided, Strategy, Tried};
