//! The modules that `./runner.sh build` and `host/tests/programs/build.sh` make.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::root;
use crate::sources::{below, check, in_dep_info};

const BUILD_GUESTS: &str = "./runner.sh build";
const BUILD_PROGRAMS: &str = "host/tests/programs/build.sh";

/// Where cargo puts programs with threads, and those on tokio.
const THREADS: &str = "target/wasm32-wasip1-threads/release";
const TOKIO: &str = "target/tokio/wasm32-wasip1-threads/release";

/// What this process has compared with its sources.
static COMPARED: LazyLock<Mutex<BTreeSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// The module of a package of this workspace: a solution or a mutant.
///
/// # Panics
/// If it is missing, or older than its sources or `Cargo.lock`: what is tested would be another
/// program than the one that is read.
pub fn built(name: &str) -> PathBuf {
    let module = guests().join(format!("{name}.wasm"));
    compare(&module, BUILD_GUESTS, || {
        with_lock(dep_info(&guests(), &name.replace('-', "_")))
    });
    module
}

/// The bytes of [`built`].
pub fn bytes(name: &str) -> Vec<u8> {
    fs::read(built(name)).unwrap()
}

/// A program of `host/tests/programs`: `go-echo`, `c-echo`, `rust-gossip`; an interpreter, `qjs` or `python`; or an example of an
/// SDK in another language, which is a guest of the ABI: `sdk-go-gossip`.
///
/// # Panics
/// As [`built`] does.
pub fn program(name: &str) -> PathBuf {
    let module = root().join(format!("target/programs/{name}.wasm"));
    compare(&module, BUILD_PROGRAMS, || program_sources(name));
    module
}

/// The folder of all that [`built`] finds.
pub fn guests() -> PathBuf {
    root().join("target/wasm32-wasip1/release")
}

fn program_sources(name: &str) -> Result<Vec<PathBuf>, String> {
    let programs = root().join("host/tests/programs");
    match name.split_once('-') {
        Some(("sdk", example)) => Ok(sdk_sources(example)),
        Some(("go", program)) => {
            let mut sources = below(&programs.join("go").join(program));
            sources.extend(below(&programs.join("go/node")));
            sources.push(programs.join("go/go.mod"));
            Ok(sources)
        }
        Some(("c", program)) => Ok(vec![
            programs.join(format!("c/{program}.c")),
            programs.join("c/node.h"),
        ]),
        Some(("rust", "threads")) => with_lock(dep_info(&root().join(THREADS), name)),
        Some(("rust", "tokio")) => {
            let mut sources = dep_info(&root().join(TOKIO), name)?;
            sources.push(programs.join("tokio/Cargo.lock"));
            sources.push(root().join("docs/rustc-wasi.sh"));
            Ok(sources)
        }
        None => Ok(vec![programs.join("build.sh")]),
        _ => with_lock(dep_info(&guests(), name)),
    }
}

/// The sources of an example: its language's whole SDK. C has several compilers.
fn sdk_sources(example: &str) -> Vec<PathBuf> {
    let language = match example.split_once('-') {
        Some((language @ ("go" | "assemblyscript"), _)) => language,
        _ => "c",
    };
    let mut sources = below(&root().join("guest-sdk").join(language));
    // Tests are not part of a module.
    let of_tests = ["test.c", "node_test.go", "disk_test.go"];
    sources.retain(|path| !of_tests.iter().any(|name| path.ends_with(name)));
    sources
}

/// What cargo says a module in `folder` was made from.
fn dep_info(folder: &Path, name: &str) -> Result<Vec<PathBuf>, String> {
    let path = folder.join(format!("{name}.d"));
    let text = fs::read_to_string(&path);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(in_dep_info(&text))
}

/// Other versions of crates make another module, too.
fn with_lock(sources: Result<Vec<PathBuf>, String>) -> Result<Vec<PathBuf>, String> {
    let mut sources = sources?;
    sources.push(root().join("Cargo.lock"));
    Ok(sources)
}

/// Once for each module and process.
#[track_caller]
fn compare(module: &Path, command: &str, sources: impl FnOnce() -> Result<Vec<PathBuf>, String>) {
    let mut compared = COMPARED.lock().unwrap_or_else(PoisonError::into_inner);
    if compared.contains(module) {
        return;
    }
    // A missing module is named before the missing list of its sources.
    let found = check(module, &[], command)
        .and_then(|()| sources().map_err(|error| format!("{error}: run {command}")))
        .and_then(|sources| check(module, &sources, command));
    if let Err(wrong) = found {
        panic!("{wrong}");
    }
    compared.insert(module.to_owned());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::program_sources;
    use crate::root;

    #[test]
    fn programs_are_made_from_their_folder_and_what_they_share() {
        let programs = root().join("host/tests/programs");
        let sources = |name: &str| -> Vec<String> {
            let sources = program_sources(name).unwrap();
            let relative = sources.iter().map(|it| it.strip_prefix(&programs).unwrap());
            relative.map(|it| it.to_str().unwrap().to_owned()).collect()
        };
        let go = ["go/echo/main.go", "go/node/node.go", "go/go.mod"];
        assert_eq!(sources("go-echo"), go);
        assert_eq!(sources("c-echo"), ["c/echo.c", "c/node.h"]);
        let of_sdk = |name: &str| -> BTreeSet<String> {
            let sources = program_sources(name).unwrap();
            let sdk = root().join("guest-sdk");
            let relative = sources.iter().map(|it| it.strip_prefix(&sdk).unwrap());
            relative.map(|it| it.to_str().unwrap().to_owned()).collect()
        };
        let c = [
            "c/examples/durable.c",
            "c/examples/echo.c",
            "c/examples/gossip.c",
            "c/maelstrom.h",
        ];
        assert_eq!(of_sdk("sdk-zig-echo"), c.map(str::to_owned).into());
        let go = of_sdk("sdk-go-echo");
        assert!(go.contains("go/node.go"));
        assert!(!go.iter().any(|name| name.ends_with("_test.go")), "{go:?}");
        assert_eq!(sources("qjs"), ["build.sh"]);
    }
}
