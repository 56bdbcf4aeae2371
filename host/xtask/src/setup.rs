//! Installs what a build or a test needs, or says what is missing.

use std::path::Path;

use anyhow::{Result, bail};

use crate::modules::TARGET;
use crate::process::{command, find_program, output, run, succeeds};

/// Rust's standard library for WebAssembly.
pub(crate) fn target() -> Result<()> {
    let sysroot = output(&mut command("rustc", &["--print", "sysroot"]))?;
    if Path::new(&sysroot)
        .join("lib/rustlib")
        .join(TARGET)
        .is_dir()
    {
        return Ok(());
    }
    let version = output(&mut command("rustc", &["--version"]))?;
    if find_program("rustup").is_none() {
        bail!(
            "this Rust has no standard library for {TARGET}, and there is no rustup to fetch it. \
             Install the one of your distribution for this very compiler ({version}), or use rustup."
        );
    }
    if run(&mut command("rustup", &["target", "add", TARGET])).is_err() {
        bail!(
            "rustup cannot fetch the target {TARGET}. Connect this machine to a rustup server once, \
             or copy lib/rustlib/{TARGET} of the same version ({version}) into {sysroot}/lib/rustlib."
        );
    }
    Ok(())
}

/// The browser in which the tests look at reports, and its driver.
pub(crate) fn browser() -> Result<()> {
    if find_program("chromedriver").is_some() {
        return Ok(());
    }
    if find_program("apt-get").is_some() {
        let is_root = output(&mut command("id", &["-u"])).is_ok_and(|id| id == "0");
        // Whether this worked is seen below.
        let _ = succeeds(&mut apt_get(is_root, &["update", "-qq"]));
        let packages = ["install", "-y", "-qq", "chromium", "chromium-driver"];
        let _ = succeeds(&mut apt_get(is_root, &packages));
    }
    if find_program("chromedriver").is_none() {
        bail!(
            "the tests look at reports in a browser: install Chromium and its driver, chromedriver \
             (Debian: apt-get install chromium chromium-driver)."
        );
    }
    Ok(())
}

fn apt_get(is_root: bool, args: &[&str]) -> std::process::Command {
    let mut words = if is_root {
        vec!["env"]
    } else {
        vec!["sudo", "-n", "env"]
    };
    words.extend(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(args);
    command(words[0], &words[1..])
}
