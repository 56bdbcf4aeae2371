//! Compiled modules that machines share: used if the key fits, else compiled again.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use expect_test::{Expect, expect};

use super::cache::without_hashes;
use test_support::{Dir, Ended, GO, INIT};

/// A directory with a guest, a key, and a folder with the guest as another machine has compiled it.
fn dir() -> Dir {
    let dir = Dir::new();
    dir.guest("fuel_hungry");
    let node = dir.node_with_cache(dir.path("fuel_hungry.wasm"));
    assert_eq!(node.input(INIT).code(), Some(0));
    assert_eq!(make_key(&dir).code(), Some(0));
    dir
}

fn make_key(dir: &Dir) -> Ended {
    let command = dir.host().arg("cache").arg("key");
    command.arg(dir.path("key")).input("")
}

fn share(dir: &Dir) -> Ended {
    let command = dir.host().arg("cache").arg("share").arg(dir.path("shared"));
    let command = command.arg("--cache-key").arg(dir.path("key"));
    command.arg("--cache-dir").arg(dir.path("cache")).input("")
}

/// Runs the guest on another machine: with a cache of its own, and the shared one.
fn elsewhere(dir: &Dir, own: &str) -> Ended {
    let node = dir.host().arg("--module").arg(dir.path("fuel_hungry.wasm"));
    let node = node.arg("--cache-dir").arg(dir.path(own));
    let node = node.arg("--shared-cache").arg(dir.path("shared"));
    let node = node.arg("--cache-key").arg(dir.path("key"));
    node.env("RUST_LOG", "host=debug")
        .input(format!("{INIT}{GO}"))
}

/// What the host says of the cache, without the folder and hashes.
#[track_caller]
fn says(dir: &Dir, ended: &Ended, expected: Expect) {
    let root = dir.path("").display().to_string();
    expected.assert_eq(&without_hashes(ended).replace(&root, "[DIR]/"));
}

/// The only file of the shared cache.
fn file(dir: &Dir) -> PathBuf {
    let files = dir.files_in("shared");
    let [name] = &files[..] else {
        panic!("not exactly one file: {files:?}");
    };
    dir.path("shared").join(name)
}

#[test]
fn what_one_machine_has_compiled_no_other_compiles() {
    let dir = dir();
    says(
        &dir,
        &share(&dir),
        expect![[r#"
        exit code 0
        ---- stdout
        Put 1 compiled module into [DIR]/shared
    "#]],
    );
    says(
        &dir,
        &share(&dir),
        expect![[r#"
        exit code 0
        ---- stdout
        Put 0 compiled modules into [DIR]/shared, which had 1 already
    "#]],
    );
    says(
        &dir,
        &elsewhere(&dir, "own"),
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
        DEBUG module [HASH] is in the shared cache
    "#]],
    );
    // Its own cache has it from then on.
    fs::remove_file(file(&dir)).unwrap();
    says(
        &dir,
        &elsewhere(&dir, "own"),
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
    "#]],
    );
}

#[test]
fn what_was_not_made_with_the_key_is_compiled_again() {
    let dir = dir();
    assert_eq!(share(&dir).code(), Some(0));
    let mut code = fs::read(file(&dir)).unwrap();
    code[1000] ^= 1;
    fs::write(file(&dir), code).unwrap();
    says(
        &dir,
        &elsewhere(&dir, "own"),
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN compiling without the shared cache: [DIR]/shared/[HASH]-[HASH].cwasm: it was not made with this key
        DEBUG compiling module [HASH]
    "#]],
    );
    // Who may write there, but has another key, cannot have it run.
    fs::remove_file(dir.path("key")).unwrap();
    assert_eq!(make_key(&dir).code(), Some(0));
    assert_eq!(share(&dir).code(), Some(0));
    fs::remove_file(dir.path("key")).unwrap();
    assert_eq!(make_key(&dir).code(), Some(0));
    let ended = elsewhere(&dir, "another");
    assert_eq!(ended.code(), Some(0));
    assert!(
        ended.stderr.contains("it was not made with this key"),
        "{ended}"
    );
    assert!(ended.stderr.contains("compiling module"), "{ended}");
}

#[test]
fn a_wrong_use_is_told() {
    let dir = dir();
    let again = make_key(&dir);
    says(
        &dir,
        &again,
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot make a key: [DIR]/key: File exists (os error 17)
    "#]],
    );
    says(
        &dir,
        &elsewhere(&dir, "own"),
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the shared cache: [DIR]/shared: No such file or directory (os error 2)
    "#]],
    );
    assert_eq!(share(&dir).code(), Some(0));
    fs::set_permissions(dir.path("key"), Permissions::from_mode(0o644)).unwrap();
    says(
        &dir,
        &elsewhere(&dir, "own"),
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the key of the shared cache: [DIR]/key: others may read or change it, and who has the key can have any code run: it has to belong to you, with mode 0600
    "#]],
    );
    fs::write(dir.path("key"), "0123").unwrap();
    fs::set_permissions(dir.path("key"), Permissions::from_mode(0o600)).unwrap();
    says(
        &dir,
        &elsewhere(&dir, "own"),
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the key of the shared cache: [DIR]/key: it is no key, which is a line of 64 hexadecimal digits: `host cache key FILE` makes one
    "#]],
    );
    fs::remove_file(dir.path("key")).unwrap();
    says(
        &dir,
        &share(&dir),
        expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the key of the shared cache: [DIR]/key: No such file or directory (os error 2)
    "#]],
    );
    let without = dir.host().arg("--module").arg(dir.path("fuel_hungry.wasm"));
    let without = without
        .arg("--shared-cache")
        .arg(dir.path("shared"))
        .input("");
    assert_eq!(without.code(), Some(254));
    let told = without.stderr.lines().take(2).collect::<Vec<_>>();
    let expected = [
        "error: the following required arguments were not provided:",
        "  --cache-key <FILE>",
    ];
    assert_eq!(told, expected);
}

#[test]
fn without_anything_compiled_there_is_nothing_to_share() {
    let dir = Dir::new();
    assert_eq!(make_key(&dir).code(), Some(0));
    says(
        &dir,
        &share(&dir),
        expect![[r#"
        exit code 254
        ---- stderr
        error: no module was compiled yet: there is no folder [DIR]/cache
    "#]],
    );
}
