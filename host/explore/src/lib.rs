//! Explores the schedules of a small cluster.

mod bounds;
mod breadth;
mod clients;
mod ends;
mod explore;
mod guests;
mod guided;
mod hash;
mod model;
mod moves;
mod nodes;
mod participants;
mod services;
mod state;
mod table;
mod trace;

pub use bounds::{Bounds, TimerOrder};
pub use breadth::{Budget, Progress};
pub use explore::{End, Exploration, Explored, FailingSchedule, Impossible};
pub use guests::Mode;
pub use guided::{Guidance, Guided, Strategy, Tried};
