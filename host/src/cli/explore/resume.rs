//! `--resume`: the file that an exploration is kept in.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use host_explore::{About, KEPT_BEGINNING, Kept};

use crate::cli::out_file::{Contents, OutFile};
use crate::cli::{Exit, Failure};

const KEPT: Contents = Contents::of("an exploration that was kept", &[KEPT_BEGINNING]);

/// The file of an exploration that is resumed.
pub(super) struct ResumeFile {
    out: OutFile,
}

impl ResumeFile {
    /// Finds out whether the file can be written.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        let out = OutFile::prepare(path, &KEPT)?;
        Ok(ResumeFile { out })
    }

    /// What the file has; none if it is new.
    pub(super) fn read(&self, about: &About) -> Result<Option<Kept>, Failure> {
        let path = self.out.path();
        let usage = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
        };
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(usage(&error)),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        Kept::read(&bytes, about).map(Some).map_err(|it| usage(&it))
    }

    /// Replaces what the file has.
    pub(super) fn write(self, kept: &Kept, about: &About) -> Result<(), Failure> {
        self.out.write_with(|out| kept.write(about, out))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // What is no file, such as a pipe, would be waited for.
    match fs::metadata(path)?.is_file() {
        true => fs::read(path),
        false => Err(io::Error::other("it is not a regular file")),
    }
}
