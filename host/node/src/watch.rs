//! Watches the module's file and loads each new version while the old one runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};

use host_disk::Mounts;
use host_guest::{GuestError, GuestOptions};
use host_protocol::text::printable;
use host_sandbox::{LoadError, MountError, Sandbox};
use tracing::{debug, error};

use crate::input::Input;
use crate::module_file::{ModuleFile, POLL_INTERVAL};
use crate::version::Version;

/// The file to watch, and how to load and start its versions.
pub struct Watch {
    /// The module's file.
    pub path: PathBuf,
    /// Loads the module.
    pub sandbox: Arc<Sandbox>,
    /// The options to start the guest with.
    pub options: GuestOptions,
    /// What guests find in their files.
    pub mounts: Arc<Mounts>,
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
    Mount(#[from] MountError),
    #[error(transparent)]
    Guest(#[from] Box<GuestError>),
}

/// Sends every new version to the node's loop until the loop ends. A message on
/// `reload` loads the file at once, whether it has changed or not.
pub(super) fn watch(mut watch: Watch, reload: &Receiver<()>, sender: &SyncSender<Input>) {
    // None, so that a change between loading the module and watching it is not missed.
    let mut loaded = None;
    let file = ModuleFile {
        path: watch.path.clone(),
        bytes_max: watch.sandbox.module_bytes_max(),
    };
    loop {
        let forced = match reload.recv_timeout(POLL_INTERVAL) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if !forced {
            let now = file.signature();
            if now.is_none() || now == loaded {
                continue;
            }
        }
        // Another forced reload, or the end of the loop, is not waited out.
        loaded = match forced {
            true => file.signature(),
            false => {
                file.settled(|time| reload.recv_timeout(time) == Err(RecvTimeoutError::Timeout))
            }
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
    /// Loads the file and starts it as a guest. Returns `None` if it is the running
    /// version, unless the reload is `forced`.
    fn load(&self, forced: bool) -> Result<Option<Version>, NotStarted> {
        let module = self.sandbox.load(&self.path, &self.options.limits)?;
        if module.facts.sha256 == self.sha256 && !forced {
            return Ok(None);
        }
        let sha256 = module.facts.sha256.clone();
        let module = module.mounted(&self.mounts)?;
        let guest = module.start(self.options.clone())?;
        Ok(Some(Version { guest, sha256 }))
    }
}
