//! The least version of Rust is the same wherever it is written.

use toml::Value;

use crate::manifest;
use crate::repository::Repository;

/// Where the version is written for people and for machines, and how.
const PLACES: [(&str, &str); 3] = [
    ("README.md", "Rust VERSION or newer"),
    ("CONTRIBUTING.md", "Rust VERSION or newer"),
    (".github/workflows/ci.yml", "toolchain: \"VERSION\""),
];

/// Says where another version is written, or none.
#[must_use]
pub fn problems(repository: &Repository) -> Vec<String> {
    let root = manifest::root(repository);
    let package = root
        .get("workspace")
        .and_then(|workspace| workspace.get("package"));
    let version = package
        .and_then(|package| package.get("rust-version"))
        .and_then(Value::as_str);
    let Some(version) = version else {
        return vec!["Cargo.toml has no rust-version".to_owned()];
    };
    let mut problems = Vec::new();
    for (path, sentence) in PLACES {
        let sentence = sentence.replace("VERSION", version);
        if !repository
            .text(path)
            .unwrap_or_default()
            .contains(&sentence)
        {
            problems.push(format!("{path} does not say `{sentence}`"));
        }
    }
    for (path, text) in repository.texts() {
        let others = claims(text).filter(|claimed| *claimed != version);
        problems.extend(others.map(|other| format!("{path} says Rust {other} or newer")));
    }
    for path in manifest::packages(repository).keys() {
        let manifest = manifest::parse(repository, path);
        let own = manifest
            .get("package")
            .and_then(|package| package.get("rust-version"));
        let is_shared = own.and_then(|own| own.get("workspace")).is_some();
        if !is_shared && own.and_then(Value::as_str) != Some(version) {
            problems.push(format!("{path} does not say rust-version = \"{version}\""));
        }
    }
    let file = manifest::parse(repository, "rust-toolchain.toml");
    let channel = file
        .get("toolchain")
        .and_then(|toolchain| toolchain.get("channel"));
    let channel = channel.and_then(Value::as_str).unwrap_or_default();
    if channel != "stable" && numbers(channel) < numbers(version) {
        problems.push(format!(
            "rust-toolchain.toml asks for `{channel}`, older than {version}"
        ));
    }
    problems
}

/// The versions that a text asks for in so many words.
fn claims(text: &str) -> impl Iterator<Item = &str> {
    let sentences = text.split("Rust ").skip(1);
    let versions = sentences.filter_map(|rest| rest.split_once(" or newer"));
    versions.map(|(version, _)| version).filter(|version| {
        version
            .chars()
            .all(|char| char.is_ascii_digit() || char == '.')
    })
}

fn numbers(version: &str) -> Vec<u32> {
    version
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(channel: &str, member: &str, guide: &str) -> Vec<String> {
        problems(&Repository::of(&[
            (
                "Cargo.toml",
                "[workspace.package]\nrust-version = \"1.95\"\n",
            ),
            ("README.md", "It needs Rust 1.95 or newer."),
            ("CONTRIBUTING.md", "Rust 1.95 or newer"),
            ("docs/guide.md", &format!("It needs Rust {guide} or newer")),
            (".github/workflows/ci.yml", "toolchain: \"1.95\""),
            (
                "rust-toolchain.toml",
                &format!("[toolchain]\nchannel = \"{channel}\"\n"),
            ),
            (
                "a/Cargo.toml",
                &format!("[package]\nname = \"a\"\nrust-version{member}\n"),
            ),
        ]))
    }

    #[test]
    fn one_version_everywhere_is_fine() {
        assert_eq!(of("stable", ".workspace = true", "1.95"), [""; 0]);
        assert_eq!(of("1.95.0", " = \"1.95\"", "1.95"), [""; 0]);
    }

    #[test]
    fn another_version_is_a_problem() {
        assert_eq!(
            of("1.94", " = \"1.96\"", "1.90"),
            [
                &format!("docs/guide.md says Rust {} or newer", "1.90"),
                "a/Cargo.toml does not say rust-version = \"1.95\"",
                "rust-toolchain.toml asks for `1.94`, older than 1.95",
            ]
        );
        let none = Repository::of(&[(
            "Cargo.toml",
            "[workspace.package]\nrust-version = \"1.95\"\n",
        )]);
        assert_eq!(problems(&none).len(), PLACES.len() + 1);
    }
}
