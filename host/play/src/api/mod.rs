//! The requests of a page, and their answers.
//!
//! A request may have a run go on, so it is answered on a thread of its own, and the server answers others meanwhile.

mod answer;
mod events;
mod exports;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::json;

use answer::{Answer, Shared, all_branches, json_of, json_text, read, work};

use crate::game::Base;
use crate::http::Refusal;
use crate::link::{is_link, linked};
use crate::page;
use crate::session::{Do, Opening};
use host_trial::schedule::Schedule;

/// The routes of a session's page.
pub(crate) fn routes(session: Shared) -> Router {
    Router::new()
        .route("/", get(the_page))
        .route("/api/session", get(shown))
        .route("/api/branches", get(branches))
        .route("/api/branches/{id}", get(delta).delete(remove))
        .route("/api/branches/{id}/act", post(act))
        .route("/api/branches/{id}/name", post(rename))
        .route("/api/branches/{id}/schedule", get(exports::schedule))
        .route("/api/branches/{id}/test", get(exports::test))
        .route("/api/branches/{id}/report", get(exports::report))
        .route("/api/branches/{id}/link", get(exports::link))
        .route("/api/events", get(events::events))
        .route("/api/breakpoints", put(breakpoints))
        .route("/api/open", post(open))
        .with_state(session)
}

async fn the_page() -> impl IntoResponse {
    // The page has a policy of its own, which says by their hashes which script and style may be used.
    let policy = [(
        "content-security-policy",
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    )];
    (policy, Html(page::html()))
}

async fn shown(State(session): State<Shared>) -> Answer {
    work(session, |session| Ok(json_of(&session.shown()))).await
}

async fn branches(State(session): State<Shared>) -> Answer {
    work(session, |session| Ok(json_of(&all_branches(session)))).await
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    from: usize,
}

async fn delta(
    State(session): State<Shared>,
    Path(id): Path<u32>,
    Query(Since { from }): Query<Since>,
) -> Answer {
    work(session, move |session| {
        let branch = session.branch(id)?;
        Ok(json_text(branch.delta(from).text))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    at: usize,
    r#do: Do,
}

async fn act(State(session): State<Shared>, Path(id): Path<u32>, body: Bytes) -> Answer {
    let Asked { at, r#do } = read(&body, "action")?;
    work(session, move |session| {
        let delta = session.act(id, at, r#do)?;
        Ok(json_text(delta.text))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn rename(State(session): State<Shared>, Path(id): Path<u32>, body: Bytes) -> Answer {
    let Named { name } = read(&body, "name")?;
    work(session, move |session| {
        session.rename(id, &name)?;
        Ok(json_of(&session.branch(id)?.shown()))
    })
    .await
}

async fn remove(State(session): State<Shared>, Path(id): Path<u32>) -> Answer {
    work(session, move |session| {
        session.remove(id)?;
        Ok(json_of(&all_branches(session)))
    })
    .await
}

async fn breakpoints(State(session): State<Shared>, body: Bytes) -> Answer {
    work(session, move |session| {
        session.set_breakpoints(&body)?;
        Ok(json_of(&json!({})))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    schedule: String,
}

async fn open(State(session): State<Shared>, body: Bytes) -> Answer {
    let Opened { schedule } = read(&body, "schedule to open")?;
    work(session, move |session| {
        let text = match is_link(&schedule) {
            true => linked(&schedule).map_err(|error| Refusal::bad(error.to_string()))?,
            false => schedule.into_bytes(),
        };
        let schedule = Schedule::read(&text)
            .map_err(|error| Refusal::bad(format!("this is no schedule: {error}")))?;
        let base: Base = session.base_of(schedule).map_err(Refusal::bad)?;
        let id = session
            .open(base, "opened", Opening::AtFailure)
            .map_err(Refusal::conflict)?;
        Ok(json_text(session.branch(id)?.delta(0).text))
    })
    .await
}
