//! Watches the module's file and loads each new version while the old one runs.
//!
//! The file is polled ten times a second instead of watched through the kernel: polling
//! also finds files that are replaced, linked, rewritten in place, or on a network
//! file system, and costs a microsecond each time.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use host_guest::{GuestError, GuestOptions};
use host_protocol::text::printable;
use host_sandbox::{LoadError, Sandbox, read_module, vet};
use tracing::{debug, error};

use crate::input::Input;
use crate::version::Version;

/// How often the file is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A changed file is read after it has stayed the same for this long.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// A file that is cut off may still be written: the watch waits this long for the rest.
const CUT_OFF_GRACE: Duration = Duration::from_secs(2);

/// The file to watch, and how to load and start its versions.
pub struct Watch {
    /// The module's file.
    pub path: PathBuf,
    /// Loads the module.
    pub sandbox: Arc<Sandbox>,
    /// The options to start the guest with.
    pub options: GuestOptions,
    /// The hash of the running version.
    pub sha256: String,
    /// Whether a new version must take over the state of the old one.
    pub state_required: bool,
}

/// Why a new version does not run.
#[derive(Debug, thiserror::Error)]
enum NotStarted {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Guest(#[from] Box<GuestError>),
}

/// Changes when the file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Signature {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

/// Sends every new version to the node's loop until the loop ends. A message on
/// `reload` loads the file at once, whether it has changed or not.
pub(super) fn watch(mut watch: Watch, reload: &Receiver<()>, sender: &SyncSender<Input>) {
    // None, so that a change between loading the module and watching it is not missed.
    let mut loaded = None;
    loop {
        let forced = match reload.recv_timeout(POLL_INTERVAL) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if !forced {
            let now = watch.signature();
            if now.is_none() || now == loaded {
                continue;
            }
        }
        loaded = if forced {
            watch.signature()
        } else {
            watch.settled(reload)
        };
        match watch.load(forced) {
            Ok(None) => debug!("the module's file was written, but it is the same module"),
            Ok(Some(version)) => {
                watch.sha256.clone_from(&version.sha256);
                if sender.send(Input::Swap(version)).is_err() {
                    return;
                }
            }
            Err(error) => error!(
                "the running module goes on: {}",
                printable(&error.to_string())
            ),
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

    /// Waits until the file stays the same, and returns its signature.
    fn settled(&self, reload: &Receiver<()>) -> Option<Signature> {
        let begin = Instant::now();
        let (mut seen, mut since) = (self.signature(), begin);
        loop {
            let in_grace = begin.elapsed() < CUT_OFF_GRACE;
            let settled = seen.is_some() && since.elapsed() >= SETTLED_AFTER;
            if settled && !(in_grace && self.is_cut_off()) {
                return seen;
            }
            // A forced reload, or the loop has ended: the caller finds out which.
            if reload.recv_timeout(POLL_INTERVAL / 2) != Err(RecvTimeoutError::Timeout) {
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
        read_module(&self.path).is_ok_and(|wasm| vet::is_cut_off(&wasm))
    }

    /// Loads the file and starts it as a guest. Returns `None` if it is the running
    /// version, unless the reload is `forced`.
    fn load(&self, forced: bool) -> Result<Option<Version>, NotStarted> {
        let module = self.sandbox.load(&self.path, &self.options.limits)?;
        if module.facts.sha256 == self.sha256 && !forced {
            return Ok(None);
        }
        let guest = module.start(self.options.clone());
        Ok(Some(Version {
            guest: guest?,
            sha256: module.facts.sha256,
        }))
    }
}
