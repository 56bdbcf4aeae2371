//! A class as it comes: strays beside the folders of students, and every kind of bad folder.

use std::fs;
use std::os::unix::fs::symlink;

use expect_test::expect;

use test_support::Ended;
use test_support::class::{Class, check};

/// Grades with the challenge `echo` only.
fn graded(class: &Class, path: &str) -> Ended {
    class.grade(&["--challenge", "echo", path])
}

#[test]
fn a_stray_module_beside_the_folders_of_a_class_is_told_and_not_judged() {
    let class = Class::empty();
    for name in ["ann", "bob", "cleo"] {
        class.built(&format!("{name}/echo.wasm"), "echo");
    }
    class.write("dan/main.rs", b"fn main() {}");
    class.built("broadcast.wasm", "broadcast");
    class.write("eve.zip", b"PK");
    check(
        &graded(&class, "class"),
        &expect![[r#"
        exit code 1
        ---- stdout
        submission  echo  score
        ann         AC    2/2
        bob         AC    2/2
        cleo        AC    2/2
        dan         -     0/2

        dan: no .wasm file was handed in: modules are looked for as echo.wasm
        dan: main.rs is not a .wasm file

        3 of 4 submissions passed (suite small, host 0.1.0, wasmtime 48.0.8)
        ---- stderr
         WARN class is taken as a class: 3 of its 4 folders hold modules; broadcast.wasm beside them is not judged: move it into the folder of its author
         WARN not judged, as archives are not unpacked: eve.zip; unpack each into a folder of its own
    "#]],
    );
}

#[test]
fn a_module_beside_folders_without_modules_is_one_submission_and_that_is_told() {
    let class = Class::empty();
    class.built("echo.wasm", "echo");
    class.write("ann/main.rs", b"");
    class.write("bob/main.rs", b"");
    check(
        &graded(&class, "class"),
        &expect![[r#"
        exit code 0
        ---- stdout
        submission  echo  score
        class       AC    2/2

        class: ann and bob are folders: modules are looked for beside them

        1 of 1 submission passed (suite small, host 0.1.0, wasmtime 48.0.8)
        ---- stderr
         WARN class is taken as one submission: it holds echo.wasm, and its 2 folders hold no modules; if it is a class, move that into the folder of its author
    "#]],
    );
}

#[test]
fn an_older_version_in_a_folder_of_a_submission_makes_no_class_of_it() {
    let class = Class::empty();
    class.built("echo.wasm", "echo");
    class.built("old/echo.wasm", "echo");
    check(
        &graded(&class, "class"),
        &expect![[r#"
            exit code 0
            ---- stdout
            submission  echo  score
            class       AC    2/2

            class: old/echo.wasm lies too deep: modules are looked for in the folder itself, so move it up

            1 of 1 submission passed (suite small, host 0.1.0, wasmtime 48.0.8)
            ---- stderr
             WARN class is taken as one submission: it holds echo.wasm, and one folder with modules makes no class; if it is a class, move that into the folder of its author
        "#]],
    );
}

#[test]
fn what_cargo_leaves_beside_modules_is_not_worth_a_word() {
    let class = Class::empty();
    class.built("echo.wasm", "echo");
    class.built("deps/echo.wasm", "echo");
    class.write("build/x/out", b"");
    fs::create_dir(class.path("class/examples")).unwrap();
    fs::create_dir(class.path("class/incremental")).unwrap();
    check(
        &graded(&class, "class"),
        &expect![[r#"
        exit code 0
        ---- stdout
        submission  echo  score
        class       AC    2/2

        class: build, deps, examples and incremental are folders: modules are looked for beside them

        1 of 1 submission passed (suite small, host 0.1.0, wasmtime 48.0.8)
    "#]],
    );
}

/// Eleven bad folders and a good one.
fn twelve() -> Class {
    let class = Class::empty();
    class.built("01-good/echo.wasm", "echo");
    fs::create_dir(class.path("class/02-empty")).unwrap();
    class.write("03-sources/main.rs", b"fn main() {}");
    class.write("03-sources/Cargo.toml", b"");
    class.write("03-sources/src/lib.rs", b"");
    class.built("04-two/unique-echo.wasm", "echo");
    class.built("04-two/broadcast.wasm", "broadcast");
    class.write("04-two/flood.wasm", b"");
    class.built("04-two/cut.wasm", "broadcast");
    class.write("05-text/echo.wasm", b"hello");
    class.write("05-text/broadcast.wasm", b"hello");
    class.built("06-names/solution.wasm", "echo");
    class.built("06-names/echo (1).wasm", "echo");
    class.built("06-names/ECHO.WASM", "echo");
    class.write("07-file/echo.wasm/notes.txt", b"");
    symlink(class.path("class/01-good"), class.path("class/08-link")).unwrap();
    class.write("09-huge/echo.wasm", &vec![0; (16 << 20) + 1]);
    class.built("10-ünï \"q\" 名前 😀/echo.wasm", "echo");
    class.built("11-nested/11-nested/out/echo.wasm", "echo");
    class.write("11-nested/__MACOSX/x", b"");
    class.write("11-nested/.DS_Store", b"");
    class.write("12-zip/echo.zip", b"PK");
    symlink(
        class.path("class/01-good/echo.wasm"),
        class.path("class/12-zip/echo.wasm"),
    )
    .unwrap();
    class
}

#[test]
fn of_twelve_folders_each_bad_one_is_told_what_to_do() {
    check(
        &twelve().grade(&["--challenge", "echo,flood", "class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission       echo  flood  score
            01-good          AC    -      2/5
            02-empty         -     -      0/5
            03-sources       -     -      0/5
            04-two           -     CE     0/5
            05-text          CE    CE     0/5
            06-names         -     -      0/5
            07-file          -     -      0/5
            08-link          -     -      0/5
            09-huge          CE    -      0/5
            10-ünï "q" 名前 😀  AC    -      2/5
            11-nested        -     -      0/5
            12-zip           -     -      0/5

            02-empty: the folder is empty: nothing was handed in

            03-sources: no .wasm file was handed in: modules are looked for as echo.wasm
            03-sources: src is a folder: modules are looked for beside it
            03-sources: Cargo.toml and main.rs are not .wasm files

            04-two: unique-echo.wasm is for no challenge of the suite: modules are looked for as echo.wasm
            04-two: broadcast.wasm is not judged: flood.wasm is taken for flood and cut.wasm is taken for cut

            04-two flood
              CE: module rejected
                the file is empty
              replay: host inspect class/04-two/flood.wasm

            05-text echo
              CE: module rejected
                this is not WebAssembly: it does not begin with the bytes "\0asm"
              replay: host inspect class/05-text/echo.wasm

            05-text flood
              CE: module rejected
                this is not WebAssembly: it does not begin with the bytes "\0asm"
              replay: host inspect class/05-text/broadcast.wasm

            06-names: echo (1).wasm and solution.wasm are for no challenge of the suite: modules are looked for as echo.wasm
            06-names: ECHO.WASM is not a .wasm file: call it echo.wasm

            07-file: no .wasm file was handed in: modules are looked for as echo.wasm
            07-file: echo.wasm is a folder: modules are looked for beside it

            08-link: the folder is a symbolic link, which is not followed: copy the folder itself, and judge again

            09-huge echo
              CE: module rejected
                the file has more than 16 MiB, the most that a module may have: build it with optimisation and without debug information
              replay: host inspect class/09-huge/echo.wasm

            11-nested: no .wasm file was handed in: modules are looked for as echo.wasm
            11-nested: 11-nested/out/echo.wasm lies too deep: modules are looked for in the folder itself, so move it up

            12-zip: no .wasm file was handed in: modules are looked for as echo.wasm
            12-zip: echo.wasm is a symbolic link, and links are not followed: hand in the file itself
            12-zip: echo.zip is an archive: unpack it

            0 of 12 submissions passed (suite small, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}

#[test]
fn a_module_that_cannot_be_loaded_is_explained_once() {
    let class = Class::empty();
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    fs::write(
        class.path("suite.toml"),
        suite.replace("hidden = true\n", ""),
    )
    .unwrap();
    class.write("ann/broadcast.wasm", b"hello");
    class.write("ann/echo.wasm", b"");
    check(
        &class.grade(&["class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  echo  flood  cut  score
            ann         CE    CE     CE   0/10

            ann echo
              CE: module rejected
                the file is empty
              replay: host inspect class/ann/echo.wasm

            ann flood, cut
              CE: module rejected
                this is not WebAssembly: it does not begin with the bytes "\0asm"
              replay: host inspect class/ann/broadcast.wasm

            0 of 1 submission passed (suite small, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
    let junit = class.grade(&["--format", "junit", "class"]);
    let told = junit.stdout.matches("this is not WebAssembly").count();
    // In the message and in the description of the one that explains it, and in the other's message.
    assert_eq!(told, 3, "{junit}");
    let short = ">CE: module rejected, as with flood<";
    assert!(junit.stdout.contains(short), "{junit}");
}

#[test]
fn only_what_is_near_its_limit_is_shown_as_used() {
    let class = Class::empty();
    class.built("ann/echo.wasm", "echo");
    let limits = "[limits]\nmax-memory-mib = 2\n\n[[challenge]]\nid = \"echo\"";
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    let suite = suite.replacen("[[challenge]]\nid = \"echo\"", limits, 1);
    // It is missed, so there is a text.
    let suite = suite.replacen(
        "time-limit = 3\n",
        "time-limit = 3\nbelow = { ms-per-ok = 1 }\n",
        1,
    );
    fs::write(class.path("suite.toml"), suite).unwrap();
    let text = graded(&class, "class").stdout;
    let used = text.lines().find(|line| line.contains("used: "));
    assert_eq!(used, Some("  used: 53 % of the memory of a node"), "{text}");
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest < Some(220), "{text}");
}
