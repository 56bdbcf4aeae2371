//! Untrusted folders: links, special files, hostile names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use std::time::Duration;

use expect_test::expect;
use serde_json::{Value as Json, json};

use host_grade::judge::{JudgeContext, JudgeResult, guests_max, judge};
use host_grade::resume::Resume;
use host_grade::runtimes::Runtimes;
use host_grade::{Suite, Work, submission};
use host_guest::Interrupt;
use host_sandbox::{CompileLimits, Compiler, Sandbox};
use host_trial::shrink::Budget;
use test_support::Ended;
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
          no .wasm file was handed in: modules are looked for as echo.wasm, broadcast.wasm for cut
          deep/echo.wasm lies too deep: modules are looked for in the folder itself, so move it up
          ECHO.WASM is not a .wasm file: call it echo.wasm
        eve missing missing missing
          no .wasm file was handed in: modules are looked for as echo.wasm, broadcast.wasm for cut
          echo.wasm is a symbolic link, and links are not followed: hand in the file itself
          broadcast.wasm is no regular file
          broadcast.txt is not a .wasm file
        mallory missing missing missing
          the folder is a symbolic link, which is not followed: copy the folder itself, and judge again
        zoe AC missing missing
          other.wasm is for no challenge of the suite: modules are looked for as echo.wasm, broadcast.wasm for cut
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
fn a_clash_of_names_stops_nobody_else() {
    let class = Class::empty();
    class.built("one/ann/echo.wasm", "echo");
    class.built("two/ann/echo.wasm", "echo");
    class.built("two/bob/echo.wasm", "echo");
    let grade = class.grade(&[
        "--challenge",
        "echo",
        "class/one",
        "class/two",
        "class/two/bob",
    ]);
    let shown = without_fuel_and_figures(&grade);
    expect![[r#"
        exit code 1
        submission  echo  score
        ann         -     0/2
        bob         AC    2/2

        ann: 2 submissions have this name, and none of them was judged: class/one/ann, class/two/ann; rename them, or judge them apart

        1 of 2 submissions passed
    "#]]
    .assert_eq(&shown);
}

/// The exit code and the text without its last parenthesis.
fn without_fuel_and_figures(ended: &Ended) -> String {
    let (text, _) = ended.stdout.rsplit_once(" (suite").unwrap();
    format!("exit code {}\n{text}\n", ended.code().unwrap())
}

#[test]
fn names_that_look_alike_when_they_are_shown_are_told_apart() {
    let class = Class::empty();
    class.built("s1/echo.wasm", "echo");
    class.built("s1.wasm/echo.wasm", "echo");
    let long = "x".repeat(100);
    class.built(&format!("{long}1/echo.wasm"), "echo");
    class.built(&format!("{long}2/echo.wasm"), "echo");
    let not_utf_8 = |byte: u8| {
        let name = [b"y", &[byte][..]].concat();
        let folder = class.path("class").join(OsStr::from_bytes(&name));
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(class.path("class/s1/echo.wasm"), folder.join("echo.wasm")).unwrap();
    };
    not_utf_8(0xfe);
    not_utf_8(0xff);
    let grade = class.json(&["--challenge", "echo"]);
    // The hashes are those of `sha256sum`.
    let x = "x".repeat(60);
    expect![[r#"
        s1 AC
        s1.wasm AC
        [X]…00eafe0b AC
        [X]…41081bf5 AC
        y�-2c873316 AC
        y�-442e004e AC
    "#]]
    .assert_eq(&outline(&grade).replace(&x, "[X]"));
}

#[test]
fn a_thousand_empty_files_do_not_hide_the_real_one() {
    let class = Class::empty();
    for number in 0..1005 {
        class.write(&format!("ann/a{number:04}.wasm"), b"");
    }
    class.built("ann/echo.wasm", "echo");
    let grade = class.json(&["--challenge", "echo"]);
    let ann = &grade["submissions"][0];
    assert_eq!(ann["challenges"][0]["verdict"], "AC");
    let notes = ann["notes"].as_array().unwrap();
    let [note] = notes.as_slice() else {
        panic!("{notes:?}");
    };
    assert_eq!(
        note,
        "a0000.wasm, a0001.wasm, a0002.wasm, a0003.wasm, a0004.wasm, a0005.wasm, a0006.wasm, \
         a0007.wasm and 997 more are for no challenge of the suite: modules are looked for as echo.wasm"
    );
}

#[test]
fn a_folder_with_too_many_files_says_so_where_its_author_reads_it() {
    let class = Class::empty();
    for number in 0..=10_000 {
        class.write(&format!("ann/a{number:05}"), b"");
    }
    class.built("ann/echo.wasm", "echo");
    class.built("bob/echo.wasm", "echo");
    let grade = class.json(&["--challenge", "echo"]);
    expect![[r#"
        ann missing
          the folder cannot be read (it has more than 10000 entries), so nothing counts as handed in: mend that and judge again
        bob AC
    "#]]
    .assert_eq(&outline(&grade));
    std::fs::write(class.path("grade.json"), grade.to_string()).unwrap();
    let merge = class
        .host()
        .args(["merge", "--format", "junit", "grade.json"]);
    let xml = merge.end().stdout;
    let told = "There is no module for it: echo.wasm was looked for.\n  the folder cannot be read (it has \
                more than 10000";
    assert!(xml.contains(told), "{xml}");
}

#[test]
fn a_file_that_cannot_be_read_counts_as_not_handed_in() {
    let class = Class::empty();
    let unreadable = class.built("ann/echo.wasm", "echo");
    class.built("bob/echo.wasm", "echo");
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&unreadable, 0o000);
    // Root may read everything, so it gives up what makes it root.
    let mut command = std::process::Command::new(test_support::host());
    if rustix::process::geteuid().is_root() {
        set(&class.path(""), 0o755);
        set(&class.path("class"), 0o755);
        command.uid(65534);
    }
    let grade = [
        "grade",
        "--suite",
        "suite.toml",
        "--no-cache",
        "--challenge",
        "echo",
    ];
    let command = command.args(grade).args(["--format", "json", "class"]);
    let output = command.current_dir(class.path("")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let grade: Json = serde_json::from_slice(&output.stdout).unwrap();
    expect![[r#"
        ann missing
          echo.wasm cannot be read (Permission denied (os error 13)) and counts as not handed in: make it readable and judge again
        bob AC
    "#]]
    .assert_eq(&outline(&grade));
    let ann = &grade["submissions"][0];
    let told = (&ann["passed"], &ann["score"], &ann["points"]);
    assert_eq!(told, (&json!(false), &json!(0), &json!(2)));
}

#[test]
fn a_file_that_becomes_a_pipe_between_finding_and_loading_is_not_waited_for() {
    let class = Class::empty();
    let path = class.built("ann/echo.wasm", "echo");
    class.built("bob/echo.wasm", "broadcast");
    let suite = Suite::built_in().unwrap();
    let submissions = submission::find(&[class.path("class")], &suite).unwrap();
    let work = Work::of(&suite, &submissions, None);
    std::fs::remove_file(&path).unwrap();
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
    let (limits, host) = (CompileLimits::default(), test_support::host().into());
    let context = JudgeContext {
        sandbox: &Sandbox::pooled(None, guests_max(&work)).unwrap(),
        compiler: &Compiler::with_program(host, limits),
        runtimes: &Runtimes::default(),
        resume: &Resume::default(),
        progress: &|_| {},
        shrinking: Budget { runs: 1, units: 0 },
        // Loading comes first; no run is needed.
        interrupt: &Interrupt::default(),
    };
    let loaded = std::thread::scope(|scope| {
        let (sender, judged) = std::sync::mpsc::channel();
        let (work, context) = (&work, &context);
        scope.spawn(move || sender.send(judge(work, context)));
        let judged = judged.recv_timeout(Duration::from_secs(120));
        if judged.is_err() {
            // Lets the other thread go.
            drop(std::fs::File::options().write(true).open(&path));
        }
        judged
    });
    let results = loaded.expect("it does not wait for the pipe");
    let ann: Vec<&JudgeResult> = results
        .values()
        .filter(|it| matches!(it, JudgeResult::InternalError(_)))
        .collect();
    let path = path.display();
    let why = vec![
        format!("cannot read the module {path}: it is not a regular file, but a pipe or a device"),
        "the file changed after the submissions were read; judge again".to_owned(),
    ];
    assert_eq!(ann, [&JudgeResult::InternalError(why)]);
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
            &Json::from(
                "the file has more than 16 MiB, the most that a module may have: build it with \
                 optimisation and without debug information"
            )
        )
    );
    assert_eq!(grade["submissions"][1]["passed"], true);
}
