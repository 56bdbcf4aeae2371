use std::fs;

use expect_test::{Expect, expect};
use host_grade::Suite;
use test_support::{Dir, root};

use super::{files, made, new};

/// The output is this, to the letter.
#[track_caller]
fn says(args: &[&str], expected: Expect) {
    new(&Dir::new(), args).is_exactly(expected);
}

/// It fails with this text and makes nothing.
#[track_caller]
fn refuses(args: &[&str], expected: Expect) {
    let dir = Dir::new();
    new(&dir, args).is_exactly(expected);
    assert_eq!(fs::read_dir(dir.root()).unwrap().count(), 0);
}

#[test]
fn it_prints_the_commands_that_follow() {
    says(
        &["mine"],
        expect![[r#"
        exit code 0
        ---- stdout
        made mine: challenge 1, Echo, in Rust

        next:
          cd mine
          cargo test
          cargo build --release --lib --target wasm32-wasip1
          host sim --challenge 1 target/wasm32-wasip1/release/mine.wasm
    "#]],
    );
    says(
        &["my-node", "--challenge", "3c"],
        expect![[r#"
        exit code 0
        ---- stdout
        made my-node: challenge 3c, Fault-tolerant broadcast, in Rust

        next:
          cd my-node
          cargo test
          cargo build --release --lib --target wasm32-wasip1
          host sim --challenge 3c --node-count 1 target/wasm32-wasip1/release/my_node.wasm

        The start is right on one node: without --node-count 1 the last command shows what is missing.
    "#]],
    );
    says(
        &["mine", "--workload"],
        expect![[r#"
        exit code 0
        ---- stdout
        made mine: a workload in Rust

        next:
          cd mine
          cargo test
          cargo build --release --lib --target wasm32-wasip1
          host inspect target/wasm32-wasip1/release/mine.wasm

        README.md has the commands that run it.
    "#]],
    );
    refuses(
        &["mine", "--workload", "--lang", "go"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: the argument '--workload' cannot be used with '--lang <LANG>'

        Usage: host new --workload <NAME>

        For more information, try '--help'.
    "#]],
    );
    says(
        &["mine", "--lang", "c", "--challenge", "3a"],
        expect![[r#"
        exit code 0
        ---- stdout
        made mine: challenge 3a, Single-node broadcast, in C

        next:
          cd mine
          make test
          make
          host sim --challenge 3a mine.wasm
    "#]],
    );
    says(
        &["mine", "--lang", "go", "--challenge", "lin-kv"],
        expect![[r#"
            exit code 0
            ---- stdout
            made mine: challenge lin-kv, Linearizable registers, in Go

            next:
              cd mine
              go test ./...
              GOOS=wasip1 GOARCH=wasm go build -o mine.wasm .
              host sim --challenge lin-kv --node-count 1 mine.wasm

            The start is right on one node: without --node-count 1 the last command shows what is missing.
        "#]],
    );
}

#[test]
fn a_project_in_javascript_fetches_its_interpreter() {
    says(
        &["mine", "--lang", "js", "--challenge", "3a"],
        expect![[r#"
        exit code 0
        ---- stdout
        made mine: challenge 3a, Single-node broadcast, in JavaScript

        next:
          cd mine
          node test.js
          curl -LO https://github.com/quickjs-ng/quickjs/releases/latest/download/qjs-wasi.wasm
          host sim --challenge 3a qjs-wasi.wasm --mount . -- --std main.js
    "#]],
    );
}

#[test]
fn a_project_in_python_fetches_its_interpreter() {
    says(
        &["mine", "--lang", "python", "--challenge", "3a"],
        expect![[r#"
            exit code 0
            ---- stdout
            made mine: challenge 3a, Single-node broadcast, in Python

            next:
              cd mine
              python3 test.py
              curl -LO https://github.com/vmware-labs/webassembly-language-runtimes/releases/download/python%2F3.12.0%2B20231211-040d5a6/python-3.12.0.wasm
              host sim --challenge 3a python-3.12.0.wasm --mount . -- node.py
        "#]],
    );
}

/// In a folder without it.
#[test]
fn an_interpreter_that_is_not_there_is_fetched_by_the_command_that_the_error_shows() {
    let dir = Dir::new();
    made(&dir, "python", "1");
    let sim = |module: &str| {
        let run = dir.host().args(["sim", "--challenge", "1", module]);
        run.args(["--mount", "mine", "--", "node.py"]).end()
    };
    sim("python-3.12.0.wasm").is_exactly(expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the module python-3.12.0.wasm: No such file or directory (os error 2)
          hint: CPython is fetched once: curl -LO https://github.com/vmware-labs/webassembly-language-runtimes/releases/download/python%2F3.12.0%2B20231211-040d5a6/python-3.12.0.wasm
    "#]]);
    sim("x/qjs-wasi.wasm").is_exactly(expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the module x/qjs-wasi.wasm: No such file or directory (os error 2)
          hint: QuickJS-NG is fetched once: curl -LO https://github.com/quickjs-ng/quickjs/releases/latest/download/qjs-wasi.wasm
    "#]]);
}

#[test]
fn names_that_no_compiler_would_take_are_refused() {
    refuses(
        &["9lives"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: "9lives" cannot be the name of a project: it has to begin with one of a to z, and to go on with these, digits, - and _, 64 characters at most
    "#]],
    );
    refuses(
        &["My Node"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: "My Node" cannot be the name of a project: it has to begin with one of a to z, and to go on with these, digits, - and _, 64 characters at most
    "#]],
    );
    refuses(
        &["test"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: "test" cannot be the name of a project: compilers or its libraries have it already; try my-test
    "#]],
    );
    refuses(
        &[".."],
        expect![[r#"
        exit code 254
        ---- stderr
        error: .. has no name: give the folder to make
    "#]],
    );
}

#[test]
fn a_challenge_that_does_not_exist_is_refused() {
    refuses(
        &["mine", "--challenge", "7"],
        expect![[r#"
            exit code 254
            ---- stderr
            error: the suite has no challenge "7"; it has 1, 2, 3a, 3b, 3c, 3d, 3e, 4, 5a, 5b, 5c, 6a, 6b, 6c, 3c-durable, 5b-durable, g-set, pn-counter, txn-list-append, lin-kv, lin-kv-5, lin-kv-durable
        "#]],
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    refuses(
        &["no/where/mine"],
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot make no/where/mine: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn what_is_there_stays_as_it_is() {
    let dir = Dir::new();
    fs::create_dir(dir.path("mine")).unwrap();
    fs::write(dir.path("mine/thesis.tex"), "years of work").unwrap();
    new(&dir, &["mine"]).is_exactly(expect![[r#"
        exit code 254
        ---- stderr
        error: mine exists and is not an empty folder: it stays as it is; name another folder, or remove it first
    "#]]);
    let thesis = ("thesis.tex".to_owned(), "years of work".to_owned());
    assert_eq!(files(&dir.path("mine")), [thesis]);
    fs::write(dir.path("file"), "text").unwrap();
    assert_eq!(new(&dir, &["file"]).code(), Some(254));
    assert_eq!(fs::read_to_string(dir.path("file")).unwrap(), "text");
}

#[test]
fn an_empty_folder_is_used() {
    let dir = Dir::new();
    fs::create_dir(dir.path("mine")).unwrap();
    made(&dir, "c", "1");
    assert!(dir.path("mine/node.c").exists());
}

#[test]
fn projects_have_these_files() {
    let of = |lang| {
        let dir = Dir::new();
        let files = files(&made(&dir, lang, "1"));
        let names = files.into_iter().map(|(name, _)| name);
        let names = names.filter(|name| !name.starts_with("sdk/"));
        names.collect::<Vec<String>>().join("\n")
    };
    expect![[r#"
        .gitignore
        .vscode/extensions.json
        .vscode/launch.json
        .vscode/tasks.json
        Cargo.lock
        Cargo.toml
        README.md
        messages.jsonl
        src/lib.rs
        src/main.rs
        src/tests.rs"#]]
    .assert_eq(&of("rust"));
    expect![[r#"
        .gitignore
        .vscode/extensions.json
        .vscode/launch.json
        .vscode/tasks.json
        Makefile
        README.md
        maelstrom.c
        maelstrom.h
        main.c
        messages.jsonl
        node.c
        test.c"#]]
    .assert_eq(&of("c"));
    expect![[r#"
        .gitignore
        .vscode/extensions.json
        .vscode/launch.json
        .vscode/tasks.json
        README.md
        go.mod
        main.go
        main_test.go
        messages.jsonl
        node/node.go"#]]
    .assert_eq(&of("go"));
    expect![[r#"
        .gitignore
        .vscode/launch.json
        .vscode/tasks.json
        README.md
        maelstrom.js
        main.js
        messages.jsonl
        node.js
        test.js"#]]
    .assert_eq(&of("js"));
    expect![[r#"
        .gitignore
        .vscode/extensions.json
        .vscode/launch.json
        .vscode/tasks.json
        README.md
        maelstrom.py
        messages.jsonl
        node.py
        test.py"#]]
    .assert_eq(&of("python"));
}

#[test]
fn the_copy_of_the_sdk_has_all_its_sources_as_they_are() {
    let dir = Dir::new();
    let project = made(&dir, "rust", "1");
    for (copy, source) in [
        ("sdk/guest-sdk/src", "guest-sdk/src"),
        ("sdk/host-protocol/src", "host/protocol/src"),
    ] {
        let (copy, source) = (files(&project.join(copy)), files(&root().join(source)));
        let names = |files: &[(String, String)]| {
            let names = files.iter().map(|(name, _)| name.clone());
            names.collect::<Vec<String>>()
        };
        assert_eq!(names(&copy), names(&source), "the list in new/sdk.rs");
        assert!(copy == source);
    }
}

#[test]
fn nothing_in_a_project_is_left_open() {
    for lang in ["rust", "c", "go", "js", "python"] {
        for challenge in Suite::built_in().unwrap().challenges {
            let dir = Dir::new();
            for (name, text) in files(&made(&dir, lang, &challenge.id)) {
                let is_template = !name.starts_with("sdk/");
                let open = text.find("{{").map(|at| &text[at..]);
                let open = open
                    .filter(|rest| rest[2..].starts_with(|first: char| first.is_ascii_lowercase()));
                assert!(!is_template || open.is_none(), "{lang} {name}: {open:?}");
                if name.ends_with(".json") {
                    serde_json::from_str::<serde_json::Value>(&text).expect(&name);
                }
            }
        }
    }
}
