//! The gates that a module passes: vetting, validation, compiling, linking.

use std::sync::LazyLock;

use host_guest::Limits;
use host_sandbox::facts::Kind;
use host_sandbox::vet::{is_cut_off, vet};
use host_sandbox::{LoadError, ModuleLimits, Sandbox};

/// One for all inputs: an engine is a thread and some milliseconds.
static SANDBOX: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::new(None).expect("the engine works on this machine"));

/// Larger modules, or such with more locals, are not compiled: it would take too long.
const COMPILED_BYTES_MAX: usize = 4096;
const COMPILED_LOCALS_MAX: u32 = 100;

/// A module. What vetting and validation let through loads, and nothing of it is run.
///
/// # Panics
/// If two gates disagree, or one says what a terminal should not be shown.
pub fn loader(wasm: &[u8]) {
    let limits = Limits::default();
    let report = vet(wasm, &limits, &ModuleLimits::default());
    let problem = SANDBOX.problem(wasm);
    assert_eq!(report.facts.bytes, wasm.len() as u64);
    for said in report.problems.iter().chain(&problem) {
        let shown = !said.is_empty() && !said.chars().any(char::is_control);
        assert!(shown, "cannot be shown on a line: {said:?}");
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

/// A valid module and its beginnings may be unfinished, but nothing in them is wrong.
fn assert_no_damage(wasm: &[u8], limits: &Limits) {
    let problems = vet(wasm, limits, &ModuleLimits::default()).problems;
    let damage = problems.iter().find(|said| said.contains("is damaged"));
    assert_eq!(damage, None, "of {} bytes", wasm.len());
    let ends = problems.iter().any(|said| said.contains("cut off"));
    assert!(!ends || is_cut_off(wasm), "{problems:?}");
}
