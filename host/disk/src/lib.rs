//! The disk of a node: what the node sees, what is durable, and what a crash leaves of it.
//!
//! A [`Disk`] is a tree of folders and files in memory. A change is visible at once. It is durable
//! after a sync; until then it waits among the unsynced changes, in order. A power loss keeps what
//! is durable and a choice of the others ([`Survival`]), by these rules, which are those of journaling
//! file systems on Linux:
//!
//! - Changes of names (a file or folder made, renamed, removed or replaced) reach the disk in
//!   their order, each whole or not at all.
//! - Changes of a file's bytes or length reach it in any order, each or not. At most one is torn:
//!   of that, only the first bytes are there.
//! - To sync a file makes its bytes durable, and that it was made, but not that it was renamed or
//!   removed since. For that its folder has to be synced.
//!
//! The ideas are those of LazyFS (a file system that loses what was not synced, for tests of
//! databases) and of the storage faults in FoundationDB's and TigerBeetle's simulators.
//!
//! | module | contents |
//! |---|---|
//! | [`disk`] | the disk: changes, syncs, crashes |
//! | [`path`] | where paths lead |
//! | [`mount`] | files from outside that nobody writes |
//! | [`view`] | the files of a program: the disk's and what is mounted |
//! | [`tree`] | folders and files as programs see them |
//! | `check` | whether the changes of a step can be made |
//! | `scope` | which changes a sync means |
//! | `change` | an unsynced change |
//! | `image` | one state of all files |
//! | `bytes` | the bytes of a file, in blocks that states share |
//! | [`survival`] | what a power loss leaves |
//! | [`store`] | the disk in a file of the real one |

mod bytes;
mod change;
mod check;
pub mod disk;
mod image;
pub mod mount;
pub mod path;
mod scope;
pub mod store;
pub mod survival;
pub mod tree;
pub mod view;

pub use disk::{Disk, DiskError, DiskLimits, Losses, Scope, SharedDisk, TOLD_MAX, lock};
pub use mount::Mounts;
pub use store::{Cut, Store, StoreError};
pub use survival::Survival;
pub use view::View;
