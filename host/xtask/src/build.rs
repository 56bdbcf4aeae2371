//! Builds the host, the guests and the test programs.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{cargo, command, run};
use crate::{setup, solutions};

/// The target of guests.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// The release host and every guest.
pub(crate) fn all() -> Result<()> {
    setup::target()?;
    run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "-p",
        "host",
    ]))?;
    guests()
}

/// The guests: solutions, and the mutants that tests have to catch.
///
/// They are small and run metered, so they get what makes code small and calls few: one
/// optimisation over the whole program.
pub(crate) fn guests() -> Result<()> {
    setup::target()?;
    let mut packages = solutions::names()?;
    packages.extend(solutions::packages("host/tests/mutants")?);
    let mut build = cargo(&[
        "build",
        "--release",
        "--locked",
        "--lib",
        "--target",
        TARGET,
    ]);
    build.envs([
        ("CARGO_PROFILE_RELEASE_LTO", "fat"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ]);
    for package in &packages {
        build.args(["-p", package]);
    }
    run(&mut build)?;
    // Cargo writes a library's name with underscores; a module has its package's name.
    for package in &packages {
        let built = module(&package.replace('-', "_"));
        link(&built, &module(package))?;
    }
    Ok(())
}

/// The programs in Go, C and Rust that tests run as guests.
pub(crate) fn programs() -> Result<()> {
    run(&mut command("host/tests/programs/build.sh", &[]))
}

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
