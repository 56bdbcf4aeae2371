//! The compiler's process: its limits, its failures, and that it never outlives its parent.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use host_guest::Limits;
use host_sandbox::{Cache, CompileLimits, Compiler, LoadError, Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use test_support::wat::assemble;
use test_support::{Dir, bytes, host, with_placeholders};

use crate::hostile::bombs::{branches_over_locals, idle_guest};

fn compiler(limits: CompileLimits) -> Compiler {
    Compiler::with_program(host().into(), limits)
}

/// Loads `wasm` without a cache; the error, as a user sees it.
fn problem(wasm: &[u8], compiler: &Compiler) -> String {
    let dir = Dir::new();
    let path = dir.write("m.wasm", wasm);
    let sandbox = Sandbox::new(None).unwrap();
    let error = sandbox.load_untrusted(&path, &Limits::default(), compiler);
    let error = error.err().unwrap();
    let class = match error {
        LoadError::Unreadable { .. } => "unreadable",
        LoadError::Rejected { .. } => "rejected",
        LoadError::Internal { .. } => "internal",
        LoadError::Interrupted { .. } => "interrupted",
    };
    format!("{class}: {}", shown(&error, &dir))
}

/// The error with placeholders for the directory and for sentences that other tests own.
fn shown(error: &LoadError, dir: &Dir) -> String {
    let text = error.to_string();
    with_placeholders(&text.replace(&*dir.root().to_string_lossy(), "[DIR]"))
}

/// The children of this thread that were not waited for.
fn children() -> String {
    fs::read_to_string("/proc/thread-self/children").unwrap()
}

#[test]
fn too_much_time_is_the_modules_fault() {
    let limits = CompileLimits {
        cpu_s: 1,
        ..CompileLimits::default()
    };
    let bomb = branches_over_locals(300, 1000, 100);
    assert_eq!(
        problem(&bomb, &compiler(limits)),
        "rejected: [DIR]/m.wasm [CANNOT BE LOADED]\n  - compiling it takes more than 1 s of \
         processor time; make it smaller, above all its largest functions"
    );
    assert_eq!(children(), "");
}

#[test]
fn too_much_memory_is_the_modules_fault() {
    let limits = CompileLimits {
        memory_bytes: 64 << 20,
        ..CompileLimits::default()
    };
    let bomb = branches_over_locals(1, 5000, 500);
    assert_eq!(
        problem(&bomb, &compiler(limits)),
        "rejected: [DIR]/m.wasm [CANNOT BE LOADED]\n  - compiling it takes more than 64 MiB of \
         memory; make it smaller, above all its largest functions"
    );
    assert_eq!(children(), "");
}

#[test]
fn an_invalid_module_gets_the_validators_words() {
    let mut wasm = idle_guest();
    let ty = wasm.len() - 1;
    // `handle` ends with `end`; with `drop` instead it has no value to return and no end.
    wasm[ty] = 0x1a;
    let dir = Dir::new();
    let path = dir.write("m.wasm", &wasm);
    let here = Sandbox::new(None).unwrap().load(&path, &Limits::default());
    let here = shown(&here.err().unwrap(), &dir);
    assert_eq!(
        problem(&wasm, &compiler(CompileLimits::default())),
        format!("rejected: {here}")
    );
    assert!(here.contains("the module is invalid: "), "{here}");
}

#[test]
fn a_compiler_that_cannot_be_started_is_our_fault() {
    let missing = Compiler::with_program("/nonexistent/host".into(), CompileLimits::default());
    assert_eq!(
        problem(&idle_guest(), &missing),
        "internal: the sandbox failed on [DIR]/m.wasm: cannot start the compiler's process: No \
         such file or directory (os error 2)"
    );
}

/// A script in the place of the compiler.
fn script(dir: &Dir, text: &str) -> PathBuf {
    let path = dir.write("compiler.sh", format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    path
}

#[test]
fn a_compiler_that_hangs_is_killed_and_our_fault() {
    let dir = Dir::new();
    let limits = CompileLimits {
        wall: Duration::from_secs(1),
        ..CompileLimits::default()
    };
    let hung = Compiler::with_program(script(&dir, "exec sleep 600"), limits);
    assert_eq!(
        problem(&idle_guest(), &hung),
        "internal: the sandbox failed on [DIR]/m.wasm: compiling was not done after 1 s, although \
         it had processor time left; is this machine overloaded?"
    );
    assert_eq!(children(), "");
}

#[test]
fn a_compiler_that_crashes_is_our_fault() {
    let dir = Dir::new();
    let script = script(&dir, "cat > /dev/null; echo 'it broke' >&2; exit 134");
    let crashed = Compiler::with_program(script, CompileLimits::default());
    assert_eq!(
        problem(&idle_guest(), &crashed),
        "internal: the sandbox failed on [DIR]/m.wasm: the compiler's process ended with exit \
         status: 134: it broke"
    );
}

#[test]
fn what_was_compiled_once_is_taken_from_the_cache() {
    let dir = Dir::new();
    let path = dir.write("m.wasm", idle_guest());
    let cache = dir.path("cache");
    let load = |compiler: &Compiler| {
        let cache = Cache::open(cache.clone()).unwrap();
        let sandbox = Sandbox::pooled(Some(cache), 2).unwrap();
        let loaded = sandbox.load_untrusted(&path, &Limits::default(), compiler);
        loaded
            .map(|module| module.name)
            .map_err(|error| error.to_string())
    };
    assert_eq!(load(&compiler(CompileLimits::default())), Ok("m".into()));
    assert_eq!(entries(&cache).len(), 1);
    let missing = Compiler::with_program("/nonexistent/host".into(), CompileLimits::default());
    assert_eq!(load(&missing), Ok("m".into()));
}

/// The files of a cache, without the one that marks it.
fn files(cache: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(cache).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| !path.ends_with("CACHEDIR.TAG"))
        .collect()
}

/// The modules in a cache.
fn entries(cache: &Path) -> Vec<PathBuf> {
    let mut files = files(cache);
    files.retain(|path| path.extension().is_some_and(|ending| ending == "cwasm"));
    files
}

#[test]
fn a_rejected_module_leaves_nothing_in_the_cache() {
    let dir = Dir::new();
    let path = dir.write("m.wasm", branches_over_locals(1, 5000, 500));
    let cache = dir.path("cache");
    let sandbox = Sandbox::new(Some(Cache::open(cache.clone()).unwrap())).unwrap();
    let compiler = compiler(CompileLimits {
        memory_bytes: 64 << 20,
        ..CompileLimits::default()
    });
    let loaded = sandbox.load_untrusted(&path, &Limits::default(), &compiler);
    assert!(matches!(loaded, Err(LoadError::Rejected { .. })));
    assert_eq!(files(&cache), Vec::<PathBuf>::new());
}

/// A grader that is killed cannot clean up, so the process must end by itself. Here it waits
/// for the module, which the test does not send.
#[test]
#[cfg(target_os = "linux")]
fn the_process_dies_with_its_parent() {
    let mut parent = Command::new("sh")
        .args([
            "-c",
            r#""$0" compile --cpu-s 20 --memory-bytes 536870912; true"#,
        ])
        .arg(host())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let tree = format!("/proc/{0}/task/{0}/children", parent.id());
    // It asks for the signal at its parent's death before it lowers its limits.
    let armed = || {
        let child = fs::read_to_string(&tree).ok()?;
        let limits = fs::read_to_string(format!("/proc/{}/limits", child.trim())).ok()?;
        let cpu = limits
            .lines()
            .find(|line| line.starts_with("Max cpu time"))?;
        cpu.contains(" 20 ").then_some(())
    };
    while armed().is_none() {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&parent), Signal::KILL).unwrap();
    parent.wait().unwrap();
    // The pipe ends when no process has it open for writing.
    let mut rest = Vec::new();
    parent
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut rest)
        .unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn machine_code_is_the_same_in_both_processes() {
    let dir = Dir::new();
    let wasm = assemble(include_str!("../../guests/golden_v1.wat"));
    let path = dir.write("m.wasm", wasm);
    let entry = |name: &str, load: &dyn Fn(&Sandbox)| {
        let cache = dir.path(name);
        load(&Sandbox::new(Some(Cache::open(cache.clone()).unwrap())).unwrap());
        let entry = entries(&cache).remove(0);
        (
            entry.file_name().unwrap().to_owned(),
            fs::read(entry).unwrap(),
        )
    };
    let limits = Limits::default();
    let here = entry("here", &|sandbox| {
        sandbox.load(&path, &limits).map(drop).unwrap();
    });
    let there = entry("there", &|sandbox| {
        let compiler = compiler(CompileLimits::default());
        let loaded = sandbox.load_untrusted(&path, &limits, &compiler);
        loaded.map(drop).unwrap();
    });
    assert!(here == there);
}

/// A module whose functions are those of `echo`.
fn like_echo(author: &str) -> Vec<u8> {
    let mut wasm = bytes("echo");
    let name = u8::try_from(author.len()).unwrap();
    wasm.extend([0, name + 1, name]);
    wasm.extend(author.bytes());
    wasm
}

/// Compiles a module into a cache; what the cache then has for it.
fn compiled(dir: &Dir, cache: &str, wasm: &[u8], here: bool) -> Vec<u8> {
    let path = dir.write("m.wasm", wasm);
    let cache = dir.path(cache);
    let before = entries(&cache);
    let sandbox = Sandbox::new(Some(Cache::open(cache.clone()).unwrap())).unwrap();
    let limits = Limits::default();
    let loaded = match here {
        true => sandbox.load(&path, &limits),
        false => sandbox.load_untrusted(&path, &limits, &compiler(CompileLimits::default())),
    };
    loaded.map(drop).unwrap();
    let mut entries = entries(&cache);
    entries.retain(|path| !before.contains(path));
    assert_eq!(entries.len(), 1);
    fs::read(entries.remove(0)).unwrap()
}

#[test]
fn functions_that_modules_share_are_compiled_once() {
    let dir = Dir::new();
    let functions = |cache: &str| dir.path(cache).join("functions-48.0.8-first.cfunc");
    let kept = || fs::metadata(functions("shared")).unwrap().len();
    for cache in ["shared", "alone"] {
        Cache::open(dir.path(cache)).unwrap();
    }
    compiled(&dir, "shared", &like_echo("ann"), false);
    let first = kept();
    compiled(&dir, "shared", &like_echo("zoe"), false);
    let added = kept() - first;
    assert!(added < first / 4, "{added} of {first}");
    // The code is the same to the byte, whoever made the functions and wherever.
    for (author, here) in [("bob", false), ("eve", true)] {
        let wasm = like_echo(author);
        let shared = compiled(&dir, "shared", &wasm, here);
        let alone = compiled(&dir, "alone", &wasm, here);
        assert!(shared == alone, "{author}");
        let _ = fs::remove_file(functions("alone"));
    }
    // Damage costs time.
    let good = fs::read(functions("shared")).unwrap();
    let damaged = good.iter().enumerate();
    let damaged = damaged.map(|(at, byte)| byte ^ u8::from(at % 1000 == 999));
    fs::write(functions("shared"), damaged.collect::<Vec<_>>()).unwrap();
    let wasm = like_echo("mallory");
    let shared = compiled(&dir, "shared", &wasm, false);
    assert!(shared == compiled(&dir, "alone", &wasm, false));
}
