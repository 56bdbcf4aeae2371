//! Measures what a run uses, and compares it with the bounds.

use super::bounds::{Bound, Bounds, ResourceUsage};

/// The resource usage of a run so far.
#[derive(Debug)]
pub(super) struct Meter {
    bounds: Bounds,
    usage: ResourceUsage,
    /// Bytes that all guests together hold now.
    memory_bytes: usize,
}

/// What one guest had used when it was last measured.
#[derive(Debug, Default)]
pub(super) struct GuestUsage {
    pub(super) fuel: u64,
    pub(super) memory_bytes: usize,
}

/// The messages in flight at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlight {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl Meter {
    pub(super) fn new(bounds: Bounds) -> Self {
        Meter {
            bounds,
            usage: ResourceUsage::default(),
            memory_bytes: 0,
        }
    }

    /// Counts an event that a node or a service handles.
    pub(super) fn step(&mut self) {
        self.usage.steps += 1;
    }

    /// Counts the bytes of a message that a client has received.
    pub(super) fn answer(&mut self, bytes: usize) {
        self.usage.answer_bytes += bytes;
    }

    /// Adds what a guest has used between two measurements.
    pub(super) fn guest(&mut self, before: &GuestUsage, now: &GuestUsage) {
        self.memory_bytes = self.memory_bytes - before.memory_bytes + now.memory_bytes;
        let usage = &mut self.usage;
        usage.fuel += now.fuel - before.fuel;
        usage.node_memory_bytes = usage.node_memory_bytes.max(now.memory_bytes);
        usage.memory_bytes = usage.memory_bytes.max(self.memory_bytes);
    }

    /// Adds the fuel of a guest that is not kept.
    pub(super) fn fuel(&mut self, fuel: u64) {
        self.usage.fuel += fuel;
    }

    /// Subtracts the memory of a guest that is gone.
    pub(super) fn guest_gone(&mut self, last: &GuestUsage) {
        self.memory_bytes -= last.memory_bytes;
    }

    /// The bound that the run exceeds, if it does.
    pub(super) fn check(&mut self, in_flight: InFlight) -> Option<Bound> {
        let usage = &mut self.usage;
        usage.in_flight = usage.in_flight.max(in_flight.messages);
        usage.in_flight_bytes = usage.in_flight_bytes.max(in_flight.bytes);
        usage.exceeds(&self.bounds)
    }

    pub(super) fn usage(&self) -> ResourceUsage {
        self.usage
    }
}
