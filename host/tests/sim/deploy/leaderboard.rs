//! The leaderboard of a class, night after night.

use std::fs;
use std::process::Command;

use test_support::class::SUITE;
use test_support::{Dir, bytes};

use super::{files_below, printed, script, small_host};

fn nightly(dir: &Dir) -> Command {
    let mut command = script("leaderboard/nightly.sh", dir.root());
    command
        .arg("--host")
        .arg(small_host(&dir.path("built/host")));
    command.args(["--suite", "suite.toml", "class", "site"]);
    command
}

/// The runs that were kept.
fn runs_kept(dir: &Dir) -> usize {
    let names = dir.files_in("site.state");
    let mut runs = names.iter().filter(|name| name.starts_with("runs."));
    let text = dir.read(&format!("site.state/{}", runs.next().unwrap()));
    assert_eq!(runs.next(), None);
    text.lines().count() - 1 // what it is about
}

#[test]
fn a_second_night_judges_only_what_is_new() {
    let dir = Dir::new();
    dir.write("suite.toml", SUITE);
    dir.write("class/ann/echo.wasm", bytes("echo"));
    printed(&mut nightly(&dir), 0);
    let first = dir.read("site/index.html");
    assert!(first.contains("<td>1</td><th scope=\"row\">ann</th><td>2</td>"));
    assert_eq!(files_below(&dir.path("site")), ["index.html"]);
    assert_eq!(runs_kept(&dir), 3);

    // The same night again judges nothing, and the page is the same.
    printed(&mut nightly(&dir), 0);
    assert_eq!((dir.read("site/index.html"), runs_kept(&dir)), (first, 3));

    dir.write("class/bob/broadcast.wasm", bytes("broadcast"));
    printed(&mut nightly(&dir), 0);
    let third = dir.read("site/index.html");
    assert!(
        third.contains("<td>1</td><th scope=\"row\">bob</th><td>5</td>"),
        "{third}"
    );
    assert!(
        third.contains("<td>2</td><th scope=\"row\">ann</th><td>2</td>"),
        "{third}"
    );
    assert_eq!(runs_kept(&dir), 9);

    // Another suite judges anew.
    dir.write("suite.toml", SUITE.replace("points = 2", "points = 1"));
    fs::remove_dir_all(dir.path("class/bob")).unwrap();
    printed(&mut nightly(&dir), 0);
    assert_eq!(runs_kept(&dir), 3);
}

#[test]
fn a_grader_that_fails_leaves_the_page() {
    let dir = Dir::new();
    dir.write("suite.toml", SUITE);
    dir.write("class/ann/echo.wasm", bytes("echo"));
    printed(&mut nightly(&dir), 0);
    let page = dir.read("site/index.html");
    dir.write("suite.toml", "version = 1");
    printed(&mut nightly(&dir), 254);
    assert_eq!(dir.read("site/index.html"), page);
}
