//! The challenges, as `host suite` knows them.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::process::{HOST, command, output, status};
use crate::solutions;

/// Where the report of `./runner.sh` goes.
const REPORT: &str = "target/report";

/// Runs every challenge in the simulator, and writes a report.
pub(crate) fn run() -> Result<ExitCode> {
    if Path::new(REPORT).exists() {
        fs::remove_dir_all(REPORT).with_context(|| format!("cannot empty {REPORT}"))?;
    }
    let mut run = command(HOST, &["suite", "run", "--report", REPORT]);
    for (challenge, args) in solutions::args()? {
        run.arg(format!("--args={challenge}={args}"));
    }
    run.arg(solutions::modules()?);
    let status = status(&mut run)?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The options of a challenge, as Maelstrom and `host sim` take them.
pub(crate) fn flags(challenge: &str) -> Result<Vec<String>> {
    let line = output(&mut command(HOST, &["suite", "show", "--flags", challenge]))?;
    Ok(line.split(' ').map(str::to_owned).collect())
}

/// The name of the module that solves a challenge.
pub(crate) fn module(challenge: &str) -> Result<String> {
    output(&mut command(
        HOST,
        &["suite", "show", "--module", challenge],
    ))
}

/// The arguments with which our solution is run on a challenge.
pub(crate) fn guest_args(challenge: &str) -> Result<Vec<String>> {
    let mut args = solutions::args()?.into_iter();
    let found = args.find(|(id, _)| id == challenge);
    let words = found.map(|(_, words)| words).unwrap_or_default();
    Ok(words.split_whitespace().map(str::to_owned).collect())
}
