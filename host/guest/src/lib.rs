//! What a guest is to its host: a step function with memory.
//!
//! An [`Event`] goes in, [`Effect`]s come out, or a [`GuestError`] and then nothing has
//! happened. Drivers (the live node, the simulator) own time and I/O; nothing here knows a clock,
//! a network or a WebAssembly engine. What starts guests is a [`Start`]: a module in the sandbox,
//! or a solution in this very process.

pub mod effects;
mod error;
mod limits;
mod start;
mod swap;

use std::fmt;

pub use effects::{Effect, Send, check_timers};
pub use error::{ErrorKind, GuestError};
pub use limits::Limits;
pub use start::{GuestOptions, Start};
pub use swap::{Carried, SwapError, carry_state};

use host_protocol::text::{excerpt, printable};

/// A node's program, whatever kind of module it is.
pub trait Guest {
    /// Handles one event.
    ///
    /// # Errors
    /// When the guest traps, exceeds a limit or answers with anything but valid
    /// effects. The guest must not be stepped again after that.
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>>;

    /// Whether it can hand out its state and take over another's.
    fn keeps_state(&self) -> bool;

    /// Hands out the whole state, or `None` if the guest cannot.
    ///
    /// # Errors
    /// As for [`step`](Guest::step).
    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>>;

    /// Takes over the state of another guest.
    ///
    /// # Errors
    /// As for [`step`](Guest::step), and when the guest refuses the state or has
    /// no way to take it.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>>;

    /// How much fuel all steps have used so far.
    fn fuel_used(&self) -> u64;

    /// How many bytes it holds: its linear memory, and what waits for it or is not
    /// complete yet.
    fn memory_bytes(&self) -> usize;
}

/// Something happens to a node.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The driver's clock, in nanoseconds; never goes backwards.
    pub now_ns: u64,
    /// The node's own name, the only one that it may send from.
    pub node: &'a str,
    /// What it is.
    pub kind: EventKind<'a>,
}

/// See [`Event`].
#[derive(Debug, Clone, Copy)]
pub enum EventKind<'a> {
    /// A message arrived. The text is a JSON object that has been checked.
    Message(&'a str),
    /// A timer fired.
    Timer(u64),
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EventKind::Message(text) => write!(f, "message {}", printable(&excerpt(text, 400))),
            EventKind::Timer(id) => write!(f, "timer {id}"),
        }
    }
}
