//! Looks out for a new version of the module and loads it while the old one works.
//!
//! The file is looked at ten times a second rather than watched through the kernel:
//! that also sees files that are replaced, linked, rewritten in place, or on another
//! machine's disk, and costs a microsecond each time.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use tracing::{debug, error};

use super::input::Input;
use host_guest::{Guest, GuestOptions};
use host_protocol::text::printable;
use host_sandbox::{Sandbox, read_module, vet};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A file that changed is read when it has not changed again for this long.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// A file that is cut off may still be being written: it gets this much longer.
const CUT_OFF_GRACE: Duration = Duration::from_secs(2);

/// What is needed to load the next version.
pub struct Watch {
    /// The module's file.
    pub path: PathBuf,
    /// Loads it.
    pub sandbox: Arc<Sandbox>,
    /// Starts it.
    pub options: GuestOptions,
    /// The hash of the version that runs now.
    pub sha256: String,
    /// Whether a new version must take over the state of the old one.
    pub state_required: bool,
}

/// A version that is ready to run.
pub(super) struct Version {
    pub(super) guest: Box<dyn Guest + Send>,
    pub(super) sha256: String,
}

/// Tells one state of a file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Signature {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

/// Sends every new version to the loop until nobody listens any more. A message on
/// `reload` has the file taken at once, whether it has changed or not.
pub(super) fn watch(mut watch: Watch, reload: &Receiver<()>, sender: &SyncSender<Input>) {
    let mut taken = None; // what came between loading the module and watching it is seen too
    loop {
        let asked = match reload.recv_timeout(LOOK_EVERY) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if !asked {
            let now = watch.signature();
            if now.is_none() || now == taken {
                continue;
            }
        }
        taken = if asked {
            watch.signature()
        } else {
            watch.settled(reload)
        };
        match watch.load(asked) {
            Ok(None) => debug!("the module's file was written, but it is the same module"),
            Ok(Some(version)) => {
                watch.sha256.clone_from(&version.sha256);
                if sender.send(Input::Swap(version)).is_err() {
                    return;
                }
            }
            Err(problem) => error!("the running module goes on: {}", printable(&problem)),
        }
    }
}

impl Watch {
    fn signature(&self) -> Option<Signature> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some(Signature {
            inode: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }

    /// Waits until the file stays as it is, and tells how that is.
    fn settled(&self, reload: &Receiver<()>) -> Option<Signature> {
        let begin = Instant::now();
        let (mut seen, mut since) = (self.signature(), begin);
        loop {
            let patient = begin.elapsed() < CUT_OFF_GRACE;
            let settled = seen.is_some() && since.elapsed() >= SETTLED_AFTER;
            if settled && !(patient && self.is_cut_off()) {
                return seen;
            }
            // Asked to hurry, or nobody is left: the caller finds out which.
            if reload.recv_timeout(LOOK_EVERY / 2) != Err(RecvTimeoutError::Timeout) {
                return seen;
            }
            let now = self.signature();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
    }

    /// Whether the file is the beginning of a module rather than a whole one.
    fn is_cut_off(&self) -> bool {
        read_module(&self.path).is_ok_and(|wasm| vet::is_cut_off(&wasm))
    }

    /// Loads and starts what is in the file now; `None` if it is what runs already
    /// and nobody asked for it.
    fn load(&self, asked: bool) -> Result<Option<Version>, String> {
        let module = self.sandbox.load(&self.path, &self.options.limits);
        let module = module.map_err(|error| error.to_string())?;
        if module.facts.sha256 == self.sha256 && !asked {
            return Ok(None);
        }
        let guest = module.start(self.options.clone());
        Ok(Some(Version {
            guest: guest.map_err(|error| error.to_string())?,
            sha256: module.facts.sha256,
        }))
    }
}

/// The first digits of a hash: enough to tell versions apart.
pub(super) fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}
