//! Workloads that come from files: whoever can load them says so once.

use std::sync::{Arc, OnceLock};

use host_check::workload::Workload;
use host_sim::workload::{AnyWorkload, CustomWorkload};

/// Finds a workload by what a command names it.
pub type FindWorkload = dyn Fn(&str) -> Result<Arc<dyn CustomWorkload>, String> + Send + Sync;

/// What finds workloads that are not built in, and the names that it knows.
static FIND: OnceLock<(&[&str], Box<FindWorkload>)> = OnceLock::new();

/// Says how workloads that are not built in are found, by these names or in files, before the first scenario is made.
pub fn find_workloads_with(names: &'static [&'static str], find: Box<FindWorkload>) {
    // It is the same, or it is too late.
    let _ = FIND.set((names, find));
}

/// The names of workloads that are not built in.
#[must_use]
pub fn other_workloads() -> &'static [&'static str] {
    FIND.get().map_or(&[], |(names, _)| names)
}

/// Whether a text names a workload in a file.
#[must_use]
pub fn is_workload_file(text: &str) -> bool {
    text.contains('/') || file_of(text).ends_with(".wasm")
}

/// The path in what names a workload: all before the hash, if there is one.
fn file_of(text: &str) -> &str {
    text.split_once('#').map_or(text, |(path, _)| path)
}

/// What names the same workload as `text` does in a file of this folder.
#[must_use]
pub fn workload_in(folder: &std::path::Path, text: &str) -> String {
    match is_workload_file(text) {
        true => folder.join(text).to_string_lossy().into_owned(),
        false => text.to_owned(),
    }
}

/// The workload that a text names.
pub(super) fn find(text: &str) -> Result<AnyWorkload, String> {
    if !is_workload_file(text) && !other_workloads().contains(&text) {
        let built_in = text.parse::<Workload>();
        return built_in
            .map(AnyWorkload::BuiltIn)
            .map_err(|unknown| format!("{unknown}; one of your own is a file that ends in .wasm"));
    }
    match FIND.get() {
        Some((_, find)) => find(text).map(AnyWorkload::Custom),
        None => Err(format!(
            "workloads in files, such as {text:?}, cannot be loaded here"
        )),
    }
}
