//! The solutions, and with which arguments they are run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::modules::{link, module};

/// The packages under `solutions/`.
pub(crate) fn names() -> Result<Vec<String>> {
    packages("solutions")
}

/// The folders in a folder that have a package, sorted. Most packages are named as theirs.
pub(crate) fn packages(folder: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {folder}"))? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file()
            && let Some(name) = path.file_name()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A folder with the modules of the solutions and nothing else.
pub(crate) fn modules() -> Result<PathBuf> {
    let folder = Path::new("target/solutions");
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for name in names()? {
        link(&module(&name), &folder.join(format!("{name}.wasm")))?;
    }
    Ok(folder.to_owned())
}

/// The arguments with which the solutions are run on a challenge: its id, and the words.
/// `solutions/NAME/args.txt` has them, where the defaults are not the best.
pub(crate) fn args() -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for name in names()? {
        let path = Path::new("solutions").join(name).join("args.txt");
        if path.is_file() {
            all.extend(table(&path)?);
        }
    }
    Ok(all)
}

/// A file of lines that are a word and what belongs to it. Blank lines and `#` lines are skipped.
pub(crate) fn table(path: &Path) -> Result<Vec<(String, String)>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(' ') {
            Some((word, rest)) => Ok((word.to_owned(), rest.trim().to_owned())),
            None => bail!("{}: nothing follows {line:?}", path.display()),
        })
        .collect()
}
