//! The network of a run that is touched: messages that arrive now, or later, or not at all.

use std::collections::BTreeMap;

use super::{Network, State};
use crate::address::{Addr, Names};
use crate::journal::DropReason;
use crate::moves::MessageRef;
use crate::nemesis::Fault;
use crate::packets::{Packet, Slot};
use crate::queue::Queue;
use crate::scheduled::Scheduled;
use crate::touch::InFlightMessage;
use crate::world::World;

impl Network {
    /// Numbers the messages of each link from now on, so that touches can name them.
    pub(crate) fn number_messages(&mut self) {
        self.numbers = Some(BTreeMap::new());
    }

    /// The number of the next message of a link; 0 if they are not numbered.
    pub(super) fn next_number(&mut self, src: Addr, dest: Addr) -> u64 {
        let Some(numbers) = &mut self.numbers else {
            return 0;
        };
        let number = numbers.entry((src, dest)).or_default();
        *number += 1;
        *number
    }

    /// A message on its way; `None` if it is not, or not any more.
    pub(crate) fn find(&self, names: &Names, message: &MessageRef) -> Option<Slot> {
        let (src, dest) = (names.find(&message.src)?, names.find(&message.dest)?);
        self.packets.find(|packet| {
            packet.number == message.number && packet.src == src && packet.dest == dest
        })
    }

    /// Has a message arrive now, unless its link is cut.
    pub(crate) fn hurry(&mut self, world: &mut World<'_>, slot: Slot) -> Option<Packet> {
        let moved = self.take_out(world, slot)?;
        self.arrived(world, moved)
    }

    /// Has a copy of a message arrive now.
    pub(crate) fn copy_now(&mut self, world: &mut World<'_>, slot: Slot) -> Option<Packet> {
        let copy = self.packets.get(slot)?.clone();
        let copy = self.packets.put(copy);
        self.arrived(world, copy)
    }

    /// Loses a message.
    pub(crate) fn lose_now(&mut self, world: &mut World<'_>, slot: Slot, by: Fault) {
        let moved = self.take_out(world, slot);
        if let Some(packet) = moved.and_then(|moved| self.packets.take(moved)) {
            world.taken(&packet, DropReason::Loss, by);
            self.packets.recycle(packet);
        }
    }

    /// Has a message arrive so long after now.
    pub(crate) fn delay(&mut self, world: &mut World<'_>, slot: Slot, by_ns: u64) {
        let moved = self.take_out(world, slot);
        if let Some(next) = moved.and_then(|moved| self.enqueue(world, moved, by_ns)) {
            world.schedule(world.now_ns(), next);
        }
    }

    /// Takes a message out of whatever it waits in, and puts it into a slot of its own. What was scheduled for it finds
    /// nothing.
    fn take_out(&mut self, world: &mut World<'_>, slot: Slot) -> Option<Slot> {
        if let Some(at) = self.held.iter().position(|(_, held)| *held == slot) {
            self.held.remove(at);
            return Some(slot);
        }
        let packet = self.packets.take_from_under(slot)?;
        if !packet.dest.is_client() {
            let receiver = self.receiver(packet.dest);
            if let State::Holding { slot: held, .. } = self.receivers[receiver].state
                && held == slot
            {
                self.receivers[receiver].state = State::Woken;
                world.schedule(world.now_ns(), Scheduled::Ready(receiver));
            }
        }
        Some(self.packets.put(packet))
    }

    /// Whether messages between two nodes are lost now.
    pub(crate) fn is_cut(&self, src: usize, dest: usize) -> bool {
        let cut_by = self.links.cut_by(Addr::Node(src), Addr::Node(dest));
        cut_by.is_some()
    }

    /// The messages on their way.
    pub(crate) fn on_their_way(
        &self,
        names: &Names,
        queue: &Queue<Scheduled>,
        is_held: impl Fn(Addr, Slot) -> bool,
    ) -> Vec<InFlightMessage> {
        let mut due: BTreeMap<Slot, u64> = queue.iter().filter_map(due_ns).collect();
        for receiver in &self.receivers {
            due.extend(receiver.waiting.iter().map(|(at_ns, slot)| (*slot, at_ns)));
            if let State::Holding { slot, deadline_ns } = receiver.state {
                due.insert(slot, deadline_ns);
            }
        }
        let name = |addr| names.name(addr);
        let packets = self.packets.iter();
        let mut messages: Vec<InFlightMessage> = packets
            .map(|(slot, packet)| InFlightMessage {
                id: packet.id,
                message: MessageRef {
                    src: name(packet.src),
                    dest: name(packet.dest),
                    number: packet.number,
                },
                due_ns: due.get(&slot).copied(),
                is_held: is_held(packet.dest, slot),
            })
            .collect();
        messages.sort_by_key(|it| (it.id, it.due_ns));
        messages
    }
}

/// What the queue says of messages: when each is handed over.
fn due_ns(scheduled: (u64, &Scheduled)) -> Option<(Slot, u64)> {
    match scheduled {
        (at_ns, Scheduled::Leave { slot, latency_ns }) => Some((*slot, at_ns + latency_ns)),
        (at_ns, Scheduled::Deliver(slot)) => Some((*slot, at_ns)),
        _ => None,
    }
}
