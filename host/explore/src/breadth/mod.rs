//! Breadth first: all states within the bounds, the nearest first, so the first failure is a shortest one.
//!
//! | module | job |
//! |---|---|
//! | [`search`] | level after level, until nothing is left, something fails, or somebody says stop |
//! | [`reach`] | which goals each state lacks, and where its moves lead then |
//! | [`stopped`] | a search without the numbers of contents, so that another process can go on |

mod reach;
mod search;
mod stopped;

pub(crate) use search::{Breadth, Failure, Found, Over, Watch};
pub(crate) use stopped::{Met, Stopped, follow};
