//! A node while its run is directed: timers fire and syncs end when they are told to.

use host_guest::EventKind;

use super::Node;
use super::life::Life;
use crate::clients::Clients;
use crate::network::Network;
use crate::outcome::Stopped;
use crate::world::World;

impl Node {
    /// Whether events can reach it: it runs, and waits for nothing.
    pub(in super::super) fn is_ready(&self) -> bool {
        matches!(self.life, Life::Running(_)) && !self.is_blocked()
    }

    /// Whether it waits for a sync.
    pub(in super::super) fn is_syncing(&self) -> bool {
        self.storage.is_syncing()
    }

    pub(in super::super) fn has_timer(&self, id: u64) -> bool {
        self.timers.contains(id)
    }

    /// When a timer is due.
    pub(in super::super) fn timer_ns(&self, id: u64) -> Option<u64> {
        let mut timers = self.timers.iter();
        let (_, deadline_ns) = timers.find(|(it, _)| *it == id)?;
        Some(self.clock.when_ns(deadline_ns))
    }

    /// The timer that is due next, and when that is.
    pub(in super::super) fn next_timer(&self) -> Option<(u64, u64)> {
        let (id, deadline_ns) = self.timers.iter().next()?;
        Some((self.clock.when_ns(deadline_ns), id))
    }

    /// Has a timer fire that is set.
    pub(in super::super) fn fire(
        &mut self,
        id: u64,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.timers.cancel(id);
        world.follow(self.timer_cause, || {
            format!("a timer of {} fires", self.name)
        });
        world.timer(&self.name, id);
        self.step(EventKind::Timer(id), world, network, clients)
    }

    /// Has time go by again: a sync that it waits for is done at once, and timers fire when they are
    /// due.
    pub(in super::super) fn release(&mut self, world: &mut World<'_>) {
        self.storage.end_at_once(self.index, world);
        self.schedule_wake(world);
    }
}
