//! The commit in `host --version`, which the build script reads from git's files.

use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Dir, root};

#[path = "../../../build/commit.rs"]
mod commit;

use commit::{Found, digits, of_tree};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// What is found, and the files that it depends on, from the root of the tree.
fn found(dir: &Dir, tree: &str) -> (Option<String>, Vec<String>) {
    let Found { commit, files } = of_tree(&dir.path(tree));
    let real = |path: &Path| path.canonicalize().unwrap();
    let short = |path: &PathBuf| {
        let path = real(path);
        path.strip_prefix(real(dir.root()))
            .unwrap()
            .display()
            .to_string()
    };
    (commit, files.iter().map(short).collect())
}

#[track_caller]
fn check(dir: &Dir, tree: &str, files: &[&str]) {
    let files = files.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(found(dir, tree), (Some("0123456789ab".to_owned()), files));
}

#[test]
fn a_branch_is_followed() {
    let dir = Dir::new();
    dir.write("tree/.git/HEAD", "ref: refs/heads/a/b\n");
    dir.write("tree/.git/refs/heads/a/b", format!("{ID}\n"));
    check(
        &dir,
        "tree",
        &["tree/.git/HEAD", "tree/.git/refs/heads/a/b"],
    );
}

#[test]
fn a_branch_may_be_packed() {
    let dir = Dir::new();
    dir.write("tree/.git/HEAD", "ref: refs/heads/main\n");
    let packed =
        format!("# pack-refs with: peeled\nffff refs/heads/mainly\n{ID} refs/heads/main\n");
    dir.write("tree/.git/packed-refs", packed);
    check(&dir, "tree", &["tree/.git/HEAD", "tree/.git/packed-refs"]);
}

#[test]
fn a_head_may_be_the_commit_itself() {
    let dir = Dir::new();
    dir.write("tree/.git/HEAD", format!("{ID}\n"));
    check(&dir, "tree", &["tree/.git/HEAD"]);
}

#[test]
fn a_worktree_has_its_head_elsewhere() {
    let dir = Dir::new();
    dir.write("other/.git", "gitdir: ../tree/.git/worktrees/other\n");
    dir.write("tree/.git/worktrees/other/HEAD", "ref: refs/heads/topic\n");
    dir.write("tree/.git/worktrees/other/commondir", "../..\n");
    dir.write("tree/.git/refs/heads/topic", format!("{ID}\n"));
    check(
        &dir,
        "other",
        &[
            "tree/.git/worktrees/other/HEAD",
            "tree/.git/refs/heads/topic",
        ],
    );
}

#[test]
fn without_git_nothing_is_known() {
    let dir = Dir::new();
    // The repository around it is another's.
    dir.write(".git/HEAD", ID);
    dir.write("tree/README.md", "");
    assert_eq!(of_tree(&dir.path("tree")), Found::default());
    dir.write("new/.git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(found(&dir, "new"), (None, vec!["new/.git/HEAD".to_owned()]));
    dir.write("broken/.git/HEAD", "ref: refs/heads/main\n");
    dir.write("broken/.git/refs/heads/main", "not a commit\n");
    assert_eq!(found(&dir, "broken").0, None);
}

#[test]
fn a_commit_is_hexadecimal_and_whole() {
    assert_eq!(digits(&"AB12".repeat(16)).as_deref(), Some("ab12ab12ab12"));
    for id in [
        "",
        "0123",
        &"é".repeat(20),
        &"0".repeat(65),
        "0123456789abg",
    ] {
        assert_eq!(digits(id), None, "{id}");
    }
}

#[test]
fn the_version_names_the_commit_the_engine_and_the_cost_table() {
    let git = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .current_dir(root())
        .output();
    let has_git = root().join(".git").exists();
    let commit = match git {
        Ok(output) if has_git && output.status.success() => {
            String::from_utf8(output.stdout).unwrap()
        }
        // The build script needs no git, and the test has nothing to compare with.
        _ => of_tree(root())
            .commit
            .unwrap_or_else(|| "unknown".to_owned()),
    };
    let long = format!(
        "host 0.1.0 (commit {}, wasmtime 48.0.8, cost table 4)\n",
        commit.trim()
    );
    let shown = |flag: &str| Dir::new().host().arg(flag).end().stdout;
    assert_eq!(shown("--version"), long);
    assert_eq!(shown("-V"), "host 0.1.0\n");
}
