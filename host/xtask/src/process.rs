//! Starting other programs, from the workspace's folder.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

/// The release binary of `host`.
pub(crate) const HOST: &str = "target/release/host";

/// Makes the workspace's folder the current one: every path here begins there.
pub(crate) fn enter_workspace() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let entered = root.canonicalize().and_then(std::env::set_current_dir);
    entered.with_context(|| format!("cannot enter {}", root.display()))
}

/// The folder in which `./runner.sh` was called: its `cd` has left that in OLDPWD.
pub(crate) fn called_from() -> PathBuf {
    std::env::var_os("OLDPWD")
        .map(PathBuf::from)
        .unwrap_or_default()
}

/// `cargo`, the one that started this.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(cargo, args)
}

/// A program and its arguments.
pub(crate) fn command(program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// Runs a command. It has to succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

/// Runs a command and returns how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let status = command.status();
    status.with_context(|| format!("cannot run {}", shown(command)))
}

/// Runs a command, which has to succeed, and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {}", shown(command)))?;
    let status = output.status;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Whether a command can be run and succeeds. What it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The program of this name on PATH, as the shell would find it.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    find_in(&std::env::var_os("PATH")?, name)
}

/// The program of this name in these folders, which are separated as in PATH.
pub(crate) fn find_in(folders: &OsStr, name: &str) -> Option<PathBuf> {
    let mut programs = std::env::split_paths(folders).map(|folder| folder.join(name));
    programs.find(|path| is_program(path))
}

/// Whether this is a file that may be executed.
pub(crate) fn is_program(path: &Path) -> bool {
    let facts = path.metadata();
    facts.is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
