//! The cache of compiled code: written once, verified when read, never required.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;

use expect_test::expect;

use test_support::wat::{assemble, returning};
use test_support::{Dir, Ended, GO, INIT};

const COMPILING: &str = "compiling module";

/// Runs the small guest `fuel_hungry` with the cache, and logs what the cache does.
fn run(dir: &Dir) -> Ended {
    let node = dir.node_with_cache(dir.path("fuel_hungry.wasm"));
    node.env("RUST_LOG", "host=debug")
        .input(format!("{INIT}{GO}"))
}

/// A directory with the guest in it.
fn dir() -> Dir {
    let dir = Dir::new();
    dir.guest("fuel_hungry");
    dir
}

/// Where functions are kept that modules share.
const FUNCTIONS: &str = "functions-48.0.8-first.cfunc";

/// The files of the cache without the one that marks it and the functions.
fn files(dir: &Dir) -> Vec<String> {
    let mut files = dir.files_in("cache");
    files.retain(|name| name != "CACHEDIR.TAG" && name != FUNCTIONS);
    files
}

/// The only entry of the cache.
fn entry(dir: &Dir) -> PathBuf {
    let files = files(dir);
    let [name] = &files[..] else {
        panic!("not exactly one entry: {files:?}");
    };
    dir.path("cache").join(name)
}

/// The output without hashes, which change with the engine.
pub(super) fn without_hashes(ended: &Ended) -> String {
    let text = ended.to_string();
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() {
            digits.push(c);
            continue;
        }
        let hash = digits.len() == 64 || (digits.len() == 16 && out.ends_with("[HASH]-"));
        out += if hash { "[HASH]" } else { &digits };
        digits.clear();
        out.push(c);
    }
    out.pop();
    out
}

#[test]
fn the_first_start_compiles_and_the_second_does_not() {
    let dir = dir();
    let expected = expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
        DEBUG compiling module [HASH]
    "#]];
    expected.assert_eq(&without_hashes(&run(&dir)));
    run(&dir).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
    "#]]);
    let mode = fs::metadata(dir.path("cache"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    for file in [entry(&dir), dir.path("cache").join(FUNCTIONS)] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_run_with_and_one_without_the_cache_say_the_same() {
    let dir = dir();
    run(&dir);
    let module = dir.path("fuel_hungry.wasm");
    let input = INIT.to_owned() + &GO.repeat(3);
    let cached = dir.node_with_cache(&module).input(input.clone());
    let fresh = dir.node(&module).input(input);
    assert_eq!(cached.to_string(), fresh.to_string());
}

#[test]
fn of_25_processes_that_start_cold_at_once_one_compiles() {
    let dir = dir();
    let runs: Vec<_> = (0..25)
        .map(|_| {
            let node = dir.node_with_cache(dir.path("fuel_hungry.wasm"));
            node.env("RUST_LOG", "host=debug").start()
        })
        .collect();
    let ended: Vec<Ended> = runs
        .into_iter()
        .map(|run| thread::spawn(|| run.write(format!("{INIT}{GO}")).end()))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let compiled = ended
        .iter()
        .filter(|ended| ended.stderr.contains(COMPILING));
    assert_eq!(compiled.count(), 1);
    for ended in &ended {
        assert_eq!(ended.code(), Some(0), "{ended}");
        assert_eq!(ended.stdout, ended_alone(&dir).stdout, "{ended}");
    }
    entry(&dir); // neither locks nor temporary files are left over
}

fn ended_alone(dir: &Dir) -> Ended {
    let node = dir.node(dir.path("fuel_hungry.wasm"));
    node.input(format!("{INIT}{GO}"))
}

#[test]
fn a_damaged_entry_is_made_anew_with_one_warning() {
    let dir = dir();
    run(&dir);
    let good = fs::read(entry(&dir)).unwrap();
    fs::write(entry(&dir), &good[..good.len() / 2]).unwrap();
    let expected = expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN compiled code is damaged and will be made anew: [DIR]/cache/[HASH]-[HASH].cwasm
        DEBUG compiling module [HASH]
    "#]];
    expected.assert_eq(&without_hashes(&run(&dir)));
    run(&dir).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
    "#]]);
}

#[test]
fn no_damage_is_trusted() {
    let dir = dir();
    run(&dir);
    let entry = entry(&dir);
    let good = fs::read(&entry).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut longer = good.clone();
    longer.push(0);
    let damages = [
        ("empty", Vec::new()),
        ("a few bytes", b"cwasm.01".to_vec()),
        ("cut off by one", good[..good.len() - 1].to_vec()),
        ("one byte more", longer),
        ("first byte flipped", flipped(0)),
        ("a byte in the middle flipped", flipped(good.len() / 2)),
        ("a byte of the checksum flipped", flipped(good.len() - 12)),
        ("last byte flipped", flipped(good.len() - 1)),
        ("garbage", b"garbage ".repeat(1000)),
        ("zeroes", vec![0; good.len()]),
        ("a native program", b"\x7fELF".repeat(1000)),
    ];
    for (damage, bytes) in damages {
        fs::write(&entry, bytes).unwrap();
        let ended = run(&dir);
        assert_eq!(ended.code(), Some(0), "{damage}: {ended}");
        assert_eq!(ended.stdout, ended_alone(&dir).stdout, "{damage}: {ended}");
        assert!(ended.stderr.contains("damaged"), "{damage}: {ended}");
        assert!(ended.stderr.contains(COMPILING), "{damage}: {ended}");
        assert_eq!(fs::read(&entry).unwrap(), good, "{damage}");
    }
}

#[test]
fn an_entry_under_the_name_of_another_module_is_not_run() {
    let dir = dir();
    run(&dir);
    let hungry = entry(&dir);
    fs::rename(&hungry, dir.path("hungry")).unwrap();
    let other = dir.module("other.wasm", &returning("(call $value (i64.const 1))"));
    dir.node_with_cache(&other).input(INIT);
    // The intact code of another module in the place of the first one's.
    fs::rename(entry(&dir), &hungry).unwrap();
    let ended = run(&dir);
    assert_eq!(ended.stdout, ended_alone(&dir).stdout, "{ended}");
    assert!(ended.stderr.contains(COMPILING), "{ended}");
}

#[test]
fn code_of_another_engine_is_not_run() {
    let dir = dir();
    run(&dir);
    // The checksum is right, but the code was compiled with other settings.
    let module = assemble(&returning("(i64.const 0)"));
    let mut code = wasmtime::Engine::default()
        .precompile_module(&module)
        .unwrap();
    let checksum = crc32fast::hash(&code);
    code.extend_from_slice(&checksum.to_le_bytes());
    code.extend_from_slice(b"cwasm.01");
    fs::write(entry(&dir), code).unwrap();
    let ended = run(&dir);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(ended.stdout, ended_alone(&dir).stdout, "{ended}");
    assert!(ended.stderr.contains(COMPILING), "{ended}");
}

#[test]
fn a_directory_that_others_can_enter_is_not_used() {
    let dir = dir();
    fs::set_permissions(dir.make_dir("cache"), Permissions::from_mode(0o755)).unwrap();
    run(&dir).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN working without the cache [DIR]/cache: compiled code is only kept where nobody else has access; use a directory of your own with mode 0700
    "#]]);
    assert!(dir.files_in("cache").is_empty());
}

#[test]
fn a_directory_that_cannot_be_made_is_done_without() {
    let dir = dir();
    dir.write("cache", "a file is in the way");
    run(&dir).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN working without the cache [DIR]/cache: File exists (os error 17)
    "#]]);
}

#[test]
fn a_lock_that_cannot_be_taken_is_done_without() {
    let dir = dir();
    run(&dir);
    let entry = entry(&dir);
    fs::remove_file(&entry).unwrap();
    fs::create_dir(entry.with_extension("lock")).unwrap();
    let expected = expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN compiling without the cache: [DIR]/cache/[HASH]-[HASH].lock: Is a directory (os error 21)
    "#]];
    expected.assert_eq(&without_hashes(&run(&dir)));
}

#[test]
fn an_entry_that_cannot_be_written_is_done_without() {
    let dir = dir();
    run(&dir);
    let entry = entry(&dir);
    fs::remove_file(&entry).unwrap();
    // A file cannot be renamed to the path of a directory, not even by root.
    fs::create_dir(&entry).unwrap();
    let ended = run(&dir);
    let expected = expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN cannot read compiled code: [DIR]/cache/[HASH]-[HASH].cwasm: Is a directory (os error 21)
        DEBUG compiling module [HASH]
         WARN cannot keep compiled code: [DIR]/cache/[HASH]-[HASH].cwasm: Is a directory (os error 21)
    "#]];
    expected.assert_eq(&without_hashes(&ended));
    assert_eq!(files(&dir).len(), 1, "no temporary file is left");
}

#[test]
fn a_module_that_does_not_compile_leaves_nothing_behind() {
    let dir = Dir::new();
    let module = dir.module("guest.wasm", &returning("(i32.const 0)"));
    let ended = dir.node_with_cache(module).input(INIT);
    assert_eq!(ended.code(), Some(3), "{ended}");
    assert_eq!(dir.files_in("cache"), ["CACHEDIR.TAG"]);
}

#[test]
fn without_the_cache_nothing_is_written() {
    let dir = dir();
    let ended = ended_alone(&dir);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(dir.files_in(""), ["fuel_hungry.wasm"]);
}

#[test]
fn without_flags_the_cache_is_in_the_users_cache_directory() {
    let dir = dir();
    let run = |run: test_support::Run| {
        let ended = run
            .arg("--module")
            .arg(dir.path("fuel_hungry.wasm"))
            .input(INIT);
        assert_eq!(ended.code(), Some(0), "{ended}");
    };
    run(dir.host());
    assert_eq!(dir.files_in(".cache/maelstrom-wasm-host").len(), 3);
    let elsewhere = dir.path("elsewhere");
    run(dir
        .host()
        .env("XDG_CACHE_HOME", elsewhere.to_str().unwrap()));
    assert_eq!(dir.files_in("elsewhere/maelstrom-wasm-host").len(), 3);
}

#[test]
fn looking_at_a_module_compiles_nothing() {
    let dir = dir();
    let inspect = dir.host().arg("inspect").arg(dir.path("fuel_hungry.wasm"));
    assert_eq!(inspect.input("").code(), Some(0));
    assert_eq!(dir.files_in(""), ["fuel_hungry.wasm"]);
}

/// Makes a sparse file that is larger than the cache may be.
fn large(dir: &Dir, name: &str) -> PathBuf {
    let path = dir.write(name, "");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(1200 << 20).unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
    file.set_modified(long_ago).unwrap();
    path
}

#[test]
fn a_private_folder_of_more_than_512_mib_keeps_its_files() {
    let dir = dir();
    dir.make_dir("cache");
    let film = large(&dir, "cache/film.mp4");
    run(&dir).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
         WARN working without the cache [DIR]/cache: it holds files that are not compiled code, such as "film.mp4"; use an empty directory, or one that does not exist
    "#]]);
    assert_eq!(dir.files_in("cache"), ["film.mp4"]);

    // A file that comes later is no entry either.
    fs::remove_file(&film).unwrap();
    run(&dir);
    fs::remove_file(entry(&dir)).unwrap();
    let film = large(&dir, "cache/film.mp4");
    assert_eq!(run(&dir).code(), Some(0));
    assert!(film.exists());
    assert_eq!(files(&dir).len(), 2);
}

#[test]
fn entries_that_were_not_used_for_long_make_room() {
    let dir = dir();
    dir.make_dir("cache");
    let old = format!("cache/{}-{}.cwasm", "0".repeat(64), "1".repeat(16));
    let old = large(&dir, &old);
    assert_eq!(run(&dir).code(), Some(0));
    assert!(!old.exists());
    entry(&dir);
    let tag = dir.read("cache/CACHEDIR.TAG");
    // The signature is that of <https://bford.info/cachedir/>.
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

#[test]
fn a_pipe_in_the_place_of_an_entry_or_a_lock_is_not_waited_for() {
    let dir = dir();
    run(&dir);
    let entry = entry(&dir);
    for path in [entry.clone(), entry.with_extension("lock")] {
        let _ = fs::remove_file(&entry);
        dir.fifo(&path);
        let ended = run(&dir);
        assert_eq!(ended.code(), Some(0), "{ended}");
        assert_eq!(ended.stdout, ended_alone(&dir).stdout, "{ended}");
    }
}

#[test]
fn functions_that_cannot_be_kept_are_done_without() {
    let dir = dir();
    dir.node_with_cache(dir.path("fuel_hungry.wasm"))
        .input(INIT);
    fs::remove_file(entry(&dir)).unwrap();
    let functions = dir.path("cache").join(FUNCTIONS);
    fs::remove_file(&functions).unwrap();
    fs::create_dir(&functions).unwrap();
    let expected = expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000002fb0408"}}
        ---- stderr
        DEBUG compiling module [HASH]
         WARN cannot keep compiled functions: [DIR]/cache: Is a directory (os error 21)
    "#]];
    expected.assert_eq(&without_hashes(&run(&dir)));
    // A pipe is not waited for.
    fs::remove_file(entry(&dir)).unwrap();
    fs::remove_dir(&functions).unwrap();
    dir.fifo(&functions);
    let ended = run(&dir);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(ended.stdout, ended_alone(&dir).stdout, "{ended}");
}
