//! Every declared dependency is used: those of the workspace by a member, those of a member in
//! its sources.

use std::collections::BTreeSet;

use toml::Value;

use crate::exceptions::Exception;
use crate::links::joined;
use crate::manifest::{self, Package};
use crate::repository::Repository;

/// Where a package has its sources.
const PARTS: [&str; 6] = [
    "src",
    "tests",
    "benches",
    "examples",
    "fuzz_targets",
    "build.rs",
];

/// The unused dependencies that are not among `exceptions`.
#[must_use]
pub fn problems(repository: &Repository, exceptions: &[Exception]) -> Vec<String> {
    let packages = manifest::packages(repository);
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for package in packages.values() {
        let names = package.dependencies.iter().chain(&package.dev_dependencies);
        for name in names {
            used.insert(name.as_str());
            let others = packages.values().map(|other| other.folder.as_str());
            let inner: Vec<&str> = others
                .filter(|other| is_below(other, &package.folder))
                .collect();
            if !is_mentioned(repository, package, &inner, name) {
                found.push(format!("{name} in {}", package.name));
            }
        }
    }
    let root = manifest::root(repository);
    let workspace = root
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let declared = workspace.and_then(Value::as_table);
    let declared = declared.into_iter().flat_map(|declared| declared.keys());
    let unused = declared.filter(|name| !used.contains(name.as_str()));
    found.extend(unused.map(|name| format!("{name} in the workspace")));
    Exception::sort_out(exceptions, found, "declared and not used")
}

/// Whether a path leads into `folder`.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a source file of the package, and of none in the folders `inner`, has the name of the
/// crate in it.
fn is_mentioned(repository: &Repository, package: &Package, inner: &[&str], name: &str) -> bool {
    let name = name.replace('-', "_");
    let within = |part: &str| match package.folder.as_str() {
        "" => part.to_owned(),
        folder => format!("{folder}/{part}"),
    };
    let mut folders = PARTS.map(within).to_vec();
    // A library may be elsewhere: two packages may share one.
    if let Some(library) = &package.library {
        let library = joined(&within("Cargo.toml"), library);
        folders.extend(
            library
                .rsplit_once('/')
                .map(|(folder, _)| folder.to_owned()),
        );
    }
    folders.iter().any(|folder| {
        let own = repository.text(folder).map(|text| (folder.as_str(), text));
        let mut sources = repository.texts_in(folder).chain(own);
        let is_own =
            |path: &str| path.ends_with(".rs") && !inner.iter().any(|inner| is_below(path, inner));
        sources.any(|(path, text)| is_own(path) && has_word(text, &name))
    })
}

/// Whether `word` stands in `text`, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_inside = |char: char| char.is_alphanumeric() || char == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_uses_is_a_problem() {
        let root = "[workspace.dependencies]\nanyhow = \"1\"\nserde-json = \"1\"\n";
        let member = "[package]\nname = \"a\"\n\
            [dependencies]\nserde-json.workspace = true\n[dev-dependencies]\nwat = \"1\"\n";
        let repository = Repository::of(&[
            ("Cargo.toml", root),
            ("a/Cargo.toml", member),
            ("a/src/lib.rs", "use serde_json::Value; fn watch() {}"),
        ]);
        assert_eq!(
            problems(&repository, &[]),
            [
                "wat in a is declared and not used",
                "anyhow in the workspace is declared and not used",
            ]
        );
    }
}
