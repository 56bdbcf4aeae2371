//! The page.

use serde::Serialize;

/// The page of a session, which the script gets as its data.
pub(crate) fn html(session: &impl Serialize) -> String {
    host_report::page::page(&[], "Play", session).unwrap_or_default()
}
