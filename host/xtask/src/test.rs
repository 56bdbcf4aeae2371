//! What contributors and CI run: formats, lints, tests, documentation, benchmarks.

use anyhow::Result;

use crate::process::{cargo, command, find_program, run, succeeds};
use crate::{build, setup, solutions};

/// Parts of the paths of tests that need Go, C or a browser, or take long. The profile `fast` in
/// `.config/nextest.toml` leaves out the same.
const SLOW: [&str; 7] = [
    "languages::",
    "memory::",
    "report::",
    "zoo::",
    "hostile::",
    "grade::parts::",
    "simulated::shrink::",
];

/// The shell scripts of this project.
const SCRIPTS: [&str; 20] = [
    "runner.sh",
    ".ci/run",
    "host/tests/programs/build.sh",
    "docs/grading-sources/build.sh",
    "docs/grading-sources/inside.sh",
    "docs/rustc-wasi.sh",
    "deploy/package.sh",
    "deploy/gradescope/make-zip.sh",
    "deploy/gradescope/run_autograder",
    "deploy/gradescope/setup.sh",
    "deploy/github/grade.sh",
    "deploy/github/install.sh",
    "deploy/github/starter.sh",
    "deploy/leaderboard/nightly.sh",
    "deploy/slurm/merge.sbatch",
    "deploy/slurm/share.sbatch",
    "deploy/slurm/submit.sh",
    "deploy/slurm/test.sh",
    "deploy/kubernetes/merge.sh",
    "deploy/kubernetes/share.sh",
];

/// All that CI runs.
pub(crate) fn all() -> Result<()> {
    setup::browser()?;
    formats()?;
    build::guests()?;
    build::programs()?;
    clippy()?;
    if has_nextest() {
        run(&mut cargo(&[
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--no-fail-fast",
        ]))?;
    } else {
        run(&mut cargo(&[
            "test",
            "--locked",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
        ]))?;
    }
    run(&mut cargo(&["test", "--locked", "--workspace", "--doc"]))?;
    documentation()
}

/// What a contributor runs after a change. It needs no Go, no C compiler and no browser.
pub(crate) fn fast() -> Result<()> {
    formats()?;
    build::guests()?;
    clippy()?;
    if has_nextest() {
        let args = [
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--profile",
            "fast",
        ];
        return run(&mut cargo(&args));
    }
    let mut test = cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--",
    ]);
    for part in SLOW {
        test.args(["--skip", part]);
    }
    run(&mut test)
}

/// Measures everything again, in release builds.
pub(crate) fn bench(args: &[&str]) -> Result<()> {
    build::all()?;
    build::programs()?;
    let mut natives = cargo(&["build", "--release", "--locked", "--bins"]);
    for name in solutions::names()? {
        natives.args(["-p", &name]);
    }
    run(&mut natives)?;
    run(cargo(&["bench", "--locked", "-p", "host"]).args(args))
}

/// Grades the zoo, and prints its page.
pub(crate) fn zoo(args: &[&str]) -> Result<()> {
    page("zoo", args)
}

/// Searches the zoo's programs by exploration, and prints the page about it.
pub(crate) fn power(args: &[&str]) -> Result<()> {
    page("power", args)
}

/// Runs a benchmark that prints a page.
fn page(bench: &str, args: &[&str]) -> Result<()> {
    build::all()?;
    let bench = ["bench", "--locked", "-p", "host", "--bench", bench, "--"];
    run(cargo(&bench).args(args))
}

/// Formats of Rust files, and the shell scripts if there is a linter for them.
fn formats() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    match find_program("shellcheck") {
        Some(shellcheck) => run(&mut command(shellcheck, &SCRIPTS)),
        None => Ok(()),
    }
}

fn clippy() -> Result<()> {
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets"];
    run(cargo(&clippy).args(["--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps", "--lib"]);
    doc.env(
        "RUSTDOCFLAGS",
        "-D warnings -A rustdoc::private_intra_doc_links",
    );
    run(&mut doc)
}

fn has_nextest() -> bool {
    succeeds(&mut cargo(&["nextest", "--version"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::enter_workspace;

    /// With and without nextest, the same tests are left out.
    #[test]
    fn the_fast_profile_leaves_out_the_slow_parts() {
        enter_workspace().unwrap();
        let config = std::fs::read_to_string(".config/nextest.toml").unwrap();
        let (_, fast) = config.split_once("[profile.fast]").unwrap();
        let (_, pattern) = fast.split_once("test(/").unwrap();
        let (pattern, _) = pattern.split_once("/)").unwrap();
        let names = pattern
            .split(['(', ')', '|', '^'])
            .map(|part| part.trim_matches(':'));
        let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        let mut slow = SLOW.map(|part| part.trim_end_matches("::")).to_vec();
        names.sort_unstable();
        slow.sort_unstable();
        assert_eq!(names, slow);
    }
}
