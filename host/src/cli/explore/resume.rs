//! `--resume`: the file that an exploration is kept in.

use std::path::Path;

use host_explore::{About, KEPT_BEGINNING, Kept};

use crate::cli::Failure;
use crate::cli::out_file::{Contents, OutFile, earlier, unusable};

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
        let Some(bytes) = earlier(path)? else {
            return Ok(None);
        };
        let kept = Kept::read(&bytes, about);
        kept.map(Some).map_err(|error| unusable(path, &error))
    }

    /// Replaces what the file has.
    pub(super) fn write(self, kept: &Kept, about: &About) -> Result<(), Failure> {
        self.out.write_with(|out| kept.write(about, out))
    }
}
