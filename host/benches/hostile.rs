//! Grades each submission of the hostile corpus as a grader does by default, and measures the
//! processor time and the peak memory that it costs, compiling and shrinking included. The budget
//! is 60 s of processor time and 1 GiB for each.
//!
//! `cargo bench -p host --bench hostile [FILTER]`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use test_support::memory::status_kib;

#[expect(clippy::unwrap_used, reason = "the modules are those of the tests")]
#[path = "../tests/sim/hostile"]
mod hostile {
    pub(crate) mod bombs;
    pub(crate) mod frame;
}

/// How often Linux counts processor time in a second.
const TICKS: f64 = 100.0;

/// How often a grader's memory is looked at.
const POLL: Duration = Duration::from_millis(10);

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/corpus");
    let entries = fs::read_dir(corpus).expect("there is a corpus");
    let folders = entries.map(|entry| entry.expect("it can be listed").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let scratch = tempfile::tempdir().expect("there is room");
    println!("{:<44} {:>8} {:>10}", "submission", "cpu", "peak");
    let mut all: Vec<(f64, u64, String)> = Vec::new();
    for folder in folders {
        let name = folder.file_name().expect("it has one");
        let name = name.to_string_lossy().into_owned();
        if filter
            .as_ref()
            .is_some_and(|filter| !name.contains(filter.as_str()))
        {
            continue;
        }
        let (seconds, peak_kib) = grade(&folder, scratch.path());
        println!("{name:<44} {seconds:>6.1} s {:>6} MiB", peak_kib / 1024);
        all.push((seconds, peak_kib, name));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    if let Some((seconds, _, name)) = all.first() {
        println!("\nthe most processor time: {seconds:.1} s ({name}), budget <= 60 s");
    }
    if let Some((_, peak, name)) = all.iter().max_by_key(|(_, peak, _)| peak) {
        println!(
            "the most memory: {} MiB ({name}), budget <= 1024 MiB",
            peak / 1024
        );
    }
}

/// Grades the module of a case; returns the processor time in seconds, and the peak memory of the
/// grader itself in KiB. Processes that compile have a limit of their own.
fn grade(folder: &Path, scratch: &Path) -> (f64, u64) {
    let text = fs::read_to_string(folder.join("expected.toml")).expect("it has expectations");
    let case: toml::Table = toml::from_str(&text).expect("they are TOML");
    let value = |key: &str| case.get(key).and_then(|value| value.as_str());
    let challenge = match value("workload").unwrap_or("echo") {
        "broadcast" => "3a",
        "kafka" => "5a",
        "txn-rw-register" => "6a",
        "txn-list-append" => "txn-list-append",
        "lin-kv" => "lin-kv",
        _ => "1",
    };
    let wasm = match value("recipe") {
        Some(recipe) => hostile::bombs::made(recipe),
        None => {
            let text = fs::read_to_string(folder.join("guest.wat")).expect("it has a guest");
            hostile::frame::whole(&text)
        }
    };
    let class = scratch.join("class");
    let _ = fs::remove_dir_all(&class);
    fs::create_dir_all(&class).expect("there is room");
    fs::write(class.join(format!("{challenge}.wasm")), wasm).expect("there is room");
    let before = children_ticks();
    let mut child = Command::new(env!("CARGO_BIN_EXE_host"))
        .args(["grade", "--no-cache", "--challenge", challenge])
        .arg(&class)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the host is built");
    let mut peak_kib = 0;
    while child.try_wait().expect("it is our child").is_none() {
        peak_kib = status_kib(&child.id().to_string(), "VmHWM").unwrap_or(peak_kib);
        std::thread::sleep(POLL);
    }
    ((children_ticks() - before) / TICKS, peak_kib)
}

/// The processor time of all processes that this one has waited for, theirs included.
fn children_ticks() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // What follows the name, which may have spaces: the state is field 3.
    let (_, fields) = text.rsplit_once(')').expect("it has a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |number: usize| fields[number - 3].parse::<f64>().expect("a number");
    ticks(16) + ticks(17)
}
