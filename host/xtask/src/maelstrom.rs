//! Runs a challenge under Maelstrom.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::process::{HOST, called_from, command, find_in, is_program};
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

/// Finds Maelstrom's launcher: what MAELSTROM names, or `maelstrom` on PATH.
///
/// # Errors
/// What to install, if it or Java is missing.
fn launcher(named: &str, from: &Path, search: &OsStr) -> Result<PathBuf> {
    let found = match named {
        "" => find_in(search, "maelstrom"),
        path if path.contains('/') => Some(from.join(path)).filter(|path| is_program(path)),
        name => find_in(search, name),
    };
    let Some(found) = found else {
        let what = match named {
            "" => "there is no maelstrom on PATH".to_owned(),
            named => format!("MAELSTROM is {named:?}, and there is no such program"),
        };
        bail!(
            "{what}. Unpack a release of Maelstrom (https://github.com/jepsen-io/maelstrom/releases), \
             and set MAELSTROM to its launcher or put it on PATH."
        );
    };
    let text = fs::read(&found).with_context(|| format!("cannot read {}", found.display()))?;
    if calls_java(&String::from_utf8_lossy(&text)) && find_in(search, "java").is_none() {
        bail!(
            "Maelstrom needs Java, and there is no java on PATH. Install a Java runtime \
             (Debian: apt-get install default-jre-headless)."
        );
    }
    Ok(found)
}

/// Whether a launcher is a script that finds `java` on the PATH that it was given.
fn calls_java(launcher: &str) -> bool {
    launcher.starts_with("#!")
        && !launcher.contains("PATH=")
        && launcher.split_whitespace().any(|word| word == "java")
}

/// Maelstrom, about to be started in [`FOLDER`]. It starts nodes in the system's temporary folder,
/// so paths are absolute.
fn maelstrom(
    launcher: &Path,
    host: &Path,
    flags: &[String],
    module: &Path,
    data_dir: &Path,
    guest_args: &[String],
) -> Command {
    let mut maelstrom = command(launcher, &["test", "--bin"]);
    maelstrom.arg(host).args(flags);
    maelstrom.args(["--", "--module"]).arg(module);
    maelstrom.arg("--data-dir").arg(data_dir);
    if !guest_args.is_empty() {
        maelstrom.arg("--").args(guest_args);
    }
    maelstrom.current_dir(FOLDER);
    maelstrom
}

/// The folder for the disks of a run that begins now. It stays, as Maelstrom's `store/` does.
fn data_dir() -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let name = format!("{}-{}", now.as_millis(), std::process::id());
    Ok(absolute(FOLDER)?.join("data").join(name))
}

/// Becomes Maelstrom, and so returns only if something is missing.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let wanted = Wanted::read(args)?;
    let own = wanted.module.map(|path| called_from().join(path));
    if let Some(path) = own.as_deref().filter(|path| !path.is_file()) {
        bail!("there is no module {}", path.display());
    }
    let named = std::env::var("MAELSTROM").unwrap_or_default();
    let search = std::env::var_os("PATH").unwrap_or_default();
    let launcher = launcher(&named, &called_from(), &search)?;
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
    let (host, module) = (absolute(HOST)?, absolute(module)?);
    let (launcher, data_dir) = (absolute(launcher)?, data_dir()?);
    let error = maelstrom(&launcher, &host, &flags, &module, &data_dir, &guest_args).exec();
    Err(error).with_context(|| format!("cannot run {}", launcher.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;
    use crate::process::{enter_workspace, output};

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

    /// Writes a program into a folder.
    fn program(folder: &TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The launcher of a release, in short.
    const RELEASED: &str = "#!/bin/bash\nexec java -jar lib/maelstrom.jar \"$@\"\n";

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let find = |named: &str| {
            let found = launcher(named, folder.path(), folder.path().as_os_str());
            found.map_err(|error| error.to_string())
        };
        let install = "Unpack a release of Maelstrom \
                       (https://github.com/jepsen-io/maelstrom/releases), and set MAELSTROM to its \
                       launcher or put it on PATH.";
        let absent = format!("there is no maelstrom on PATH. {install}");
        assert_eq!(find(""), Err(absent));
        let absent = format!("MAELSTROM is \"./there\", and there is no such program. {install}");
        assert_eq!(find("./there"), Err(absent));

        let released = program(&folder, "maelstrom", RELEASED);
        let java = "Maelstrom needs Java, and there is no java on PATH. Install a Java runtime \
                    (Debian: apt-get install default-jre-headless).";
        assert_eq!(find(""), Err(java.to_owned()));
        // These find their own.
        let own = "#!/bin/sh\nexec /opt/jdk/bin/java -jar maelstrom.jar \"$@\"\n";
        let own = program(&folder, "own", own);
        assert_eq!(find("own"), Ok(own));
        let path = "#!/bin/sh\nPATH=/opt/jdk/bin:$PATH\nexec java -jar maelstrom.jar \"$@\"\n";
        let path = program(&folder, "path", path);
        assert_eq!(find("path"), Ok(path));

        program(&folder, "java", "#!/bin/sh\n");
        assert_eq!(find(""), Ok(released));
        // A path is relative to where the command was called.
        let here = folder.path().join("./maelstrom");
        assert_eq!(find("./maelstrom"), Ok(here));
    }

    /// What a launcher is started with, and where.
    fn started(flags: &[&str], guest_args: &[&str]) -> Vec<String> {
        enter_workspace().unwrap();
        fs::create_dir_all(FOLDER).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let fake = "#!/bin/sh\npwd\nprintf '%s\\n' \"$@\"\n";
        let fake = program(&folder, "maelstrom", fake);
        let owned = |words: &[&str]| words.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let (flags, guest_args) = (owned(flags), owned(guest_args));
        let (host, module) = (Path::new("/b/host"), Path::new("/m/my own.wasm"));
        let data_dir = Path::new("/d/my disks");
        let mut run = maelstrom(&fake, host, &flags, module, data_dir, &guest_args);
        let lines = output(&mut run).unwrap();
        lines.lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_run_has_disks_of_its_own_under_target() {
        enter_workspace().unwrap();
        let data_dir = data_dir().unwrap();
        let folder = std::env::current_dir().unwrap().join(FOLDER).join("data");
        assert_eq!(data_dir.parent(), Some(&*folder));
        assert!(!data_dir.exists());
    }

    /// Maelstrom writes its `store/` into the folder that it is started in.
    #[test]
    fn maelstrom_runs_under_target_with_all_its_arguments() {
        let flags = ["-w", "broadcast", "--node-count", "5"];
        let all = started(&flags, &["--window-ms", "17 00"]);
        let root = std::env::current_dir().unwrap();
        let folder = root.join("target/maelstrom").display().to_string();
        let words = [
            &*folder,
            "test",
            "--bin",
            "/b/host",
            "-w",
            "broadcast",
            "--node-count",
            "5",
            "--",
            "--module",
            "/m/my own.wasm",
            "--data-dir",
            "/d/my disks",
        ];
        let with_args = [&words[..], &["--", "--window-ms", "17 00"]].concat();
        assert_eq!(all, with_args);
        assert_eq!(started(&flags, &[]), words);
    }
}
