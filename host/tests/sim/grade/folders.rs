//! Untrusted folders: links, special files, hostile names.

use std::os::unix::fs::symlink;

use expect_test::expect;
use serde_json::Value as Json;

use test_support::class::{Class, check};

/// Names with their verdicts, and notes, one a line.
fn outline(grade: &Json) -> String {
    let mut text = String::new();
    for submission in grade["submissions"].as_array().unwrap() {
        text += submission["name"].as_str().unwrap();
        for challenge in submission["challenges"].as_array().unwrap() {
            let verdict = challenge["verdict"].as_str();
            let state = challenge["state"].as_str();
            text += &format!(" {}", verdict.or(state).unwrap());
        }
        text += "\n";
        for note in submission["notes"].as_array().into_iter().flatten() {
            text += &format!("  {}\n", note.as_str().unwrap());
        }
    }
    text
}

#[test]
fn only_regular_files_below_the_folder_are_opened() {
    let class = Class::empty();
    let secret = class.built("../elsewhere/echo.wasm", "echo");
    class.built("ann/deep/echo.wasm", "echo");
    class.built("ann/ECHO.WASM", "echo");
    class.write("eve/broadcast.txt", b"");
    symlink(&secret, class.path("class/eve/echo.wasm")).unwrap();
    symlink(class.path("elsewhere"), class.path("class/mallory")).unwrap();
    let fifo = class.path("class/eve/broadcast.wasm");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    class.built("zoe/echo.wasm", "echo");
    class.built("zoe/other.wasm", "echo");
    expect![[r#"
        ann missing missing missing
          ECHO.WASM is not a .wasm file
          deep is a folder: modules are looked for beside it
        eve missing missing missing
          broadcast.txt is not a .wasm file
          broadcast is not a regular file
          echo is a symbolic link, which is not followed
        zoe AC missing missing
          other.wasm is for no challenge that is judged here
    "#]]
    .assert_eq(&outline(&class.json(&[])));
}

#[test]
fn a_module_named_as_the_challenge_is_taken_first() {
    let class = Class::empty();
    class.built("ann/broadcast.wasm", "broadcast");
    class.built("ann/cut.wasm", "broadcast-flood");
    class.built("bob/cut.wasm", "broadcast");
    expect![[r#"
        ann missing AC WA
        bob missing missing AC
    "#]]
    .assert_eq(&outline(&class.json(&[])));
}

#[test]
fn a_name_cannot_fake_a_line_a_formula_or_a_direction() {
    let class = Class::empty();
    class.built("=1+1,\"x\"/echo.wasm", "echo");
    class.built("a\nb\u{202e}c/echo.wasm", "echo");
    class.built("<b>&\u{1b}[31m/echo.wasm", "echo");
    check(
        &class.grade(&["--challenge", "echo", "--format", "csv", "class"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            submission,passed,score,points,echo
            <b>&\u{1b}[31m,true,2,2,AC
            "'=1+1,""x""",true,2,2,AC
            a\nb\u{202e}c,true,2,2,AC
        "#]],
    );
    let junit = class.grade(&["--challenge", "echo", "--format", "junit", "class"]);
    let xml = junit.stdout;
    assert!(xml.contains("name=\"&lt;b&gt;&amp;\\u{1b}[31m\""), "{xml}");
}

#[test]
fn two_submissions_of_one_name_are_an_error() {
    let class = Class::empty();
    class.built("one/ann/echo.wasm", "echo");
    class.built("two/ann/echo.wasm", "echo");
    check(
        &class.grade(&["class/one", "class/two"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: two submissions are called ann; rename one, or judge them apart
        "#]],
    );
}

#[test]
fn a_module_that_is_too_large_is_rejected_and_others_are_not() {
    let class = Class::empty();
    class.write("ann/echo.wasm", &vec![0; (16 << 20) + 1]);
    class.built("bob/echo.wasm", "echo");
    let grade = class.json(&["--challenge", "echo"]);
    let ann = &grade["submissions"][0]["challenges"][0];
    assert_eq!(
        (&ann["verdict"], &ann["failure"]["anomaly"][0]),
        (
            &Json::from("CE"),
            &Json::from("the file has more than 16777216 bytes")
        )
    );
    assert_eq!(grade["submissions"][1]["passed"], true);
}
