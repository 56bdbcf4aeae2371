//! The ABI without WebAssembly: a node in this process that is stepped like a module. A simulator
//! uses it to run solutions in their unit tests, where a debugger can follow them.

use crate::disk::SyncFailure;
use crate::node::Node;
use crate::options::StartOptions;
use crate::outbox::{Format, Outbox};
use crate::runtime::{RestoreError, Runtime};
use host_protocol::data::JsonError;
use host_protocol::fields::FieldList;
use host_protocol::message::Message;

/// A node that takes events and returns effects.
pub struct Stepped<N: Node> {
    runtime: Runtime<N>,
}

impl<N: Node> Stepped<N> {
    /// Makes a node before its `init`, with the arguments for [`Ctx::options`](crate::Ctx::options) and
    /// the seed of [`Ctx::rng`](crate::Ctx::rng).
    #[must_use]
    pub fn new(arguments: Vec<String>, seed: u64) -> Self {
        let options = StartOptions { arguments, seed };
        Stepped {
            runtime: Runtime::New(Outbox::new(Format::Effects), Some(options)),
        }
    }

    /// Handles the message in `text`; the first one must be `init`. Returns the effects as lines
    /// of the ABI (`docs/abi.md`).
    ///
    /// # Panics
    /// If `text` is not a message, or the node panics.
    pub fn message(&mut self, now_ns: u64, text: &str) -> &[u8] {
        self.message_with_disk(now_ns, text, None)
    }

    /// Handles the message in `text` like [`message`](Stepped::message). The first one comes with the files on the node's
    /// disk, if there are any: the member `disk` of the first event, as text.
    ///
    /// # Panics
    /// Like `message`; or if the node reads its disk and `disk` is not as the ABI has it.
    pub fn message_with_disk(&mut self, now_ns: u64, text: &str, disk: Option<&str>) -> &[u8] {
        self.runtime.outbox().clear();
        let message: Message<'_> = serde_json::from_str(text)
            .unwrap_or_else(|error| panic!("{text} is not a message: {error}"));
        let header = message
            .header()
            .unwrap_or_else(|error| panic!("{text} does not have a message body: {error}"));
        self.runtime
            .message(now_ns, &message, &header, &FieldList::default(), disk);
        self.runtime.outbox().bytes()
    }

    /// Handles a sync that failed; returns effects like [`message`](Stepped::message).
    ///
    /// # Panics
    /// If the node panics, which it does by default.
    pub fn sync_failed(&mut self, now_ns: u64, reason: SyncFailure) -> &[u8] {
        self.runtime.outbox().clear();
        self.runtime.sync_failed(now_ns, reason);
        self.runtime.outbox().bytes()
    }

    /// Handles a timer that fires; returns effects like [`message`](Stepped::message).
    ///
    /// # Panics
    /// If the node panics.
    pub fn timer(&mut self, now_ns: u64, id: u64) -> &[u8] {
        self.runtime.outbox().clear();
        self.runtime.timer(now_ns, id);
        self.runtime.outbox().bytes()
    }

    /// The whole state as JSON.
    ///
    /// # Errors
    /// If the state cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Vec<u8>, JsonError> {
        self.runtime.snapshot()
    }

    /// Continues from a snapshot.
    ///
    /// # Errors
    /// Why the node refuses it; the node does not change then.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError> {
        self.runtime.restore(snapshot)
    }
}
