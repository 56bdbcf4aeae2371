//! Measures what a run uses, and compares it with the bounds.

use std::sync::Arc;
use std::time::Duration;

use super::bounds::{Bound, Bounds, ResourceUsage};
use super::memory::{Refusal, RunMemory};
use super::processor_time::ProcessorTime;

/// The resource usage of a run so far.
#[derive(Debug)]
pub(super) struct Meter {
    bounds: Bounds,
    usage: ResourceUsage,
    /// Bytes that all guests together hold now.
    guests_bytes: usize,
    /// Bytes that all services together hold now.
    services_bytes: usize,
    /// Bytes that the disks of all nodes hold now.
    disks_bytes: usize,
    /// How many operations there were.
    operations: usize,
    memory: Arc<RunMemory>,
    time: ProcessorTime,
}

/// What a message in flight takes besides its text, in bytes: its place among the packets and in a
/// queue, both with room to grow.
const MESSAGE_BYTES: usize = 256;

/// What an operation takes in the history and the script, in bytes, without what nodes answer.
const OPERATION_BYTES: usize = 1024;

/// How many times their cost the answers take, at the most, while they are received and judged.
/// Measured over all workloads in `host/trial/tests/memory`.
const ANSWER_TIMES: usize = 5;

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
    pub(super) fn new(bounds: Bounds, memory: Arc<RunMemory>) -> Self {
        Meter {
            bounds,
            usage: ResourceUsage::default(),
            guests_bytes: 0,
            services_bytes: 0,
            disks_bytes: 0,
            operations: 0,
            memory,
            time: ProcessorTime::of_run(bounds.fuel),
        }
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Why the run may not hold more memory, if it asked for more than it may.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.memory.refusal()
    }

    /// Counts an event that a node or a service handles.
    pub(super) fn step(&mut self) {
        self.usage.steps += 1;
    }

    /// Counts an operation that begins.
    pub(super) fn operation(&mut self) {
        self.operations += 1;
    }

    /// Whether services may take `bytes` for the time of a request.
    pub(super) fn may_hold(&self, bytes: usize) -> bool {
        self.memory.may_hold(bytes)
    }

    /// A service holds so many bytes more or less than before.
    pub(super) fn service(&mut self, before: usize, now: usize) {
        self.services_bytes = self.services_bytes - before + now;
        self.held();
    }

    /// A node's disk holds so many bytes more or less than before.
    pub(super) fn disk(&mut self, before: usize, now: usize) {
        self.disks_bytes = self.disks_bytes - before + now;
        self.held();
    }

    /// Counts what a message costs that a client has received: the bytes of its value.
    pub(super) fn answer(&mut self, bytes: usize) {
        self.usage.answer_bytes += bytes;
    }

    /// Adds what a guest has used between two measurements.
    pub(super) fn guest(&mut self, before: &GuestUsage, now: &GuestUsage) {
        self.guests_bytes = self.guests_bytes - before.memory_bytes + now.memory_bytes;
        let usage = &mut self.usage;
        usage.fuel += now.fuel - before.fuel;
        usage.node_memory_bytes = usage.node_memory_bytes.max(now.memory_bytes);
        self.held();
    }

    /// What guests and services hold has been measured.
    fn held(&mut self) {
        let bytes = self.guests_bytes + self.services_bytes + self.disks_bytes;
        self.usage.memory_bytes = self.usage.memory_bytes.max(bytes);
        self.memory.set_held(bytes);
    }

    /// Adds the fuel of a guest that is not kept.
    pub(super) fn fuel(&mut self, fuel: u64) {
        self.usage.fuel += fuel;
    }

    /// Subtracts the memory of a guest that is gone.
    pub(super) fn guest_gone(&mut self, last: &GuestUsage) {
        self.guests_bytes -= last.memory_bytes;
        self.held();
    }

    /// The bound that the run exceeds, if it does.
    pub(super) fn check(&mut self, in_flight: InFlight) -> Option<Bound> {
        let usage = &mut self.usage;
        usage.in_flight = usage.in_flight.max(in_flight.messages);
        usage.in_flight_bytes = usage.in_flight_bytes.max(in_flight.bytes);
        let other = in_flight.bytes
            + in_flight.messages * MESSAGE_BYTES
            + self.operations * OPERATION_BYTES
            + usage.answer_bytes.saturating_mul(ANSWER_TIMES);
        self.memory.set_other(other);
        self.usage().exceeds(&self.bounds)
    }

    /// The limit of processor time that the run has exceeded, if it has.
    pub(super) fn out_of_time(&mut self) -> Option<Duration> {
        self.time.exceeded(self.usage.fuel)
    }

    pub(super) fn usage(&self) -> ResourceUsage {
        let mut usage = self.usage;
        if let Some(Refusal::Bound(wanted)) = self.memory.refusal() {
            usage.memory_bytes = usage.memory_bytes.max(wanted);
        }
        usage
    }
}
