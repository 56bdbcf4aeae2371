//! The files of a repository, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that hold no sources: build output and what a fuzzer leaves.
const SKIPPED: [&str; 6] = [
    ".git",
    "target",
    "fuzz/artifacts",
    "fuzz/coverage",
    "fuzz/found",
    "fuzz/target",
];

/// The files of a repository. Paths are relative to its root, with `/` between their parts.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

impl Repository {
    /// Reads all files below `root`; those that are not UTF-8 have a path and no text.
    ///
    /// # Errors
    /// A folder or a file cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut repository = Repository::default();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                let name = path.to_string_lossy().replace('\\', "/");
                if SKIPPED.contains(&name.as_str()) {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                    continue;
                }
                if let Ok(text) = String::from_utf8(fs::read(entry.path())?) {
                    repository.texts.insert(name.clone(), text);
                }
                repository.paths.insert(name);
            }
        }
        Ok(repository)
    }

    /// A repository of these files, for tests.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let paths = files.iter().map(|(path, _)| (*path).to_owned());
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Repository {
            paths: paths.collect(),
            texts: texts.collect(),
        }
    }

    /// Whether there is a file or a folder of this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self
                .paths
                .range(folder.clone()..)
                .next()
                .is_some_and(|next| next.starts_with(&folder))
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// All texts with their paths, in the order of the paths.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Those below `folder`.
    pub fn texts_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts().filter(move |(path, _)| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_if_a_file_in_it_is() {
        let repository = Repository::of(&[("docs/abi.md", ""), ("docs-old", "")]);
        assert!(repository.has("docs"));
        assert!(repository.has("docs/abi.md"));
        assert!(!repository.has("doc"));
        assert!(!repository.has("docs/abi"));
    }
}
