//! What a tour sees of its run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use host_disk::{SharedDisk, lock};
use host_protocol::message::Header;
use host_sim::journal::{DiskEvent, Entry, EntryKind, MessageEntry, Observer, Stepped};
use serde_json::Value as Json;

use super::event::Fate;

/// The most entries of a run.
pub(super) const ENTRIES_MAX: usize = 20_000;

/// Everything that has happened so far.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) entries: Vec<Noted>,
    pub(super) messages: Vec<Message>,
    pub(super) nodes: BTreeMap<String, NodeSeen>,
}

/// An entry of the journal, as far as a tour asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Noted {
    Message { id: usize, fate: Fate },
    Timer { node: String },
    Synced { node: String },
    Other,
}

/// A message, by its place in [`Seen::messages`], which is its number in the run.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: String,
    pub(super) src: String,
    pub(super) dest: String,
}

/// A node after its last event.
pub(super) struct NodeSeen {
    pub(super) state: Json,
    /// Its timers, the next to fire first.
    pub(super) timers: Vec<u64>,
    disk: SharedDisk,
}

impl NodeSeen {
    /// Whether all that it has written would survive a power loss.
    pub(super) fn is_durable(&self) -> bool {
        lock(&self.disk).is_durable()
    }
}

impl Seen {
    pub(super) fn state(&self, node: &str) -> Option<&Json> {
        self.nodes.get(node).map(|seen| &seen.state)
    }
}

/// Shows a run to a [`Seen`].
pub(super) struct Watcher(pub(super) Rc<RefCell<Seen>>);

impl Observer for Watcher {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let mut seen = self.0.borrow_mut();
        let id = |message: MessageEntry<'_>| usize::try_from(message.id).unwrap_or(usize::MAX);
        let noted = match entry.kind {
            EntryKind::Send(message) => {
                let header = Header::of(message.body).ok();
                let kind = header.map(|it| it.kind.into_owned()).unwrap_or_default();
                seen.messages.push(Message {
                    kind,
                    src: message.src.to_owned(),
                    dest: message.dest.to_owned(),
                });
                Noted::Message {
                    id: id(message),
                    fate: Fate::Sent,
                }
            }
            EntryKind::Recv(message) => Noted::Message {
                id: id(message),
                fate: Fate::Received,
            },
            EntryKind::Drop(message, _) => Noted::Message {
                id: id(message),
                fate: Fate::Lost,
            },
            EntryKind::Timer { node, .. } => Noted::Timer {
                node: node.to_owned(),
            },
            EntryKind::Disk {
                node,
                what: DiskEvent::Synced,
            } => Noted::Synced {
                node: node.to_owned(),
            },
            _ => Noted::Other,
        };
        seen.entries.push(noted);
        match seen.entries.len() > ENTRIES_MAX {
            true => Err(io::Error::other(format!(
                "a run of a tour has {ENTRIES_MAX} events at most"
            ))),
            false => Ok(()),
        }
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        let snapshot = step.guest.snapshot().ok().flatten();
        let state = snapshot.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let node = NodeSeen {
            state: state.unwrap_or_default(),
            timers: step.timers().into_iter().map(|(id, _)| id).collect(),
            disk: step.disk.clone(),
        };
        self.0.borrow_mut().nodes.insert(step.node.to_owned(), node);
        Ok(())
    }
}
