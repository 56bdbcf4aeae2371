//! Messages in flight.

use std::sync::Arc;

use host_protocol::message::Header;

use super::address::Addr;
use super::progress::Chain;

/// A message in flight: the text that its receiver will see.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    /// Its number in the run.
    pub(super) id: u64,
    pub(super) src: Addr,
    pub(super) dest: Addr,
    /// Its number on its link, from 1; 0 if they are not numbered.
    pub(super) number: u64,
    /// The whole message as JSON, without what it shares with others.
    pub(super) text: String,
    /// Where its body begins in the text.
    pub(super) body_at: usize,
    /// A part of the body that other messages have too, and where in the text it belongs. Whoever takes
    /// the packet out of [`Packets`] finds it in the text.
    pub(super) shared: Option<(usize, Arc<str>)>,
    /// What was done when it was sent.
    pub(super) cause: Chain,
}

impl Packet {
    /// The body, a JSON object.
    pub(super) fn body(&self) -> &str {
        // The envelope's closing brace is the last byte.
        self.text
            .get(self.body_at..self.text.len() - 1)
            .unwrap_or_default()
    }

    /// Puts what it shares into its text.
    pub(super) fn complete(&mut self) {
        if let Some((at, shared)) = self.shared.take() {
            self.text.reserve_exact(shared.len());
            self.text.insert_str(at, &shared);
        }
    }

    /// The bytes of the whole message.
    pub(super) fn len(&self) -> usize {
        let shared = self.shared.as_ref();
        self.text.len() + shared.map_or(0, |(_, shared)| shared.len())
    }

    /// The reserved fields of the body, if it has a `type`.
    pub(super) fn header(&self) -> Option<Header<'_>> {
        Header::of(self.body()).ok()
    }
}

/// A body that is sent to many nodes of a large cluster: `head`, what all of them share, and `tail`.
/// So a message to each of n nodes takes the text once, and n times little.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) head: &'a str,
    pub(super) shared: Option<&'a Arc<str>>,
    pub(super) tail: &'a str,
}

impl<'a> Body<'a> {
    /// A body that shares nothing.
    pub(super) fn own(tail: &'a str) -> Self {
        Body {
            head: "",
            shared: None,
            tail,
        }
    }
}

/// A place in [`Packets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(usize);

/// Holds packets, and reuses the buffers of those that have been handled.
#[derive(Debug, Default)]
pub(super) struct Packets {
    slots: Vec<Option<Packet>>,
    free: Vec<usize>,
    buffers: Vec<String>,
    bytes: usize,
    /// How many were taken from under what waits for them. Their slots stay empty.
    taken_from_under: usize,
}

/// Larger buffers are freed, so that what waits for its next use stays below 4 MiB.
const BUFFER_KEPT_MAX: usize = 1 << 10;

/// No more buffers than this wait for their next use.
const BUFFERS_KEPT_MAX: usize = 4096;

impl Packets {
    /// An empty buffer for a packet's text of up to `bytes` bytes.
    pub(super) fn buffer(&mut self, bytes: usize) -> String {
        let mut buffer = self.buffers.pop().unwrap_or_default();
        buffer.reserve_exact(bytes); // growing would round it up
        buffer
    }

    /// Puts a packet in.
    pub(super) fn put(&mut self, packet: Packet) -> Slot {
        self.bytes += packet.text.len();
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(packet);
                Slot(slot)
            }
            None => {
                self.slots.push(Some(packet));
                Slot(self.slots.len() - 1)
            }
        }
    }

    /// Looks at a packet.
    pub(super) fn get(&self, slot: Slot) -> Option<&Packet> {
        self.slots[slot.0].as_ref()
    }

    /// Takes a packet out; `None` if it has been taken.
    pub(super) fn take(&mut self, slot: Slot) -> Option<Packet> {
        let mut packet = self.slots[slot.0].take()?;
        self.free.push(slot.0);
        self.bytes -= packet.text.len();
        packet.complete();
        Some(packet)
    }

    /// Takes a packet out although something else will ask for it, and then find nothing.
    pub(super) fn take_from_under(&mut self, slot: Slot) -> Option<Packet> {
        let mut packet = self.slots[slot.0].take()?;
        self.taken_from_under += 1;
        self.bytes -= packet.text.len();
        packet.complete();
        Some(packet)
    }

    /// The first packet that is the one.
    pub(super) fn find(&self, is_it: impl Fn(&Packet) -> bool) -> Option<Slot> {
        let mut all = self.iter();
        all.find(|(_, packet)| is_it(packet)).map(|(slot, _)| slot)
    }

    /// All packets.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Packet)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(index, packet)| Some((Slot(index), packet.as_ref()?)))
    }

    /// Gives a packet's buffer back.
    pub(super) fn recycle(&mut self, packet: Packet) {
        let mut buffer = packet.text;
        if buffer.capacity() <= BUFFER_KEPT_MAX && self.buffers.len() < BUFFERS_KEPT_MAX {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len() - self.taken_from_under
    }

    /// The bytes of their texts.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
