//! A session: a base run and its branches.
//!
//! Looking back needs no run, since each branch has its whole record. To do something at its head, a branch has a
//! run that stands still (`life`, `player`); to do something in its past is to make another branch, whose run is made
//! anew up to there.
//!
//! | module | job |
//! |---|---|
//! | `held` | the session: its branches, and which have a run |
//! | `acting` | what pages have branches do |
//! | `branch` `now` | what is known of a branch, and how a page gets it |
//! | `doing` `words` | what pages ask for, what that is to a run, and in words |
//! | `player` `command` `tape` `life` | a branch's run, on a thread of its own |
//! | `breakpoint` | what a run that goes on stops at |
//! | `judge` | the verdict as a run goes on |
//! | `export` | what was done, as a schedule |
//! | `toured` | the branches of a tour |
//! | `signal` | tells pages that something has changed |

mod acting;
mod branch;
mod breakpoint;
mod command;
mod doing;
mod export;
mod held;
mod judge;
mod life;
mod now;
mod player;
mod signal;
mod tape;
mod toured;
mod words;
pub(crate) use branch::Branch;
pub(crate) use doing::Do;
pub(crate) use export::Exported;
pub(crate) use held::Refused;
pub use held::{Opening, Session};
pub(crate) use now::{Made, holds};
