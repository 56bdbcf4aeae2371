//! Watches a run and counts: messages by sender, type and receiver, and what nodes did.

use std::collections::BTreeMap;
use std::io;

use host_protocol::message::Header;
use host_protocol::text::excerpt;
use host_sim::journal::{Entry, EntryKind, MessageEntry, Observer, Stepped};

use super::series::Series;

/// The most kinds of messages that are told apart; a kind is a sender, a type and a receiver.
const KINDS_MAX: usize = 4_000;

/// The type of what is not told apart.
const OTHERS: &str = "(other types)";

/// The most characters of a type.
const TYPE_CHARS_MAX: usize = 30;

/// What all clients are called together.
pub(super) const CLIENTS: &str = "clients";

/// The types of what clients and nodes say before operations begin.
const PREPARATION: [&str; 4] = ["init", "init_ok", "topology", "topology_ok"];

/// How a node's timers are called among the events that it handles.
const TIMER: &str = "(timers)";

/// The most sizes of a node's memory that are kept: each is twice the one before.
const SIZES_MAX: usize = 16;

/// What happened in a run.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// By sender, type and receiver.
    sent: Names<Names<Names<Sent>>>,
    kinds: usize,
    /// All nodes that have handled something.
    pub(super) nodes: Names<NodeFigures>,
    /// All messages over time.
    pub(super) series: Series,
    pub(super) largest: Option<Largest>,
    /// All messages, and those between servers.
    pub(super) messages: u64,
    pub(super) between_servers: u64,
    /// How many messages were sent at the time of the last one.
    pub(super) at_last: u64,
    pub(super) last_ns: u64,
    /// What the node handles whose step comes next.
    handled: String,
}

type Names<T> = BTreeMap<String, T>;

/// Messages, and the bytes of their bodies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

/// The largest message.
#[derive(Debug)]
pub(super) struct Largest {
    pub(super) bytes: usize,
    pub(super) at_ns: u64,
    pub(super) src: String,
    pub(super) dest: String,
    pub(super) kind: String,
}

/// What a node did.
#[derive(Debug, Default)]
pub(super) struct NodeFigures {
    /// The events that it handled by type, with their fuel.
    pub(super) handled: Names<Handled>,
    /// Its log.
    pub(super) log: Sent,
    /// The sizes of its memory and since when: the first, each that is twice the one before or more,
    /// and the last.
    pub(super) sizes: Vec<(u64, usize)>,
    /// The fuel that its guest had used when it was last looked at.
    fuel: u64,
}

/// Events of one type.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Handled {
    pub(super) events: u64,
    pub(super) fuel: u64,
}

impl Sent {
    pub(super) fn add(&mut self, other: Sent) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

impl Traffic {
    /// The messages by sender, type and receiver.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&str, &str, &Names<Sent>)> {
        self.sent.iter().flat_map(|(src, kinds)| {
            let kinds = kinds.iter();
            kinds.map(move |(kind, dests)| (src.as_str(), kind.as_str(), dests))
        })
    }

    fn count(&mut self, at_ns: u64, message: MessageEntry<'_>) {
        let bytes = message.body.len();
        let one = Sent {
            messages: 1,
            bytes: bytes as u64,
        };
        let kind = kind_of(message.body);
        let (src, dest) = (folded(message.src), folded(message.dest));
        let has_client = src == CLIENTS || dest == CLIENTS;
        if has_client && PREPARATION.contains(&&*kind) {
            return;
        }
        self.messages += 1;
        self.between_servers += u64::from(!has_client);
        if self.last_ns != at_ns {
            (self.last_ns, self.at_last) = (at_ns, 0);
        }
        self.at_last += 1;
        self.series.add(at_ns, bytes);
        if self.largest.as_ref().is_none_or(|it| it.bytes < bytes) {
            self.largest = Some(Largest {
                bytes,
                at_ns,
                src: src.to_owned(),
                dest: dest.to_owned(),
                kind: kind.clone(),
            });
        }
        let known = self.sent.get_mut(src).and_then(|it| it.get_mut(&kind));
        if let Some(count) = known.and_then(|it| it.get_mut(dest)) {
            return count.add(one);
        }
        let kind = match self.kinds < KINDS_MAX {
            true => kind,
            false => OTHERS.to_owned(),
        };
        self.kinds += 1;
        let kinds = self.sent.entry(src.to_owned()).or_default();
        let dests = kinds.entry(kind).or_default();
        dests.entry(dest.to_owned()).or_default().add(one);
    }

    fn node(&mut self, name: &str) -> &mut NodeFigures {
        if !self.nodes.contains_key(name) {
            self.nodes.insert(name.to_owned(), NodeFigures::default());
        }
        // It has just been put in.
        self.nodes.entry(name.to_owned()).or_default()
    }
}

impl Observer for Traffic {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match entry.kind {
            EntryKind::Send(message) => self.count(entry.at_ns, message),
            EntryKind::Recv(message) => self.handled = kind_of(message.body),
            EntryKind::Timer { .. } => TIMER.clone_into(&mut self.handled),
            EntryKind::Log { node, text, .. } => self.node(node).log.add(Sent {
                messages: 1,
                bytes: text.len() as u64,
            }),
            EntryKind::Drop(..) | EntryKind::Fault { .. } | EntryKind::Disk { .. } => {}
        }
        Ok(())
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        let kind = std::mem::take(&mut self.handled);
        let (fuel, memory) = (step.guest.fuel_used(), step.guest.memory_bytes());
        let node = self.node(step.node);
        // A guest that was started anew begins at 0.
        let used = fuel.checked_sub(node.fuel).unwrap_or(fuel);
        node.fuel = fuel;
        let kind = match node.handled.len() < KINDS_MAX {
            true => kind,
            false => OTHERS.to_owned(),
        };
        let handled = node.handled.entry(kind).or_default();
        handled.events += 1;
        handled.fuel += used;
        node.size(step.at_ns, memory);
        Ok(())
    }
}

impl NodeFigures {
    fn size(&mut self, at_ns: u64, bytes: usize) {
        match self.sizes.as_slice() {
            [] => self.sizes.extend([(at_ns, bytes), (at_ns, bytes)]),
            [.., kept, last] => {
                let has_doubled = bytes >= kept.1.saturating_mul(2);
                let has_grown = bytes > last.1;
                if has_doubled && self.sizes.len() < SIZES_MAX {
                    self.sizes.pop();
                    self.sizes.extend([(at_ns, bytes), (at_ns, bytes)]);
                } else if has_grown && let Some(last) = self.sizes.last_mut() {
                    *last = (at_ns, bytes);
                }
            }
            [_] => {}
        }
    }
}

/// The type of a message, short enough to be shown.
fn kind_of(body: &str) -> String {
    let header = Header::of(body).ok();
    let kind = header.as_ref().map_or("", |header| &*header.kind);
    excerpt(kind, TYPE_CHARS_MAX).into_owned()
}

/// The name of a server, or that of all clients.
fn folded(name: &str) -> &str {
    let number = name.strip_prefix('c').unwrap_or_default();
    let is_client = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_client { CLIENTS } else { name }
}
