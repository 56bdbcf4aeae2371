//! `--resume`: the file that a sweep is kept in.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::cli::out_file::{Contents, OutFile, earlier, unusable};
use crate::cli::{Exit, Failure};
use host_grade::grade::Shard;
use host_grade::sweep::kept::{self, KEPT_BEGINNING};
use host_grade::sweep::{Summary, SweepFacts};

const KEPT: Contents = Contents::of("a sweep that was kept", &[KEPT_BEGINNING]);

/// How often the file is written while runs are made.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// The file of a sweep that is resumed.
pub(super) struct ResumeFile {
    path: PathBuf,
    /// When it was last written, or when that failed.
    written: Option<Instant>,
}

impl ResumeFile {
    /// Finds out whether the file can be written.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        OutFile::prepare(path, &KEPT)?;
        Ok(ResumeFile {
            path: path.to_owned(),
            written: None,
        })
    }

    /// What the file has; none if it is new.
    pub(super) fn read(
        &self,
        sweep: &SweepFacts,
        shard: Option<Shard>,
    ) -> Result<Option<Summary>, Failure> {
        let Some(bytes) = earlier(&self.path)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let kept = kept::read(&text, sweep, shard);
        kept.map(Some).map_err(|error| unusable(&self.path, &error))
    }

    /// Replaces what the file has, if that was long ago. If it cannot be written now, it may be later: what it has stays.
    pub(super) fn write_at_times(&mut self, summary: impl FnOnce() -> Summary) {
        if (self.written).is_some_and(|written| written.elapsed() < WRITE_EVERY) {
            return;
        }
        match self.write(&summary()) {
            Ok(()) => debug!("the runs that are done are kept"),
            Err(failure) => warn!(
                "{}; it stays as it was, and the runs go on",
                failure.message()
            ),
        }
        self.written = Some(Instant::now());
    }

    /// Replaces what the file has. It is on the disk when this returns.
    pub(super) fn write(&self, summary: &Summary) -> Result<(), Failure> {
        let text = kept::write(summary).map_err(|error| Failure::new(Exit::Internal, error))?;
        OutFile::prepare(&self.path, &KEPT)?.synced().write(&text)
    }
}
