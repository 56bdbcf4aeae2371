//! Reports: the files, and the pages in a real browser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod class;
mod hostile;
mod pages;
mod reported;
mod same_run;
mod size;
mod travel;
mod unit;
