//! The commit that a working tree is at, read from git's files: builds in containers have no `git`.

use std::fs;
use std::path::{Path, PathBuf};

/// The digits of a commit that are shown: enough for any repository.
const DIGITS: usize = 12;

/// What is known of a working tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The first digits of the commit, if there is one.
    pub(crate) commit: Option<String>,
    /// The files that change when the commit does, and exist.
    pub(crate) files: Vec<PathBuf>,
}

/// Looks at the working tree with this root. The repository of a folder above is not looked at: it
/// would be another's.
pub(crate) fn of_tree(root: &Path) -> Found {
    let Some(git) = git_dir(root) else {
        return Found::default();
    };
    let head = git.join("HEAD");
    let Some(text) = read(&head) else {
        return Found::default();
    };
    let mut files = vec![head];
    let id = match text.strip_prefix("ref: ") {
        None => Some(text),
        Some(name) => {
            let common = common_dir(&git);
            let packed = common.join("packed-refs");
            let loose = [git.join(name), common.join(name)];
            let loose = loose.into_iter().find(|path| path.is_file());
            let id = match &loose {
                Some(path) => read(path),
                None => read(&packed).and_then(|refs| in_packed(&refs, name)),
            };
            files.extend(loose.or_else(|| packed.is_file().then_some(packed)));
            id
        }
    };
    Found {
        commit: id.as_deref().and_then(digits),
        files,
    }
}

/// The first digits of what is a commit.
pub(crate) fn digits(id: &str) -> Option<String> {
    let is_hex = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_whole = (DIGITS..=64).contains(&id.len());
    (is_hex && is_whole).then(|| id[..DIGITS].to_ascii_lowercase())
}

/// The folder `.git`, or the one that the file `.git` of a worktree or a submodule names.
fn git_dir(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = read(&git)?;
    text.strip_prefix("gitdir: ").map(|path| root.join(path))
}

/// The folder with what all worktrees share.
fn common_dir(git: &Path) -> PathBuf {
    match read(&git.join("commondir")) {
        Some(path) => git.join(path),
        None => git.to_owned(),
    }
}

fn in_packed(refs: &str, name: &str) -> Option<String> {
    let mut lines = refs.lines().filter_map(|line| line.split_once(' '));
    let (id, _) = lines.find(|(_, of)| *of == name)?;
    Some(id.to_owned())
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}
