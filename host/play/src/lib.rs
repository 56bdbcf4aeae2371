//! Runs that a person acts on by hand, in a browser.
//!
//! ```text
//!     page ─▶ http ─▶ api ─▶ session ─▶ a run that stands still between events (`host_sim::Hand`)
//!       ◀── what is new, as JSON and server-sent events ◀── its record (`host_report::live`)
//! ```
//!
//! A run is a function of its inputs, and what a person does to it is one of them. So each moment of the past can be had
//! again, and something else be done there: a branch. Nothing here needs to be undone.
//!
//! | module | job |
//! |---|---|
//! | `game` | what is played, and the most of everything |
//! | `session` | branches, their runs, breakpoints, verdicts, schedules |
//! | `api` `http` | the server on the loopback, for who knows its token |
//! | `page` `forms` | the page and what it offers |
//! | `link` | a schedule as a link |
//! | [`serve`] | a folder with reports, grades and schedules as a page |
//! | [`tour`] | guided tours |

mod api;
mod forms;
mod game;
mod http;
mod link;
mod page;
pub mod serve;
mod session;
pub mod tour;

use std::sync::Arc;

pub use game::{About, Base, Module, Programs};
pub use http::{Address, PlayError};
pub use link::{LinkError, is_link, link_to, linked};
pub use session::{Opening, Session};

use host_guest::Interrupt;

/// A server that does not answer yet.
#[derive(Debug)]
pub struct Server(http::Listener);

impl Server {
    /// Listens on this port of the loopback, or on a free one if it is 0.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn bind(port: u16) -> Result<Self, PlayError> {
        http::Listener::bind(port).map(Server)
    }

    /// Where its page is.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.0.address()
    }

    /// Serves the page of a session until `interrupt` is requested.
    ///
    /// # Errors
    /// If the server cannot go on.
    pub fn serve(self, session: &Arc<Session>, interrupt: &Interrupt) -> Result<(), PlayError> {
        self.0.serve(api::routes(Arc::clone(session)), interrupt)
    }
}
