//! Functions that a guest can call are registered in one file, where each is charged.
//!
//! A call that costs nothing would let a loop of calls meet the wall-clock limit, which is not
//! exact, before its fuel is used up. `host/sandbox/src/wasi/mod.rs` has the macros that charge,
//! and its tests call every function.

use crate::repository::Repository;

/// Where functions are registered.
const FOLDER: &str = "host/sandbox/src";
const FILE: &str = "host/sandbox/src/wasi/mod.rs";

/// The engine's calls that register a function.
const REGISTERS: [&str; 3] = [".func_wrap(", ".func_wrap_async(", ".func_new("];

/// The files besides [`FILE`] that register functions.
#[must_use]
pub fn problems(repository: &Repository) -> Vec<String> {
    let registers = |text: &str| REGISTERS.iter().any(|call| text.contains(call));
    let texts = repository.texts_in(FOLDER);
    let mut files: Vec<&str> = texts
        .filter(|(_, text)| registers(text))
        .map(|(path, _)| path)
        .collect();
    files.sort_unstable();
    match files.iter().position(|path| *path == FILE) {
        Some(at) => drop(files.remove(at)),
        None => return vec![format!("{FILE} registers no function")],
    }
    let problem = |path| format!("{path} registers a function that {FILE} does not charge");
    files.into_iter().map(problem).collect()
}
