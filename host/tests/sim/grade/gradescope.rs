//! Gradescope's `results.json`, as its documentation of autograders describes it.

use std::fs;

use expect_test::expect;
use serde_json::{Value as Json, json};

use test_support::class::{Class, parse};

/// A field, and what its values are.
type Field<'a> = (&'a str, &'a dyn Fn(&Json) -> bool);

/// Asserts what the documentation says of a file: names, types and values.
pub(crate) fn assert_documented(results: &Json) {
    let number = |it: &Json| it.is_number();
    let text = |it: &Json| it.is_string();
    let one_of = |names: &'static [&'static str]| {
        move |it: &Json| it.as_str().is_some_and(|it| names.contains(&it))
    };
    let formats: &[&str] = &["text", "html", "simple_format", "md", "ansi"];
    let whole: [Field<'_>; 7] = [
        ("score", &number),
        ("execution_time", &number),
        ("output", &text),
        ("output_format", &one_of(formats)),
        ("extra_data", &Json::is_object),
        ("tests", &Json::is_array),
        ("leaderboard", &Json::is_array),
    ];
    let test: [Field<'_>; 8] = [
        ("score", &number),
        ("max_score", &number),
        ("status", &one_of(&["passed", "failed"])),
        ("name", &text),
        ("number", &text),
        ("output", &text),
        ("output_format", &one_of(formats)),
        (
            "visibility",
            &one_of(&["visible", "hidden", "after_due_date", "after_published"]),
        ),
    ];
    let column: [Field<'_>; 3] = [
        ("name", &text),
        ("value", &number),
        ("order", &one_of(&["asc", "desc"])),
    ];
    let fits = |object: &Json, fields: &[Field<'_>]| {
        for (name, value) in object.as_object().unwrap() {
            let field = fields.iter().find(|(field, _)| field == name);
            let (_, is_right) = field.unwrap_or_else(|| panic!("{name} is not documented"));
            assert!(is_right(value), "{name}: {value}");
        }
    };
    fits(results, &whole);
    let tests = results["tests"].as_array().unwrap();
    tests.iter().for_each(|it| fits(it, &test));
    let columns = results["leaderboard"].as_array().unwrap();
    columns.iter().for_each(|it| fits(it, &column));
    // It is what the points of students are, so it is always there.
    let sum: u64 = tests.iter().map(|it| it["score"].as_u64().unwrap()).sum();
    assert_eq!(results["score"], sum);
}

/// The results of the submission at a path.
fn results(class: &Class, path: &str) -> Json {
    let ended = class.grade(&["--format", "gradescope", path]);
    let results = parse(&ended);
    assert_documented(&results);
    let exit = u8::from(results["score"] != 10);
    assert_eq!(ended.code(), Some(i32::from(exit)), "{ended}");
    results
}

/// What students read first, and the first lines of what they read of each challenge.
pub(crate) fn outline(results: &Json) -> String {
    let mut text = format!(
        "{}: {}\n",
        results["score"],
        results["output"].as_str().unwrap()
    );
    for test in results["tests"].as_array().unwrap() {
        let output = test["output"].as_str().unwrap();
        let first = output.lines().next().unwrap();
        text += &format!(
            "{} {}/{} {}: {first}\n",
            test["number"], test["score"], test["max_score"], test["visibility"]
        );
    }
    for column in results["leaderboard"].as_array().unwrap() {
        text += &format!(
            "{} {} {}\n",
            column["name"], column["value"], column["order"]
        );
    }
    text
}

#[test]
fn whoever_hands_in_nothing_usable_gets_no_points_and_a_sentence() {
    let class = Class::empty();
    fs::create_dir(class.path("class/empty")).unwrap();
    expect![[r#"
        0: Suite small.
        Nothing that was handed in can be judged.
        the folder is empty: nothing was handed in
        "echo" 0/2 "visible": There is no module for it: echo.wasm was looked for.
        "flood" 0/3 "hidden": There is no module for it: broadcast.wasm or flood.wasm was looked for.
        "cut" 0/5 "visible": There is no module for it: broadcast.wasm or cut.wasm was looked for.
        "points" 0.0 "desc"
    "#]].assert_eq(&outline(&results(&class, "class/empty")));
    class.write("sources/main.go", b"package main");
    expect![[r#"
        0: Suite small.
        Nothing that was handed in can be judged.
        no .wasm file was handed in: modules are looked for as echo.wasm, broadcast.wasm for cut
        main.go is not a .wasm file
        "echo" 0/2 "visible": There is no module for it: echo.wasm was looked for.
        "flood" 0/3 "hidden": There is no module for it: broadcast.wasm or flood.wasm was looked for.
        "cut" 0/5 "visible": There is no module for it: broadcast.wasm or cut.wasm was looked for.
        "points" 0.0 "desc"
    "#]].assert_eq(&outline(&results(&class, "class/sources")));
    class.built("nested/mine/echo.wasm", "echo");
    class.built("nested/old/echo.wasm", "echo");
    expect![[r#"
        0: Suite small.
        Nothing that was handed in can be judged.
        no .wasm file was handed in: modules are looked for as echo.wasm, broadcast.wasm for cut
        mine/echo.wasm lies too deep: modules are looked for in the folder itself, so move it up
        old/echo.wasm lies too deep: modules are looked for in the folder itself, so move it up
        "echo" 0/2 "visible": There is no module for it: echo.wasm was looked for.
        "flood" 0/3 "hidden": There is no module for it: broadcast.wasm or flood.wasm was looked for.
        "cut" 0/5 "visible": There is no module for it: broadcast.wasm or cut.wasm was looked for.
        "points" 0.0 "desc"
    "#]].assert_eq(&outline(&results(&class, "class/nested")));
    class.write("text/echo.wasm", b"hello");
    expect![[r#"
        0: Suite small.
        No module that was handed in can be loaded.
        "echo" 0/2 "visible": CE: module rejected
        "flood" 0/3 "hidden": There is no module for it: broadcast.wasm or flood.wasm was looked for.
        "cut" 0/5 "visible": There is no module for it: broadcast.wasm or cut.wasm was looked for.
        "points" 0.0 "desc"
    "#]].assert_eq(&outline(&results(&class, "class/text")));
    let told = &results(&class, "class/text")["tests"][0]["output"];
    expect!["CE: module rejected\n  this is not WebAssembly: it does not begin with the bytes \"\\0asm\"\nreplay: host inspect echo.wasm"]
        .assert_eq(told.as_str().unwrap());
    class.built("mine.wasm", "echo");
    expect![[r#"
        0: Suite small.
        Nothing that was handed in can be judged.
        mine.wasm is for no challenge of the suite: modules are looked for as echo.wasm, broadcast.wasm for cut; rename it, or pick with --challenge
        "echo" 0/2 "visible": There is no module for it: echo.wasm was looked for.
        "flood" 0/3 "hidden": There is no module for it: broadcast.wasm or flood.wasm was looked for.
        "cut" 0/5 "visible": There is no module for it: broadcast.wasm or cut.wasm was looked for.
        "points" 0.0 "desc"
    "#]].assert_eq(&outline(&results(&class, "class/mine.wasm")));
}

#[test]
fn challenges_are_shown_when_the_suite_says_and_the_leaderboard_has_what_is_shown() {
    let class = Class::empty();
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    let suite = suite.replace("hidden = true", "hidden = \"until-due-date\"");
    let suite = suite.replacen(
        "points = 2\n",
        "points = 2\nhidden = \"until-published\"\n",
        1,
    );
    fs::write(class.path("suite.toml"), suite).unwrap();
    class.built("ann/echo.wasm", "echo");
    class.built("ann/broadcast.wasm", "broadcast");
    expect![[r#"
        10: Suite small.
        "echo" 2/2 "after_published": AC: accepted with 3 seeds
        "flood" 3/3 "after_due_date": AC: accepted with 3 seeds
        "cut" 5/5 "visible": AC: accepted with 3 seeds
        "points" 5.0 "desc"
        "cut msgs-per-op" 2.4466019 "asc"
    "#]]
    .assert_eq(&outline(&results(&class, "class/ann")));
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    fs::write(
        class.path("suite.toml"),
        suite.replace("until-due-date", "sometimes"),
    )
    .unwrap();
    let ended = class.grade(&["class/ann"]);
    expect![[r#"
        error: suite.toml:22:10: invalid value: string "sometimes", expected true, false, "until-due-date" or "until-published"
          hidden = "sometimes"
                   ^^^^^^^^^^^
    "#]].assert_eq(&ended.stderr);
}

#[test]
fn an_internal_error_leaves_the_points_of_the_others_and_says_so() {
    let class = Class::empty();
    class.built("ann/echo.wasm", "echo");
    class.write("ann/broadcast.wasm", b"hello");
    let mut grade = class.json(&[]);
    let cut = &mut grade["submissions"][0]["challenges"][2];
    assert_eq!((&cut["id"], &cut["verdict"]), (&json!("cut"), &json!("CE")));
    cut["verdict"] = json!("IE");
    cut["failure"]["anomaly"] = json!(["the disk is full"]);
    fs::write(class.path("grade.json"), grade.to_string()).unwrap();
    let merged = class
        .host()
        .args(["merge", "--format", "gradescope", "grade.json"])
        .end();
    let results = parse(&merged);
    assert_documented(&results);
    expect![[r#"
        2: Suite small.
        The grader itself failed with cut, which costs no points: judge it again.
        "echo" 2/2 "visible": AC: accepted with 3 seeds
        "flood" 0/3 "hidden": CE: module rejected
        "cut" 0/0 "visible": IE: internal error
        "points" 2.0 "desc"
    "#]]
    .assert_eq(&outline(&results));
    assert_eq!(results["extra_data"]["internal_errors"], json!(["cut"]));
}

#[test]
fn a_class_gets_a_file_for_each_submission() {
    let class = Class::small();
    class.built("../../evil", "echo");
    class.built("<b>&/echo.wasm", "echo");
    let ended = class.grade(&["--format", "json", "class"]);
    fs::write(class.path("grade.json"), &ended.stdout).unwrap();
    let merge = |args: &[&str]| {
        let merge = ["merge", "grade.json", "--format"];
        class.host().args(merge).args(args).end()
    };
    let refused = merge(&["gradescope"]);
    assert_eq!(refused.code(), Some(254));
    expect![[r#"
        error: --format gradescope is for one submission; here are 5: --each DIR writes a file for each
    "#]].assert_eq(&refused.stderr);
    let ended = merge(&["gradescope", "--each", "out"]);
    assert_eq!(
        (ended.code(), &*ended.stdout),
        (Some(1), "5 files in out\n"),
        "{ended}"
    );
    let mut names: Vec<String> = fs::read_dir(class.path("out"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    expect![[r#"
        alice.json
        b-b5400d3c.json
        bob.json
        carol.json
        dora.json"#]]
    .assert_eq(&names.join("\n"));
    for name in names {
        let text = fs::read_to_string(class.path("out").join(name)).unwrap();
        assert_documented(&serde_json::from_str(&text).unwrap());
    }
    // Again, and in another format; a file of somebody else stays.
    assert_eq!(merge(&["gradescope", "--each", "out"]).code(), Some(1));
    let other = merge(&["json", "--each", "out"]);
    expect![[r#"
        error: out/b-b5400d3c.json exists and is not a grade: it stays as it is; name another file, or remove it first
    "#]].assert_eq(&other.stderr);
}

#[test]
fn feedback_as_text_has_what_its_author_may_see() {
    let class = Class::small();
    let ended = class.grade(&["--each", "feedback", "class"]);
    assert_eq!(
        (ended.code(), &*ended.stdout),
        (Some(1), "4 files in feedback\n")
    );
    let read = |name: &str| fs::read_to_string(class.path("feedback").join(name)).unwrap();
    // `flood` is hidden, and the paths are the author's.
    expect![[r#"
        submission  echo  cut  score
        carol       CE    -    0/7

        carol echo
          CE: module rejected
            this is not WebAssembly: it does not begin with the bytes "\0asm"
          replay: host inspect echo.wasm

        0 of 1 submission passed (suite small, host 0.1.0, wasmtime 48.0.8)
    "#]]
    .assert_eq(&read("carol.txt"));
    let bob = read("bob.txt");
    assert!(!bob.contains("alice") && !bob.contains("flood"), "{bob}");
    assert!(
        bob.contains("replay: host sim --module echo.wasm "),
        "{bob}"
    );
}
