//! Trials: runs of a solution that have to be valid with every seed.
//!
//! A line of `solutions/NAME/trials.txt` is a label and the options of `host sim`. Instead of a
//! challenge's options it says `--challenge ID`; the arguments that our solution takes on that
//! challenge are added, unless the line has its own after `--`.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{HOST, command};
use crate::{build, modules, solutions, suite};

/// Seeds of a trial, if the caller does not say how many.
const SEEDS: u64 = 1000;

pub(crate) fn run(args: &[&str]) -> Result<ExitCode> {
    let (names, seeds) = match args {
        [] => (solutions::names()?, SEEDS),
        [name] => (vec![(*name).to_owned()], SEEDS),
        [name, seeds] => {
            let seeds = seeds.parse();
            let seeds = seeds.context("SEEDS is a number: trials [NAME [SEEDS]]")?;
            (vec![(*name).to_owned()], seeds)
        }
        _ => bail!("too many arguments: trials [NAME [SEEDS]]"),
    };
    let tables = names.iter().map(|name| trials(name));
    let tables = tables.collect::<Result<Vec<_>>>()?;
    build::all()?;
    let mut all_valid = true;
    for (name, table) in names.iter().zip(tables) {
        for (label, options) in table {
            all_valid &= trial(name, &label, &options, seeds)?;
        }
    }
    Ok(if all_valid {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The lines of a solution's `trials.txt`.
fn trials(name: &str) -> Result<Vec<(String, String)>> {
    let path = Path::new("solutions").join(name).join("trials.txt");
    ensure!(path.is_file(), "there is no {}", path.display());
    solutions::table(&path)
}

/// Runs one trial, and says whether it was valid. What `host sim` prints is shown if it was not.
fn trial(name: &str, label: &str, options: &str, seeds: u64) -> Result<bool> {
    let mut sim = command(HOST, &["sim", "--module"]);
    sim.arg(modules::module(name));
    sim.args(["--seeds", &format!("0..{seeds}")]);
    sim.args(expand(options)?).stdin(Stdio::null());
    let output = sim.output().with_context(|| format!("cannot run {HOST}"))?;
    let is_valid = output.status.success();
    let verdict = if is_valid { "valid" } else { "FAILED" };
    println!("{verdict:<7}  {name:<16} {label}");
    if !is_valid {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        print!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(is_valid)
}

/// The options of a line, with those of its challenge in full.
fn expand(options: &str) -> Result<Vec<String>> {
    let words = options.split_whitespace().map(str::to_owned);
    let mut words: Vec<String> = words.collect();
    let Some(at) = words.iter().position(|word| word == "--challenge") else {
        return Ok(words);
    };
    let id = words
        .get(at + 1)
        .context("--challenge needs an id")?
        .clone();
    words.splice(at..=at + 1, suite::flags(&id)?);
    if !words.iter().any(|word| word == "--") {
        let args = suite::guest_args(&id)?;
        if !args.is_empty() {
            words.push("--".to_owned());
            words.extend(args);
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::enter_workspace;

    #[test]
    fn every_trial_that_names_a_challenge_names_one_of_the_suite() {
        enter_workspace().unwrap();
        let suite = std::fs::read_to_string("host/grade/src/suite/gossip-glomers.toml").unwrap();
        for name in solutions::names().unwrap() {
            for (label, options) in trials(&name).unwrap() {
                let mut words = options.split(' ');
                if words.next() == Some("--challenge") {
                    let id = words.next().unwrap();
                    let is_known = suite.contains(&format!("\nid = {id:?}\n"));
                    assert!(is_known, "{name} {label}: {options}");
                }
            }
        }
    }

    #[test]
    fn a_trial_without_a_challenge_is_its_words() {
        let words = expand("-w echo --rate 5 -- --strategy x").unwrap();
        assert_eq!(words.join(" "), "-w echo --rate 5 -- --strategy x");
        let error = expand("--challenge").unwrap_err();
        assert_eq!(error.to_string(), "--challenge needs an id");
    }
}
