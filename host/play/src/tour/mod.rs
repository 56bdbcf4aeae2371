//! Guided tours: texts that step through a run and stop for questions.
//!
//! A tour is a Markdown file; `docs/tours.md` has the format. To read one checks its form; to walk it makes its runs, finds the moments of
//! its steps, and checks what the file says of them. Moments are found by what happens, so a tour goes on to be right when nodes
//! change, or is refused.
//!
//! | file | job |
//! |---|---|
//! | `markdown` | a file in its parts |
//! | `file` | the head and the steps |
//! | `pattern` `event` `deed` `claim` `question` `text` | what a line or a block says |
//! | `walk` `seen` `look` | makes the runs, with what is seen of them and looked up |
//! | `walked` | a tour whose moments are found |

mod claim;
mod deed;
mod error;
mod event;
mod file;
mod look;
mod markdown;
mod pattern;
mod question;
mod seen;
mod text;
mod walk;
mod walked;

pub use error::TourError;
pub use file::TourFile;
pub use markdown::TOUR_BYTES_MAX;
pub use question::Question;
pub use text::Text;
pub use walked::{Run, Tour, TourPage, TourStep};
