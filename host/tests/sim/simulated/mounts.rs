//! `--mount`: programs that read folders of this machine.

use std::fs;
use std::path::Path;

use expect_test::expect;
use test_support::{Dir, Ended, Run, built, program};

const ECHO: &str = "-w echo --node-count 2 --time-limit 2 --seed 1";

/// A folder with the script of `c-echo`, and one with its library.
fn dir() -> Dir {
    let dir = Dir::new();
    dir.write("script/echo.txt", "_ok\n");
    dir.write("lib/deep/begin", "echo\n");
    dir
}

fn sim(dir: &Dir, module: &Path, args: &str) -> Run {
    let run = dir.host().args(["sim"]).args(ECHO.split(' '));
    run.arg("--module").arg(module).args(args.split(' '))
}

const MOUNTED: &str = "--mount script --mount lib:/usr/lib";
const ARGS: &str = "-- /usr/lib/deep/begin echo.txt";

fn line(ended: &Ended, number: usize) -> String {
    let line = ended.stdout.lines().nth(number);
    line.unwrap_or_default().to_owned()
}

#[test]
fn a_program_reads_its_script_and_its_library_and_the_run_is_the_same_twice() {
    let dir = dir();
    let module = program("c-echo");
    let journals = ["a.jsonl", "b.jsonl"].map(|name| {
        let args = format!("{MOUNTED} --journal {name} {ARGS}");
        let ended = sim(&dir, &module, &args).end();
        assert_eq!(ended.code(), Some(0), "{ended}");
        dir.read(name)
    });
    assert!(journals[0].contains("echo_ok"));
    assert_eq!(journals[0], journals[1]);
    // What the script says decides.
    dir.write("script/echo.txt", "_no\n");
    let ended = sim(&dir, &module, &format!("{MOUNTED} {ARGS}")).end();
    assert_eq!(
        (ended.code(), line(&ended, 0)),
        (Some(1), "echo: INVALID".to_owned())
    );
    // Only what is mounted is there.
    let ended = sim(&dir, &module, &format!("--mount script {ARGS}")).end();
    assert_eq!(ended.code(), Some(1));
    let told = "  stderr: /usr/lib/deep/begin: No such file or directory\n";
    assert!(ended.stdout.contains(told), "{ended}");
}

#[test]
fn what_cannot_be_mounted_is_told_with_what_to_do() {
    let dir = dir();
    let told = |module: &Path, args: &str| {
        let ended = sim(&dir, module, args).end();
        let error = ended.stderr.lines().next().unwrap_or_default();
        format!("{:?} {}\n", ended.code().unwrap(), error)
    };
    let c = program("c-echo");
    let mut text = [
        "--mount none",
        "--mount lib:usr",
        "--mount script/echo.txt",
        "--mount lib:/tmp/lib",
        "--mount lib:/a/../b",
        "--mount lib --mount lib",
    ]
    .map(|args| told(&c, args))
    .concat();
    text += &told(&built("echo"), "--mount lib");
    let large = dir.write("large/file", "");
    fs::File::options()
        .write(true)
        .open(large)
        .unwrap()
        .set_len(2 << 20)
        .unwrap();
    text += &told(&c, "--mount large --max-mount-mib 1");
    expect![[r#"
        254 error: cannot mount none: No such file or directory (os error 2); --mount takes a folder that is there
        254 error: cannot mount lib:usr: No such file or directory (os error 2); --mount takes DIR or DIR:PATH, and PATH begins with /, as in :/usr
        254 error: cannot mount script/echo.txt: it is a file; mount the folder that it is in
        254 error: invalid value 'lib:/tmp/lib' for '--mount <DIR[:PATH]>': cannot mount at "/tmp/lib": /tmp is for what programs write; mount it elsewhere
        254 error: invalid value 'lib:/a/../b' for '--mount <DIR[:PATH]>': cannot mount at "/a/../b": it has a name that is empty, . or ..
        254 error: cannot mount lib at /: two mounts have /deep/begin
        254 error: echo is a guest of the ABI, which has no files to mount: only programs do (docs/programs.md)
        254 error: cannot mount large: with large/file there are more than 1048576 bytes; mount a folder that has only what the program reads, or raise --max-mount-mib
    "#]].assert_eq(&text);
}

#[test]
fn a_live_node_has_mounts_too() {
    let dir = dir();
    let init = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}"#;
    let echo = r#"{"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"hi"}}"#;
    let run = dir.host().arg("--module").arg(program("c-echo"));
    let run = run.args(MOUNTED.split(' ')).args(ARGS.split(' '));
    let ended = run.input(format!("{init}\n{echo}\n"));
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(
        line(&ended, 1).contains(r#""type":"echo_ok","in_reply_to":2,"echo":"hi""#),
        "{ended}"
    );
}

#[test]
fn a_module_that_is_larger_than_a_submission_may_be_is_loaded_if_the_user_chooses_it() {
    let dir = dir();
    let data = "a".repeat(17 << 20);
    let text = format!(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 300) (data (i32.const 0) "{data}")
          (func (export "_start") (call $exit (i32.const 7))))"#
    );
    let module = dir.module("large", &text);
    let ended = sim(&dir, &module, "--max-module-mib 16").end();
    assert_eq!(ended.code(), Some(3), "{ended}");
    assert!(
        ended
            .stderr
            .contains("the file has more than 16777216 bytes"),
        "{ended}"
    );
    let ended = sim(&dir, &module, "--no-cache").end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    let ended = dir.host().arg("inspect").arg(&module).end();
    let (_, told) = ended.stdout.split_once("It would load").unwrap();
    let wasm = fs::metadata(&module).unwrap().len();
    assert_eq!(
        told,
        format!(
            ", and as a submission it would not:\n  - its file has {wasm} bytes; the limit is 16777216\n"
        )
    );
}
