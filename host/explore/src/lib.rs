//! Explores the schedules of a small cluster.

mod bounds;
mod breadth;
mod clients;
mod ends;
mod explore;
mod guests;
mod hash;
mod model;
mod moves;
mod nodes;
mod participants;
mod services;
mod state;
mod table;
mod trace;
mod words;

pub use bounds::{Bounds, NODES_MAX, PARTITIONED_NODES_MAX, TimerOrder};
pub use breadth::{Budget, Progress};
pub use explore::{End, Exploration, Explored, FailingSchedule, Impossible, Planned};
pub use guests::{Mode, instances};
