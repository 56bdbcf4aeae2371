//! A file of the folder, to be shown or downloaded.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use host_report::page::policy_of;

use crate::http::Refusal;

/// The most bytes of a file that is served.
const BYTES_MAX: u64 = 256 << 20;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    Page,
    Download,
}

/// Kinds of files by their endings, and what browsers call them.
const TYPES: [(&str, &str); 9] = [
    ("json", "application/json"),
    ("svg", "image/svg+xml"),
    ("jsonl", TEXT),
    ("csv", TEXT),
    ("edn", TEXT),
    ("md", TEXT),
    ("rs", TEXT),
    ("toml", TEXT),
    ("txt", TEXT),
];

const TEXT: &str = "text/plain; charset=utf-8";

/// What a drawing may do: look as it does.
const OF_DRAWINGS: &str =
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

/// The file below `root`, which no link may lead out of.
pub(super) fn find(root: &Path, path: &str) -> Result<PathBuf, Refusal> {
    let none = || Refusal::not_found(format!("there is no file {path:?} in the folder"));
    let mut found = root.to_owned();
    for component in Path::new(path).components() {
        let Component::Normal(name) = component else {
            return Err(none());
        };
        found.push(name);
        let is_link = fs::symlink_metadata(&found).map(|it| it.is_symlink());
        if is_link.map_err(|_| none())? {
            return Err(Refusal::not_found(format!(
                "{path:?} is a link, or in a folder that is one: links are not followed"
            )));
        }
    }
    match found.is_file() {
        true => Ok(found),
        false => Err(none()),
    }
}

/// Answers with a file.
pub(super) fn answer(root: &Path, path: &str, how: As) -> Result<Response, Refusal> {
    let found = find(root, path)?;
    let wrong = |error: std::io::Error| Refusal::conflict(format!("cannot read {path:?}: {error}"));
    let mut bytes = Vec::new();
    let file = File::open(&found).map_err(wrong)?;
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(wrong)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "{path:?} has more than {} MiB: open it where it is",
                BYTES_MAX >> 20
            ),
        ));
    }
    if how == As::Download {
        let headers = [
            (header::CONTENT_TYPE, "application/octet-stream"),
            (header::CONTENT_DISPOSITION, "attachment"),
        ];
        return Ok((headers, bytes).into_response());
    }
    let ending = found
        .extension()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    if ending == "html" {
        return page(path, bytes);
    }
    let kind = TYPES.iter().find(|kind| kind.0 == ending);
    let kind = kind.ok_or_else(|| unknown(path))?.1;
    let mut response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    if ending == "svg" {
        let policy = header::HeaderValue::from_static(OF_DRAWINGS);
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

fn unknown(path: &str) -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("{path:?} is no page of the host and no text that is shown: open it where it is"),
    )
}

/// A page of a report: with its own policy, and in an origin of its own.
fn page(path: &str, bytes: Vec<u8>) -> Result<Response, Refusal> {
    let html = String::from_utf8(bytes).map_err(|_| unknown(path))?;
    let policy = policy_of(&html).ok_or_else(|| unknown(path))?;
    let policy = format!("{policy}; sandbox allow-scripts allow-downloads; frame-ancestors 'none'");
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((headers, html).into_response())
}
