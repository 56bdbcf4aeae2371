//! Tells the program which commit it is built from, for `host --version`. Nothing else of the
//! machine goes into it, so the same sources give the same program everywhere.

#[path = "build/commit.rs"]
mod commit;

use std::env;
use std::path::Path;

/// Says the commit where no git directory does: in a container, of an archive.
const VARIABLE: &str = "HOST_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/commit.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let given = env::var(VARIABLE).ok();
    let found = match &given {
        Some(_) => commit::Found::default(),
        None => {
            let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
            // The root of the workspace.
            commit::of_tree(&Path::new(&manifest).join(".."))
        }
    };
    for file in &found.files {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let commit = given.as_deref().and_then(commit::digits).or(found.commit);
    let commit = commit.as_deref().unwrap_or("unknown");
    println!("cargo::rustc-env=HOST_BUILT_FROM={commit}");
}
