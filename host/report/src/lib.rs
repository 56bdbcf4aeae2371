//! Reports: a run as a page to look at, and as files for other tools.
//!
//! ```text
//!     run ─▶ journal.jsonl, JournalIndex ─▶ FirstFailure ─▶ the run repeated ─▶ Record, States ─▶ page
//! ```
//!
//! A run is a function of its inputs, so a report runs it twice. The first run is the one that is
//! judged, and nothing disturbs it. Its result says which moment to look at. The second run records
//! what happened around that moment, and asks guests for their states. So a report changes nothing,
//! needs little memory however long the run is, and shows what a debugger would.
//!
//! | files | contents |
//! |---|---|
//! | `run` `dir` | the report on a run: both runs, all files |
//! | `journal_index` `first_failure` | where in a run to look |
//! | `record` `states` `change` | what happened there, and the states of the nodes |
//! | [`live`] | the same of a run that is still made |
//! | `figures` `grounds` `options` `results` | the figures, options and results of a run; what its verdict rests on |
//! | `compare` | what is different in two runs |
//! | `run_page` `page` `budget` `assets/` | HTML, with its data, script and style; the views of a run, for other pages |
//! | `messages_svg` `plots_svg` `svg` | drawings as files of their own |
//!
//! What guests wrote is shown as text and never as markup: see [`page`].

mod budget;
mod change;
mod compare;
mod dir;
mod figures;
mod first_failure;
mod grounds;
mod hashing_writer;
mod journal_index;
pub mod live;
mod messages_svg;
mod options;
pub mod page;
mod plots_svg;
mod record;
mod results;
mod run;
mod run_page;
mod states;
mod svg;

pub use budget::PageSize;
pub use compare::{CompareError, Comparison};
pub use dir::{Extent, ReportDir, ReportError};
pub use first_failure::failure_ns;
pub use options::options as options_of;
pub use results::Results;
pub use run::{ReportObserver, ReportedRun};
