//! `host merge`: joins the grades of shards, or the summaries of sweeps.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::de::DeserializeOwned;

use super::grade::{GradeFormat, GradeOutput, exit_of};
use super::output::TableFormat;
use super::sim::summary;
use super::{Exit, Failure, input};
use host_grade::Grade;
use host_grade::grade::{self, Shard};
use host_grade::merge::{merge, missing};
use host_grade::sweep::{self, Summary};
use host_protocol::text::one_line;

/// The largest grade that is read, 1 GiB.
const GRADE_BYTES_MAX: u64 = 1 << 30;

/// Merge what shares have written as JSON into one: grades (host grade --shard), or summaries of
/// runs (host sim --shard)
#[derive(Debug, Args)]
#[command(after_help = END)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    output: GradeOutput,
    /// Grades or summaries of the shares.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// The end of the help.
const END: &str = "\
Exit codes of grades:
  0    every submission passed
  1    a submission failed, or was not judged to the end
Exit codes of summaries:
  0    all runs are there, and valid
  1    a run is invalid
  2    unknown: runs are missing, or had too little to judge
Exit codes of both:
  254  invalid usage, or an input file that cannot be read or has the wrong contents
  255  internal error";

/// What a file has.
enum Content {
    Grade(Box<Grade>),
    Summary(Box<Summary>),
}

pub(super) fn run(args: &MergeArgs) -> Result<Exit, Failure> {
    let (mut grades, mut summaries) = (Vec::new(), Vec::new());
    for path in &args.files {
        let name = path.display().to_string();
        let content = read(path).context(name.clone()).map_err(Failure::usage)?;
        match content {
            Content::Grade(grade) => grades.push((name, *grade)),
            Content::Summary(summary) => summaries.push((name, *summary)),
        }
    }
    match (grades.first(), summaries.first()) {
        (Some((grade, _)), Some((summary, _))) => {
            let text = format!(
                "{} is a grade and {} a summary of runs: they cannot be joined",
                one_line(grade),
                one_line(summary)
            );
            Err(Failure::new(Exit::Usage, text))
        }
        (None, Some(_)) => join_summaries(args, summaries),
        _ => join_grades(args, grades),
    }
}

fn join_grades(args: &MergeArgs, grades: Vec<(String, Grade)>) -> Result<Exit, Failure> {
    let shards = grades.iter().filter_map(|(_, grade)| grade.shard);
    let missing = missing(shards);
    let grade = merge(grades)?;
    note_missing(&missing, "pending is what these judge");
    args.output.write(&grade)?;
    Ok(exit_of(&grade))
}

fn join_summaries(args: &MergeArgs, summaries: Vec<(String, Summary)>) -> Result<Exit, Failure> {
    let format = match (args.output.format, &args.output.each) {
        (GradeFormat::Text, None) => TableFormat::Text,
        (GradeFormat::Json, None) => TableFormat::Json,
        (GradeFormat::Csv, None) => TableFormat::Csv,
        (_, each) => {
            let flag = match each {
                Some(_) => "--each",
                None => "this --format",
            };
            let text = format!(
                "{flag} is for grades; summaries of runs can be written as text, json and csv"
            );
            return Err(Failure::new(Exit::Usage, text));
        }
    };
    let shards = summaries.iter().filter_map(|(_, it)| it.shard);
    let missing = missing(shards);
    let parts = summaries.iter().filter(|(_, it)| !it.is_complete());
    let parts: Vec<String> = parts.map(|(name, _)| one_line(name).into_owned()).collect();
    let summary = sweep::merge::merge(summaries)?;
    note_missing(&missing, "the seeds of these are not counted");
    note(&parts, "not all of these was run to its end");
    summary::show(&summary, format)?;
    Ok(summary.valid().into())
}

/// The most shares that are named.
const SHARES_SHOWN_MAX: usize = 20;

/// Says which shares are not there, and what that means.
fn note_missing(missing: &[Shard], so: &str) {
    let named: Vec<String> = missing.iter().map(ToString::to_string).collect();
    note(&named, &format!("not all shares are here; {so}"));
}

/// Warns of what has these names, if anything does.
fn note(names: &[String], what: &str) {
    let mut named: Vec<String> = names.iter().take(SHARES_SHOWN_MAX).cloned().collect();
    if names.len() > named.len() {
        named.push(format!("{} more", names.len() - named.len()));
    }
    if !named.is_empty() {
        tracing::warn!("{what}: {}", named.join(", "));
    }
}

fn read(path: &Path) -> anyhow::Result<Content> {
    /// The fields that say whether the rest can be read.
    #[derive(serde::Deserialize)]
    struct Header {
        format: String,
        version: u32,
    }
    let text = input::read(path, "a grade", GRADE_BYTES_MAX)?;
    let neither = "neither a grade (host grade --format json) nor a summary (host sim --summary --format json)";
    let header: Header = serde_json::from_slice(&text).context(neither)?;
    let Header { format, version } = header;
    match (format.as_str(), version) {
        (grade::FORMAT, grade::VERSION) => Ok(Content::Grade(whole(&text, "a grade")?)),
        (sweep::FORMAT, sweep::VERSION) => Ok(Content::Summary(whole(&text, "a summary")?)),
        _ => bail!(
            "it is of the format {format:?}, version {version}; this host reads {}, version {}, and {}, version {}",
            grade::FORMAT,
            grade::VERSION,
            sweep::FORMAT,
            sweep::VERSION
        ),
    }
}

fn whole<T: DeserializeOwned>(text: &[u8], what: &str) -> anyhow::Result<Box<T>> {
    serde_json::from_slice(text).with_context(|| format!("not {what}"))
}
