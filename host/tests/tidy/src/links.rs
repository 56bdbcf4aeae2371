//! Links between documents lead to files, and to headings in them, that exist.

use crate::repository::Repository;

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
