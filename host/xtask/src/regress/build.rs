//! The two sides of a comparison: this tree, and an older commit beside it.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result};

use crate::modules;
use crate::process::{HOST, command, output, run};

/// Where older commits are checked out and built.
const FOLDER: &str = "target/regress";

/// A host and its modules.
#[derive(Debug)]
pub(super) struct Side {
    /// What it is, in words.
    pub(super) commit: String,
    /// The folder of its workspace.
    root: PathBuf,
    /// Its compiled modules.
    pub(super) cache: PathBuf,
}

impl Side {
    /// What is in this workspace, built.
    pub(super) fn this_tree() -> Result<Self> {
        Side::at(Path::new("."), "this tree")
    }

    fn at(root: &Path, commit: &str) -> Result<Self> {
        let root = absolute(root)?;
        Ok(Side {
            commit: commit.to_owned(),
            cache: root.join("target/regress-cache"),
            root,
        })
    }

    pub(super) fn host(&self) -> PathBuf {
        self.root.join(HOST)
    }

    pub(super) fn module(&self, solution: &str) -> PathBuf {
        self.root.join(modules::module(solution))
    }
}

/// Checks out an older commit and builds it, unless that has been done.
pub(super) fn older(name: &str) -> Result<Side> {
    let commit = format!("{name}^{{commit}}");
    let commit = output(&mut command("git", &["rev-parse", "--verify", &commit]));
    let commit = commit.with_context(|| format!("{name:?} is no commit"))?;
    let folder = Path::new(FOLDER).join(&commit);
    if !folder.join("runner.sh").is_file() {
        remove_others()?;
        let folder = folder.to_string_lossy();
        let add = ["worktree", "add", "--force", "--detach", &folder, &commit];
        run(&mut command("git", &add))?;
    }
    let mut build = command("./runner.sh", &["build"]);
    build.current_dir(&folder).env_remove("CARGO_TARGET_DIR");
    run(&mut build).with_context(|| format!("cannot build {name}"))?;
    Side::at(&folder, &commit)
}

/// Removes the older commits that are checked out: each takes gigabytes.
fn remove_others() -> Result<()> {
    if let Ok(entries) = fs::read_dir(FOLDER) {
        for entry in entries {
            let path = entry?.path();
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    run(&mut command("git", &["worktree", "prune"]))
}
