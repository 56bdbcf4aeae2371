//! The archive for Gradescope, unpacked into a folder that has what `/autograder` has.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use test_support::class::SUITE;
use test_support::{Dir, bytes, compiled};

use super::{files_below, printed, program, script, small_host};
use crate::grade::gradescope::{assert_documented, outline};

/// A folder with the archive unpacked at `autograder/source`, set up.
fn autograder(dir: &Dir, suite: &str) {
    small_host(&dir.path("built/host"));
    dir.write("suite.toml", suite);
    let mut make = script("gradescope/make-zip.sh", dir.root());
    make.args(["--host", "built/host", "--suite", "suite.toml", "out.zip"]);
    let made = printed(&mut make, 0);
    assert_eq!(Path::new(made.trim_end()), dir.path("out.zip"));
    let mut unzip = Command::new("python3");
    let source = dir.path("autograder/source");
    unzip.args(["-m", "zipfile", "-e"]);
    printed(unzip.arg(dir.path("out.zip")).arg(&source), 0);
    assert_eq!(
        files_below(&source),
        ["host", "run_autograder", "setup.sh", "suite.toml"]
    );
    for folder in ["submission", "results"] {
        fs::create_dir(dir.path("autograder").join(folder)).unwrap();
    }
    // Modules are compiled once a machine, not once a test.
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(compiled()).unwrap();
    symlink(compiled(), source.join("cache")).unwrap();
    let said = printed(&mut unpacked(dir, "setup.sh"), 0);
    assert!(said.starts_with("host 0.1.0 (commit "), "{said}");
}

/// A script of the archive.
fn unpacked(dir: &Dir, name: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(dir.path("autograder/source").join(name));
    command.current_dir(dir.path("autograder"));
    command.env("AUTOGRADER", dir.path("autograder"));
    command
}

#[test]
fn a_submission_gets_the_results_that_gradescope_reads() {
    let dir = Dir::new();
    let suite = SUITE.replace("hidden = true", "hidden = \"until-due-date\"");
    autograder(&dir, &suite);
    dir.write("autograder/submission/echo.wasm", bytes("echo"));
    let module = bytes("broadcast-flood");
    dir.write("autograder/submission/broadcast.wasm", module);
    // What an earlier run left is not the result of this one.
    dir.write("autograder/results/results.json", "{}");
    assert_eq!(printed(&mut unpacked(&dir, "run_autograder"), 0), "");
    let results: Json = serde_json::from_str(&dir.read("autograder/results/results.json")).unwrap();
    assert_documented(&results);
    expect_test::expect![[r#"
        5: Suite small.
        "echo" 2/2 "visible": AC: accepted with 3 seeds
        "flood" 3/3 "after_due_date": AC: accepted with 3 seeds
        "cut" 0/5 "visible": WA: wrong answer, with seed 1, after 0 seeds that passed
        "points" 2.0 "desc"
    "#]]
    .assert_eq(&outline(&results));
    assert_eq!(
        files_below(&dir.path("autograder/results")),
        ["results.json"]
    );
}

#[test]
fn a_grader_that_fails_leaves_no_results() {
    let dir = Dir::new();
    autograder(&dir, SUITE);
    dir.write("autograder/results/results.json", "{}");
    program(
        &dir.path("autograder/source/host"),
        "echo '{\"score\": 9'; exit 255\n",
    );
    let said = printed(&mut unpacked(&dir, "run_autograder"), 255);
    assert_eq!(
        said,
        "run_autograder: host grade ended with exit code 255, see above. Run the autograder again.\n"
    );
    assert_eq!(files_below(&dir.path("autograder/results")), [""; 0]);
}

#[test]
fn a_suite_with_a_mistake_makes_no_archive() {
    let dir = Dir::new();
    small_host(&dir.path("built/host"));
    dir.write("suite.toml", "version = 1\nname = 7\n");
    let mut make = script("gradescope/make-zip.sh", dir.root());
    make.args(["--host", "built/host", "--suite", "suite.toml", "out.zip"]);
    printed(&mut make, 254);
    assert_eq!(files_below(dir.root()), ["built/host", "suite.toml"]);
}
