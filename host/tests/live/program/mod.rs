//! Programs as guests: modules that read stdin and write stdout.

pub(crate) mod driver;
mod files;
mod languages;
mod live;
mod memory;
mod stdio;
mod threads;
mod vetting;
mod waiting;
