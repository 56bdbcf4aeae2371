//! Breadth first: all states within the bounds, the nearest first, so the first failure is a shortest one.
//!
//! | module | job |
//! |---|---|
//! | [`search`] | level after level, until nothing is left, something fails, or somebody says stop |
//! | [`stopped`] | a search without the numbers of contents, so that another process can go on |

mod search;
mod stopped;

pub(crate) use search::{Breadth, Failure, Found, Over, Watch};
pub(crate) use stopped::{Met, Stopped, follow};
