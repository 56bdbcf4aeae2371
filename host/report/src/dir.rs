//! The folder that a report is written to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The program was asked to end before the runs were repeated.
    #[error("interrupted")]
    Interrupted,
    /// The data of the page cannot be written as JSON.
    #[error("cannot write the page as JSON: {0}")]
    Json(serde_json::Error),
}

/// A folder for the files of a report.
#[derive(Debug)]
pub struct ReportDir {
    path: PathBuf,
}

impl ReportDir {
    /// Creates the folder, unless it exists.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        fs::create_dir_all(path).map_err(|error| ReportError::Write {
            path: path.to_owned(),
            error,
        })?;
        Ok(ReportDir {
            path: path.to_owned(),
        })
    }

    /// Creates a folder in this one.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn subdir(&self, path: &str) -> Result<Self, ReportError> {
        ReportDir::create(&self.path.join(path))
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

    /// The path of a file in this folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
