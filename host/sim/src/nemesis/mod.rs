//! Faults: their kinds, and what is drawn when one starts.
//!
//! Every fault has a random stream of its own. It starts at once, and from then on stops and
//! starts again after gaps of 0 to twice the interval. Drawing is apart from doing: a
//! [`FaultAction`] says what is done to which nodes, and the run does it.
//!
//! Aimed faults wait for something to happen, such as that a node speaks to all others. They know
//! no roles and no types of messages, only who sends to whom.

mod action;
pub(super) mod aim;
mod fault;
mod partition;

pub(super) use action::each;
pub use action::{Cut, DiskLoss, FaultAction, Group, Rot, Skew, Trigger};
pub use fault::{Fault, UnknownFault};
pub use partition::{Grudges, PartitionKind};
