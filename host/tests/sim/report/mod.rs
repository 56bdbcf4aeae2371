//! Reports: the files, and the pages in a real browser.

mod class;
mod diff;
mod first_screen;
mod hostile;
mod jumps;
mod logs;
mod pages;
mod same_run;
mod size;
mod travel;
mod unit;
