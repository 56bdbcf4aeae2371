//! What is compared of a run.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::super::dir::{JOURNAL, PAGE};
use super::super::page::{BEGINNING, data_of};
use super::error::CompareError;

/// The largest page that is read. Those that are written are smaller than 5 MB.
const PAGE_BYTES_MAX: u64 = 16 << 20;

/// One of two runs.
#[derive(Debug)]
pub(crate) struct Side {
    /// Workload, seed and verdict.
    pub(super) run: String,
    pub(super) options: Vec<(String, String)>,
    pub(super) figures: Vec<(String, String)>,
    /// What is wrong, a line each.
    pub(super) problems: Vec<String>,
    pub(super) journal: PathBuf,
}

impl Side {
    /// Of a run with these options, problems and results. `journal` is the file with its events.
    pub(crate) fn of(
        workload: &str,
        options: Vec<(String, String)>,
        problems: &str,
        results: &Json,
        journal: PathBuf,
    ) -> Self {
        let verdict = match &results["valid?"] {
            Json::Bool(true) => "valid",
            Json::Bool(false) => "invalid",
            _ => "unknown",
        };
        let seed = &results["seed"];
        let problems = problems.lines().filter(|line| !line.trim().is_empty());
        let bare = |line: &str| line.strip_prefix("- ").unwrap_or(line).to_owned();
        Side {
            run: format!("{workload}, seed {seed}, {verdict}"),
            options,
            figures: figures(results),
            problems: problems.map(bare).collect(),
            journal,
        }
    }

    /// Reads it from the folder of a report.
    pub(super) fn read(dir: &Path) -> Result<Self, CompareError> {
        let path = dir.join(PAGE);
        let mut bytes = Vec::new();
        let file = File::open(&path).and_then(|file| {
            let mut file = file.take(PAGE_BYTES_MAX);
            file.read_to_end(&mut bytes)
        });
        let none = |why: &str| CompareError::NoRun {
            path: path.clone(),
            why: why.to_owned(),
        };
        file.map_err(|error| none(&error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| none("it is not text"))?;
        if !text.starts_with(BEGINNING) {
            return Err(none("it is a page of something else"));
        }
        let data = data_of(&text).ok_or_else(|| none("it has no data"))?;
        let data: Json = serde_json::from_str(data).map_err(|_| none("its data is damaged"))?;
        let (workload, problems) = (data["workload"].as_str(), data["problems"].as_str());
        let (Some(workload), Some(problems)) = (workload, problems) else {
            return Err(none("it is the page of a class"));
        };
        let options = serde_json::from_value(data["options"].clone());
        let options = options.map_err(|_| none("it lacks the options"))?;
        Ok(Side::of(
            workload,
            options,
            problems,
            &data["result"],
            dir.join(JOURNAL),
        ))
    }
}

/// The figures of a run by name.
fn figures(results: &Json) -> Vec<(String, String)> {
    let (run, stats) = (&results["run"], &results["results"]["stats"]);
    let net = &results["results"]["net"];
    let count = |it: &Json| it.as_u64().map(|it| it.to_string());
    let rounded = |it: &Json| it.as_f64().map(|it| format!("{it:.2}"));
    let end_ns = run["end-ns"].as_u64();
    let end = end_ns.map(|ns| format!("{} s", host_sim::seconds(ns)));
    let ok = results["results"]["availability"]["ok-fraction"].as_f64();
    let found = [
        ("virtual time", end),
        ("messages", count(&run["messages"])),
        ("events handled", count(&run["steps"])),
        ("operations", count(&stats["count"])),
        ("of them ok", count(&stats["ok-count"])),
        ("of them fail", count(&stats["fail-count"])),
        ("of them info", count(&stats["info-count"])),
        ("availability", ok.map(|ok| format!("{:.2} %", ok * 100.0))),
        (
            "messages an operation between servers",
            rounded(&net["servers"]["msgs-per-op"]),
        ),
    ];
    let found = found.into_iter();
    found
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
