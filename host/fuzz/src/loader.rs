//! The checks that a module passes: vetting, validation, compilation, linking.

use std::sync::LazyLock;

use host_guest::Limits;
use host_sandbox::facts::Kind;
use host_sandbox::vet::{is_cut_off, vet};
use host_sandbox::{LoadError, ModuleLimits, Sandbox};

/// Shared by all inputs: an engine starts a thread and takes milliseconds to make.
static SANDBOX: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::new(None).expect("the engine works on this machine"));

/// Larger modules, and modules with more locals, are not compiled: it takes too long.
const COMPILED_BYTES_MAX: usize = 4096;
const COMPILED_LOCALS_MAX: u32 = 100;

/// Fuzzes the loader with the module `wasm`. A module that passes vetting and validation must
/// load; it is not run.
///
/// # Panics
/// If two checks disagree, or a problem has characters that are not safe to print.
pub fn loader(wasm: &[u8]) {
    let limits = Limits::default();
    let report = vet(wasm, &limits, &ModuleLimits::default());
    let problem = SANDBOX.problem(wasm);
    assert_eq!(report.facts.bytes, wasm.len() as u64);
    for problem in report.problems.iter().chain(&problem) {
        let is_line = !problem.is_empty() && !problem.chars().any(char::is_control);
        assert!(is_line, "cannot be printed on a line: {problem:?}");
    }
    if problem.is_none() {
        assert_no_damage(wasm, &limits);
        let prefixes = (0..8).map(|eighth| &wasm[..wasm.len() * eighth / 8]);
        prefixes.for_each(|prefix| assert_no_damage(prefix, &limits));
    }
    if !report.problems.is_empty() {
        return;
    }
    let facts = &report.facts;
    assert_ne!(facts.kind, Kind::Unknown);
    assert!(facts.imports.iter().all(|import| import.provided));
    assert!(!is_cut_off(wasm));
    if wasm.len() > COMPILED_BYTES_MAX || facts.locals_max > COMPILED_LOCALS_MAX {
        return;
    }
    match SANDBOX.load_bytes(wasm, &limits) {
        Ok(module) => assert_eq!((problem, &module.facts), (None, facts)),
        Err(LoadError::Rejected { problems, .. }) => assert_eq!(problems, Vec::from_iter(problem)),
        Err(error) => panic!("vetted, {problem:?} by the validator, but {error}"),
    }
}

/// Asserts that vetting finds no damage in a valid module or in a prefix of one.
fn assert_no_damage(wasm: &[u8], limits: &Limits) {
    let problems = vet(wasm, limits, &ModuleLimits::default()).problems;
    let damage = problems
        .iter()
        .find(|problem| problem.contains("is damaged"));
    assert_eq!(damage, None, "of {} bytes", wasm.len());
    let ends = problems.iter().any(|problem| problem.contains("cut off"));
    assert!(!ends || is_cut_off(wasm), "{problems:?}");
}
