//! The programs that nodes run: the current version, and the one that they are upgraded to.

use std::sync::Arc;

use host_disk::SharedDisk;
use host_guest::{Guest, GuestError, GuestOptions, Limits, Start};

use super::latency::Latency;
use super::memory::RunMemory;
use super::random::Streams;

/// What guests are started from.
pub(super) struct Programs<'a> {
    pub(super) current: &'a dyn Start,
    /// The next version; the current one if there is none.
    pub(super) next: Option<&'a dyn Start>,
    pub(super) limits: Limits,
    /// The latency of a sync.
    pub(super) disk_latency: Latency,
    pub(super) args: &'a [String],
    pub(super) streams: Streams,
    /// Whether the guests of all nodes draw the same random numbers.
    pub(super) same_draws: bool,
    /// The memory of the run, which guests take theirs from.
    pub(super) memory: Arc<RunMemory>,
}

impl Programs<'_> {
    /// Starts a guest for a node that has been started `incarnation` times before.
    pub(super) fn start(
        &self,
        node: &str,
        incarnation: u64,
        is_next: bool,
        disk: &SharedDisk,
    ) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let module = match is_next {
            true => self.next.unwrap_or(self.current),
            false => self.current,
        };
        let own = (!self.same_draws).then_some(node);
        module.start(GuestOptions {
            limits: self.limits,
            args: self.args.to_vec(),
            seed: self.streams.guest_seed(own, incarnation),
            growth: Some(self.memory.clone()),
            disk: SharedDisk::clone(disk),
        })
    }
}
