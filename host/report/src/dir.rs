//! The folder that a report is written to.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use host_protocol::text::fit_json;
use serde::Serialize;

use super::budget::PageSize;
use super::page::BEGINNING;

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder cannot be written.
    #[error("cannot write to {}: {error}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The folder has files of others, which the report would replace.
    #[error(
        "{} exists and is not of a report: it stays as it is; name another folder, or remove it \
         first",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The program was asked to end before the runs were repeated.
    #[error("interrupted")]
    Interrupted,
    /// The data of the page cannot be written as JSON.
    #[error("cannot write the page as JSON: {0}")]
    Json(serde_json::Error),
}

/// The page.
pub(super) const PAGE: &str = "index.html";

/// The file with the journal of a run.
pub(super) const JOURNAL: &str = "journal.jsonl";

/// The file with the schedule of the shortest run.
pub(super) const SCHEDULE: &str = "schedule.json";

/// How every journal begins, unless it is empty.
const JOURNAL_BEGINNING: &str = "{\"at_ns\":";

/// The files that are written after the page.
const OTHERS: [&str; 9] = [
    "results.json",
    "history.edn",
    "messages.svg",
    "latency.svg",
    "rate.svg",
    "grade.json",
    "grade.csv",
    "compare.json",
    "compare.csv",
];

/// Whether a file is empty or begins with a text. What cannot be read is not replaced either.
fn begins_with(path: &Path, text: &str) -> bool {
    let mut bytes = Vec::new();
    let file = fs::File::open(path);
    let read = file.and_then(|file| file.take(text.len() as u64).read_to_end(&mut bytes));
    read.is_ok() && (bytes.is_empty() || bytes == text.as_bytes())
}

/// A folder for the files of a report.
#[derive(Debug)]
pub struct ReportDir {
    path: PathBuf,
    extent: Extent,
}

/// How much a report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All files, for the run and for the shortest one that fails in the same way.
    All,
    /// Only pages of this size.
    Pages {
        /// The size of each page.
        size: PageSize,
        /// Whether there is a page of the shortest run that fails in the same way.
        shortest: bool,
    },
}

impl ReportDir {
    /// Creates the folder, unless it exists.
    ///
    /// # Errors
    /// When the folder cannot be created, or has a file that no report has written and that this one
    /// would replace.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        fs::create_dir_all(path).map_err(|error| ReportError::Write {
            path: path.to_owned(),
            error,
        })?;
        let dir = ReportDir {
            path: path.to_owned(),
            extent: Extent::All,
        };
        match dir.foreign() {
            Some(path) => Err(ReportError::Foreign { path }),
            None => Ok(dir),
        }
    }

    /// A file that a report would replace, and that is not of a report. The journal is written
    /// first, then the page, then all others.
    fn foreign(&self) -> Option<PathBuf> {
        let page = self.file(PAGE);
        let journal = self.file(JOURNAL);
        if page.exists() {
            return (!begins_with(&page, BEGINNING)).then_some(page);
        }
        if journal.exists() && !begins_with(&journal, JOURNAL_BEGINNING) {
            return Some(journal);
        }
        let others = OTHERS.iter().map(|name| self.file(name));
        others.into_iter().find(|path| path.exists())
    }

    /// Removes the report that an earlier run has left in a folder of this one. Other files stay.
    pub(super) fn remove_report(&self, path: &str) {
        let old = ReportDir {
            path: self.path.join(path),
            extent: self.extent,
        };
        if !begins_with(&old.file(PAGE), BEGINNING) {
            return;
        }
        let files = OTHERS.iter().chain([&JOURNAL, &SCHEDULE, &PAGE]);
        for name in files {
            // What cannot be removed cannot be mended; the page does not lead there.
            let _ = fs::remove_file(old.file(name));
        }
        let _ = fs::remove_dir(&old.path);
    }

    /// Creates a folder in this one.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn subdir(&self, path: &str) -> Result<Self, ReportError> {
        let dir = ReportDir::create(&self.path.join(path))?;
        Ok(dir.with(self.extent))
    }

    /// The same folder for reports that have so much.
    #[must_use]
    pub fn with(self, extent: Extent) -> Self {
        ReportDir { extent, ..self }
    }

    /// How much a report in it has.
    pub(super) fn extent(&self) -> Extent {
        self.extent
    }

    /// The size of pages in it.
    pub(super) fn page_size(&self) -> PageSize {
        match self.extent {
            Extent::All => PageSize::WHOLE,
            Extent::Pages { size, .. } => size,
        }
    }

    /// Removes a file of this folder.
    pub(super) fn remove(&self, name: &str) -> Result<(), ReportError> {
        let path = self.file(name);
        fs::remove_file(&path).map_err(|error| ReportError::Write { path, error })
    }

    /// Whether there is a file or folder at `path` in this folder.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.path.join(path).exists()
    }

    /// Writes a file in this folder.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), ReportError> {
        let path = self.file(name);
        fs::write(&path, text).map_err(|error| ReportError::Write { path, error })
    }

    /// Writes a file in this folder as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), ReportError> {
        let json = serde_json::to_string_pretty(value).map_err(ReportError::Json)?;
        self.write(name, &fit_json(&(json + "\n")))
    }

    /// The path of a file in this folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
