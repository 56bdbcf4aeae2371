//! Judges the whole corpus.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use test_support::Dir;
use test_support::memory::{alone, peak_kib_since_last_call};

use crate::hostile::bombs::made;
use crate::hostile::frame;
use crate::hostile::judge::{Case, Judge};

/// The longest that a submission may take, in a build without optimisation and on a busy
/// machine.
const WALL_MAX: Duration = Duration::from_secs(40);

/// The largest that all together may make the process. One guest may have 130 MiB.
const MEMORY_KIB_MAX: u64 = 1 << 20;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/corpus")
}

/// Names and cases, sorted.
fn cases() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let text = fs::read_to_string(entry.path().join("expected.toml")).unwrap();
            let name = entry.file_name().into_string().unwrap();
            let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            cases.push((name, case));
        }
    }
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    cases
}

fn module(name: &str, case: &Case) -> Vec<u8> {
    match &case.recipe {
        Some(recipe) => made(recipe),
        None => {
            let path = folder().join(name).join("guest.wat");
            frame::whole(&fs::read_to_string(path).unwrap())
        }
    }
}

/// How the judgement of a case differs from what is expected.
fn problem(judge: &Judge, path: &Path, case: &Case) -> Option<String> {
    let begin = Instant::now();
    let found = judge.judge(path, case);
    let took = begin.elapsed();
    let (verdict, told) = found.split_once(' ').unwrap_or((&found, ""));
    let expected = case.message.as_deref();
    let matches = expected.is_none_or(|message| told.contains(message));
    let again = judge.judge(path, case);
    Some(if case.shows.is_empty() {
        "say what it shows".to_owned()
    } else if verdict != case.verdict || !matches {
        format!("expected {} {expected:?}, found {found}", case.verdict)
    } else if expected.is_none() && verdict != "AC" {
        format!("say what {verdict} has to tell")
    } else if took > WALL_MAX {
        format!("{took:?}")
    } else if again != found {
        format!("judged again it is {again}")
    } else if told.len() > 20_000 {
        format!("{} bytes are told", told.len())
    } else {
        return None;
    })
}

#[test]
fn every_submission_gets_its_verdict_and_harms_nobody() {
    let path = "hostile::corpus::every_submission_gets_its_verdict_and_harms_nobody";
    alone(path, judge_all);
}

fn judge_all() {
    let dir = Dir::new();
    dir.make_dir("class");
    let cases = cases();
    assert!(cases.len() >= 60);
    let path_of = |name: &str| dir.path(&format!("class/{name}.wasm"));
    for (name, case) in &cases {
        fs::write(path_of(name), module(name, case)).unwrap();
    }
    let honest = path_of("honest");
    fs::write(&honest, frame::whole("(func $step (call $answer))")).unwrap();
    let submitted = dir.files_in("class");

    let usual = Case::default();
    let alone = Judge::new(dir.path("another_cache"), 1).result(&honest, &usual);
    peak_kib_since_last_call();

    let at_a_time = rayon::current_num_threads();
    let judge = Judge::new(dir.path("cache"), at_a_time);
    let problems: Vec<String> = cases
        .par_iter()
        .filter_map(|(name, case)| {
            let mut problem = problem(&judge, &path_of(name), case);
            if judge.result(&honest, &usual) != alone {
                problem
                    .get_or_insert_default()
                    .push_str("; an honest one is judged otherwise");
            }
            problem.map(|problem| format!("{name}: {problem}"))
        })
        .collect();
    let peak = peak_kib_since_last_call();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    assert!(peak <= MEMORY_KIB_MAX, "{peak} KiB");
    assert_eq!(dir.files_in("class"), submitted);
    let kept = dir.files_in("cache");
    let strange: Vec<_> = kept
        .iter()
        .filter(|name| {
            let is_code = name.ends_with(".cwasm") || name.ends_with(".cfunc");
            !is_code && *name != "CACHEDIR.TAG"
        })
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(!Path::new("/tmp/left-by-guest").exists());
}
