//! Runs a challenge under Maelstrom.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};

use crate::process::{HOST, called_from, command, find_program};
use crate::{build, modules, suite};

/// Where Maelstrom runs, so that its `store/` is not left in the repository.
const FOLDER: &str = "target/maelstrom";

/// What `./runner.sh maelstrom` is told: `ID [MODULE [-- GUEST_ARGS]]`.
#[derive(Debug, PartialEq, Eq)]
struct Wanted<'a> {
    challenge: &'a str,
    /// A module of the user's own, relative to where the command was called.
    module: Option<&'a str>,
    guest_args: &'a [&'a str],
}

impl<'a> Wanted<'a> {
    fn read(args: &'a [&'a str]) -> Result<Self> {
        let end = args.iter().position(|arg| *arg == "--");
        let (words, guest_args) = match end {
            Some(end) => (&args[..end], &args[end + 1..]),
            None => (args, &[][..]),
        };
        let (challenge, module) = match words {
            [challenge] if end.is_none() => (challenge, None),
            [challenge, module] => (challenge, Some(*module)),
            _ => bail!(
                "give the id of a challenge, such as 3c, and perhaps a module: \
                 maelstrom ID [MODULE [-- GUEST_ARGS]]; target/release/host suite list shows the ids"
            ),
        };
        Ok(Wanted {
            challenge,
            module,
            guest_args,
        })
    }
}

/// The command line of Maelstrom. It starts nodes in the system's temporary folder, so paths are
/// absolute.
fn arguments(
    host: PathBuf,
    flags: Vec<String>,
    module: PathBuf,
    guest_args: Vec<String>,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["test".into(), "--bin".into(), host.into()];
    arguments.extend(flags.into_iter().map(OsString::from));
    arguments.extend(["--".into(), "--module".into(), module.into()]);
    if !guest_args.is_empty() {
        arguments.push("--".into());
        arguments.extend(guest_args.into_iter().map(OsString::from));
    }
    arguments
}

/// Becomes Maelstrom, and so returns only if something is missing.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let wanted = Wanted::read(args)?;
    let own = wanted.module.map(|path| called_from().join(path));
    if let Some(path) = own.as_deref().filter(|path| !path.is_file()) {
        bail!("there is no module {}", path.display());
    }
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
    let (module, guest_args) = match own {
        Some(module) => {
            build::host()?;
            let words = wanted.guest_args.iter().map(|&word| word.to_owned());
            (module, words.collect())
        }
        None => {
            build::all()?;
            let ours = modules::module(&suite::module(wanted.challenge)?);
            (ours, suite::guest_args(wanted.challenge)?)
        }
    };
    fs::create_dir_all(FOLDER).with_context(|| format!("cannot make {FOLDER}"))?;
    let flags = suite::flags(wanted.challenge)?;
    let mut maelstrom = command(&launcher, &[]);
    maelstrom.args(arguments(
        absolute(HOST)?,
        flags,
        absolute(module)?,
        guest_args,
    ));
    let error = maelstrom.current_dir(Path::new(FOLDER)).exec();
    Err(error).with_context(|| format!("cannot run {}", launcher.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &[&str]) -> bool {
        Wanted::read(args).is_err()
    }

    #[test]
    fn a_challenge_runs_our_solution_or_a_module_of_ones_own() {
        let ours = Wanted {
            challenge: "3c",
            module: None,
            guest_args: &[],
        };
        assert_eq!(Wanted::read(&["3c"]).unwrap(), ours);
        let own = Wanted {
            challenge: "3c",
            module: Some("mine.wasm"),
            guest_args: &["--fast", "--"],
        };
        let args = ["3c", "mine.wasm", "--", "--fast", "--"];
        assert_eq!(Wanted::read(&args).unwrap(), own);
        assert!(refused(&[]));
        assert!(refused(&["3c", "a.wasm", "b.wasm"]));
        // Our solutions have their own arguments.
        assert!(refused(&["3c", "--", "--fast"]));
    }

    #[test]
    fn the_module_is_an_argument_of_the_host_and_not_of_maelstrom() {
        let flags = vec!["-w".to_owned(), "echo".to_owned()];
        let all = |words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned()).collect();
            arguments("/host".into(), flags.clone(), "/mine.wasm".into(), words)
        };
        let plain = "test --bin /host -w echo -- --module /mine.wasm";
        assert_eq!(all(&[]).join(" ".as_ref()), plain);
        assert_eq!(
            all(&["--fast"]).join(" ".as_ref()),
            *format!("{plain} -- --fast")
        );
    }
}
