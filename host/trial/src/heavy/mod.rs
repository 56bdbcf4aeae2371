//! What a run did that went over a limit or missed a target: who sent how much of what to whom, how that
//! grew, and how the worst value came to the node that lacked it longest.
//!
//! A run that is judged is not watched, so that judging costs nothing more. A run is a function of its
//! program, its options and its seed, so the same run is made again for an observer, and is not
//! judged. If it was a long one only its beginning is made again, and the text says so.
//!
//! | files | job |
//! |---|---|
//! | `focus` | what the reader wants to know |
//! | `again` | makes the run again, and says what was seen |
//! | `traffic` `series` `show` | counts messages and what nodes do, over time, and says it in few lines |
//! | `worst` `path` | finds the value that was seen last, and follows it |

mod again;
mod focus;
mod path;
mod series;
mod show;
mod traffic;
mod worst;

pub use again::heavy;
pub use focus::{Focus, Since};
pub(crate) use path::is_node;
