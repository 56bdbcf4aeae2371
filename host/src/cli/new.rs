//! `host new`: a project for one challenge, or for a workload, in a folder of its own.
//!
//! All that a project needs is in this binary: the start of its node, the messages of its challenge,
//! and for Rust the sources of the SDK. So it works without a clone of this repository.

mod language;
mod messages;
mod project;
mod sdk;
mod workload;

use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};

use clap::Args;

use super::output::{cannot_write, print};
use super::{Exit, Failure, suite_file};
use host_protocol::text::{one_line, shell_quoted};
use language::Language;
use project::{Facts, File};

/// Make a project for a challenge: a node to begin with, its tests and its messages; or for a workload
///
/// It is made in a new folder and needs no clone of this repository.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Folder to make. Its last part is the name of the project.
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// Language of the node.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// Challenge of the built-in suite; `host suite list` lists them.
    #[arg(long, value_name = "ID", default_value = "1")]
    challenge: String,
    /// Make a workload instead: what the clients of a test do, and what is right.
    #[arg(long, conflicts_with_all = ["lang", "challenge"])]
    workload: bool,
}

/// Bodies of messages that nodes of a workload know, as examples; none of a workload that is not built in.
pub(super) fn example_bodies(workload: &str) -> Vec<String> {
    messages::requests(workload).map(str::to_owned).collect()
}

/// The longest name of a project, in characters.
const NAME_CHARS_MAX: usize = 64;

/// Names that a package cannot have: Rust's keywords and crates, and what a project depends on.
const TAKEN: [&str; 68] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "fastrand",
    "final",
    "fn",
    "for",
    "gen",
    "guest-sdk",
    "guest_sdk",
    "host-protocol",
    "host_protocol",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "main",
    "match",
    "memchr",
    "mod",
    "move",
    "mut",
    "node",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "serde_json",
    "serde-json",
    "static",
    "std",
    "struct",
    "strum",
    "super",
    "test",
    "thiserror",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "while",
];

pub(super) fn run(args: &NewArgs) -> Result<Exit, Failure> {
    let name = name(&args.folder)?;
    if args.workload {
        write(&args.folder, &workload::files(&name))?;
        print(&workload::next(&args.folder, &name))?;
        return Ok(Exit::Success);
    }
    let suite = suite_file::open(None)?;
    let challenge = suite_file::find(&suite, &args.challenge)?;
    let facts = Facts::new(&name, challenge, args.lang).ok_or_else(|| {
        let text = format!(
            "there is no start for the workload of challenge {}",
            challenge.id
        );
        Failure::new(Exit::Usage, text)
    })?;
    write(&args.folder, &project::files(&facts))?;
    print(&next(&args.folder, &facts))?;
    Ok(Exit::Success)
}

/// The name of the project in this folder.
fn name(folder: &Path) -> Result<String, Failure> {
    let refuse = |why: String| Failure::new(Exit::Usage, why);
    let Some(name) = folder.file_name() else {
        let folder = folder.display();
        return Err(refuse(format!(
            "{folder} has no name: give the folder to make"
        )));
    };
    let name = name.to_string_lossy().into_owned();
    let is_fit = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().count() <= NAME_CHARS_MAX
        && name
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_".contains(char));
    let shown = one_line(&name);
    if !is_fit {
        return Err(refuse(format!(
            "{shown:?} cannot be the name of a project: it has to begin with one of a to z, and to go \
             on with these, digits, - and _, {NAME_CHARS_MAX} characters at most"
        )));
    }
    if TAKEN.contains(&&*name) {
        return Err(refuse(format!(
            "{shown:?} cannot be the name of a project: compilers or its libraries have it already; try my-{shown}"
        )));
    }
    Ok(name)
}

/// Writes the files into a folder that is new or empty. If one cannot be written, a
/// folder that is new does not stay.
fn write(folder: &Path, files: &[File]) -> Result<(), Failure> {
    let shown = folder.display();
    let is_new = match fs::create_dir(folder) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => {
            return Err(Failure::new(
                Exit::Usage,
                format!("cannot make {shown}: {error}"),
            ));
        }
    };
    let is_empty = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if !is_new && !is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{shown} exists and is not an empty folder: it stays as it is; name another folder, \
                 or remove it first"
            ),
        ));
    }
    let written = files.iter().try_for_each(|file| {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, &file.text))
            .map_err(|error| cannot_write(path.display(), &error))
    });
    if written.is_err() && is_new {
        // What is left of it is of no use; the failure to write is told.
        let _ = fs::remove_dir_all(folder);
    }
    written
}

/// What was made, and the commands that follow.
fn next(folder: &Path, facts: &Facts) -> String {
    let Facts { id, title, .. } = facts;
    let shown = shell_quoted(&folder.to_string_lossy());
    let sim = facts.sim.replacen("host", &program(), 1);
    let mut text = format!(
        "made {shown}: challenge {id}, {title}, in {}\n\nnext:\n  cd {shown}\n  {}\n  {}\n  {sim}\n",
        facts.language.name(),
        facts.test,
        facts.build,
    );
    if facts.is_cut_down {
        text.push_str(
            "\nThe start is right on one node: without --node-count 1 the last command shows what is missing.\n",
        );
    }
    text
}

/// How to call this program from another folder.
fn program() -> String {
    let called = std::env::args_os().next().map(PathBuf::from);
    let called = called.unwrap_or_else(|| "host".into());
    let path = match called.components().count() {
        0 | 1 => called,
        _ => absolute(&called).unwrap_or(called),
    };
    shell_quoted(&path.to_string_lossy())
}
