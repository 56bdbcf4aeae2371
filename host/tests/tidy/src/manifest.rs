//! What a `Cargo.toml` declares.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::repository::Repository;

/// Tables of a manifest that hold dependencies.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A package of the workspace.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// The folder of its manifest.
    pub(crate) folder: String,
    /// The file of its library, from its folder on, if the manifest says so.
    pub(crate) library: Option<String>,
    /// Names of what it needs to be built.
    pub(crate) dependencies: Vec<String>,
    /// Names of what its tests and benchmarks need besides.
    pub(crate) dev_dependencies: Vec<String>,
}

/// The root manifest, or a table without entries.
pub(crate) fn root(repository: &Repository) -> Table {
    parse(repository, "Cargo.toml")
}

/// The manifest at `path`; one that Cargo could not read either is empty.
pub(crate) fn parse(repository: &Repository, path: &str) -> Table {
    let text = repository.text(path).unwrap_or_default();
    text.parse().unwrap_or_default()
}

/// All packages, by the paths of their manifests.
pub(crate) fn packages(repository: &Repository) -> BTreeMap<String, Package> {
    let manifests = repository.texts().map(|(path, _)| path);
    let manifests = manifests.filter(|path| *path == "Cargo.toml" || path.ends_with("/Cargo.toml"));
    let mut packages = BTreeMap::new();
    for path in manifests {
        let manifest = parse(repository, path);
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name"));
        let Some(name) = name.and_then(Value::as_str) else {
            continue;
        };
        let folder = path.strip_suffix("Cargo.toml").unwrap_or_default();
        packages.insert(
            path.to_owned(),
            Package {
                name: name.to_owned(),
                folder: folder.trim_end_matches('/').to_owned(),
                library: (manifest.get("lib").and_then(|lib| lib.get("path")))
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                dependencies: names(&manifest, &["dependencies", "build-dependencies"]),
                dev_dependencies: names(&manifest, &["dev-dependencies"]),
            },
        );
    }
    packages
}

/// Names in tables of dependencies, those of `[target.…]` included.
fn names(manifest: &Table, kinds: &[&str]) -> Vec<String> {
    debug_assert!(kinds.iter().all(|kind| KINDS.contains(kind)));
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(|targets| targets.values());
    let tables = targets.filter_map(Value::as_table).chain([manifest]);
    let mut names: Vec<String> = tables
        .flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)))
        .filter_map(Value::as_table)
        .flat_map(|dependencies| dependencies.keys().cloned())
        .collect();
    names.sort();
    names.dedup();
    names
}
