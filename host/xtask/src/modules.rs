//! Where cargo puts the modules of guests.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

/// The target of guests.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// The module of a package.
pub(crate) fn module(package: &str) -> PathBuf {
    Path::new("target")
        .join(TARGET)
        .join("release")
        .join(format!("{package}.wasm"))
}

/// Makes `link` a hard link to `file`, unless it is one.
pub(crate) fn link(file: &Path, link: &Path) -> Result<()> {
    let facts = file
        .metadata()
        .with_context(|| format!("cannot read {}", file.display()))?;
    if let Ok(linked) = link.metadata() {
        if (linked.dev(), linked.ino()) == (facts.dev(), facts.ino()) {
            return Ok(());
        }
        fs::remove_file(link).with_context(|| format!("cannot replace {}", link.display()))?;
    }
    fs::hard_link(file, link).with_context(|| format!("cannot make {}", link.display()))
}

/// Gives a file the time of now.
pub(crate) fn touch(file: &Path) -> Result<()> {
    let opened = File::options().append(true).open(file);
    let touched = opened.and_then(|opened| opened.set_modified(SystemTime::now()));
    touched.with_context(|| format!("cannot touch {}", file.display()))
}
