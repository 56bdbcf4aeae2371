//! The exports of the ABI, as [`export!`](crate::export) uses them.

use crate::node::Node;
use crate::outbox::{Format, Outbox};
use crate::runtime::Runtime;
use host_protocol::abi::{Event, pack};
use host_protocol::fields::Places;

/// The state behind the exports of a module.
#[doc(hidden)]
pub struct Guest<N: Node> {
    runtime: Runtime<N>,
    input: Vec<u8>,
    places: Places,
    snapshot: Vec<u8>,
}

impl<N: Node> Guest<N> {
    #[must_use]
    pub const fn new() -> Self {
        Guest {
            runtime: Runtime::New(Outbox::new(Format::Effects), None),
            input: Vec::new(),
            places: Places::new(),
            snapshot: Vec::new(),
        }
    }

    /// Reserves memory for the next input.
    pub fn alloc(&mut self, len: u32) -> u32 {
        if self.input.len() < len as usize {
            self.input.resize(len as usize, 0);
        }
        address(&self.input)
    }

    /// Handles the event in the first `len` bytes of the input.
    ///
    /// # Panics
    /// If the host violates the ABI, or the solution panics.
    pub fn handle(&mut self, len: u32) -> u64 {
        let text = str::from_utf8(&self.input[..len as usize]).expect("events are UTF-8");
        let (event, header) = Event::read(text, &mut self.places)
            .unwrap_or_else(|error| panic!("the host sent an invalid event: {error}"));
        self.runtime.outbox().clear();
        match (event.message, header, event.timer) {
            (Some(message), Some(header), None) => {
                let fields = self.places.fields(text);
                self.runtime
                    .message(event.now_ns, &message, &header, &fields, event.disk);
                if event.disk.is_some() {
                    // No other event is as large.
                    self.input = Vec::new();
                }
            }
            (None, None, Some(timer)) => self.runtime.timer(event.now_ns, timer.id),
            _ => {
                if let Some(reason) = event.sync_failed {
                    self.runtime.sync_failed(event.now_ns, reason);
                }
                // Any other kind of event is one that this SDK does not know yet.
            }
        }
        packed(self.runtime.outbox().bytes())
    }

    /// Returns the whole state.
    ///
    /// # Panics
    /// If the state cannot be written as JSON, for example a map whose keys are structs.
    pub fn snapshot(&mut self) -> u64 {
        self.snapshot = self
            .runtime
            .snapshot()
            .unwrap_or_else(|error| panic!("the state cannot be written as JSON: {error}"));
        packed(&self.snapshot)
    }

    /// Continues from the snapshot in the first `len` bytes of the input. Returns 0, or 1 if
    /// it refuses the snapshot; then nothing changes.
    pub fn restore(&mut self, len: u32) -> u32 {
        match self.runtime.restore(&self.input[..len as usize]) {
            Ok(()) => 0,
            Err(reason) => {
                eprintln!("snapshot refused: {reason}");
                1
            }
        }
    }
}

impl<N: Node> Default for Guest<N> {
    fn default() -> Self {
        Guest::new()
    }
}

pub(crate) fn packed(bytes: &[u8]) -> u64 {
    let len = u32::try_from(bytes.len()).expect("a guest's memory has less than 4 GiB");
    pack(address(bytes), len)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "guests have 32-bit addresses"
)]
pub(crate) fn address(bytes: &[u8]) -> u32 {
    bytes.as_ptr() as usize as u32
}
