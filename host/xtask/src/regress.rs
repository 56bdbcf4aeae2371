//! `./runner.sh regress`: whether this tree is slower than an older commit, measured in one run.
//!
//! Both are built, each with its own host and solutions, and do the same work in turns. What counts
//! is the ratio of their processor times, turn by turn, as [`judge`] decides it. The older commit
//! stays checked out and built in a folder under `target`, until another one is asked for.

mod build;
mod judge;
mod measures;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::build as this_tree;
use crate::process::{command, output};
use build::Side;
use judge::{LIMIT, Measured, measure};
use measures::{Inputs, Measure};

pub(crate) fn run(args: &[&str]) -> Result<ExitCode> {
    let base = match args {
        [] => last_release()?,
        [commit] if !commit.starts_with('-') => (*commit).to_owned(),
        _ => bail!("give one commit to compare with: regress [BASE]"),
    };
    this_tree::all()?;
    let base = build::older(&base)?;
    let ours = Side::this_tree()?;
    let inputs = Inputs::write(&base)?;
    println!("Seconds of processor time, base and this tree, and their ratio: medians.\n");
    println!(
        "{:<44} {:>7} {:>7} {:>6} {:>6}",
        "what", "base", "this", "ratio", "turns"
    );
    let mut slower = 0;
    for one in Measure::ALL {
        let turn = || Ok((one.seconds(&base, &inputs)?, one.seconds(&ours, &inputs)?));
        turn()?; // fills the caches
        let measured = measure(turn)?;
        slower += usize::from(measured.is_slower);
        println!("{}", row(one.what(), &measured));
    }
    println!(
        "\nBase: {}. Slower is a ratio above {LIMIT} in three series.",
        base.commit
    );
    Ok(match slower {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// The commit of the last release.
fn last_release() -> Result<String> {
    let mut describe = command("git", &["describe", "--tags", "--abbrev=0"]);
    describe.stderr(std::process::Stdio::null());
    match output(&mut describe) {
        Ok(tag) => Ok(tag),
        Err(_) => bail!("no commit has a tag: give the commit to compare with: regress [BASE]"),
    }
}

fn row(what: &str, measured: &Measured) -> String {
    let Measured {
        base_s,
        ours_s,
        ratio,
        turns,
        is_slower,
    } = measured;
    let mark = if *is_slower { "  SLOWER" } else { "" };
    format!("{what:<44} {base_s:>7.3} {ours_s:>7.3} {ratio:>6.2} {turns:>6}{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_is_slower() {
        let mut measured = Measured {
            base_s: 0.4512,
            ours_s: 0.5101,
            ratio: 1.1305,
            turns: 27,
            is_slower: true,
        };
        let expected =
            "echo stream                                    0.451   0.510   1.13     27  SLOWER";
        assert_eq!(row("echo stream", &measured), expected);
        measured.is_slower = false;
        assert_eq!(
            row("echo stream", &measured),
            expected.trim_end_matches("  SLOWER")
        );
    }

    #[test]
    fn one_commit_is_enough() {
        for args in [&["a", "b"][..], &["--base"]] {
            let error = run(args).unwrap_err().to_string();
            assert_eq!(error, "give one commit to compare with: regress [BASE]");
        }
    }
}
