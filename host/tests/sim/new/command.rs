use std::fs;

use expect_test::{Expect, expect};
use host_grade::Suite;
use test_support::{Dir, root};

use super::{files, made, new};

/// The output is this, to the letter.
#[track_caller]
fn says(args: &[&str], expected: Expect) {
    new(&Dir::new(), args).is_exactly(expected);
}

/// It fails with this text and makes nothing.
#[track_caller]
fn refuses(args: &[&str], expected: Expect) {
    let dir = Dir::new();
    new(&dir, args).is_exactly(expected);
    assert_eq!(fs::read_dir(dir.root()).unwrap().count(), 0);
}

#[test]
fn it_prints_the_commands_that_follow() {
    says(&["mine"], expect![[]]);
    says(&["my-node", "--challenge", "3c"], expect![[]]);
    says(&["mine", "--lang", "c", "--challenge", "3a"], expect![[]]);
    says(
        &["mine", "--lang", "go", "--challenge", "lin-kv"],
        expect![[]],
    );
}

#[test]
fn names_that_no_compiler_would_take_are_refused() {
    refuses(&["9lives"], expect![[]]);
    refuses(&["My Node"], expect![[]]);
    refuses(&["test"], expect![[]]);
    refuses(&[".."], expect![[]]);
}

#[test]
fn a_challenge_that_does_not_exist_is_refused() {
    refuses(&["mine", "--challenge", "7"], expect![[]]);
}

#[test]
fn languages_without_a_project_say_what_to_do() {
    refuses(&["mine", "--lang", "js"], expect![[]]);
    refuses(&["mine", "--lang", "python"], expect![[]]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    refuses(&["no/where/mine"], expect![[]]);
}

#[test]
fn what_is_there_stays_as_it_is() {
    let dir = Dir::new();
    fs::create_dir(dir.path("mine")).unwrap();
    fs::write(dir.path("mine/thesis.tex"), "years of work").unwrap();
    new(&dir, &["mine"]).is_exactly(expect![[]]);
    let thesis = ("thesis.tex".to_owned(), "years of work".to_owned());
    assert_eq!(files(&dir.path("mine")), [thesis]);
    fs::write(dir.path("file"), "text").unwrap();
    assert_eq!(new(&dir, &["file"]).code(), Some(254));
    assert_eq!(fs::read_to_string(dir.path("file")).unwrap(), "text");
}

#[test]
fn an_empty_folder_is_used() {
    let dir = Dir::new();
    fs::create_dir(dir.path("mine")).unwrap();
    made(&dir, "c", "1");
    assert!(dir.path("mine/node.c").exists());
}

#[test]
fn projects_have_these_files() {
    let of = |lang| {
        let dir = Dir::new();
        let files = files(&made(&dir, lang, "1"));
        let names = files.into_iter().map(|(name, _)| name);
        let names = names.filter(|name| !name.starts_with("sdk/"));
        names.collect::<Vec<String>>().join("\n")
    };
    expect![[]].assert_eq(&of("rust"));
    expect![[]].assert_eq(&of("c"));
    expect![[]].assert_eq(&of("go"));
}

#[test]
fn the_copy_of_the_sdk_has_all_its_sources_as_they_are() {
    let dir = Dir::new();
    let project = made(&dir, "rust", "1");
    for (copy, source) in [
        ("sdk/guest-sdk/src", "guest-sdk/src"),
        ("sdk/host-protocol/src", "host/protocol/src"),
    ] {
        let (copy, source) = (files(&project.join(copy)), files(&root().join(source)));
        let names = |files: &[(String, String)]| {
            let names = files.iter().map(|(name, _)| name.clone());
            names.collect::<Vec<String>>()
        };
        assert_eq!(names(&copy), names(&source), "the list in new/sdk.rs");
        assert!(copy == source);
    }
}

#[test]
fn nothing_in_a_project_is_left_open() {
    for lang in ["rust", "c", "go"] {
        for challenge in Suite::built_in().unwrap().challenges {
            let dir = Dir::new();
            for (name, text) in files(&made(&dir, lang, &challenge.id)) {
                let is_template = !name.starts_with("sdk/");
                let open = text.find("{{").map(|at| &text[at..]);
                let open = open
                    .filter(|rest| rest[2..].starts_with(|first: char| first.is_ascii_lowercase()));
                assert!(!is_template || open.is_none(), "{lang} {name}: {open:?}");
                if name.ends_with(".json") {
                    serde_json::from_str::<serde_json::Value>(&text).expect(&name);
                }
            }
        }
    }
}
