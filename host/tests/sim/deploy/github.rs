//! The action for GitHub: its scripts, told what GitHub tells them.

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::expect;

use test_support::class::SUITE;
use test_support::{Dir, bytes, host, root};

use super::{files_below, hidden, printed, program, script, small_host};

/// The step that grades.
fn grade(dir: &Dir, path: &str) -> Command {
    dir.write("suite.toml", SUITE);
    let mut command = script("github/grade.sh", dir.root());
    command.env("HOST", small_host(&dir.path("built/host")));
    command.env("REPORT", dir.path("report"));
    command.env("INPUT_PATH", path);
    command.env("INPUT_SUITE", "suite.toml");
    command.env("GITHUB_STEP_SUMMARY", dir.write("summary.md", "# before\n"));
    command.env("GITHUB_OUTPUT", dir.write("output", ""));
    command
}

/// The lines that the runner takes for commands, and others.
fn without_token(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap();
    let token = first.strip_prefix("::stop-commands::").unwrap();
    assert_eq!(token.len(), 32);
    rest.replace(token, "[TOKEN]")
}

#[test]
fn a_failure_is_in_the_summary_and_an_annotation() {
    let dir = Dir::new();
    let module = bytes("broadcast-flood");
    dir.write("my.wasm", module);
    let mut command = grade(&dir, "my.wasm");
    let said = printed(command.env("INPUT_CHALLENGE", "flood,cut"), 1);
    expect![[r#"
        ::[TOKEN]::
        ::notice title=my::3 of 8 points
        ::error title=my%2C cut Broadcast that survives partitions::WA: wrong answer, with seed 1, after 0 seeds that passed%0A  24 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 16 more%0A  Also wrong (stricter than Maelstrom):%0A  op 210 (process 1, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23%0A  op 211 (process 0, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23%0A  op 212 (process 3, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23%0A  op 213 (process 2, 19.935 s) lacks 5 known elements for good: 7 10 18 20 23%0Ashortest trace that fails:%0A  2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:%0A  0       the link from n0 to n1 is cut%0A  0.001   op 2: client 0 asks n0 to broadcast 2%0A  0.001   n0 tells n1: gossip {"message":2}, but the link is cut, and n0 never tries again%0A  0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9%0A  0.001   the links work again%0A  10.001  op 6: client 0 asks n0 to read%0A  10.001  op 7: client 1 asks n1 to read%0A  10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9%0A  10.001  op 9: n1 answers client 1: []  <-- shows lost-elements%0A  - 1 known element lost, not in the last reads: 2%0Areplay: host sim --module my.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
    "#]].assert_eq(&without_token(&said));
    expect![[r##"
        # before
        | submission | flood | cut | score |
        |---|---|---|---|
        | my | AC | **WA** | 3/8 |

        <details><summary>my cut&#58; WA&#58; wrong answer, with seed 1, after 0 seeds that passed</summary>

        ```text
          24 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 16 more
          Also wrong (stricter than Maelstrom):
          op 210 (process 1, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
          op 211 (process 0, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
          op 212 (process 3, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
          op 213 (process 2, 19.935 s) lacks 5 known elements for good: 7 10 18 20 23
        shortest trace that fails:
          2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:
          0       the link from n0 to n1 is cut
          0.001   op 2: client 0 asks n0 to broadcast 2
          0.001   n0 tells n1: gossip {"message":2}, but the link is cut, and n0 never tries again
          0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
          0.001   the links work again
          10.001  op 6: client 0 asks n0 to read
          10.001  op 7: client 1 asks n1 to read
          10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9
          10.001  op 9: n1 answers client 1: []  <-- shows lost-elements
          - 1 known element lost, not in the last reads: 2
        replay: host sim --module my.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
        pages: host sim --report report --module my.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
        targets: msgs-per-op 1.34 (below 60)
        ```

        </details>

        **0 of 1 submission passed** (suite small, host 0&#46;1&#46;0, wasmtime 48&#46;0&#46;8)
    "##]].assert_eq(&dir.read("summary.md"));
    assert_eq!(dir.read("output"), "passed=false\nscore=3\npoints=8\n");
    let report = files_below(&dir.path("report"));
    assert!(report.contains(&"index.html".to_owned()), "{report:?}");
}

#[test]
fn a_right_solution_passes() {
    let dir = Dir::new();
    dir.write("my.wasm", bytes("echo"));
    let said = printed(grade(&dir, "my.wasm").env("INPUT_CHALLENGE", "echo"), 0);
    expect![[r#"
        ::[TOKEN]::
        ::notice title=my::2 of 2 points
    "#]]
    .assert_eq(&without_token(&said));
    assert_eq!(dir.read("output"), "passed=true\nscore=2\npoints=2\n");
}

#[test]
fn a_grade_that_there_is_not_is_an_error() {
    let dir = Dir::new();
    let said = printed(&mut grade(&dir, "gone.wasm"), 254);
    expect![[r#"
        ::[TOKEN]::
        ::error title=Nothing was judged::host grade ended with exit code 254; the log says why
    "#]]
    .assert_eq(&without_token(&said));
    assert_eq!(dir.read("summary.md"), "# before\n");
    assert_eq!(dir.read("output"), "");
}

/// The step that installs. `curl` is one that copies from a folder and tells what it was asked for.
fn install(dir: &Dir, version: &str) -> Command {
    let copy = "url=${*: -1}; printf '%s\\n' \"$url\" >>\"$RUNNER_TEMP/asked\"; out=; \
                while [ $# -gt 1 ]; do [ \"$1\" != --output ] || out=$2; shift; done; \
                cp \"$RUNNER_TEMP/../server/${url##*/}\" \"$out\"\n";
    program(&dir.path("bin/curl"), copy);
    program(
        &dir.path("bin/uname"),
        "[ \"$1\" = -s ] && echo Linux || echo x86_64\n",
    );
    fs::create_dir_all(dir.path("temp")).unwrap();
    let mut command = script("github/install.sh", dir.root());
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", dir.path("bin").display()));
    command.env("INPUT_VERSION", version);
    command.env("REPOSITORY", "owner/repository");
    command.env("RUNNER_TEMP", dir.path("temp"));
    command.env("GITHUB_OUTPUT", dir.write("output", ""));
    command
}

#[test]
fn a_release_is_fetched_checked_and_unpacked() {
    let dir = Dir::new();
    // What deploy/package.sh makes, in short.
    let folder = "host-0.1.0-x86_64-unknown-linux-musl";
    let archive = format!("{folder}.tar.gz");
    small_host(&dir.path(&format!("server/{folder}/bin/maelstrom-wasm")));
    let pack = format!("tar -czf {archive} {folder} && sha256sum {archive} >{archive}.sha256");
    let mut bash = Command::new("bash");
    printed(bash.args(["-c", &pack]).current_dir(dir.path("server")), 0);

    printed(&mut install(&dir, "v0.1.0"), 0);
    let installed = format!("host=[DIR]/temp/{folder}/bin/maelstrom-wasm\n");
    assert_eq!(hidden(&dir.read("output"), &dir), installed);
    let url = format!("https://github.com/owner/repository/releases/download/v0.1.0/{archive}");
    assert_eq!(dir.read("temp/asked"), format!("{url}\n{url}.sha256\n"));

    // One that is damaged is not unpacked, and nothing is said to be installed.
    dir.write(&format!("server/{archive}"), "damaged");
    let said = printed(&mut install(&dir, "v0.1.0"), 254);
    let title = "::error title=The program was not installed::";
    assert_eq!(
        said,
        format!("{title}{archive} is damaged: its checksum differs\n")
    );
    assert_eq!(dir.read("output"), "");
    let said = printed(&mut install(&dir, "main"), 254);
    assert!(
        said.starts_with(&format!("{title}main is no release: ")),
        "{said}"
    );
}

#[test]
fn nothing_is_fetched_if_the_program_is_there() {
    let dir = Dir::new();
    let host = small_host(&dir.path("built/host"));
    printed(install(&dir, "").env("INPUT_HOST", &host), 0);
    assert_eq!(dir.read("output"), format!("host={}\n", host.display()));
    assert!(!dir.path("temp/asked").exists());
}

/// What a starter repository is made of, without those files that `host new` alone makes.
fn starter(dir: &Dir, lang: &str, challenge: &str, name: &str) -> String {
    let action = "owner/repository/deploy/github@v0.1.0";
    let mut make = script("github/starter.sh", dir.root());
    make.args(["--action", action, "--lang", lang, "--challenge", challenge]);
    let made = printed(make.arg("--host").arg(host()).arg(name), 0);
    let mut plain = Command::new(host());
    plain.args(["new", "--lang", lang, "--challenge", challenge]);
    let plain_name = format!("plain/{name}");
    fs::create_dir_all(dir.path("plain")).unwrap();
    printed(plain.arg(&plain_name).current_dir(dir.root()), 0);
    let mut files = files_below(&dir.path(name));
    let plain = files_below(&dir.path(&plain_name));
    files.retain(|file| !plain.contains(file));
    assert_eq!(files, [".github/workflows/grade.yml"]);
    let workflow = dir.read(&format!("{name}/.github/workflows/grade.yml"));
    assert!(!workflow.contains(" @"), "{workflow}");
    let uses = workflow
        .lines()
        .skip_while(|line| !line.contains("@v0.1.0"));
    format!("{made}{}", uses.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_starter_repository_has_a_node_its_tests_and_the_workflow() {
    let dir = Dir::new();
    expect![[r#"
        my-node: a node in rust for challenge 3c, and .github/workflows/grade.yml
              - uses: owner/repository/deploy/github@v0.1.0
                with:
                  path: target/wasm32-wasip1/release/my_node.wasm
                  challenge: "3c""#]]
    .assert_eq(&starter(&dir, "rust", "3c", "my-node"));
    expect![[r#"
        first: a node in go for challenge 1, and .github/workflows/grade.yml
              - uses: owner/repository/deploy/github@v0.1.0
                with:
                  path: first.wasm
                  challenge: "1""#]]
    .assert_eq(&starter(&dir, "go", "1", "first"));
}

#[test]
fn the_action_names_scripts_that_are_there() {
    let folder = root().join("deploy/github");
    let action = fs::read_to_string(folder.join("action.yml")).unwrap();
    let called: Vec<&str> = (action.split("$GITHUB_ACTION_PATH/").skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(called, ["install.sh", "grade.sh"]);
    for name in called {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        // Each variable that a script needs is one that the action sets, or GitHub does.
        for variable in ["INPUT_HOST", "INPUT_VERSION", "REPOSITORY", "REPORT"] {
            let is_used =
                text.contains(&format!("${variable}")) || text.contains(&format!("${{{variable}"));
            assert!(
                !is_used || action.contains(&format!("        {variable}: ")),
                "{variable}"
            );
        }
        assert!(is_executable(&folder.join(name)), "{name}");
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o111 == 0o111
}
