//! Runs that a person acts on by hand, in a browser.
//!
//! | module | job |
//! |---|---|
//! | `http` | a server on the loopback, for who knows its token |
//! | `page` | the page |

mod http;
mod page;

use axum::Router;
use axum::routing::get;
use serde_json::json;

use host_guest::Interrupt;
pub use http::{Address, PlayError};

/// A server that is not answering yet.
#[derive(Debug)]
pub struct Play(http::Listener);

impl Play {
    /// Listens on this port of the loopback, or on a free one if it is 0.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn bind(port: u16) -> Result<Self, PlayError> {
        http::Listener::bind(port).map(Play)
    }

    /// Where its page is.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.0.address()
    }

    /// Serves the page until `interrupt` is requested.
    ///
    /// # Errors
    /// If the server cannot go on.
    pub fn serve(self, interrupt: &Interrupt) -> Result<(), PlayError> {
        let session = json!({"workload": "broadcast", "branches": []});
        let page = page::html(&session);
        let routes = Router::new()
            .route("/", get(|| async { axum::response::Html(page) }))
            .route(
                "/api/session",
                get(move || async move { session.to_string() }),
            );
        self.0.serve(routes, interrupt)
    }
}
