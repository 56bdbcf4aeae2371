//! The live node: a guest on stdin and stdout, in real time.
//!
//! A reader thread splits stdin into lines and checks them. Everything else happens
//! in one loop: handle the input, fire the timers that are due, and when nothing is
//! left to do, write the buffered output and wait.
//!
//! With a [`Watch`], another thread loads each new version of the module while the
//! old one runs, and the loop swaps them between two events.
//!
//! | module | contents |
//! |---|---|
//! | `run` | the loop, signals, and the node's output |
//! | `disk` | the node's disk, and the syncs that its output waits for |
//! | `input` | the inputs of the loop, and the thread that reads stdin |
//! | `module_file` | the file of a module that is built again and again |
//! | `program` | the guest, and the swap from one version to the next |
//! | `watch` | the thread that loads new versions |
//! | `version` | a version of the module that is ready to run |

mod disk;
mod input;
mod module_file;
mod program;
mod run;
mod version;
mod watch;

pub use module_file::{ModuleFile, POLL_INTERVAL, Signature};
pub use run::{NodeError, NodeOptions, run};
pub use watch::Watch;
