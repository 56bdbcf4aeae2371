//! The live node: a guest on stdin and stdout, in real time.
//!
//! A reader thread splits the input into lines and checks them; everything else
//! happens in one loop, in order: handle what has arrived, fire the timers that are
//! due, and when nothing is left to do, write out what has gathered and wait.
//!
//! With a [`Watch`], another thread loads each new version of the module while the
//! old one works, and the loop puts it in the old one's place between two events.

pub mod input;
mod program;
mod run;
mod watch;

pub use run::{NodeError, NodeOptions, run};
pub use watch::Watch;
