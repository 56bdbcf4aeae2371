//! Runs a challenge under Maelstrom.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};

use crate::process::{HOST, command, find_program};
use crate::{build, modules, suite};

/// Where Maelstrom runs, so that its `store/` is not left in the repository.
const FOLDER: &str = "target/maelstrom";

/// Becomes Maelstrom, and so returns only if something is missing.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let [challenge] = args else {
        bail!("name a challenge, such as 3c; target/release/host suite list shows them");
    };
    let named = std::env::var("MAELSTROM").unwrap_or_default();
    let named = if named.is_empty() {
        "maelstrom"
    } else {
        &named
    };
    let Some(launcher) = find_program(named) else {
        bail!(
            "Maelstrom is not here: set MAELSTROM to its launcher, or put it on PATH \
             (https://github.com/jepsen-io/maelstrom)."
        );
    };
    build::all()?;
    fs::create_dir_all(FOLDER).with_context(|| format!("cannot make {FOLDER}"))?;
    // Maelstrom starts nodes in the system's temporary folder, so paths are absolute.
    let module = modules::module(&suite::module(challenge)?);
    let mut maelstrom = command(&launcher, &["test", "--bin"]);
    maelstrom.arg(absolute(HOST)?);
    maelstrom.args(suite::flags(challenge)?);
    maelstrom.args(["--", "--module"]).arg(absolute(module)?);
    let guest_args = suite::guest_args(challenge)?;
    if !guest_args.is_empty() {
        maelstrom.arg("--").args(guest_args);
    }
    let error = maelstrom.current_dir(Path::new(FOLDER)).exec();
    Err(error).with_context(|| format!("cannot run {}", launcher.display()))
}
