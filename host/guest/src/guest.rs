//! The interface of all guests.

use crate::effects::Effect;
use crate::error::GuestError;
use crate::event::Event;

/// A running node, whatever it was started from.
pub trait Guest {
    /// Handles one event.
    ///
    /// # Errors
    /// If the guest traps, exceeds a limit or returns anything but valid effects. The
    /// guest must not be stepped again after that.
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>>;

    /// Whether it takes messages of other nodes whose bodies lack the reserved fields.
    fn takes_untyped(&self) -> bool {
        false
    }

    /// Whether it has both a snapshot and a restore.
    fn keeps_state(&self) -> bool;

    /// Returns the whole state, or `None` if the guest has no snapshot.
    ///
    /// # Errors
    /// As for [`step`](Guest::step).
    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>>;

    /// Takes over a state that another guest returned from [`snapshot`](Guest::snapshot).
    ///
    /// # Errors
    /// As for [`step`](Guest::step), and if the guest refuses the state or has no
    /// restore.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>>;

    /// How much fuel all steps have used so far.
    fn fuel_used(&self) -> u64;

    /// How many bytes it holds: its linear memory, its unread input and its unfinished
    /// output.
    fn memory_bytes(&self) -> usize;

    /// The output after its last complete line, if it writes lines. Nobody sees it before its line
    /// ends.
    fn unfinished_output(&self) -> &[u8] {
        &[]
    }
}
