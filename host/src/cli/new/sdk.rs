//! The SDK as a project has it: a copy of its sources, and the versions of all crates that this
//! project was tested with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::project::File;

const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// A crate of the SDK.
struct Package {
    name: &'static str,
    manifest: &'static str,
    sources: &'static [(&'static str, &'static str)],
}

macro_rules! sources {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../../../", $folder, "/src/", $path)))),*]
    };
}

const PACKAGES: [Package; 2] = [
    Package {
        name: "guest-sdk",
        manifest: include_str!("../../../../guest-sdk/Cargo.toml"),
        sources: sources!("guest-sdk":
            "body.rs" "ctx.rs" "disk.rs" "disk/checksum.rs" "disk/doubts.rs" "disk/log.rs" "disk/record.rs" "disk/survived.rs" "lib.rs"
            "name.rs" "native/mod.rs" "native/run.rs" "node.rs" "numbered.rs" "options.rs" "outbox.rs" "retry.rs"
            "runtime.rs" "service.rs" "sorted.rs" "step.rs" "testing.rs" "testing/disk.rs" "wasm.rs"
            "workload/draws.rs" "workload/goal.rs" "workload/history.rs" "workload/mod.rs" "workload/native.rs" "workload/runtime.rs" "workload/step.rs"
            "workload/testing.rs" "workload/turn.rs" "workload/wasm.rs"),
    },
    Package {
        name: "host-protocol",
        manifest: include_str!("../../../protocol/Cargo.toml"),
        sources: sources!("host/protocol":
            "abi.rs" "clock.rs" "data.rs" "data/body.rs" "data/error.rs" "data/key.rs" "data/number.rs" "data/read.rs"
            "data/reader.rs" "data/string.rs" "data/tests.rs" "data/write.rs" "disk.rs" "draw.rs" "error.rs" "fields.rs"
            "grammar.rs" "json.rs" "lib.rs" "line_kind.rs" "lines.rs" "message.rs" "scan.rs" "schema.rs"
            "services.rs" "text.rs" "text/figures.rs" "text/unfit.rs" "timers.rs" "words.rs" "workload.rs"
            "workload/next.rs"),
    },
];

/// What a project depends on besides the SDK.
const DIRECT: [&str; 2] = ["serde", "serde_json"];

/// All files of `sdk/`.
pub(super) fn files() -> Vec<File> {
    let mut files = vec![File::new("sdk/Cargo.toml", workspace())];
    for package in &PACKAGES {
        let name = package.name;
        let manifest = package
            .manifest
            .replace("\n[lints]\nworkspace = true\n", "");
        files.push(File::new(format!("sdk/{name}/Cargo.toml"), manifest));
        for (path, text) in package.sources {
            files.push(File::new(format!("sdk/{name}/src/{path}"), *text));
        }
    }
    files
}

/// The lines of a project's manifest for what it depends on besides the SDK.
pub(super) fn direct_dependencies() -> String {
    let lines = table(WORKSPACE, "[workspace.dependencies]");
    let lines = lines.filter(|line| key(line).is_some_and(|key| DIRECT.contains(&key)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A workspace for the SDK's own manifests: they take versions from it.
fn workspace() -> String {
    let names: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
    let manifests = PACKAGES.iter().flat_map(|package| package.manifest.lines());
    let inherited: BTreeSet<&str> = manifests
        .filter_map(|line| line.strip_suffix(".workspace = true"))
        .collect();
    let mut text =
        format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\n\n[workspace.package]\n");
    for line in table(WORKSPACE, "[workspace.package]") {
        let _ = writeln!(text, "{line}");
    }
    text.push_str("\n[workspace.dependencies]\n");
    for line in table(WORKSPACE, "[workspace.dependencies]") {
        match key(line) {
            Some(key) if names.contains(&key) => {
                let _ = writeln!(text, "{key} = {{ path = \"{key}\" }}");
            }
            Some(key) if inherited.contains(key) => {
                let _ = writeln!(text, "{line}");
            }
            _ => {}
        }
    }
    text
}

/// The lines of a table of a manifest.
fn table<'a>(manifest: &'a str, head: &str) -> impl Iterator<Item = &'a str> {
    let lines = manifest
        .lines()
        .skip_while(move |line| *line != head)
        .skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty())
}

fn key(line: &str) -> Option<&str> {
    line.split_once([' ', '.', '=']).map(|(key, _)| key)
}

/// A package in a lock file: what stands between two empty lines.
struct Locked {
    /// All but its dependencies.
    head: String,
    dependencies: Vec<String>,
}

/// The lock file of the project `name`: the part of ours that it needs.
pub(super) fn lock(name: &str) -> String {
    let ours = packages(LOCK);
    let mut kept: BTreeMap<(String, String), Locked> = BTreeMap::new();
    let direct = DIRECT.map(str::to_owned);
    let mut wanted: Vec<String> = PACKAGES
        .iter()
        .map(|package| package.name.to_owned())
        .collect();
    let mut own: Vec<String> = direct.to_vec();
    own.push("guest-sdk".to_owned());
    own.sort();
    wanted.extend(direct);
    while let Some(next) = wanted.pop() {
        let mut words = next.split(' ');
        let (package, version) = (words.next().unwrap_or_default(), words.next());
        let found = ours
            .iter()
            .filter(|(id, _)| id.0 == package && version.is_none_or(|version| id.1 == version));
        for (id, locked) in found {
            if kept.contains_key(id) {
                continue;
            }
            let mut locked = Locked {
                head: locked.head.clone(),
                dependencies: locked.dependencies.clone(),
            };
            // The dependencies of its tests are not those of a project.
            if let Some(of_ours) = PACKAGES.iter().find(|it| it.name == id.0) {
                let lines = table(of_ours.manifest, "[dependencies]");
                let declared: BTreeSet<&str> = lines.filter_map(key).collect();
                locked.dependencies.retain(|it| {
                    let name = it.split(' ').next().unwrap_or_default();
                    declared.contains(name)
                });
            }
            wanted.extend(locked.dependencies.iter().cloned());
            kept.insert(id.clone(), locked);
        }
    }
    let head = format!("name = \"{name}\"\nversion = \"0.1.0\"\n");
    let id = (name.to_owned(), "0.1.0".to_owned());
    kept.insert(
        id,
        Locked {
            head,
            dependencies: own,
        },
    );
    written(&kept)
}

fn packages(lock: &str) -> BTreeMap<(String, String), Locked> {
    let blocks = lock
        .split("\n\n")
        .filter(|block| block.starts_with("[[package]]"));
    let blocks = blocks.map(|block| {
        let (mut head, mut dependencies) = (String::new(), Vec::new());
        for line in block.lines().skip(1) {
            match line.strip_prefix(" \"") {
                Some(rest) => dependencies.push(rest.trim_end_matches("\",").to_owned()),
                None if line == "dependencies = [" || line == "]" => {}
                None => {
                    let _ = writeln!(head, "{line}");
                }
            }
        }
        let field = |name: &str| {
            let mut lines = head.lines();
            let line = lines
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_default();
            line.trim_matches('"').to_owned()
        };
        let id = (field("name = "), field("version = "));
        (id, Locked { head, dependencies })
    });
    blocks.collect()
}

/// As cargo writes it: a dependency is named with its version only if there are several.
fn written(packages: &BTreeMap<(String, String), Locked>) -> String {
    let head: String = LOCK.split("\n[[package]]").take(1).collect();
    let mut text = head;
    for locked in packages.values() {
        let _ = write!(text, "\n[[package]]\n{}", locked.head);
        if locked.dependencies.is_empty() {
            continue;
        }
        text.push_str("dependencies = [\n");
        for dependency in &locked.dependencies {
            let name = dependency.split(' ').next().unwrap_or_default();
            let versions = packages.keys().filter(|(other, _)| other == name).count();
            let shown = if versions > 1 { dependency } else { name };
            let _ = writeln!(text, " \"{shown}\",");
        }
        text.push_str("]\n");
    }
    text
}
