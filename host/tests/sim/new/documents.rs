use std::fs;

use host_grade::Suite;
use serde_json::Value as Json;
use test_support::{Dir, json_lines, root};

use super::made;

/// The lines of `docs/messages.md` that go into a node or come out of it, below this heading.
fn lines_of(heading: &str) -> Vec<String> {
    let document = fs::read_to_string(root().join("docs/messages.md")).unwrap();
    let mut sections = document.split("\n## ");
    let section = sections.find(|section| section.lines().next() == Some(heading));
    let lines = section.unwrap_or_else(|| panic!("no {heading}")).lines();
    let lines = lines.filter(|line| line.starts_with("    > ") || line.starts_with("    < "));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_readme_of_every_challenge_has_all_messages_of_its_workload() {
    for challenge in Suite::built_in().unwrap().challenges {
        let workload = challenge.scenario.workload.name();
        for lang in ["rust", "c", "go", "js", "python"] {
            let dir = Dir::new();
            let project = made(&dir, lang, &challenge.id);
            let readme = fs::read_to_string(project.join("README.md")).unwrap();
            for heading in [workload, "Every message", "Errors", "Services"] {
                let lines = lines_of(heading);
                assert!(!lines.is_empty(), "{heading}");
                for line in lines {
                    assert!(readme.contains(&line), "{} {lang}: {line}", challenge.id);
                }
            }
            assert!(readme.contains(&format!("## Messages of {workload}\n")));
            assert!(readme.contains(&challenge.title), "{}", challenge.title);
            // Nothing in it leads to files that are not there.
            assert!(!readme.contains("]("), "{lang}: a link");
        }
    }
}

#[test]
fn the_conversation_to_try_has_init_and_every_request() {
    for challenge in Suite::built_in().unwrap().challenges {
        let workload = challenge.scenario.workload.name();
        let dir = Dir::new();
        let project = made(&dir, "c", &challenge.id);
        let text = fs::read_to_string(project.join("messages.jsonl")).unwrap();
        let bodies: Vec<Json> = json_lines(&text)
            .iter()
            .map(|message| message["body"].clone())
            .collect();
        let mut expected = lines_of("Every message");
        expected.extend(lines_of(workload));
        let expected: Vec<Json> = expected
            .iter()
            .filter_map(|line| line.strip_prefix("    > "))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(expected[0]["type"], "init");
        assert_eq!(bodies, expected);
    }
}

/// The lines of a program that a compiler reads, up to its tests.
fn code(text: &str) -> Vec<&str> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with("//"))
        .collect()
}

#[test]
fn the_guide_shows_the_node_that_is_made() {
    let guide = fs::read_to_string(root().join("docs/guide.md")).unwrap();
    let (_, rest) = guide.split_once("```rust\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let dir = Dir::new();
    let made = fs::read_to_string(made(&dir, "rust", "1").join("src/lib.rs")).unwrap();
    assert_eq!(code(shown), code(&made));
}
