//! The folders of `deploy/`: their scripts, run as far as that goes without a network and without the
//! machines that they are for.

mod github;
mod gradescope;
mod leaderboard;
mod package;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use test_support::{Dir, host, root};

/// A script of `deploy/`, to be run with bash in a folder.
fn script(name: &str, dir: &Path) -> Command {
    let mut command = Command::new("bash");
    command.arg(root().join("deploy").join(name));
    command.current_dir(dir);
    // Modules are compiled once a machine, not once a test.
    command.env("XDG_CACHE_HOME", root().join("target/tmp/deploy"));
    command
}

/// What a script printed to stdout; it has to end with this exit code.
#[track_caller]
fn printed(command: &mut Command, code: i32) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    let stdout = String::from_utf8(stdout).unwrap();
    assert_eq!(status.code(), Some(code), "{stdout}{stderr}");
    stdout
}

/// A small program that is `host`, under the name of its file: the real one of a test has a hundred
/// megabytes, which packages would copy.
fn small_host(path: &Path) -> PathBuf {
    program(
        path,
        &format!("exec -a \"${{0##*/}}\" '{}' \"$@\"\n", host().display()),
    )
}

/// A program in bash.
fn program(path: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/usr/bin/env bash\n{text}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_owned()
}

/// All files below a folder, in order.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap().is_dir() {
            false => files.push(name),
            true => {
                let below = files_below(&entry.path()).into_iter();
                files.extend(below.map(|file| format!("{name}/{file}")));
            }
        }
    }
    files.sort();
    files
}

/// Shows `[DIR]` for the folder of a test.
fn hidden(text: &str, dir: &Dir) -> String {
    text.replace(&dir.root().display().to_string(), "[DIR]")
}

#[test]
fn what_is_wrong_with_a_command_line_is_told() {
    let dir = Dir::new();
    for (name, args) in [
        ("package.sh", ["--binary", "gone", "--examples", "."]),
        ("gradescope/make-zip.sh", ["--host", "gone", "--add", "x"]),
        (
            "github/starter.sh",
            ["--action", "elsewhere", "--lang", "c"],
        ),
        ("leaderboard/nightly.sh", ["--host", "gone", "--state", "x"]),
    ] {
        let output = script(name, dir.root()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(254), "{name}: {output:?}");
        let name = name.rsplit('/').next().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(&format!("{name}: ")), "{stderr}");
    }
    assert_eq!(files_below(dir.root()), [""; 0]);
}
