//! Reports: the files, and the pages in a real browser.

mod class;
mod hostile;
mod pages;
mod same_run;
mod size;
mod travel;
mod unit;
