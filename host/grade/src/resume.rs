//! Keeps finished runs in a file, so that a grader that was killed can resume.
//!
//! The file is JSON lines. The first line names the judge and the suite, since runs of others are of
//! no use. Each further line is a run, written as a whole as soon as it is finished. An incomplete
//! last line is dropped. Runs that this process has made already need no file.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::grade::JudgeFacts;
use super::run::SeedRun;
use super::suite::{PlannedRun, Suite};
use super::work::WorkItem;

/// The longest line, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// The runs that were made before, and the file for those to come. The default has neither.
#[derive(Debug, Default)]
pub struct Resume {
    known: Known,
    file: Option<Mutex<RunsFile>>,
}

#[derive(Debug)]
struct RunsFile {
    file: File,
    /// The first error of writing. Nothing is written after it.
    error: Option<io::Error>,
}

/// Why a file cannot be resumed from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// It cannot be read or written.
    #[error("cannot use {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A run cannot be kept.
    #[error("cannot write to {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Another grader is using it.
    #[error("{} is in use by another grader", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Its runs are of another suite or another judge.
    #[error("{}: its runs were judged by {found}, this is {wanted}; use another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The judge and suite of the file.
        found: String,
        /// The judge and suite of this grader.
        wanted: String,
    },
    /// A line is not a run.
    #[error("{}:{line}: this is no run: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with the line.
        why: String,
    },
}

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Header {
    format: String,
    host: String,
    engine: String,
    suite: String,
    sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed_key: Option<String>,
}

impl Header {
    fn of(judge: &JudgeFacts, suite: &Suite) -> Self {
        Header {
            format: "host-grade-runs 1".to_owned(),
            host: judge.host.clone(),
            engine: judge.engine.clone(),
            suite: suite.name.clone(),
            sha256: suite.sha256.clone(),
            seed_key: suite.seed_key.map(|key| key.name()),
        }
    }

    /// For error messages.
    fn describe(&self) -> String {
        let Header {
            host,
            engine,
            suite,
            sha256,
            seed_key,
            ..
        } = self;
        let digits: String = sha256.chars().take(12).collect();
        let key = match seed_key {
            Some(name) => format!(" with the seed key {name}"),
            None => String::new(),
        };
        format!("host {host} ({engine}) by the suite {suite:?} ({digits}){key}")
    }
}

/// A further line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Line {
    sha256: String,
    module: String,
    challenge: String,
    /// The name of the world; absent for the official options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    world: Option<String>,
    seed: u64,
    run: SeedRun,
    ms: u64,
}

impl Resume {
    /// Resumes from the file at `path`, which is created if it does not exist.
    ///
    /// # Errors
    /// When the file cannot be used, or has runs of another judge or suite.
    pub fn open(path: &Path, judge: &JudgeFacts, suite: &Suite) -> Result<Self, ResumeError> {
        let io = |error| ResumeError::Io {
            path: path.to_owned(),
            error,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(io)?;
        if !file.metadata().map_err(io)?.is_file() {
            return Err(io(io::Error::other("it is not a regular file")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ResumeError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let head = Header::of(judge, suite);
        let (known, end) = read(path, &file, &head)?;
        file.set_len(end).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        if end == 0 {
            file.write_all(line(&head).map_err(io)?.as_bytes())
                .map_err(io)?;
        }
        Ok(Resume {
            known,
            file: Some(Mutex::new(RunsFile { file, error: None })),
        })
    }

    /// Resumes from runs that this process has made, with their times in milliseconds.
    #[must_use]
    pub fn of<'a>(
        runs: impl IntoIterator<Item = (WorkItem, PlannedRun<'a>, SeedRun, u64)>,
    ) -> Self {
        let runs = runs.into_iter();
        Resume {
            known: runs
                .map(|(item, planned, run, ms)| (key(&item, planned), (run, ms)))
                .collect(),
            file: None,
        }
    }

    /// A run of a work item and its time in milliseconds, if it has been made.
    #[must_use]
    pub fn known(&self, item: &WorkItem, planned: PlannedRun<'_>) -> Option<(SeedRun, u64)> {
        self.known.get(&key(item, planned)).cloned()
    }

    /// Keeps a run. [`finish`](Self::finish) returns the error if it cannot be written.
    pub fn keep(&self, item: &WorkItem, planned: PlannedRun<'_>, run: &SeedRun, ms: u64) {
        let Some(kept) = &self.file else { return };
        let text = line(&Line {
            sha256: item.sha256.clone(),
            module: item.stem.clone(),
            challenge: item.challenge.clone(),
            world: planned.setting.world_name().map(str::to_owned),
            seed: planned.seed,
            run: run.clone(),
            ms,
        });
        let mut kept = match kept.lock() {
            Ok(kept) => kept,
            Err(poisoned) => poisoned.into_inner(),
        };
        if kept.error.is_some() {
            return;
        }
        // In one call, so that only the last line can be incomplete.
        let written = text.and_then(|text| kept.file.write_all(text.as_bytes()));
        kept.error = written.err();
    }

    /// Syncs the file at `path`, and checks that all runs could be kept.
    ///
    /// # Errors
    /// The first error of writing.
    pub fn finish(self, path: &Path) -> Result<(), ResumeError> {
        let Some(kept) = self.file else { return Ok(()) };
        let kept = match kept.into_inner() {
            Ok(kept) => kept,
            Err(poisoned) => poisoned.into_inner(),
        };
        let synced = match kept.error {
            Some(error) => Err(error),
            None => kept.file.sync_all(),
        };
        synced.map_err(|error| ResumeError::Write {
            path: path.to_owned(),
            error,
        })
    }
}

fn line(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}

/// Runs and their times, by work item, world and seed.
type Known = BTreeMap<(WorkItem, Option<String>, u64), (SeedRun, u64)>;

fn key(item: &WorkItem, planned: PlannedRun<'_>) -> (WorkItem, Option<String>, u64) {
    let world = planned.setting.world_name().map(str::to_owned);
    (item.clone(), world, planned.seed)
}

/// Reads the runs in a file, and finds the end of its last complete line.
fn read(path: &Path, file: &File, wanted: &Header) -> Result<(Known, u64), ResumeError> {
    let io = |error| ResumeError::Io {
        path: path.to_owned(),
        error,
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
            // Of the first line only the beginning may be there, if a grader was killed then.
            if number == 1 && !line(wanted).map_err(io)?.as_bytes().starts_with(&bytes) {
                return Err(malformed("is it a file of host grade?".to_owned()));
            }
            return Ok((known, end));
        }
        end += bytes.len() as u64;
        if number == 1 {
            let found: Header = serde_json::from_slice(&bytes)
                .map_err(|error| malformed(format!("{error}; is it a file of host grade?")))?;
            if found != *wanted {
                return Err(ResumeError::Foreign {
                    path: path.to_owned(),
                    found: found.describe(),
                    wanted: wanted.describe(),
                });
            }
            continue;
        }
        let line: Line =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let item = WorkItem {
            sha256: line.sha256,
            stem: line.module,
            challenge: line.challenge,
        };
        known.insert((item, line.world, line.seed), (line.run, line.ms));
    }
}
