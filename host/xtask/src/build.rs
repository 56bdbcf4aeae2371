//! Builds the host, the guests and the test programs.

use anyhow::Result;

use crate::modules::{TARGET, link, module, touch};
use crate::process::{cargo, command, run};
use crate::{setup, solutions};

/// The release host and every guest.
pub(crate) fn all() -> Result<()> {
    host()?;
    guests()
}

/// The release host.
pub(crate) fn host() -> Result<()> {
    setup::target()?;
    run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "-p",
        "host",
    ]))
}

/// The guests: solutions, the mutants that tests have to catch, and workloads.
///
/// They are small and run metered, so they get what makes code small and calls few: one
/// optimisation over the whole program.
pub(crate) fn guests() -> Result<()> {
    setup::target()?;
    let mut packages = solutions::names()?;
    packages.extend(solutions::packages("host/tests/mutants")?);
    for folder in ["host/workloads", "host/tests/workloads"] {
        let workloads = solutions::packages(folder)?.into_iter();
        packages.extend(workloads.map(|name| format!("workload-{name}")));
    }
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
        // Cargo does not write again what is up to date; tests refuse what is older than Cargo.lock.
        touch(&built)?;
    }
    Ok(())
}

/// The programs in Go, C and Rust that tests run as guests.
pub(crate) fn programs() -> Result<()> {
    run(&mut command("host/tests/programs/build.sh", &[]))
}
