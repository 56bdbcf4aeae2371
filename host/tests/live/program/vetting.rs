//! How modules are told apart: programs, guests of the ABI, neither.

use host_guest::Limits;
use host_sandbox::ModuleLimits;
use host_sandbox::facts::Kind;
use host_sandbox::vet::vet;
use test_support::wat::assemble;

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
