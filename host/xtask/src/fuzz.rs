//! Fuzzing: looks for inputs that break a reader or a check, from `fuzz/corpus/TARGET` on.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, run as run_command, succeeds};

/// Seconds of fuzzing, if the caller does not say how many.
const SECONDS: u64 = 60;

/// Runs a target of `fuzz/`. Coverage needs no nightly compiler; sanitizers would, and look for
/// what only unsafe code can do.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let targets = targets()?;
    let (target, seconds) = match args {
        [target] => (*target, SECONDS),
        [target, seconds] => {
            let seconds = seconds.parse();
            (
                *target,
                seconds.context("SECONDS is a number: fuzz TARGET [SECONDS]")?,
            )
        }
        _ => ("", SECONDS),
    };
    if !targets.iter().any(|it| it == target) {
        bail!("name a target: {}.", targets.join(" "));
    }
    if !succeeds(&mut cargo(&["fuzz", "--version"])) {
        run_command(&mut cargo(&["install", "--locked", "cargo-fuzz"]))?;
    }
    // New inputs go to the first folder; what breaks the target goes to fuzz/artifacts.
    let found = format!("fuzz/found/{target}");
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(&found).with_context(|| format!("cannot make {found}"))?;
    run_command(&mut cargo(&[
        "fuzz",
        "run",
        "--sanitizer",
        "none",
        target,
        &found,
        &corpus,
        "--",
        &format!("-max_total_time={seconds}"),
        "-max_len=4096",
        "-timeout=10",
    ]))
}

/// The targets, sorted.
fn targets() -> Result<Vec<String>> {
    let folder = Path::new("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).context("cannot read fuzz/fuzz_targets")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(name) = path.file_stem()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
