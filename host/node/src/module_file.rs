//! The file of a module that is built again and again.
//!
//! The file is polled instead of watched through the kernel: polling also finds files that are
//! replaced, linked, rewritten in place, or on a network file system, and costs a microsecond each
//! time.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use host_sandbox::{read_module, vet};

/// How often the file is polled.
pub const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A changed file is read after it has stayed the same for this long.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// A file that is cut off may still be written: this long is waited for the rest.
const CUT_OFF_GRACE: Duration = Duration::from_secs(2);

/// The file of a module.
#[derive(Debug, Clone)]
pub struct ModuleFile {
    /// Its path.
    pub path: PathBuf,
    /// The most bytes that it may have.
    pub bytes_max: u64,
}

/// Changes when the file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

impl ModuleFile {
    /// What tells one state of the file from another; `None` if there is no file.
    #[must_use]
    pub fn signature(&self) -> Option<Signature> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some(Signature {
            inode: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }

    /// Waits until the file stays the same and is not cut off, and returns its signature. `wait`
    /// waits for so long, and says whether to go on; otherwise the file is taken as it is.
    pub fn settled(&self, mut wait: impl FnMut(Duration) -> bool) -> Option<Signature> {
        let begin = Instant::now();
        let (mut seen, mut since) = (self.signature(), begin);
        loop {
            let in_grace = begin.elapsed() < CUT_OFF_GRACE;
            let settled = seen.is_some() && since.elapsed() >= SETTLED_AFTER;
            if settled && !(in_grace && self.is_cut_off()) {
                return seen;
            }
            if !wait(POLL_INTERVAL / 2) {
                return seen;
            }
            let now = self.signature();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
    }

    /// Whether the file has only the beginning of a module.
    fn is_cut_off(&self) -> bool {
        let wasm = read_module(&self.path, self.bytes_max);
        wasm.is_ok_and(|wasm| vet::is_cut_off(&wasm))
    }
}
