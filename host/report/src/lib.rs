//! Reports: a run as a page to look at, and as files for other tools.
//!
//! ```text
//!     run ─▶ journal.jsonl, Pace ─▶ Focus ─▶ the same run again ─▶ Record, States ─▶ page
//! ```
//!
//! A run is a function of its inputs, so a report has it twice. The first is the one that is
//! judged, and nothing disturbs it. From its result follows the moment to look at; the second keeps
//! what happened around that moment and asks guests for their states. So a report changes nothing,
//! needs little memory however long the run is, and shows what a debugger would.
//!
//! | files | job |
//! |---|---|
//! | `run` | a run's report: both runs, all files |
//! | `class` | the page of a class or a suite, that links to those of runs |
//! | `pace` `focus` | where in a run to look |
//! | `record` `states` `change` | what happened there, and what it did to the nodes |
//! | `figures` `options` `results` | what can be said in numbers |
//! | `page` `assets/` | HTML, its script and style |
//! | `messages_svg` `plots_svg` `svg` | drawings as files of their own |
//!
//! Whatever guests wrote is shown as text and never as markup: see `page`.

mod change;
mod class;
mod figures;
mod focus;
mod messages_svg;
mod options;
mod pace;
mod page;
mod plots_svg;
mod record;
mod results;
mod run;
mod states;
mod svg;

pub use class::Class;
pub use results::Results;
pub use run::{Failed, Files, ReportedRun, Watch};
