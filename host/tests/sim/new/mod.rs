//! `host new`: what it makes, what it refuses, and that what it makes works.

mod command;
mod documents;
mod languages;

use std::fs;
use std::path::{Path, PathBuf};

use test_support::{Dir, Ended, Run};

/// `host new` with these arguments, in this folder.
fn new(dir: &Dir, args: &[&str]) -> Ended {
    let run = Run::host().in_dir(dir.root()).arg("new").args(args);
    run.hide(test_support::host(), "host").end()
}

/// Makes a project of the name `mine`.
fn made(dir: &Dir, lang: &str, challenge: &str) -> PathBuf {
    let args = ["mine", "--lang", lang, "--challenge", challenge];
    let ended = new(dir, &args);
    assert_eq!(ended.code(), Some(0), "{ended}");
    dir.path("mine")
}

/// All files below a folder, with their paths in it, sorted.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found.sort();
    found
}
