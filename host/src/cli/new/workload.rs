//! The project of a workload.

use std::path::Path;

use super::project::File;
use super::{program, sdk};
use host_protocol::text::shell_quoted;

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../../templates/workload/", $path))
    };
}

/// The command that builds the module.
const BUILD: &str = "cargo build --release --lib --target wasm32-wasip1";

/// Its files.
pub(super) fn files(name: &str) -> Vec<File> {
    let fill = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{build}}", BUILD)
            .replace("{{module}}", &module(name))
            .replace("{{dependencies}}", &sdk::direct_dependencies())
    };
    let mut files = vec![
        File::new("README.md", fill(template!("README.md.in"))),
        File::new("Cargo.toml", fill(template!("Cargo.toml.in"))),
        File::new("Cargo.lock", sdk::lock(name)),
        File::new(".gitignore", "/target\n/report\n"),
        File::new("src/lib.rs", fill(template!("lib.rs"))),
        File::new("src/tests.rs", fill(template!("tests.rs"))),
    ];
    files.extend(sdk::files());
    files
}

fn module(name: &str) -> String {
    let name = name.replace('-', "_");
    format!("target/wasm32-wasip1/release/{name}.wasm")
}

/// What was made, and the commands that follow.
pub(super) fn next(folder: &Path, name: &str) -> String {
    let shown = shell_quoted(&folder.to_string_lossy());
    let host = program();
    format!(
        "made {shown}: a workload in Rust\n\nnext:\n  cd {shown}\n  cargo test\n  {BUILD}\n  {host} inspect {}\n\n\
         README.md has the commands that run it.\n",
        module(name)
    )
}
