//! `host completions` and `host man`.

use std::path::Path;
use std::process::Command;

use expect_test::expect;

use test_support::Dir;

/// What bash offers after these words.
fn completed(words: &[&str]) -> Vec<String> {
    let dir = Dir::new();
    let script = dir.host().args(["completions", "bash"]).end();
    assert_eq!((script.code(), &*script.stderr), (Some(0), ""));
    let script = dir.write("host.bash", script.stdout);
    let (last, before) = words.split_last().unwrap();
    let shell = format!(
        "source {}; COMP_WORDS=({}); COMP_CWORD={}; _host host '{last}' '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.join(" "),
        before.len(),
        before.last().unwrap(),
    );
    let output = Command::new("bash").args(["-c", &shell]).output().unwrap();
    let (stdout, stderr) = (output.stdout, output.stderr);
    assert_eq!(String::from_utf8(stderr).unwrap(), "");
    let stdout = String::from_utf8(stdout).unwrap();
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    assert_eq!(completed(&["host", "co"]), ["compare", "completions"]);
    assert_eq!(completed(&["host", "su"]), ["suite"]);
    assert_eq!(completed(&["host", "suite", "sh"]), ["show"]);
    assert_eq!(
        completed(&["host", "sim", "--s"]),
        [
            "--swap-module",
            "--swap-at",
            "--suite",
            "--seed",
            "--seeds",
            "--summary",
            "--shard",
            "--schedule",
            "--shrink",
            "--shared-cache"
        ]
    );
    assert_eq!(
        completed(&["host", "sim", "--workload", "txn"]),
        ["txn-list-append", "txn-rw-register"]
    );
}

#[test]
fn each_shell_has_completions_and_none_has_what_is_not_for_people() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = Dir::new().host().args(["completions", shell]).end();
        assert_eq!((ended.code(), &*ended.stderr), (Some(0), ""), "{shell}");
        let script = ended.stdout;
        assert!(script.contains("keep-going"), "{shell}");
        assert!(!script.contains("cpu-s"), "{shell}");
    }
}

#[test]
fn another_shell_is_refused() {
    let ended = Dir::new().host().args(["completions", "csh"]).end();
    ended.is(expect![[r#"
        exit code 254
        ---- stderr
        error: invalid value 'csh' for '<SHELL>'
          [possible values: bash, elvish, fish, powershell, zsh]

          tip: a similar value exists: 'zsh'

        [TRY HELP]
    "#]]);
}

#[test]
fn each_command_has_a_page() {
    let dir = Dir::new();
    let man = || dir.host().args(["man", "pages"]).end();
    man().is(expect![[r#"
        exit code 0
        ---- stdout
        22 pages in pages: read the first with `man pages/host.1`
    "#]]);
    let pages = dir.files_in("pages");
    assert_eq!(
        pages,
        [
            "host-cache-key.1",
            "host-cache-share.1",
            "host-cache.1",
            "host-check.1",
            "host-compare.1",
            "host-completions.1",
            "host-diff.1",
            "host-disk.1",
            "host-explore.1",
            "host-grade.1",
            "host-inspect.1",
            "host-man.1",
            "host-merge.1",
            "host-new.1",
            "host-play.1",
            "host-serve.1",
            "host-sim.1",
            "host-suite-list.1",
            "host-suite-run.1",
            "host-suite-show.1",
            "host-suite.1",
            "host.1"
        ]
    );
    let read = || -> Vec<String> {
        let paths = pages.iter().map(|page| format!("pages/{page}"));
        paths.map(|path| dir.read(&path)).collect()
    };
    let first = read();
    // Written again, they are the same.
    assert_eq!(man().code(), Some(0));
    assert_eq!(read(), first);
    let sim = pages.iter().position(|page| page == "host-sim.1");
    let sim = &first[sim.unwrap()];
    for part in [
        ".SH CLUSTER",
        ".SH CLIENTS",
        ".SH NETWORK",
        ".SH FAULTS",
        ".SH CHECKS",
        ".SH \"SEEDS AND SCHEDULES\"",
        ".SH OUTPUT",
        "130  interrupted",
    ] {
        assert!(sim.contains(part), "{part}\n{sim}");
    }
}

#[test]
fn a_file_of_the_user_stays() {
    let dir = Dir::new();
    dir.write("pages/host-sim.1", "mine");
    dir.host().args(["man", "pages"]).end().is(expect![[r#"
        exit code 254
        ---- stderr
        error: pages/host-sim.1 exists and is not a page of the manual: it stays as it is; name another file, or remove it first
    "#]]);
    assert_eq!(dir.read("pages/host-sim.1"), "mine");
    // Nothing else was written.
    assert_eq!(dir.files_in("pages"), ["host-sim.1"]);
}

#[test]
fn man_can_read_the_pages() {
    if !Path::new("/usr/bin/man").exists() {
        return; // not every machine has it
    }
    let dir = Dir::new();
    assert_eq!(dir.host().args(["man", "."]).end().code(), Some(0));
    for page in dir.files_in(".") {
        let output = Command::new("/usr/bin/man")
            .args(["--warnings", "-P", "cat", "-l"])
            .arg(dir.path(&page))
            .env("MANWIDTH", "100")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && stderr.is_empty(),
            "{page}: {stderr}"
        );
        assert!(output.stdout.starts_with(b"host"), "{page}");
    }
}
