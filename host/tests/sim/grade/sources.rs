//! The recipe that builds sources in containers: with an engine that is not one, which tells how it
//! was called and runs the inner script as it is, with tools that are none.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use expect_test::expect;

use test_support::class::Class;

/// Stands in for the engine: writes its arguments to a file, a line each, and runs the script with
/// `/src` and `/tmp` in folders of its own.
const ENGINE: &str = r#"#!/usr/bin/env bash
set -eu
[ "$1" = run ] || exit 0
printf '%s\n' "$@" ---- >> "$FAKE/calls"
for word in "$@"; do
    case $word in
        *:/src:ro) source=${word%:/src:ro} ;;
        *:/inside.sh:ro) script=${word%:/inside.sh:ro} ;;
    esac
done
box=$(mktemp -d -p "$FAKE")
sed "s#/tmp/#$box/#g; s#cp -R /src#cp -R $source#" "$script" > "$box/inside.sh"
exec sh "$box/inside.sh"
"#;

/// Stands in for a compiler: what it builds is the test's module.
const TOOL: &str = r#"#!/bin/sh
printf '%s\n' "$(basename "$0") $*" >> "$FAKE/tools"
case $(basename "$0") in
    cargo)
        [ ! -f build.rs ] || . ./build.rs
        mkdir -p "$CARGO_TARGET_DIR/wasm32-wasip1/release"
        cp "$MODULE" "$CARGO_TARGET_DIR/wasm32-wasip1/release/echo.wasm" ;;
    *)
        while [ "$1" != -o ]; do shift; done
        cp "$MODULE" "$2" ;;
esac
"#;

fn script() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("docs/grading-sources/build.sh")
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A class with `sources`, and fakes of an engine and of tools.
fn class() -> Class {
    let class = Class::empty();
    class.built("../module.wasm", "echo");
    fs::create_dir(class.path("fake")).unwrap();
    program(&class.path("fake/podman"), ENGINE);
    for tool in ["cargo", "go", "clang"] {
        program(&class.path("fake").join(tool), TOOL);
    }
    class
}

fn build(class: &Class, args: &[&str]) -> Output {
    let path = format!("{}:/usr/bin:/bin", class.path("fake").display());
    let mut command = Command::new("bash");
    command.arg(script()).args(args).current_dir(class.path(""));
    command.env_clear().env("PATH", path);
    command
        .env("FAKE", class.path("fake"))
        .env("MODULE", class.path("module.wasm"));
    command.output().unwrap()
}

fn read(class: &Class, name: &str) -> String {
    fs::read_to_string(class.path(name)).unwrap()
}

/// The files of a folder and the folders in it, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => files(&entry.path())
                    .into_iter()
                    .map(|it| format!("{name}/{it}"))
                    .collect(),
                false => vec![name],
            }
        })
        .collect();
    files.sort();
    files
}

#[test]
fn sources_are_built_without_network_and_their_modules_graded() {
    let class = class();
    class.write("../sources/ann/Cargo.toml", b"[package]");
    class.write(
        "../sources/bob/echo/go.mod",
        b"module example.org/echo\n\ngo 1.21\n",
    );
    class.write("../sources/bob/notes/readme.txt", b"");
    class.write("../sources/cleo/echo.c", b"int main(void) {}");
    class.write(
        "../sources/dan: --privileged/build.sh",
        b"cp \"$MODULE\" \"$OUT/echo.wasm\"\n",
    );
    class.write(
        "../sources/eve/build.sh",
        b"echo 'no such luck' >&2; exit 3\n",
    );
    class.write("../sources/fay/readme.txt", b"");
    symlink("/etc", class.path("sources/link")).unwrap();
    let output = build(&class, &["sources", "out"]);
    assert!(output.status.success(), "{output:?}");
    let dir = class.path("").display().to_string();
    let dir = dir.trim_end_matches('/');
    let shown = String::from_utf8(output.stdout)
        .unwrap()
        .replace(dir, "[DIR]");
    expect![[r#"
        ann: built
        bob: built
        cleo: built
        dan:\ --privileged: built
        eve: not built, see [DIR]/out/eve.log
        fay: not built, see [DIR]/out/fay.log
    "#]]
    .assert_eq(&shown);
    expect![[r#"
        ann.log
        ann/echo.wasm
        bob.log
        bob/echo.wasm
        cleo.log
        cleo/echo.wasm
        dan: --privileged.log
        dan: --privileged/echo.wasm
        eve.log
        fay.log"#]]
    .assert_eq(&files(&class.path("out")).join("\n"));
    expect![[r#"
        /: sh build.sh, which writes modules to $OUT
        no such luck
        /: failed
        no module was built: there is no build.sh, Cargo.toml, go.mod, Makefile or .c file that makes one
    "#]].assert_eq(&read(&class, "out/eve.log"));
    expect![[r#"
        no module was built: there is no build.sh, Cargo.toml, go.mod, Makefile or .c file that makes one
    "#]].assert_eq(&read(&class, "out/fay.log"));
    let grade = class.grade(&["--challenge", "echo", "--format", "csv", "out"]);
    expect![[r#"
        submission,passed,score,points,echo
        ann,true,2,2,AC
        bob,true,2,2,AC
        cleo,true,2,2,AC
        dan: --privileged,true,2,2,AC
        eve,false,0,2,missing
        fay,false,0,2,missing
    "#]]
    .assert_eq(&grade.stdout);
}

#[test]
fn the_container_has_no_network_no_rights_and_limits() {
    let class = class();
    class.write("../sources/ann/Cargo.toml", b"[package]");
    assert!(
        build(&class, &["--image", "toolchains", "sources", "out"])
            .status
            .success()
    );
    let calls = read(&class, "fake/calls");
    let shown = calls.lines().map(|word| match word {
        word if word.ends_with(":/src:ro") => "[COPY]:/src:ro".to_owned(),
        word if word.ends_with(":/inside.sh:ro") => "[SCRIPT]:/inside.sh:ro".to_owned(),
        word if word.starts_with("grading-") => "grading-[PID]".to_owned(),
        word => word.to_owned(),
    });
    expect![[r#"
        run
        --rm
        --name
        grading-[PID]
        --pull
        never
        --log-driver
        none
        --network
        none
        --read-only
        --volume
        [COPY]:/src:ro
        --volume
        [SCRIPT]:/inside.sh:ro
        --tmpfs
        /tmp:rw,nosuid,nodev,exec,size=2g,mode=1777
        --user
        65534:65534
        --cap-drop
        all
        --security-opt
        no-new-privileges
        --memory
        3g
        --memory-swap
        3g
        --cpus
        2
        --pids-limit
        512
        --ulimit
        core=0
        --ulimit
        nofile=4096:4096
        --ulimit
        nproc=512:512
        --entrypoint
        /bin/sh
        toolchains
        /inside.sh
        ----"#]]
    .assert_eq(&shown.collect::<Vec<_>>().join("\n"));
    // What students hand in is named and mounted as a copy.
    assert!(!calls.contains("/sources"), "{calls}");
    expect![[r#"
        cargo build --release --offline --target wasm32-wasip1
    "#]]
    .assert_eq(&read(&class, "fake/tools"));
}

#[test]
fn what_a_hostile_build_writes_stays_small_and_in_its_folder() {
    let class = class();
    // Names that lead out of the folder, a link, a folder, a device, a module of another student.
    let hostile = r#"
mkdir -p deep a.wasm/b.wasm
cp "$MODULE" deep/echo.wasm; ln -s /etc/passwd link.wasm; cp "$MODULE" echo.wasm
tar -cf - --absolute-names -P ../out.wasm deep/echo.wasm link.wasm echo.wasm a.wasm 2>/dev/null || true
tar -cf - -P --transform 's#^echo#../bob/echo#' echo.wasm
exit 0
"#;
    let eve = format!("cd /; cd \"$OUT\"; exec 1>&3\n{hostile}");
    class.write("../sources/bob/readme.txt", b"");
    // The engine itself is what the build can write to: it stands for a build that found stdout.
    program(
        &class.path("fake/podman"),
        &format!(
            "#!/usr/bin/env bash\n[ \"$1\" = run ] || exit 0\nOUT=$(mktemp -d -p \"$FAKE\")\nexec 3>&1\n{eve}"
        ),
    );
    class.write("../sources/eve/readme.txt", b"");
    let output = build(&class, &["sources", "out"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files(&class.path("out/eve")), ["echo.wasm"]);
    // And one that never ends to write.
    program(
        &class.path("fake/podman"),
        "#!/usr/bin/env bash\n[ \"$1\" = run ] || exit 0\nyes | head -c 3000000 >&2; exec cat /dev/zero\n",
    );
    let output = build(&class, &["sources", "endless"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files(&class.path("endless")), ["bob.log", "eve.log"]);
    assert!(fs::metadata(class.path("endless/eve.log")).unwrap().len() <= 1 << 20);
}

#[test]
fn usage_errors_say_what_to_do() {
    let class = class();
    fs::create_dir(class.path("sources")).unwrap();
    let said = |args: &[&str]| {
        let output = build(&class, args);
        assert_eq!(output.status.code(), Some(254));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(said(&["gone", "out"]), "build.sh: gone is no folder\n");
    assert_eq!(
        said(&["sources", "class"]),
        "build.sh: class exists already: name a new folder\n"
    );
    assert_eq!(
        said(&["--engine", "docker-is-not-here", "sources", "out"]),
        "build.sh: there is no docker-is-not-here: install it, or choose with --engine\n"
    );
    assert!(said(&["sources"]).starts_with("build.sh: usage: build.sh ["));
}
