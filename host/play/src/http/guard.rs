//! Who may ask, and what no answer lacks.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::uri::Uri;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::address::Address;

/// The largest body of a request: a schedule.
const BODY_BYTES_MAX: usize = 16 << 20;

/// The most bytes of an error that says why as text.
const ERROR_BYTES_MAX: usize = 4096;

const JSON: &str = "application/json";

/// Headers of every answer, unless it has its own.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// What answers may load and where they may be shown, unless they say it: nothing, nowhere.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Why a request is refused, and what to do.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        let why = why.into();
        Refusal { status, why }
    }

    /// The request is not one that can be answered.
    pub(crate) fn bad(why: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, why)
    }

    /// There is no such thing.
    pub(crate) fn not_found(why: impl Into<String>) -> Self {
        Refusal::new(StatusCode::NOT_FOUND, why)
    }

    /// It is a bug of this program.
    pub(crate) fn internal(why: impl Into<String>) -> Self {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, why)
    }

    /// It cannot be done as things are.
    pub(crate) fn conflict(why: impl Into<String>) -> Self {
        Refusal::new(StatusCode::CONFLICT, why)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.why }).to_string();
        let json = [(header::CONTENT_TYPE, JSON)];
        (self.status, json, body).into_response()
    }
}

/// Where requests may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sites {
    /// From the page itself.
    Own,
    /// Also from a link on another page, which has to know the token, is not told what comes, and leaves.
    Links,
}

/// The same routes behind the token of the address, for requests that come from its page alone or by a link.
pub(crate) fn guarded(routes: Router, address: Address, sites: Sites) -> Router {
    let routes = routes
        .fallback(|| async { Refusal::not_found("there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this address is not asked so",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    // Outside of the routes, so that a path is known by what stands behind the token.
    Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn_with_state((address, sites), guard))
}

async fn guard(
    State((address, sites)): State<(Address, Sites)>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match admitted(&address, sites, request) {
        Ok(request) => told(next.run(request).await).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
    response
}

/// The same answer; if it is an error that says why as text, it says it as all others do.
async fn told(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_error || kind.is_some_and(|kind| kind == JSON) {
        return response;
    }
    let text = to_bytes(response.into_body(), ERROR_BYTES_MAX).await;
    let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
    Refusal::new(status, text.unwrap_or_default()).into_response()
}

/// The request with the path behind the token.
fn admitted(address: &Address, sites: Sites, request: Request) -> Result<Request, Refusal> {
    let headers = request.headers();
    let is_link = sites == Sites::Links && request.method() == Method::GET && leaves(headers);
    comes_from_its_page(address, is_link, request.uri(), headers)?;
    let unknown = || {
        Refusal::not_found(
            "this is not the address that was printed when the server started: open that one",
        )
    };
    let path = request.uri().path().strip_prefix('/').ok_or_else(unknown)?;
    let (token, path) = path.split_once('/').unwrap_or((path, ""));
    if !address.token().is(token) {
        return Err(unknown());
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > BODY_BYTES_MAX) {
        let why = format!("a request has at most {} MiB", BODY_BYTES_MAX >> 20);
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    let path = match request.uri().query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    let path = path.parse::<Uri>().map_err(|_| unknown())?;
    let (mut parts, body): (_, Body) = request.into_parts();
    parts.uri = path;
    Ok(Request::from_parts(parts, body))
}

/// Whether a browser asks for a page that takes the place of the one which asks.
fn leaves(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// Whether a request is one to this server, from its own page or from none.
fn comes_from_its_page(
    address: &Address,
    is_link: bool,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let refused = |why: String| Refusal::new(StatusCode::FORBIDDEN, why);
    let port = address.port();
    let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
    let is_ours = |host: &str| hosts.iter().any(|own| own == host);
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| host.to_str().ok());
    let is_one = named.next().is_none();
    let asked = uri.authority().map(|authority| authority.as_str());
    match host.filter(|host| is_one && is_ours(host)) {
        Some(_) if asked.is_none_or(is_ours) => {}
        _ => {
            return Err(refused(format!(
                "the request is for another host than this server: open http://127.0.0.1:{port}/ \
                 with the token"
            )));
        }
    }
    let other_page = || {
        refused(
            "the request comes from another page: open the address in a window of its own".into(),
        )
    };
    for origin in headers.get_all(header::ORIGIN) {
        let origin = origin.to_str().ok();
        let origin = origin.and_then(|origin| origin.strip_prefix("http://"));
        if origin.is_none() || origin != host {
            return Err(other_page());
        }
    }
    for site in headers.get_all("sec-fetch-site") {
        if site != "same-origin" && site != "none" && !is_link {
            return Err(other_page());
        }
    }
    Ok(())
}
