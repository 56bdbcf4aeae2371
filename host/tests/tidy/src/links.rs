//! Links between documents lead to files, and to headings in them, that exist; and so do paths
//! that documents name.

use crate::exceptions::Exception;
use crate::repository::Repository;

/// Where paths begin that a document may name.
const TOPS: [&str; 6] = [
    ".github/",
    "docs/",
    "fuzz/",
    "guest-sdk/",
    "host/",
    "solutions/",
];

/// The paths in backticks that do not exist and are not among `exceptions`.
#[must_use]
pub fn missing_paths(repository: &Repository, exceptions: &[Exception]) -> Vec<String> {
    let documents = repository.texts().filter(|(path, _)| path.ends_with(".md"));
    let quoted = documents.flat_map(|(_, text)| {
        let lines = text.lines().filter(|line| !line.starts_with("    "));
        lines.flat_map(|line| line.split('`').skip(1).step_by(2))
    });
    let paths = quoted.filter(|quoted| TOPS.iter().any(|top| quoted.starts_with(top)));
    let missing =
        paths.filter(|path| !is_pattern(path) && !repository.has(path.trim_end_matches('/')));
    let mut missing: Vec<String> = missing.map(str::to_owned).collect();
    missing.sort();
    missing.dedup();
    Exception::sort_out(exceptions, missing, "a path in a document, and not a file")
}

/// Whether a path stands for several: a part of it is a placeholder.
fn is_pattern(path: &str) -> bool {
    let is_placeholder = |part: &str| {
        let name = part.split('.').next().unwrap_or_default();
        name.len() > 1 && name.chars().all(|char| char.is_ascii_uppercase())
    };
    path.contains(['*', ' ', '{']) || path.split('/').any(is_placeholder)
}

/// Says which links of the Markdown files lead nowhere.
#[must_use]
pub fn problems(repository: &Repository) -> Vec<String> {
    let documents = repository.texts().filter(|(path, _)| path.ends_with(".md"));
    let mut problems = Vec::new();
    for (path, text) in documents {
        for target in targets(text) {
            if !leads_somewhere(repository, path, target) {
                problems.push(format!("{path} links to {target}, which does not exist"));
            }
        }
    }
    problems
}

/// The addresses in `[text](address)`, outside of code.
fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code || line.starts_with("    ") {
            continue;
        }
        let links = line.split("](").skip(1);
        targets.extend(
            links
                .filter_map(|link| link.split_once(')'))
                .map(|(target, _)| target),
        );
    }
    targets
}

fn leads_somewhere(repository: &Repository, from: &str, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match path {
        "" => from.to_owned(),
        _ => joined(from, path),
    };
    let has_heading = || {
        let text = repository.text(&path).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with('#'));
        lines.map(slug).any(|slug| slug == heading)
    };
    repository.has(&path) && (heading.is_empty() || has_heading())
}

/// The path that `link` means in a document at `from`.
pub(crate) fn joined(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The address that a heading gets.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_does_not_exist_is_a_problem() {
        let text = "`host/a.rs` `host/gone.rs` `host/a.rs and` `host/NAME.rs` `hosts/x`\n";
        let repository = Repository::of(&[("README.md", text), ("host/a.rs", "")]);
        assert_eq!(
            missing_paths(&repository, &[]),
            ["host/gone.rs is a path in a document, and not a file"]
        );
    }

    #[test]
    fn a_link_to_nothing_is_a_problem() {
        let readme = "[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#the-first-part) \
            [d](docs/a.md#second) [e](https://example.org) [f](docs)\n\n    [g](code)\n";
        let repository = Repository::of(&[
            ("README.md", readme),
            (
                "docs/a.md",
                "# The *first* part\n[up](../README.md) ![picture](gone.png)\n",
            ),
        ]);
        assert_eq!(
            problems(&repository),
            [
                "README.md links to docs/b.md, which does not exist",
                "README.md links to docs/a.md#second, which does not exist",
                "docs/a.md links to gone.png, which does not exist",
            ]
        );
    }
}
