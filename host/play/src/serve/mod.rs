//! A folder with reports, grades and schedules as a page: what there is, and each file of it.
//!
//! Files are what others wrote. A page of a report is shown as the document that the host has made, with its own content
//! security policy and in an origin of its own, so that one which only looks like it can ask this server nothing.
//!
//! | file | job |
//! |---|---|
//! | `scan` | what is in the folder, within bounds |
//! | `kind` | what a file is, by its contents |
//! | `journal` | how far a class is that is being graded |
//! | `files` | a file, to be shown or downloaded |

mod files;
mod journal;
mod kind;
mod scan;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use host_guest::Interrupt;
use host_report::page::live_page;
use serde_json::json;

use crate::http::{Address, Listener, PlayError, Refusal};
use files::As;
use scan::Shelf;

/// How often the folder is looked at while a page is open.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The page's script.
const SCRIPT: &str = include_str!("list.js");

const STYLE: &str = include_str!("list.css");

/// A server of a folder, that does not answer yet.
#[derive(Debug)]
pub struct FolderServer(Listener);

/// What is served.
#[derive(Debug)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// What a command says that plays a schedule in it, from the schedule's path.
    pub play: fn(&std::path::Path, Option<&std::path::Path>) -> String,
    /// The module that it plays, if it is known.
    pub module: Option<PathBuf>,
}

#[derive(Clone)]
struct Served {
    shelf: Arc<Mutex<Shelf>>,
    root: Arc<PathBuf>,
    page: Arc<str>,
}

impl FolderServer {
    /// Listens on this port of the loopback, or on a free one if it is 0.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn bind(port: u16) -> Result<Self, PlayError> {
        Listener::bind(port).map(FolderServer)
    }

    /// Where its page is.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.0.address()
    }

    /// Serves the folder until `interrupt` is requested.
    ///
    /// # Errors
    /// If the server cannot go on.
    pub fn serve(self, folder: Folder, interrupt: &Interrupt) -> Result<(), PlayError> {
        let page = live_page(&[SCRIPT], STYLE, "host serve", &json!({}));
        let page = page.map_err(|error| PlayError::Server(error.into()))?;
        let served = Served {
            root: Arc::new(folder.path.clone()),
            shelf: Arc::new(Mutex::new(Shelf::new(folder))),
            page: page.into(),
        };
        let routes = Router::new()
            .route("/", get(index))
            .route("/api/list", get(list))
            .route("/api/events", get(events))
            .route("/file/{*path}", get(show))
            .route("/download/{*path}", get(download))
            .with_state(served);
        self.0.serve_linked(routes, interrupt)
    }
}

impl Served {
    /// What is in the folder, as JSON. Looks at files, so not on the thread that answers.
    async fn look(&self) -> Result<String, Refusal> {
        let shelf = Arc::clone(&self.shelf);
        let looked = tokio::task::spawn_blocking(move || {
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.look()
        });
        let looked = looked.await.unwrap_or_default();
        serde_json::to_string(&looked).map_err(|error| Refusal::conflict(error.to_string()))
    }

    async fn file(&self, path: String, how: As) -> Result<Response, Refusal> {
        let root = Arc::clone(&self.root);
        let read = tokio::task::spawn_blocking(move || files::answer(&root, &path, how));
        read.await
            .unwrap_or_else(|_| Err(Refusal::conflict("the file could not be read")))
    }
}

async fn index(State(served): State<Served>) -> Response {
    // The page has the rest of its policy itself.
    let policy = [(header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'")];
    (policy, Html(served.page.to_string())).into_response()
}

async fn list(State(served): State<Served>) -> Result<Response, Refusal> {
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, served.look().await?).into_response())
}

/// The list, and again whenever it has changed.
async fn events(
    State(served): State<Served>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = stream::unfold((served, String::new()), |(served, last)| async move {
        loop {
            if let Ok(now) = served.look().await
                && now != last
            {
                let event = Event::default().event("list").data(&now);
                return Some((Ok(event), (served, now)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

async fn show(State(served): State<Served>, Path(path): Path<String>) -> Result<Response, Refusal> {
    served.file(path, As::Page).await
}

async fn download(
    State(served): State<Served>,
    Path(path): Path<String>,
) -> Result<Response, Refusal> {
    served.file(path, As::Download).await
}
