//! What pages are told without asking: server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Each page has its own account of what it was told, so it gets all of it and in order, however slowly it reads: what is
//! new then is more at a time.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::answer::{Shared, all_branches};
use crate::http::Refusal;
use crate::session::{Branch, Session};

/// The least time between two looks at what is new.
const PAUSE: Duration = Duration::from_millis(33);

/// A page that is told.
struct Page {
    session: Shared,
    changes: watch::Receiver<u64>,
    told: BTreeMap<u32, Told>,
    generation: u64,
    branches: Json,
    waiting: VecDeque<Event>,
}

/// What a page was told of a branch.
#[derive(Default)]
struct Told {
    position: usize,
    revision: u64,
    generation: u64,
    verdict: Option<Json>,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.session.leave_page();
    }
}

pub(super) async fn events(State(session): State<Shared>) -> Result<Response, Refusal> {
    session.enter_page()?;
    let page = Page::new(session);
    let events = stream::unfold(page, |mut page| async move {
        loop {
            if let Some(event) = page.waiting.pop_front() {
                return Some((Ok::<_, Infallible>(event), page));
            }
            page.changes.changed().await.ok()?;
            page = tokio::task::spawn_blocking(move || {
                page.look();
                page
            })
            .await
            .ok()?;
            tokio::time::sleep(PAUSE).await;
        }
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

impl Page {
    /// A page that will know what there is now: it asks for that.
    fn new(session: Shared) -> Self {
        let changes = session.signal().subscribe();
        let mut page = Page {
            told: BTreeMap::new(),
            generation: session.generation(),
            branches: outline(&session),
            waiting: VecDeque::new(),
            changes,
            session,
        };
        for branch in page.session.branches() {
            let known = branch.known();
            let told = Told {
                position: known.position,
                revision: known.revision,
                generation: known.generation,
                verdict: serde_json::to_value(&known.verdict).ok(),
            };
            drop(known);
            page.told.insert(branch.id, told);
        }
        // Something to begin with, so that the page knows that it will be told.
        page.waiting.push_back(
            Event::default()
                .event("branches")
                .data(all_branches(&page.session).to_string()),
        );
        page
    }

    /// Looks at what is new.
    fn look(&mut self) {
        let session = Arc::clone(&self.session);
        let generation = session.generation();
        if generation != self.generation {
            self.generation = generation;
            self.tell("generation", &json!({"generation": generation}));
        }
        let branches = outline(&session);
        if branches != self.branches {
            self.branches = branches;
            self.tell("branches", &all_branches(&session));
        }
        let branches = session.branches();
        self.told
            .retain(|id, _| branches.iter().any(|branch| branch.id == *id));
        for branch in branches {
            self.look_at(&branch);
        }
    }

    fn look_at(&mut self, branch: &Branch) {
        let (generation, revision, verdict) = {
            let known = branch.known();
            (
                known.generation,
                known.revision,
                serde_json::to_value(&known.verdict).ok(),
            )
        };
        let told = self.told.entry(branch.id).or_default();
        if told.revision == revision && told.generation == generation {
            return;
        }
        let from = match told.generation == generation {
            true => told.position,
            false => 0,
        };
        let delta = branch.delta(from);
        let is_other = told.verdict != verdict;
        *told = Told {
            position: delta.position,
            revision: delta.revision,
            generation,
            verdict: verdict.clone(),
        };
        self.waiting
            .push_back(Event::default().event("delta").data(delta.text));
        if is_other {
            self.tell("verdict", &json!({"branch": branch.id, "verdict": verdict}));
        }
    }

    fn tell(&mut self, name: &str, data: &Json) {
        self.waiting
            .push_back(Event::default().event(name).data(data.to_string()));
    }
}

/// What makes the list of branches another one.
fn outline(session: &Session) -> Json {
    let branches = session.branches().into_iter().map(|branch| {
        let known = branch.known();
        json!([
            branch.id,
            known.parent,
            known.at,
            known.name,
            known.opens_at
        ])
    });
    json!([branches.collect::<Vec<_>>(), session.notice()])
}
