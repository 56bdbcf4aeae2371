//! `host merge`: joins the grades of shares.

use std::path::{Path, PathBuf};

use clap::Args;

use super::grade::{GradeFormat, exit_of, show};
use super::input;
use super::{Exit, Failure};
use host_grade::Grade;
use host_grade::merge::merge;
use host_grade::report::{FORMAT, VERSION};
use host_protocol::text::printable;

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
    let usage = |text: String| Failure::new(Exit::Usage, printable(&text));
    let mut grades = Vec::new();
    for path in &args.grades {
        let name = path.display().to_string();
        let grade = read(path).map_err(|why| usage(format!("{name}: {why}")))?;
        grades.push((name, grade));
    }
    let grade = merge(grades).map_err(|error| usage(error.to_string()))?;
    show(&grade, args.format)?;
    Ok(exit_of(&grade))
}

fn read(path: &Path) -> Result<Grade, String> {
    let text = input::read(path, "a grade", GRADE_BYTES_MAX).map_err(|error| error.to_string())?;
    /// What tells whether the rest can be understood.
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let not_a_grade =
        |error: serde_json::Error| format!("not a grade (host grade --format json): {error}");
    let head: Head = serde_json::from_slice(&text).map_err(not_a_grade)?;
    if (head.format.as_str(), head.version) != (FORMAT, VERSION) {
        return Err(format!(
            "it is of the format {:?}, version {}; this host reads {FORMAT}, version {VERSION}",
            head.format, head.version
        ));
    }
    serde_json::from_slice(&text).map_err(not_a_grade)
}
