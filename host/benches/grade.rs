//! Measures grading: a class of 200 on one challenge, a thousand seeds of it, and the most
//! memory that the grader had. Whole processes, with a warm cache.
//!
//! `./runner.sh bench` builds what this needs and runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use test_support::memory::status_kib;
use test_support::{bytes, host};

const STUDENTS: usize = 200;

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("grade");
    // What an earlier measurement left.
    let _ = fs::remove_dir_all(&folder);
    let wasm = bytes("broadcast");
    for student in 0..STUDENTS {
        let folder = folder.join(format!("class/student-{student:03}"));
        fs::create_dir_all(&folder).expect("a folder can be made");
        // Copies are judged once; an empty custom section makes each a module of its own.
        let mut own = wasm.clone();
        own.extend([0, 4, 3]);
        own.extend(format!("{student:03}").bytes());
        fs::write(folder.join("broadcast.wasm"), own).expect("a file can be written");
    }
    println!("{:<58} {:>10}  budget", "what", "measured");
    let class = folder.join("class");
    let challenge = ["--challenge", "3c"];
    let (cold, _) = grade(&folder, &class, &challenge);
    row(
        "200 submissions of 3c, 10 seeds each, nothing compiled",
        cold,
        "",
    );
    let (warm, peak_kib) = grade(&folder, &class, &challenge);
    row("the same again", warm, "<= 60 s");
    println!(
        "{:<58} {:>6} MiB  <= 1 GiB",
        "its peak memory",
        peak_kib / 1024
    );
    let seeds = ["--challenge", "3c", "--seeds", "1..1001"];
    let (thousand, _) = grade(&folder, &class.join("student-000"), &seeds);
    row("1,000 seeds of 3c and of each of its worlds", thousand, "");
}

/// How long it takes, and the most memory it has resident, in KiB.
fn grade(folder: &Path, path: &Path, args: &[&str]) -> (Duration, u64) {
    let begin = Instant::now();
    let mut command = Command::new(host());
    let mut child = command
        .args(["grade", "--format", "csv", "--cache-dir"])
        .arg(folder.join("cache"))
        .args(args)
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .expect("host starts");
    let mut peak_kib = 0;
    loop {
        // The last look before the end is close enough to the peak, which only grows.
        peak_kib = status_kib(&child.id().to_string(), "VmHWM").unwrap_or(peak_kib);
        if let Some(status) = child.try_wait().expect("host can be waited for") {
            assert!(status.success(), "not everybody passed");
            return (begin.elapsed(), peak_kib);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn row(what: &str, time: Duration, budget: &str) {
    println!("{what:<58} {:>8.1} s  {budget}", time.as_secs_f64());
}
