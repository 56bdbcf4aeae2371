//! Flags, exit codes and usage errors.

use expect_test::expect;

use test_support::class::{Class, check, parse};

#[test]
fn only_who_passes_everything_ends_with_zero() {
    let class = Class::small();
    let code = |args: &[&str]| class.grade(args).code();
    assert_eq!(code(&["class/alice"]), Some(0));
    assert_eq!(code(&["class/alice/echo.wasm"]), Some(0));
    assert_eq!(code(&["class/alice", "class/bob"]), Some(1));
    assert_eq!(code(&["class/bob/echo.wasm"]), Some(1));
    assert_eq!(code(&["--challenge", "flood", "class/bob"]), Some(0));
    assert_eq!(code(&["class"]), Some(1));
}

#[test]
fn a_module_given_alone_is_judged_by_what_is_picked() {
    let class = Class::empty();
    class.built("mine.wasm", "echo");
    check(
        &class.grade(&["--challenge", "echo", "class/mine.wasm"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            submission  echo  score
            mine        AC    2/2

            1 of 1 submission passed (suite small, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}

#[test]
fn usage_errors_say_what_to_do() {
    let class = Class::small();
    check(
        &class.grade(&["--challenge", "3z", "class"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: the suite has no challenge "3z"; it has echo, flood, cut
        "#]],
    );
    check(
        &class.grade(&["nowhere"]),
        &expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read nowhere: No such file or directory (os error 2)
    "#]],
    );
    std::fs::create_dir(class.path("nobody")).unwrap();
    check(
        &class.grade(&["nobody"]),
        &expect![[r#"
        exit code 254
        ---- stderr
        error: nobody holds no submission: neither .wasm files nor folders
    "#]],
    );
    class.built("mine.wasm", "echo");
    check(
        &class.grade(&["class/mine.wasm"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: mine.wasm is for no challenge of the suite: modules are looked for as echo.wasm, broadcast.wasm for cut; rename it, or pick with --challenge
        "#]],
    );
    // It is not read to its end.
    let endless = class
        .host()
        .args(["grade", "--suite", "/dev/zero", "class"]);
    check(
        &endless.end(),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: /dev/zero: a suite may have 1048576 bytes, this one has more
        "#]],
    );
    for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "1/100001"] {
        let ended = class.grade(&["--shard", wrong, "class"]);
        assert_eq!(ended.code(), Some(254), "{wrong}");
    }
}

#[test]
fn an_error_prints_each_cause_once_and_no_control_characters() {
    let class = Class::small();
    std::fs::write(class.path("plain"), "").unwrap();
    check(
        &class.grade(&["--report", "plain/\u{1b}", "class/alice"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: cannot write to plain/\u{1b}: Not a directory (os error 20)
        "#]],
    );
    check(
        &class.host().args(["merge", "plain"]).end(),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: plain: neither a grade (host grade --format json) nor a summary (host sim --summary --format json): EOF while parsing a value at line 1 column 0
        "#]],
    );
}

#[test]
fn the_suite_that_is_built_in_can_be_printed_and_given_back() {
    let class = Class::small();
    let printed = class.host().arg("suite").end();
    assert_eq!(printed.code(), Some(0));
    std::fs::write(class.path("suite.toml"), &printed.stdout).unwrap();
    let given = class.json(&["--challenge", "1", "--seeds", "1..2"]);
    let built_in = class
        .host()
        .args(["grade", "--challenge", "1", "--seeds", "1..2"])
        .args(["--format", "json", "class"]);
    let built_in = parse(&built_in.end());
    assert_eq!(given["suite"], built_in["suite"]);
    assert_eq!(given["submissions"], built_in["submissions"]);
}

#[test]
fn the_command_to_replay_a_failure_fails_in_the_same_way() {
    let class = Class::small();
    let grade = class.json(&["--challenge", "cut"]);
    let bob = &grade["submissions"][1]["challenges"][0];
    assert_eq!(bob["verdict"], "WA");
    let failure = &bob["failure"];
    let replay = failure["replay"].as_str().unwrap();
    let words: Vec<&str> = replay.split(' ').skip(1).collect();
    let ended = class.host().args(words).end();
    assert_eq!(ended.code(), Some(1));
    let text = ended.stdout;
    for line in failure["anomaly"].as_array().unwrap() {
        let line = line.as_str().unwrap();
        assert!(text.contains(line), "{line}\n{text}");
    }
}
