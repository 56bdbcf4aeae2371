//! What is shown of a grade is fit to be shown, in every format, whoever has written it.

use std::fs;

use serde_json::{Value as Json, json};

use host_protocol::text::{is_fit, one_line};
use test_support::class::{Class, parse};

/// A grade of one submission with a failure; every text that can be a stranger's has `text` in it.
pub(super) fn grade_with(class: &Class, text: &str) -> Json {
    class.write("ann/echo.wasm", b"not a module");
    let mut grade = class.json(&["--challenge", "echo"]);
    let submission = &mut grade["submissions"][0];
    submission["name"] = json!(format!("ann {text}"));
    submission["notes"] = json!([format!("note {text}")]);
    let failure = &mut submission["challenges"][0]["failure"];
    failure["anomaly"] = json!([format!("anomaly {text}")]);
    // The rest is shown in the same way; without private use, it is a thousandth of it.
    let is_kept = |c: &char| !is_fit(*c) && !matches!(*c, '\u{e000}'..='\u{f8ff}' | '\u{e0080}'..);
    let unfit: String = text.chars().filter(is_kept).collect();
    failure["trace"] = json!([format!("trace {unfit}")]);
    failure["replay"] = json!(format!("replay {unfit}"));
    grade["suite"]["name"] = json!(format!("suite {unfit}"));
    grade["suite"]["challenges"][0]["title"] = json!(format!("title {unfit}"));
    grade
}

/// What `host merge` makes of a grade.
pub(super) fn merged(class: &Class, grade: &Json, format: &str) -> String {
    fs::write(class.path("grade.json"), grade.to_string()).unwrap();
    let ended = class
        .host()
        .args(["merge", "--format", format, "grade.json"])
        .end();
    assert_eq!(ended.code(), Some(1), "{format}: {}", ended.stderr);
    ended.stdout
}

#[test]
fn every_character_of_unicode_is_shown_or_escaped_in_every_format() {
    let class = Class::empty();
    let all: String = ('\0'..=char::MAX).collect();
    let shown_all = one_line(&all);
    let grade = grade_with(&class, &all);
    for format in ["text", "json", "junit", "gradescope", "csv"] {
        let text = merged(&class, &grade, format);
        let unfit = |c: &char| !is_fit(*c) && *c != '\n';
        assert_eq!(text.chars().find(unfit), None, "{format}");
        let mut there = vec![false; 1 + char::MAX as usize];
        text.chars().for_each(|c| there[c as usize] = true);
        // XML has names for these.
        let has_name = |c: char| format == "junit" && "&<>\"'".contains(c);
        let missing = |c: &char| is_fit(*c) && !there[*c as usize] && !has_name(*c);
        assert_eq!(('\0'..=char::MAX).find(missing), None, "{format}");
        match format {
            // For programs: the same texts.
            "json" => {
                let read: Json = serde_json::from_str(&text).unwrap();
                assert_eq!(read["submissions"], grade["submissions"]);
            }
            // Shown by Gradescope as they are when they have been read.
            "gradescope" => {
                let read: Json = serde_json::from_str(&text).unwrap();
                let test = &read["tests"][0];
                for shown in [&read["output"], &test["output"], &test["name"]] {
                    let shown = shown.as_str().unwrap();
                    assert_eq!(shown.chars().find(|c| !is_fit(*c) && *c != '\n'), None);
                }
                for shown in [&read["output"], &test["output"]] {
                    assert!(shown.as_str().unwrap().contains(&*shown_all));
                }
            }
            "csv" => assert!(text.contains(&shown_all.replace('"', "\"\""))),
            "junit" => {
                let escaped = shown_all.replace('&', "&amp;").replace('<', "&lt;");
                let escaped = escaped.replace('>', "&gt;").replace('"', "&quot;");
                assert!(text.contains(&escaped.replace('\'', "&apos;")));
            }
            _ => assert!(text.contains(&*shown_all)),
        }
    }
}

#[test]
fn a_cell_is_no_formula_whatever_comes_before_it() {
    let class = Class::empty();
    let mut grade = grade_with(&class, "");
    let cases = [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        (" =1", "' =1"),
        ("\u{a0}\u{3000}=1", "'\u{a0}\u{3000}=1"),
        ("\u{ff1d}1", "'\u{ff1d}1"),
        (" \u{ff0b}1", "' \u{ff0b}1"),
        ("\u{fe62}1", "'\u{fe62}1"),
        // Escaped, they are no formulas.
        ("\u{feff}=1", "\\u{feff}=1"),
        ("\u{200b}=1", "\\u{200b}=1"),
        ("\t=1", "\\t=1"),
        ("ann=1", "ann=1"),
    ];
    for (name, cell) in cases {
        grade["submissions"][0]["name"] = json!(name);
        let csv = merged(&class, &grade, "csv");
        let row = csv.lines().nth(1).unwrap();
        assert_eq!(row, format!("{cell},false,0,2,CE"), "{name:?}");
    }
}

#[test]
fn a_replay_command_has_the_bytes_of_the_name_and_none_that_is_unfit() {
    let class = Class::empty();
    class.write("a\n\u{202e}b/echo.wasm", b"not a module");
    let grade = parse(&class.grade(&["--challenge", "echo", "--format", "json", "class"]));
    let failure = &grade["submissions"][0]["challenges"][0]["failure"];
    let replay = failure["replay"].as_str().unwrap();
    assert_eq!(
        replay,
        "host inspect $'class/a\\012\\342\\200\\256b/echo.wasm'"
    );
}
