//! `host merge`: joins the grades of shards.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::grade::{GradeOutput, exit_of};
use super::input;
use super::{Exit, Failure};
use host_grade::Grade;
use host_grade::grade::{FORMAT, Shard, VERSION};
use host_grade::merge::{merge, missing};

/// The largest grade that is read, 1 GiB.
const GRADE_BYTES_MAX: u64 = 1 << 30;

/// Merge the grades that `host grade --format json --shard` wrote, one per share, into one
#[derive(Debug, Args)]
#[command(after_help = super::grade::EXIT_CODES)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    output: GradeOutput,
    /// Grades of the shares.
    #[arg(value_name = "GRADE", required = true)]
    grades: Vec<PathBuf>,
}

pub(super) fn run(args: &MergeArgs) -> Result<Exit, Failure> {
    let mut grades = Vec::new();
    for path in &args.grades {
        let name = path.display().to_string();
        let grade = read(path).context(name.clone()).map_err(Failure::usage)?;
        grades.push((name, grade));
    }
    let missing = missing(&grades);
    let grade = merge(grades)?;
    if !missing.is_empty() {
        note_missing(&missing);
    }
    args.output.write(&grade)?;
    Ok(exit_of(&grade))
}

/// The most shares that are named.
const SHARES_SHOWN_MAX: usize = 20;

/// Says which shares are not there: what they have to judge is pending.
fn note_missing(missing: &[Shard]) {
    let named = missing.iter().take(SHARES_SHOWN_MAX);
    let mut named: Vec<String> = named.map(ToString::to_string).collect();
    if missing.len() > named.len() {
        named.push(format!("{} more", missing.len() - named.len()));
    }
    tracing::warn!(
        "not all shares are here; pending is what these judge: {}",
        named.join(", ")
    );
}

fn read(path: &Path) -> anyhow::Result<Grade> {
    /// The fields that say whether the rest can be read.
    #[derive(serde::Deserialize)]
    struct Header {
        format: String,
        version: u32,
    }
    let text = input::read(path, "a grade", GRADE_BYTES_MAX)?;
    let not_a_grade = "not a grade (host grade --format json)";
    let header: Header = serde_json::from_slice(&text).context(not_a_grade)?;
    if (header.format.as_str(), header.version) != (FORMAT, VERSION) {
        bail!(
            "it is of the format {:?}, version {}; this host reads {FORMAT}, version {VERSION}",
            header.format,
            header.version
        );
    }
    serde_json::from_slice(&text).context(not_a_grade)
}
