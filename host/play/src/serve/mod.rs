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
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use host_guest::Interrupt;
use host_report::page::live_page;
use serde::Deserialize;
use serde_json::json;

use crate::api;
use crate::http::{Address, Listener, PlayError, Refusal};
use crate::session::Session;
use files::As;
use scan::Shelf;

/// How often the folder is looked at while a page is open.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The most schedules that are played in place.
const PLAYED_MAX: usize = 8;

/// The page's script.
const SCRIPT: &str = include_str!("list.js");

const STYLE: &str = include_str!("list.css");

/// A server of a folder, that does not answer yet.
#[derive(Debug)]
pub struct FolderServer(Listener);

/// Begins a session with the run in a schedule's file.
pub type Opener = Box<dyn Fn(&std::path::Path) -> Result<Session, String> + Send + Sync>;

/// What is served.
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// What a command says that plays a schedule in it, from the schedule's path.
    pub play: fn(&std::path::Path, Option<&std::path::Path>) -> String,
    /// The module that it plays, if it is known.
    pub module: Option<PathBuf>,
    /// What plays a schedule in place, if that is possible.
    pub open: Option<Opener>,
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folder({})", self.path.display())
    }
}

#[derive(Clone)]
struct Served {
    shelf: Arc<Mutex<Shelf>>,
    root: Arc<PathBuf>,
    page: Arc<str>,
    player: Option<Arc<Player>>,
}

/// Plays schedules of the folder, each with a server of its own.
struct Player {
    open: Opener,
    /// How many were opened.
    opened: AtomicUsize,
    interrupt: Interrupt,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    path: String,
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
    pub fn serve(self, mut folder: Folder, interrupt: &Interrupt) -> Result<(), PlayError> {
        let player = folder.open.take().map(|open| {
            Arc::new(Player {
                open,
                opened: AtomicUsize::new(0),
                interrupt: interrupt.clone(),
            })
        });
        let page = live_page(&[SCRIPT], STYLE, "host serve", &json!({}));
        let page = page.map_err(|error| PlayError::Server(error.into()))?;
        let served = Served {
            root: Arc::new(folder.path.clone()),
            shelf: Arc::new(Mutex::new(Shelf::new(folder, player.is_some()))),
            page: page.into(),
            player,
        };
        let routes = Router::new()
            .route("/", get(index))
            .route("/api/list", get(list))
            .route("/api/events", get(events))
            .route("/api/play", post(play))
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

/// Plays a schedule: where its page is.
async fn play(State(served): State<Served>, body: String) -> Result<Response, Refusal> {
    let wanted: Wanted = serde_json::from_str(&body)
        .map_err(|error| Refusal::bad(format!("this names no schedule: {error}")))?;
    let player = served.player.ok_or_else(|| {
        Refusal::conflict("schedules are played here if the server is started with --module FILE")
    })?;
    let root = served.root;
    let played = tokio::task::spawn_blocking(move || player.play(&root, &wanted.path));
    let address = played
        .await
        .unwrap_or_else(|_| Err(Refusal::conflict("the run could not be made")))?;
    let json_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((json_type, json!({ "address": address }).to_string()).into_response())
}

impl Player {
    fn play(&self, root: &std::path::Path, path: &str) -> Result<String, Refusal> {
        let found = files::find(root, path)?;
        if self.opened.fetch_add(1, Ordering::Relaxed) >= PLAYED_MAX {
            return Err(Refusal::conflict(format!(
                "{PLAYED_MAX} schedules were opened, the most: start the server again, or use the command"
            )));
        }
        let session = (self.open)(&found).map_err(Refusal::conflict)?;
        let listener = Listener::bind(0).map_err(|error| Refusal::conflict(error.to_string()))?;
        let address = listener.address().to_string();
        let (routes, interrupt) = (api::routes(Arc::new(session)), self.interrupt.clone());
        // It ends with the program.
        thread::spawn(move || listener.serve_linked(routes, &interrupt));
        Ok(address)
    }
}
