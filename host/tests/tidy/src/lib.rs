//! Checks of the repository's own claims, as functions from its files to a list of problems.
//!
//! The test `repository` runs them on this repository; the unit tests show, on a few files made
//! up for it, that each of them can fail. Nothing here links an engine, so it builds in seconds.
//!
//! | module | claim |
//! |---|---|
//! | [`floors`] | a crate uses only what ARCHITECTURE.md says that it may use |
//! | [`cycles`] | inside a crate no more than two modules depend on each other |
//! | [`charges`] | every WASI function costs fuel |
//! | [`dependencies`] | every declared dependency is used |
//! | [`figures`] | every figure names the command that measures it |
//! | [`links`] | links between documents lead to files and headings that exist |
//! | [`sizes`] | a file of more than 600 lines has a reason |
//! | [`toolchain`] | the least version of Rust is the same wherever it is written |
//! | [`words`] | no reminders, debugging aids or paths of somebody's machine |

pub mod charges;
pub mod cycles;
pub mod dependencies;
pub mod exceptions;
pub mod figures;
pub mod floors;
pub mod links;
mod manifest;
pub mod repository;
pub mod sizes;
pub mod tokens;
pub mod toolchain;
pub mod words;
