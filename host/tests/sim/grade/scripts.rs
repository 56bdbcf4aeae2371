//! Folders with a script, which a runtime of the suite runs. The runtime is `c-echo`: the type of its
//! answers is what a file of its library and the script have together.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use expect_test::expect;
use serde_json::Value as Json;
use test_support::class::{Class, SUITE};
use test_support::program;

const RUNTIME: &str = r#"
[[runtime]]
extension = "txt"
module = "runtime.wasm"
args = ["/lib/begin"]
mounts = ["lib:/lib"]
"#;

/// A class, a suite with the challenge `echo` and a runtime, and a library.
fn class(limits: &str) -> Class {
    let class = Class::empty();
    let (head, challenges) = SUITE.split_once("[[challenge]]").unwrap();
    let (echo, _) = challenges.split_once("[[challenge]]").unwrap();
    let suite = format!("{head}{limits}{RUNTIME}[[challenge]]{echo}");
    fs::write(class.path("suite.toml"), suite).unwrap();
    fs::copy(program("c-echo"), class.path("runtime.wasm")).unwrap();
    class.write("../lib/begin", b"echo\n");
    class
}

/// Names with verdicts, the reasons of those that are rejected, and notes.
fn outline(grade: &Json) -> String {
    let mut text = String::new();
    for submission in grade["submissions"].as_array().unwrap() {
        let challenge = &submission["challenges"][0];
        let verdict = challenge["verdict"]
            .as_str()
            .or(challenge["state"].as_str());
        text += &format!(
            "{} {}\n",
            submission["name"].as_str().unwrap(),
            verdict.unwrap()
        );
        if verdict == Some("CE") {
            text += &format!(
                "  {}\n",
                challenge["failure"]["anomaly"][0].as_str().unwrap()
            );
        }
        for note in submission["notes"].as_array().into_iter().flatten() {
            text += &format!("  note: {}\n", note.as_str().unwrap());
        }
    }
    text
}

#[test]
fn a_script_is_judged_in_the_runtime_of_the_suite() {
    let class = class("");
    class.write("ann/echo.txt", b"_ok");
    class.write("ann/more/of.txt", b"it is read by nobody");
    class.write("bob/echo.txt", b"_no");
    // A library of its own is not that of the runtime.
    class.write("eve/echo.txt", b"_ok");
    class.write("eve/lib/begin", b"anything");
    class.write("fay/other.txt", b"_ok");
    class.write("gus/echo.txt", b"_ok");
    fs::copy(program("c-echo"), class.write("gus/echo.wasm", b"")).unwrap();
    let grade = class.json(&[]);
    expect![[r#"
        ann AC
        bob PE
        eve AC
          note: /lib is that of the suite's runtime, and lib of the folder is not seen
        fay missing
          note: no .wasm file was handed in: modules are looked for as echo.wasm; scripts by the same names with .txt
          note: other.txt is not a .wasm file
        gus AC
          note: echo.txt is not judged: echo.wasm is taken for echo
    "#]].assert_eq(&outline(&grade));
    let of = |index: usize| &grade["submissions"][index]["challenges"][0];
    assert_ne!(of(0)["sha256"], of(1)["sha256"]);
    // The command makes the run again.
    let replay = of(1)["failure"]["replay"].as_str().unwrap();
    let replay: Vec<&str> = replay.split(' ').skip(1).collect();
    let ended = class.host().args(replay).end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(ended.stdout.starts_with("echo: INVALID\n"), "{ended}");
    // The same again, also from kept runs and by suite run.
    let kept = class.json(&["--resume", "runs.jsonl"]);
    let again = class.json(&["--resume", "runs.jsonl"]);
    assert_eq!(kept["submissions"], grade["submissions"]);
    assert_eq!(again["submissions"], grade["submissions"]);
    let run = class
        .host()
        .args(["suite", "run", "--suite", "suite.toml", "class/ann"])
        .end();
    assert_eq!(run.code(), Some(0), "{run}");
    let report = class
        .host()
        .args([
            "grade",
            "--suite",
            "suite.toml",
            "--report",
            "out",
            "class/bob",
        ])
        .end();
    assert_eq!(report.code(), Some(1), "{report}");
    assert!(class.path("out/index.html").exists());
    // Other files of the runtime make another suite.
    class.write("../lib/begin", b"other\n");
    let other = class.grade(&["--resume", "runs.jsonl", "class"]);
    assert_eq!(other.code(), Some(254), "{other}");
}

/// Without a suite of one's own.
#[test]
fn a_runtime_is_named_on_the_command_line() {
    let class = class("");
    class.write("ann/echo.txt", b"_ok");
    class.write("bob/echo.txt", b"_no");
    let by_suite = class.json(&[]);
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    fs::write(class.path("suite.toml"), suite.replace(RUNTIME, "")).unwrap();
    let runtime = ["--runtime", "txt=runtime.wasm", "--mount", "lib:/lib"];
    let flags = [runtime.as_slice(), &["--", "/lib/begin"]].concat();
    let by_flags = class.json(&flags);
    assert_eq!(outline(&by_flags), "ann AC\nbob PE\n");
    assert_eq!(by_flags["submissions"], by_suite["submissions"]);
    // Other files make another suite.
    let kept =
        |flags: &[&str]| class.grade(&[&["--resume", "runs.jsonl", "class"], flags].concat());
    assert_eq!(kept(&flags).code(), Some(1));
    class.write("../lib/begin", b"other\n");
    assert_eq!(kept(&flags).code(), Some(254));

    let refused = |flags: &[&str]| class.grade(&[&["class"], flags].concat());
    refused(&["--mount", "lib:/lib"]).is(expect![[r#"
        exit code 254
        ---- stderr
        error: --mount is for what runs scripts: name it with --runtime EXT=FILE
    "#]]);
    refused(&["--", "/lib/begin"]).is(expect![[r#"
        exit code 254
        ---- stderr
        error: the following required arguments were not provided:
          --runtime <EXT=FILE>

        Usage: host grade --runtime <EXT=FILE> --suite <FILE> <PATH>... -- <RUNTIME_ARGS>...

        [TRY HELP]
    "#]]);
    refused(&["--runtime", "runtime.wasm"]).is(expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'runtime.wasm' for '--runtime <EXT=FILE>': expected EXT=FILE, such as py=python.wasm

        [TRY HELP]
    "#]]);
    refused(&["--runtime", "wasm=runtime.wasm"]).is(expect![[r#"
        exit code 254
        ---- stderr
        error: --runtime: modules need no runtime: name the end of scripts, such as `py`
    "#]]);
    refused(&["--runtime", "txt=none.wasm"]).is(expect![[r#"
        exit code 254
        ---- stderr
        error: --runtime: the runtime none.wasm: No such file or directory (os error 2)
    "#]]);
    let twice = [runtime.as_slice(), &runtime[..2]].concat();
    refused(&twice).is(expect![[r#"
        exit code 254
        ---- stderr
        error: --runtime: there are two runtimes for "txt"
    "#]]);
}

#[test]
fn folders_that_mean_no_good_get_a_verdict_and_hold_nobody_up() {
    let class = class("[limits]\nmax-folder-mib = 1\nmax-folder-files = 30\n");
    let folder = |name: &str| {
        class.write(&format!("{name}/echo.txt"), b"_ok");
        class.path(&format!("class/{name}"))
    };
    symlink("/etc/passwd", folder("link").join("secret")).unwrap();
    symlink("/", folder("link2").join("root")).unwrap();
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, folder("pipe").join("wait"), kind, mode, 0).unwrap();
    let sparse = fs::File::create(folder("sparse").join("huge")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    let many = folder("many");
    for index in 0..100 {
        fs::write(many.join(format!("{index}")), "").unwrap();
    }
    let mut deep = folder("deep");
    for _ in 0..20 {
        deep.push("d");
    }
    fs::create_dir_all(deep).unwrap();
    fs::write(folder("name").join(OsStr::from_bytes(b"\xff")), "").unwrap();
    symlink("/etc/passwd", class.path("class/linked.txt")).unwrap();
    fs::create_dir(class.path("class/script")).unwrap();
    symlink("/etc/passwd", class.path("class/script/echo.txt")).unwrap();
    expect![[r#"
        deep CE
          cannot mount class/deep: class/deep/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d lies deeper than 16 folders, or its path has more than 4095 bytes
        link AC
          note: symbolic links are not followed: secret
        link2 AC
          note: symbolic links are not followed: root
        many CE
          cannot mount class/many: with class/many there are more than 30 files and folders; mount a folder that has only what the program reads
        name AC
          note: names that are not UTF-8 are left out: �
        pipe AC
          note: pipes, sockets and devices are left out: wait
        script missing
          note: no .wasm file was handed in: modules are looked for as echo.wasm; scripts by the same names with .txt
          note: echo.txt is a symbolic link, and links are not followed: hand in the file itself
        sparse CE
          cannot mount class/sparse: with class/sparse/huge there are more than 1048576 bytes; mount a folder that has only what the program reads
    "#]].assert_eq(&outline(&class.json(&[])));
}

#[test]
fn a_runtime_that_cannot_be_used_is_told_before_anybody_is_judged() {
    let class = class("");
    class.write("ann/echo.txt", b"_ok");
    let told = || {
        let ended = class.grade(&["class"]);
        format!("{:?} {}", ended.code().unwrap(), ended.stderr)
    };
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    let with = |from: &str, to: &str| {
        fs::write(class.path("suite.toml"), suite.replace(from, to)).unwrap();
        let text = told();
        text.lines().take(2).collect::<Vec<_>>().join("\n") + "\n"
    };
    let text = [
        with("runtime.wasm", "none.wasm"),
        with("lib:/lib", "none:/lib"),
        with("lib:/lib", "lib:/tmp"),
        with("extension = \"txt\"", "extension = \"wasm\""),
        with("args = [", "max-module-mib = 2000\nargs = ["),
        with("runtime.wasm", "suite.toml"),
    ];
    expect![[r#"
        254 error: the runtime none.wasm: No such file or directory (os error 2)
        254 error: the runtime: cannot mount none: No such file or directory (os error 2)
        254 error: suite.toml:11:10: cannot mount at "/tmp": /tmp is for what programs write; mount it elsewhere
          mounts = ["lib:/tmp"]
        254 error: suite.toml:7:1: modules need no runtime: name the end of scripts, such as `py`
          [[runtime]]
        254 error: suite.toml:10:18: expected a whole number from 1 to 1024, found 2000
          max-module-mib = 2000
        3 error: suite.toml cannot be loaded:
          - this is not WebAssembly: it does not begin with the bytes "\0asm"
    "#]].assert_eq(&text.concat());
}
