//! A node in this process that is stepped as a module is: the ABI without WebAssembly. For a
//! simulator that runs solutions in their own unit tests, where a debugger can follow them.

use crate::node::Node;
use crate::outbox::{Form, Outbox};
use crate::runtime::{Given, Runtime};
use host_protocol::message::Message;

/// A node; an event in, effects out.
pub struct Stepped<N: Node> {
    runtime: Runtime<N>,
}

impl<N: Node> Stepped<N> {
    /// A node before its `init`, with the arguments for [`Ctx::options`](crate::Ctx::options) and
    /// the seed of [`Ctx::rng`](crate::Ctx::rng).
    #[must_use]
    pub fn new(arguments: Vec<String>, seed: u64) -> Self {
        let given = Given { arguments, seed };
        Stepped {
            runtime: Runtime::New(Outbox::new(Form::Effects), Some(given)),
        }
    }

    /// Handles the message in `text`, the first of which is `init`. The effects are lines of the
    /// [ABI](crate::abi::Effect).
    ///
    /// # Panics
    /// When it is no message, or the node panics.
    pub fn message(&mut self, now_ns: u64, text: &str) -> &[u8] {
        self.runtime.outbox().clear();
        let message: Message<'_> = serde_json::from_str(text)
            .unwrap_or_else(|error| panic!("{text} is no message: {error}"));
        let header = message
            .header()
            .unwrap_or_else(|error| panic!("{text} has no body of a message: {error}"));
        self.runtime.message(now_ns, &message, &header);
        self.runtime.outbox().bytes()
    }

    /// Handles a timer that fires; see [`message`](Stepped::message).
    ///
    /// # Panics
    /// When the node panics.
    pub fn timer(&mut self, now_ns: u64, id: u64) -> &[u8] {
        self.runtime.outbox().clear();
        self.runtime.timer(now_ns, id);
        self.runtime.outbox().bytes()
    }

    /// The whole state as JSON.
    ///
    /// # Errors
    /// When the state cannot be JSON.
    pub fn snapshot(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.runtime.snapshot()
    }

    /// Continues from a snapshot.
    ///
    /// # Errors
    /// Why the node refuses it; the node is as before then.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        self.runtime.restore(snapshot)
    }
}
