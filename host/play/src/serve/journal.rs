//! How far a class is that is being graded: the file of `host grade --resume` has a line for each run that is done.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The most bytes of a file that is read.
const BYTES_MAX: u64 = 256 << 20;
/// The longest line, as the file's writer has it.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// How its first line says what it is.
const FORMAT: &str = "host-grade-runs 1";

/// How many runs are done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    pub(super) suite: String,
    runs: u64,
    /// Those that were not accepted.
    failed: u64,
    /// How many different modules they are of.
    modules: usize,
    challenges: Vec<Challenge>,
    /// Whether the file is longer than what was read.
    more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Challenge {
    id: String,
    runs: u64,
    failed: u64,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    #[serde(borrow)]
    suite: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    sha256: Cow<'a, str>,
    #[serde(borrow)]
    challenge: Cow<'a, str>,
    #[serde(borrow)]
    run: Run<'a>,
}

#[derive(Deserialize)]
struct Run<'a> {
    #[serde(borrow)]
    verdict: Cow<'a, str>,
}

/// Reads the file; `None` if it is another. A last line that is not whole yet does not count.
pub(super) fn read(path: &Path) -> Option<Progress> {
    let mut reader = BufReader::new(File::open(path).ok()?.take(BYTES_MAX));
    let first = line(&mut reader)?;
    let header: Header<'_> = serde_json::from_slice(&first).ok()?;
    if header.format != FORMAT {
        return None;
    }
    let mut modules = BTreeSet::new();
    let mut challenges: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    while let Some(bytes) = line(&mut reader) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(&bytes) else {
            break;
        };
        modules.insert(line.sha256.into_owned());
        let (runs, failed) = challenges.entry(line.challenge.into_owned()).or_default();
        *runs += 1;
        *failed += u64::from(line.run.verdict != "AC");
    }
    let challenges = challenges.into_iter();
    let challenges: Vec<Challenge> = challenges
        .map(|(id, (runs, failed))| Challenge { id, runs, failed })
        .collect();
    Some(Progress {
        suite: header.suite.into_owned(),
        runs: challenges.iter().map(|it| it.runs).sum(),
        failed: challenges.iter().map(|it| it.failed).sum(),
        modules: modules.len(),
        challenges,
        more: reader.into_inner().limit() == 0,
    })
}

/// A whole line, if there is one.
fn line(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = Read::take(reader, LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
    read.ok().filter(|_| bytes.last() == Some(&b'\n'))?;
    Some(bytes)
}
