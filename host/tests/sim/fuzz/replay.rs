//! Each target on its whole corpus and on some thousands of mutations of it.

use std::fs;
use std::panic;

use fastrand::Rng;
use host_fuzz::{TARGETS, Target};

use crate::fuzz::corpus::{folder, seeds};
use crate::fuzz::mutate::mutant;

/// The same mutations every time, so that failures are reproducible.
const SEED: u64 = 1;

#[test]
fn every_target_has_its_program_and_its_corpus() {
    let names_in = |folder: &str| {
        let files = fs::read_dir(self::folder().join("..").join(folder)).unwrap();
        let stem =
            |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut names: Vec<String> = files.map(|file| stem(file.unwrap().path())).collect();
        names.sort();
        names
    };
    let mut targets = TARGETS.map(|(name, _)| name);
    targets.sort_unstable();
    assert_eq!(names_in("fuzz_targets"), targets);
    assert_eq!(names_in("corpus"), targets);
}

#[test]
fn edn() {
    holds("edn", 4000);
}

#[test]
fn history_json() {
    holds("history_json", 4000);
}

#[test]
fn judge() {
    holds("judge", 1000);
}

#[test]
fn loader() {
    holds("loader", 2000);
}

#[test]
fn effects() {
    holds("effects", 4000);
}

#[test]
fn message() {
    holds("message", 4000);
}

#[test]
fn store() {
    holds("store", 4000);
}

fn holds(name: &str, mutants: usize) {
    let (_, target) = TARGETS.iter().find(|(it, _)| *it == name).unwrap();
    let seeds = seeds(name);
    for seed in &seeds {
        run(*target, &seed.bytes, &seed.name);
    }
    let mut rng = Rng::with_seed(SEED);
    for number in 0..mutants {
        run(
            *target,
            &mutant(&seeds, &mut rng),
            &format!("mutant {number}"),
        );
    }
}

#[track_caller]
fn run(target: Target, input: &[u8], what: &str) {
    if panic::catch_unwind(|| target(input)).is_err() {
        panic!(
            "it fails as shown above on {what}:\n{}",
            input.escape_ascii()
        );
    }
}
