//! What a file is, by its contents.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use host_report::page::{policy_of, title_of};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::journal::{self, Progress};

/// The most bytes of a file that is looked into.
const BYTES_MAX: u64 = 64 << 20;
/// How much of a page says what it is.
const HEAD_BYTES: u64 = 4096;

/// What a file is, and what it says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct About {
    kind: &'static str,
    /// What it is of, for people.
    of: String,
    /// `valid`, `invalid` or `unknown`; of a grade, whether everybody has passed.
    verdict: Option<&'static str>,
    progress: Option<Progress>,
    #[serde(skip)]
    pub(super) is_schedule: bool,
}

/// The fields that tell the host's JSON files apart.
#[derive(Deserialize)]
struct Fields {
    format: Option<Json>,
    version: Option<Json>,
    workload: Option<Json>,
    seed: Option<u64>,
    node_count: Option<u64>,
    #[serde(rename = "valid?")]
    valid: Option<Json>,
    passed: Option<bool>,
    complete: Option<bool>,
    suite: Option<Suite>,
    submissions: Option<Vec<IgnoredAny>>,
    runs: Option<Json>,
}

#[derive(Deserialize)]
struct Suite {
    name: Option<String>,
}

/// What the file at this path is; `None` if it is none of the host's, or a part of a report.
pub(super) fn of(path: &Path) -> Option<About> {
    let name = path.file_name()?.to_str()?;
    let ending = path.extension()?.to_str()?;
    match ending {
        "html" => page(path),
        "jsonl" => journal(path),
        // That of the report beside it.
        "json" if ["results.json", "compare.json"].contains(&name) => None,
        "json" => json(path),
        _ => None,
    }
}

fn head(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn page(path: &Path) -> Option<About> {
    let bytes = head(path, HEAD_BYTES).ok()?;
    let html = String::from_utf8_lossy(&bytes);
    policy_of(&html)?;
    let beside = |name: &str| fields(&path.with_file_name(name));
    let (kind, verdict) = if let Some(run) = beside("results.json") {
        ("report", validity(run.valid.as_ref()))
    } else if let Some(grade) = beside("grade.json") {
        ("class", grade_verdict(&grade))
    } else {
        ("report", None)
    };
    Some(About {
        kind,
        of: title_of(&html).unwrap_or("a page").to_owned(),
        verdict,
        progress: None,
        is_schedule: false,
    })
}

fn journal(path: &Path) -> Option<About> {
    let progress = journal::read(path)?;
    Some(About {
        kind: "grading",
        of: progress.suite.clone(),
        verdict: None,
        progress: Some(progress),
        is_schedule: false,
    })
}

fn fields(path: &Path) -> Option<Fields> {
    serde_json::from_slice(&head(path, BYTES_MAX).ok()?).ok()
}

fn json(path: &Path) -> Option<About> {
    let fields = fields(path)?;
    let about = |kind, of, verdict| About {
        kind,
        of,
        verdict,
        progress: None,
        is_schedule: kind == "schedule",
    };
    let format = fields.format.as_ref().and_then(Json::as_str);
    match (format, fields.workload.as_ref().and_then(Json::as_str)) {
        (Some("host-grade"), _) => {
            let suite = fields
                .suite
                .as_ref()
                .and_then(|suite| suite.name.as_deref());
            let count = fields.submissions.as_ref().map_or(0, Vec::len);
            let of = format!("{}, submissions: {count}", suite.unwrap_or("a suite"));
            Some(about("grade", of, grade_verdict(&fields)))
        }
        (Some("host-sweep"), _) => {
            let runs = fields.runs.as_ref().and_then(Json::as_u64).unwrap_or(0);
            let verdict = validity(fields.valid.as_ref());
            Some(about("summary", format!("runs: {runs}"), verdict))
        }
        (None, Some(workload)) if fields.version.is_some() && fields.node_count.is_some() => {
            let (nodes, seed) = (fields.node_count?, fields.seed?);
            let of = format!("{workload}, nodes: {nodes}, seed: {seed}");
            Some(about("schedule", of, None))
        }
        _ => None,
    }
}

fn validity(valid: Option<&Json>) -> Option<&'static str> {
    match valid? {
        Json::Bool(true) => Some("valid"),
        Json::Bool(false) => Some("invalid"),
        _ => Some("unknown"),
    }
}

fn grade_verdict(grade: &Fields) -> Option<&'static str> {
    Some(match (grade.complete?, grade.passed?) {
        (_, false) => "invalid",
        (true, true) => "valid",
        (false, true) => "unknown",
    })
}
