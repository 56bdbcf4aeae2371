//! Tells pages that something has changed.

use std::sync::Arc;

use tokio::sync::watch;

/// Who is told looks at what has changed since it looked last.
#[derive(Debug, Clone)]
pub(crate) struct Signal(Arc<watch::Sender<u64>>);

impl Signal {
    pub(crate) fn new() -> Self {
        Signal(Arc::new(watch::Sender::new(0)))
    }

    /// Something has changed.
    pub(crate) fn changed(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Is told from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
