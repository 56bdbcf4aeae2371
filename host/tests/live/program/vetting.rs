//! How modules are told apart: programs, guests of the ABI, neither.

use std::fs;

use host_guest::Limits;
use host_sandbox::facts::Kind;
use host_sandbox::vet::vet;
use host_sandbox::{Cache, ModuleLimits, Sandbox};
use test_support::wat::assemble;
use test_support::{Dir, program};

#[track_caller]
fn check(text: &str, kind: Kind, problems: &[&str]) {
    let wasm = assemble(text);
    let report = vet(&wasm, &Limits::default(), &ModuleLimits::default());
    assert_eq!(
        (report.facts.kind, &report.problems[..]),
        (kind, &problems.map_owned()[..])
    );
}

trait MapOwned {
    fn map_owned(&self) -> Vec<String>;
}

impl MapOwned for &[&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|problem| (*problem).to_owned()).collect()
    }
}

#[test]
fn a_module_with_start_and_memory_is_a_program() {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    check(text, Kind::Program, &[]);
}

#[test]
fn what_a_program_lacks_is_named() {
    check(
        r#"(module (import "env" "socket" (func (param i32) (result i32)))
             (func (export "_start") (result i32) (i32.const 0)))"#,
        Kind::Program,
        &[
            "it imports env::socket (i32) -> i32, which this host does not have: a guest may \
             import from wasi_snapshot_preview1 only",
            "it exports _start as () -> i32; a guest's is () -> ()",
            "it does not export its memory",
        ],
    );
}

#[test]
fn a_module_that_is_neither_is_told_about_both() {
    check(
        "(module)",
        Kind::Unknown,
        &[
            "it is not a guest: it exports neither maelstrom_abi_v1 (docs/abi.md) nor _start \
           (docs/programs.md)",
        ],
    );
}

#[test]
fn a_marker_decides_even_if_there_is_a_start() {
    check(
        r#"(module (memory (export "memory") 1) (func (export "_start"))
             (func (export "maelstrom_abi_v1"))
             (func (export "alloc") (param i32) (result i32) (i32.const 0))
             (func (export "handle") (param i32 i32) (result i64) (i64.const 0)))"#,
        Kind::Abi,
        &[],
    );
    check(
        r#"(module (func (export "_start")) (func (export "maelstrom_abi_v7")))"#,
        Kind::Unknown,
        &[
            "it speaks the guest ABI of maelstrom_abi_v7, this host that of maelstrom_abi_v1; \
           build it with a matching SDK",
        ],
    );
}

#[test]
fn go_is_recognised_by_its_build_id_or_its_compiler() {
    let facts = |sections: &str| {
        let text =
            format!(r#"(module {sections} (memory (export "memory") 1) (func (export "_start")))"#);
        let wasm = assemble(&text);
        vet(&wasm, &Limits::default(), &ModuleLimits::default())
            .facts
            .built_by_go
    };
    assert!(!facts(""));
    assert!(facts(r#"(@custom "go:buildid" "\ff Go build ID")"#));
    assert!(facts(
        r#"(@producers (processed-by "Go cmd/compile" "go1.26.6"))"#
    ));
    assert!(!facts(
        r#"(@producers (language "Go" "") (processed-by "TinyGo" "0.39"))"#
    ));
    assert!(
        !facts(r#"(@custom "producers" "\01\0cprocessed-by\ff")"#),
        "damaged"
    );
}

#[test]
fn a_program_with_threads_imports_its_memory() {
    let threads = |memory: &str, exports: &str| {
        format!(
            r#"(module {memory} (import "wasi" "thread-spawn" (func (param i32) (result i32)))
                 (export "memory" (memory 0)) {exports} (func (export "_start")))"#
        )
    };
    let shared = r#"(import "env" "memory" (memory 1 2 shared))"#;
    let start = r#"(func (export "wasi_thread_start") (param i32 i32))"#;
    check(&threads(shared, start), Kind::Program, &[]);
    check(
        &threads(shared, ""),
        Kind::Program,
        &["it does not export wasi_thread_start (i32, i32) -> ()"],
    );
    check(
        &threads(r#"(import "env" "memory" (memory 1 2))"#, start),
        Kind::Program,
        &[
            "it imports env::memory memory, which this host does not have: a guest may import \
             from wasi_snapshot_preview1 only",
            "it starts threads, but does not import the memory that they share",
        ],
    );
    check(
        r#"(module (memory (export "memory") 1 2 shared) (func (export "_start")))"#,
        Kind::Program,
        &[
            "its memory is shared and not imported; link it with --import-memory, as the target \
             wasm32-wasip1-threads does",
        ],
    );
    check(
        r#"(module (import "env" "memory" (memory 1 2 shared))
             (import "host-threads" "notify" (func (param i32 i32 i32) (result i32)))
             (export "memory" (memory 0)) (func (export "_start")))"#,
        Kind::Program,
        &[
            "it imports host-threads::notify (i32, i32, i32) -> i32, which this host does not \
             have: a guest may import from wasi_snapshot_preview1 only",
        ],
    );
    check(
        r#"(module (import "env" "memory" (memory 2 70000 shared)) (export "memory" (memory 0))
             (func (export "_start")))"#,
        Kind::Program,
        &[],
    );
}

/// Two programs of Go have the runtime and most of the library in common, at other addresses. What a module adds to the
/// functions that are kept is what the other has not.
#[test]
fn go_programs_share_machine_code() {
    let dir = Dir::new();
    let kept = dir.path("cache").join("functions-48.0.8-first.cfunc");
    let bytes_after = |name: &str| {
        let cache = Cache::open(dir.path("cache")).unwrap();
        let sandbox = Sandbox::new(Some(cache)).unwrap();
        sandbox.load(&program(name), &Limits::default()).unwrap();
        fs::metadata(&kept).unwrap().len()
    };
    let first = bytes_after("go-counter");
    let second = bytes_after("go-gossip") - first;
    assert!(second < first / 20, "{first} bytes, then {second}");
}
