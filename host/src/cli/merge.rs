//! `host merge`: joins the grades of shards.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::grade::{GradeFormat, exit_of, show};
use super::input;
use super::{Exit, Failure};
use host_grade::Grade;
use host_grade::grade::{FORMAT, VERSION};
use host_grade::merge::merge;

/// The largest grade that is read, 1 GiB.
const GRADE_BYTES_MAX: u64 = 1 << 30;

/// Merge the grades that `host grade --format json --shard` wrote, one per share, into one
#[derive(Debug, Args)]
#[command(after_help = super::grade::EXIT_CODES)]
pub(super) struct MergeArgs {
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = GradeFormat::Text)]
    format: GradeFormat,
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
    let grade = merge(grades)?;
    show(&grade, args.format)?;
    Ok(exit_of(&grade))
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
