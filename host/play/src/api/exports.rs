//! What leaves a session: schedules, unit tests, reports, links.

use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::answer::{Answer, Shared, json_of, work};
use serde_json::json;

use crate::http::Refusal;
use crate::link::link_to;
use crate::session::{Exported, Session};
use host_report::{Extent, PageSize, ReportDir, ReportedRun};
use host_trial::schedule::UnitTest;

/// What the reader of a file has to know.
const NOTE: HeaderName = HeaderName::from_static("x-play-note");

/// The largest journal of a report, in bytes. It is not kept.
const JOURNAL_BYTES_MAX: u64 = 256 << 20;

#[derive(Deserialize)]
pub(super) struct At {
    at: Option<usize>,
}

/// Answers with a file made of what a branch gives up to a moment: its name, its kind, and its text.
async fn file(
    session: Shared,
    (id, at): (u32, Option<usize>),
    make: impl FnOnce(&Session, &Exported) -> Result<(String, &'static str, String), Refusal>
    + Send
    + 'static,
) -> Answer {
    work(session, move |session| {
        let exported = session.export(id, at)?;
        let (name, kind, text) = make(session, &exported)?;
        let mut response = ([(CONTENT_TYPE, kind)], text).into_response();
        let headers = response.headers_mut();
        let disposition = format!("attachment; filename=\"{name}\"");
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        let note = exported.note.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(note)) = note {
            headers.insert(NOTE, note);
        }
        Ok(response)
    })
    .await
}

/// How files of a branch are named.
fn name(session: &Session, id: u32, what: &str, extension: &str) -> String {
    let module = session.about().module.as_str();
    let stem = module.rsplit_once('.').map_or(module, |(stem, _)| stem);
    let stem: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{stem}-{what}-{id}.{extension}")
}

pub(super) async fn schedule(
    State(session): State<Shared>,
    Path(id): Path<u32>,
    Query(At { at }): Query<At>,
) -> Answer {
    file(session, (id, at), move |session, exported| {
        let name = name(session, id, "schedule", "json");
        Ok((name, "application/json", exported.schedule.write()))
    })
    .await
}

pub(super) async fn test(
    State(session): State<Shared>,
    Path(id): Path<u32>,
    Query(At { at }): Query<At>,
) -> Answer {
    file(session, (id, at), move |session, exported| {
        let names = exported.result.anomalies();
        let names: Vec<String> = names.into_iter().map(|name| name.0).collect();
        let test = UnitTest {
            from: "made in `host play`",
            names: &names,
            story: &exported.story,
            schedule: &exported.schedule,
            program: session.about().program.as_deref(),
        };
        let name = name(session, id, "test", "rs").replace('-', "_");
        Ok((name, "text/x-rust; charset=utf-8", test.write()))
    })
    .await
}

pub(super) async fn link(
    State(session): State<Shared>,
    Path(id): Path<u32>,
    Query(At { at }): Query<At>,
) -> Answer {
    work(session, move |session| {
        let Exported { schedule, note, .. } = session.export(id, at)?;
        Ok(json_of(
            &json!({"link": link_to(&schedule.write()), "note": note}),
        ))
    })
    .await
}

pub(super) async fn report(
    State(session): State<Shared>,
    Path(id): Path<u32>,
    Query(At { at }): Query<At>,
) -> Answer {
    file(session, (id, at), move |session, exported| {
        let page = report_of(session, exported)
            .map_err(|why| Refusal::internal(format!("the report cannot be made: {why}")))?;
        let name = name(session, id, "report", "html");
        Ok((name, "text/html; charset=utf-8", page))
    })
    .await
}

/// The report on a run, as one page.
fn report_of(session: &Session, exported: &Exported) -> Result<String, Box<dyn std::error::Error>> {
    let programs = session.programs();
    let schedule = &exported.schedule;
    let trial = schedule.trial(&*programs.module, programs.next());
    let play = &session.about().play;
    let folder = tempfile::tempdir()?;
    let dir = ReportDir::create(folder.path())?.with(Extent::Pages {
        size: PageSize::WHOLE,
        shortest: false,
    });
    let run = ReportedRun {
        trial: &trial,
        seed: schedule.seed,
        script: Some(&schedule.script),
        replay: &|_| play("schedule.json"),
    };
    dir.report(&run, JOURNAL_BYTES_MAX)?;
    Ok(std::fs::read_to_string(folder.path().join("index.html"))?)
}
