//! Runs that have been made, kept in a file: a grader that is killed goes on from there.
//!
//! The file is JSON lines. The first says what judged by which suite, since runs of another
//! are of no use; each further one is a run, written whole as soon as it is over. A line that
//! was cut off by the end of the grader is dropped.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::report::Judge;
use super::run::Run;
use super::suite::Suite;
use super::work::Task;

/// The longest line.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// The runs of earlier graders, and the file that the next ones go to.
#[derive(Debug, Default)]
pub struct Resume {
    known: BTreeMap<(Task, u64), (Run, u64)>,
    file: Option<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    file: File,
    broken: Option<io::Error>,
}

/// Why a file cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// It cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another grader is at it.
    #[error("{} is in use by another grader", path.display())]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// It is another suite's or another judge's.
    #[error("{}: its runs were judged by {found}, this is {wanted}; use another file", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What it would have to say.
        wanted: String,
    },
    /// A line of it is not one of ours.
    #[error("{}:{line}: this is no run: {why}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Head {
    format: String,
    host: String,
    engine: String,
    suite: String,
    sha256: String,
}

impl Head {
    fn of(judge: &Judge, suite: &Suite) -> Self {
        Head {
            format: "host-grade-runs 1".to_owned(),
            host: judge.host.clone(),
            engine: judge.engine.clone(),
            suite: suite.name.clone(),
            sha256: suite.sha256.clone(),
        }
    }

    fn words(&self) -> String {
        let Head {
            host,
            engine,
            suite,
            sha256,
            ..
        } = self;
        let digits: String = sha256.chars().take(12).collect();
        format!("host {host} ({engine}) by the suite {suite:?} ({digits})")
    }
}

/// A further line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Line {
    sha256: String,
    module: String,
    challenge: String,
    seed: u64,
    run: Run,
    ms: u64,
}

impl Resume {
    /// Goes on from the file at `path`, which is made if need be.
    ///
    /// # Errors
    /// When the file cannot be used, or is not this judge's and this suite's.
    pub fn open(path: &Path, judge: &Judge, suite: &Suite) -> Result<Self, ResumeError> {
        let io = |source| ResumeError::Io {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ResumeError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let head = Head::of(judge, suite);
        let (known, end) = read(path, &file, &head)?;
        file.set_len(end).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        if end == 0 {
            file.write_all(line(&head).map_err(io)?.as_bytes())
                .map_err(io)?;
        }
        Ok(Resume {
            known,
            file: Some(Mutex::new(Kept { file, broken: None })),
        })
    }

    /// The run of a task on a seed and its milliseconds, if it has been made.
    #[must_use]
    pub fn known(&self, task: &Task, seed: u64) -> Option<(Run, u64)> {
        self.known.get(&(task.clone(), seed)).cloned()
    }

    /// Keeps a run. What goes wrong is told by [`finish`](Self::finish).
    pub fn keep(&self, task: &Task, seed: u64, run: &Run, ms: u64) {
        let Some(kept) = &self.file else { return };
        let text = line(&Line {
            sha256: task.sha256.clone(),
            module: task.stem.clone(),
            challenge: task.challenge.clone(),
            seed,
            run: run.clone(),
            ms,
        });
        let mut kept = match kept.lock() {
            Ok(kept) => kept,
            Err(poisoned) => poisoned.into_inner(),
        };
        if kept.broken.is_some() {
            return;
        }
        // In one call, so that a line is there or is the last one.
        let written = text.and_then(|text| kept.file.write_all(text.as_bytes()));
        kept.broken = written.err();
    }

    /// Whether all runs could be kept.
    ///
    /// # Errors
    /// The first error of writing.
    pub fn finish(self) -> io::Result<()> {
        let Some(kept) = self.file else { return Ok(()) };
        let kept = match kept.into_inner() {
            Ok(kept) => kept,
            Err(poisoned) => poisoned.into_inner(),
        };
        match kept.broken {
            Some(error) => Err(error),
            None => kept.file.sync_all(),
        }
    }
}

fn line(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}

type Known = BTreeMap<(Task, u64), (Run, u64)>;

/// The runs in a file, and where its last whole line ends.
fn read(path: &Path, file: &File, wanted: &Head) -> Result<(Known, u64), ResumeError> {
    let io = |source| ResumeError::Io {
        path: path.to_owned(),
        source,
    };
    let mut reader = BufReader::new(file);
    let (mut known, mut end, mut number) = (Known::new(), 0, 0);
    loop {
        let mut bytes = Vec::new();
        let mut limited = io::Read::take(&mut reader, LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut bytes).map_err(io)?;
        number += 1;
        let malformed = |why: String| ResumeError::Malformed {
            path: path.to_owned(),
            line: number,
            why,
        };
        if bytes.last() != Some(&b'\n') {
            if bytes.len() as u64 == LINE_BYTES_MAX {
                return Err(malformed("it is too long".to_owned()));
            }
            return Ok((known, end));
        }
        end += bytes.len() as u64;
        if number == 1 {
            let found: Head = serde_json::from_slice(&bytes)
                .map_err(|error| malformed(format!("{error}; is it a file of host grade?")))?;
            if found != *wanted {
                return Err(ResumeError::Foreign {
                    path: path.to_owned(),
                    found: found.words(),
                    wanted: wanted.words(),
                });
            }
            continue;
        }
        let line: Line =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let task = Task {
            sha256: line.sha256,
            stem: line.module,
            challenge: line.challenge,
        };
        known.insert((task, line.seed), (line.run, line.ms));
    }
}
