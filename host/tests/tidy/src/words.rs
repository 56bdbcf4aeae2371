//! No reminders, no debugging aids, no paths of somebody's machine, no registry but crates.io.

use crate::repository::Repository;

/// What stands in no file. Written in parts, so that this file passes too.
const WORDS: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("dbg", "!("),
];

/// Folders that only exist on somebody's machine.
const FOLDERS: [&str; 4] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
];

/// The registry that a lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Says where such a thing stands. Inputs for fuzzers hold any bytes and do not count.
#[must_use]
pub fn problems(repository: &Repository) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in repository
        .texts()
        .filter(|(path, _)| !path.starts_with("fuzz/corpus/"))
    {
        for (index, line) in text.lines().enumerate() {
            let at = format!("{path}:{}", index + 1);
            for word in WORDS.iter().filter(|word| has_word(line, word)) {
                problems.push(format!("{at}: {word}"));
            }
            for folder in FOLDERS.iter().filter(|folder| has_folder(line, folder)) {
                problems.push(format!("{at}: a path below {folder}"));
            }
            let source = line.trim().strip_prefix("source = \"");
            let source = source.map(|source| source.trim_end_matches('"'));
            if path.ends_with(".lock")
                && let Some(source) = source.filter(|source| *source != REGISTRY)
            {
                problems.push(format!("{at}: the registry {source}"));
            }
        }
    }
    problems
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric)
            && (word.ends_with('(') || !after.is_some_and(char::is_alphanumeric))
    })
}

/// Whether a path from the root of a file system begins so, and not the end of an address.
fn has_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|char| char.is_alphanumeric() || matches!(char, '.' | '/' | '}' | '-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_debugging_aids_and_machine_paths_are_problems() {
        let source = format!(
            "// {}: later\n{}1);\nlet path = \"{}me/file\";\nsee https://example.org{}\nMETHODOLOGY\n",
            WORDS[0], WORDS[3], FOLDERS[1], FOLDERS[3],
        );
        let lock =
            format!("source = \"{REGISTRY}\"\nsource = \"registry+https://mirror.example\"\n");
        let repository = Repository::of(&[
            ("Cargo.lock", lock.as_str()),
            ("a.rs", source.as_str()),
            ("fuzz/corpus/edn/a", source.as_str()),
        ]);
        assert_eq!(
            problems(&repository),
            [
                "Cargo.lock:2: the registry registry+https://mirror.example".to_owned(),
                format!("a.rs:1: {}", WORDS[0]),
                format!("a.rs:2: {}", WORDS[3]),
                format!("a.rs:3: a path below {}", FOLDERS[1]),
            ]
        );
    }
}
