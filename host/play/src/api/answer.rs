//! How requests are answered.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::http::Refusal;
use crate::session::{Refused, Session};

/// The session, for each request.
pub(super) type Shared = Arc<Session>;

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown(why) => Refusal::not_found(why),
            Refused::Wrong(why) => Refusal::bad(why),
            Refused::NotNow(why) => Refusal::conflict(why),
        }
    }
}

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// Does what may take long on another thread.
pub(super) async fn work<T: Send + 'static>(
    session: Shared,
    work: impl FnOnce(&Session) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let worked = tokio::task::spawn_blocking(move || work(&session)).await;
    worked.unwrap_or_else(|_| {
        Err(Refusal::internal(
            "internal error: this has failed, and the rest goes on; please report it",
        ))
    })
}

/// JSON that is written already.
pub(super) fn json_text(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

pub(super) fn json_of(value: &Json) -> Response {
    json_text(value.to_string())
}

/// Reads a body as JSON.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("this is no {what}: {error}")))
}

/// All branches, as pages get them.
pub(super) fn all_branches(session: &Session) -> Json {
    session.branches().iter().map(|it| it.shown()).collect()
}
