//! The user names the wrong file: it stays as it is, and the error says what to do.

use std::fs;
use std::os::unix::fs::symlink;

use test_support::class::Class;

use super::{ECHO, FLOOD, folder};

/// What a file of ours never begins with, and no newline.
const THESIS: &str = "\\documentclass{book} three years of work";

const OPTIONS: [(&str, &str); 4] = [
    ("--journal", "a journal"),
    ("--history", "a history"),
    ("--write-schedule", "a schedule"),
    ("--shrink", "a schedule"),
];

/// `host sim` with an output; it is invalid if that is what the output is for.
fn sim(class: &Class, option: &str, path: &str) -> test_support::Ended {
    let run = match option {
        "--shrink" => class.host().arg("sim").args(FLOOD),
        _ => class.host().args(["sim"]).args(ECHO),
    };
    run.args([option, path]).end()
}

#[test]
fn a_file_of_other_content_is_not_replaced() {
    let class = folder();
    class.write("../thesis.tex", THESIS.as_bytes());
    let module = fs::read(class.path("echo.wasm")).unwrap();
    for (option, what) in OPTIONS {
        for name in ["thesis.tex", "echo.wasm"] {
            let ended = sim(&class, option, name);
            assert_eq!(ended.code(), Some(254), "{option}: {ended}");
            assert_eq!(
                ended.stderr,
                format!(
                    "error: {name} exists and is not {what}: it stays as it is; name another file, \
                     or remove it first\n"
                )
            );
        }
        let ended = sim(&class, option, "class");
        assert_eq!(
            (ended.code(), &*ended.stderr),
            (
                Some(254),
                "error: cannot write to class: Is a directory (os error 21)\n"
            )
        );
        let ended = sim(&class, option, "nowhere/file");
        assert_eq!(
            (ended.code(), &*ended.stderr),
            (
                Some(254),
                "error: cannot write to nowhere/file: No such file or directory (os error 2)\n"
            )
        );
    }
    assert_eq!(
        fs::read(class.path("thesis.tex")).unwrap(),
        THESIS.as_bytes()
    );
    assert_eq!(fs::read(class.path("echo.wasm")).unwrap(), module);
}

#[test]
fn a_file_that_the_same_option_wrote_is_replaced_and_a_link_to_it_stays() {
    let class = folder();
    for (option, _) in OPTIONS {
        let code = if option == "--shrink" { 1 } else { 0 };
        assert_eq!(sim(&class, option, "first").code(), Some(code));
        let written = fs::read(class.path("first")).unwrap();
        fs::write(class.path("first"), [&written[..], b"\nmore"].concat()).unwrap();
        symlink("first", class.path("link")).unwrap();
        assert_eq!(sim(&class, option, "link").code(), Some(code), "{option}");
        assert!(class.path("link").is_symlink());
        assert_eq!(fs::read(class.path("first")).unwrap(), written, "{option}");
        fs::remove_file(class.path("first")).unwrap();
        fs::remove_file(class.path("link")).unwrap();
    }
    let names = fs::read_dir(class.path("")).unwrap();
    let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".tmp")).count(), 0);
}

#[test]
fn a_history_as_json_is_replaced_by_one_as_edn() {
    let class = folder();
    assert_eq!(sim(&class, "--history", "history.json").code(), Some(0));
    fs::rename(class.path("history.json"), class.path("history")).unwrap();
    assert_eq!(sim(&class, "--history", "history").code(), Some(0));
    let edn = fs::read(class.path("history.edn")).unwrap();
    assert_eq!(fs::read(class.path("history")).unwrap(), edn);
}

#[test]
fn two_options_cannot_name_one_file() {
    let class = folder();
    let run = class.host().args(["sim"]).args(ECHO);
    let ended = run.args(["--journal", "out", "--history", "./out"]).end();
    assert_eq!(
        (ended.code(), &*ended.stderr),
        (
            Some(254),
            "error: --journal and --history name the same file: ./out\n"
        )
    );
    // Devices may be shared.
    let run = class.host().args(["sim"]).args(ECHO);
    let null = ["--journal", "/dev/null", "--history", "/dev/null"];
    assert_eq!(run.args(null).end().code(), Some(0));
}

#[test]
fn a_page_that_no_report_has_written_is_not_replaced() {
    let class = folder();
    let runs = |dir: &str| {
        let sim = class.host().args(["sim"]).args(ECHO);
        let grade = class.grader().args(["--challenge", "echo", "class"]);
        [sim, grade].map(|run| run.args(["--report", dir]).end())
    };
    for name in ["index.html", "results.json", "grade.csv", "journal.jsonl"] {
        class.write("../site/notes.txt", b"notes");
        class.write(&format!("../site/{name}"), THESIS.as_bytes());
        for ended in runs("site") {
            assert_eq!(
                (ended.code(), &*ended.stderr),
                (
                    Some(254),
                    &*format!(
                        "error: site/{name} exists and is not of a report: it stays as it is; name \
                         another folder, or remove it first\n"
                    )
                )
            );
        }
        let kept = fs::read(class.path(&format!("site/{name}"))).unwrap();
        assert_eq!(kept, THESIS.as_bytes());
        fs::remove_dir_all(class.path("site")).unwrap();
    }
    // Beside other files there is room for a report, and for the next one.
    class.write("../site/notes.txt", b"notes");
    for ended in runs("site").into_iter().chain(runs("site")) {
        assert_eq!(ended.code(), Some(0), "{ended}");
    }
    assert_eq!(fs::read(class.path("site/notes.txt")).unwrap(), b"notes");
}

#[test]
fn resuming_from_a_file_without_a_newline_does_not_overwrite_it() {
    let class = folder();
    let resume = |path: &str| {
        let ended = class.grade(&["--challenge", "echo", "--resume", path, "class"]);
        (ended.code(), ended.stderr)
    };
    let refused = |text: &str| (Some(254), format!("error: {text}\n"));
    class.write("../thesis.tex", THESIS.as_bytes());
    assert_eq!(
        resume("thesis.tex"),
        refused("thesis.tex:1: this is no run: is it a file of host grade?")
    );
    assert_eq!(
        fs::read(class.path("thesis.tex")).unwrap(),
        THESIS.as_bytes()
    );
    assert_eq!(
        resume("/dev/null"),
        refused("cannot use /dev/null: it is not a regular file")
    );
    assert_eq!(
        resume("class"),
        refused("cannot use class: Is a directory (os error 21)")
    );
    // A grader that was killed while it wrote its first line goes on.
    assert_eq!(resume("runs.jsonl"), (Some(0), String::new()));
    let whole = fs::read_to_string(class.path("runs.jsonl")).unwrap();
    class.write("../runs.jsonl", &whole.as_bytes()[..20]);
    assert_eq!(resume("runs.jsonl"), (Some(0), String::new()));
    let again = fs::read_to_string(class.path("runs.jsonl")).unwrap();
    assert_eq!(again.lines().count(), whole.lines().count());
}
