//! The network of a directed run: messages wait until a move has them arrive.

use super::Network;
use crate::address::{Addr, Names};
use crate::journal::DropReason;
use crate::links::{LinkFault, link};
use crate::moves::MessageRef;
use crate::nemesis::Fault;
use crate::packets::Packet;
use crate::pool::Pool;
use crate::world::World;

impl Network {
    /// Has messages wait from now on.
    pub(crate) fn direct(&mut self) {
        self.pool = Some(Pool::default());
    }

    /// Has a message wait, if they do.
    pub(super) fn wait(&mut self, packet: Packet) -> Result<(), Packet> {
        let Some(pool) = &mut self.pool else {
            return Err(packet);
        };
        let (id, link) = (packet.id, (packet.src, packet.dest));
        let slot = self.packets.put(packet);
        pool.add(id, link, slot);
        Ok(())
    }

    /// Whether such a message waits, and to whom it goes.
    pub(crate) fn waiting(&self, names: &Names, message: &MessageRef) -> Option<(Addr, Addr)> {
        let pool = self.pool.as_ref()?;
        let id = pool.find(names, message)?;
        pool.link(id)
    }

    /// Has a message arrive that waits, unless it is lost on its way.
    pub(crate) fn let_arrive(
        &mut self,
        world: &mut World<'_>,
        message: &MessageRef,
    ) -> Option<Packet> {
        let id = self.pool.as_ref()?.find(world.names(), message)?;
        let slot = self.pool.as_mut()?.take(id)?;
        self.arrived(world, slot)
    }

    /// Whether any message waits.
    pub(crate) fn has_waiting(&self) -> bool {
        let pool = self.pool.as_ref();
        pool.is_some_and(|pool| pool.oldest().is_some())
    }

    /// Has the message arrive that was sent first of those that wait.
    pub(crate) fn let_oldest_arrive(&mut self, world: &mut World<'_>) -> Option<Packet> {
        let pool = self.pool.as_mut()?;
        let slot = pool.take(pool.oldest()?)?;
        self.arrived(world, slot)
    }

    /// Has the message arrive that was sent last of those that wait.
    pub(crate) fn let_newest_arrive(&mut self, world: &mut World<'_>) -> Option<Packet> {
        let pool = self.pool.as_mut()?;
        let slot = pool.take(pool.newest()?)?;
        self.arrived(world, slot)
    }

    /// Has a copy of a message arrive that waits.
    pub(crate) fn let_copy_arrive(
        &mut self,
        world: &mut World<'_>,
        message: &MessageRef,
    ) -> Option<Packet> {
        let pool = self.pool.as_ref()?;
        let id = pool.find(world.names(), message)?;
        let copy = self.packets.get(pool.slot(id)?)?.clone();
        let slot = self.packets.put(copy);
        self.arrived(world, slot)
    }

    /// Whether it is a link between two nodes: only such are cut, and lose or double messages.
    pub(crate) fn has_link(&self, src: Addr, dest: Addr) -> bool {
        link(src, dest).is_some()
    }

    /// Whether links are cut by a partition.
    pub(crate) fn is_partitioned(&self) -> bool {
        self.links.are_broken_by(LinkFault::Partition)
    }

    /// Loses a message that waits.
    pub(crate) fn lose(&mut self, world: &mut World<'_>, message: &MessageRef, by: Fault) {
        let pool = self.pool.as_ref();
        let id = pool.and_then(|pool| pool.find(world.names(), message));
        let slot = id.and_then(|id| self.pool.as_mut()?.take(id));
        if let Some(packet) = slot.and_then(|slot| self.packets.take(slot)) {
            world.taken(&packet, DropReason::Loss, by);
            self.packets.recycle(packet);
        }
    }

    /// Has messages take their time again, from now on: those that wait go in their order.
    pub(crate) fn release_pool(&mut self, world: &mut World<'_>) {
        let pool = self.pool.take().unwrap_or_default();
        for (slot, (src, dest)) in pool.into_waiting() {
            let latency_ns = match src.is_client() || dest.is_client() {
                true => self.client_latency_ns(src, dest),
                false => self.latency_ns(world, src, dest),
            };
            self.leave_from(world, src, slot, latency_ns);
        }
    }
}
