//! What aimed faults know of a run: who sends to whom, and what that shows.
//!
//! [`World`](super::world::World) notes each message while somebody wants to know. After each event
//! a [`Picture`] learns the notes, and makes [`Signal`]s of them. Nobody knows what a message says.

use std::rc::Rc;

use super::address::Addr;
use super::time::MS;

/// What happened to a message between its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// It was given to the network.
    Sent { src: Addr, dest: Addr },
    /// It reached its receiver.
    Received { src: Addr, dest: Addr },
    /// It was lost.
    Lost { src: Addr, dest: Addr },
}

/// What an event showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// A node received a client's request.
    Asked { node: usize },
    /// A node received the message of another.
    Heard { node: usize, from: usize },
    /// A node answered a client. `at_once` if nothing happened between request and answer.
    Answered { node: usize, at_once: bool },
    /// A node sent to most others. `begins` if it did so after a silence.
    Spoke { node: usize, begins: bool },
    /// A message between nodes was lost.
    Lost,
}

/// A set of nodes: some, or all but some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeSet {
    /// These, in ascending order.
    Of(Rc<[usize]>),
    /// All but these, in ascending order.
    AllBut(Rc<[usize]>),
}

impl NodeSet {
    /// All nodes.
    pub(super) fn all() -> Self {
        NodeSet::all_but(&[])
    }

    /// These nodes.
    pub(super) fn of(nodes: &[usize]) -> Self {
        NodeSet::Of(ascending(nodes))
    }

    /// All nodes but these.
    pub(super) fn all_but(nodes: &[usize]) -> Self {
        NodeSet::AllBut(ascending(nodes))
    }

    /// Whether a node is in it.
    pub(super) fn has(&self, node: usize) -> bool {
        match self {
            NodeSet::Of(nodes) => nodes.binary_search(&node).is_ok(),
            NodeSet::AllBut(nodes) => nodes.binary_search(&node).is_err(),
        }
    }
}

fn ascending(nodes: &[usize]) -> Rc<[usize]> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.into()
}

/// Messages of longer ago than some of these count for little: each halves the count.
const HALF_LIFE_NS: u64 = 500 * MS;

/// Nodes that speak are taken to do so this often, until it is known how often they do.
const USUAL_GAP_NS: u64 = 60 * MS;

/// A gap of more than this many times the usual one is a silence.
const SILENCE_GAPS: u64 = 2;

/// The nodes, as their messages show them.
#[derive(Debug)]
pub(super) struct Picture {
    nodes: Vec<Seen>,
    /// The nodes that sent something in the event at hand.
    sending: Vec<usize>,
    /// Whether any node has answered a client later than at once.
    answers_later: bool,
}

/// What is known of a node.
#[derive(Debug, Clone)]
struct Seen {
    /// The messages that it has sent to servers, of which older ones count less, times 1024.
    sent: u64,
    /// The half-life in which it sent the last of them.
    sent_in: u64,
    /// When it last sent to most others.
    spoke_ns: Option<u64>,
    /// How long it usually is silent between that.
    usual_gap_ns: u64,
    /// To whom it sent in the event at hand.
    receivers: Vec<usize>,
    /// From whom it last received something in the event at hand.
    heard: Option<Addr>,
}

impl Picture {
    /// Nothing is known yet.
    pub(super) fn new(nodes: usize) -> Self {
        let unknown = Seen {
            sent: 0,
            sent_in: 0,
            spoke_ns: None,
            usual_gap_ns: USUAL_GAP_NS,
            receivers: Vec::new(),
            heard: None,
        };
        Picture {
            nodes: vec![unknown; nodes],
            sending: Vec::new(),
            answers_later: false,
        }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Learns what happened in an event, at `now_ns`, and adds what that shows to `signals`.
    pub(super) fn learn(&mut self, now_ns: u64, notes: &[Note], signals: &mut Vec<Signal>) {
        for note in notes {
            match *note {
                Note::Sent {
                    src: Addr::Node(src),
                    dest,
                } => self.sent(now_ns, src, dest, signals),
                Note::Received {
                    src,
                    dest: Addr::Node(node),
                } => {
                    self.nodes[node].heard = Some(src);
                    match src {
                        Addr::Client(_) => signals.push(Signal::Asked { node }),
                        Addr::Node(from) if from != node => {
                            signals.push(Signal::Heard { node, from });
                        }
                        _ => {}
                    }
                }
                Note::Lost {
                    src: Addr::Node(_),
                    dest: Addr::Node(_),
                } => signals.push(Signal::Lost),
                _ => {}
            }
        }
        let most = self.len().saturating_sub(1) / 2 + 1;
        for node in std::mem::take(&mut self.sending) {
            let receivers = &mut self.nodes[node].receivers;
            receivers.sort_unstable();
            receivers.dedup();
            let reached = receivers.len();
            receivers.clear();
            if reached >= most {
                let begins = self.nodes[node].speaks(now_ns);
                signals.push(Signal::Spoke { node, begins });
            }
        }
        for note in notes {
            if let Note::Received {
                dest: Addr::Node(node),
                ..
            } = *note
            {
                self.nodes[node].heard = None;
            }
        }
    }

    fn sent(&mut self, now_ns: u64, src: usize, dest: Addr, signals: &mut Vec<Signal>) {
        let seen = &mut self.nodes[src];
        match dest {
            Addr::Client(_) => {
                let at_once = seen.heard == Some(dest);
                self.answers_later |= !at_once;
                signals.push(Signal::Answered { node: src, at_once });
                return;
            }
            Addr::Node(dest) if dest != src => {
                if seen.receivers.is_empty() {
                    self.sending.push(src);
                }
                seen.receivers.push(dest);
            }
            _ => {}
        }
        seen.sent = seen.lately(now_ns) + 1024;
        seen.sent_in = now_ns / HALF_LIFE_NS;
    }

    /// Whether any node has answered a client later than at once: those answers are worth more.
    pub(super) fn answers_later(&self) -> bool {
        self.answers_later
    }

    /// The node, among those of a set, that has sent most to servers lately; if several have, the
    /// first of them. `None` if none has sent anything.
    pub(super) fn busiest(&self, now_ns: u64, among: &NodeSet) -> Option<usize> {
        let nodes = (0..self.len()).filter(|node| among.has(*node));
        let busiest = nodes
            .rev()
            .max_by_key(|node| self.nodes[*node].lately(now_ns))?;
        (self.nodes[busiest].lately(now_ns) > 0).then_some(busiest)
    }
}

impl Seen {
    fn lately(&self, now_ns: u64) -> u64 {
        let halvings = (now_ns / HALF_LIFE_NS).saturating_sub(self.sent_in);
        self.sent >> halvings.min(63)
    }

    /// It has sent to most others. Whether it begins to do so.
    fn speaks(&mut self, now_ns: u64) -> bool {
        let Some(before_ns) = self.spoke_ns.replace(now_ns) else {
            return true;
        };
        let gap_ns = now_ns - before_ns;
        let begins = gap_ns > SILENCE_GAPS * self.usual_gap_ns;
        // The longest of the last gaps, since a leader's heartbeats have others in between.
        self.usual_gap_ns = gap_ns.max(self.usual_gap_ns - self.usual_gap_ns / 8);
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    const CLIENT: Addr = Addr::Client(7);

    fn sent(src: usize, dest: Addr) -> Note {
        let src = Addr::Node(src);
        Note::Sent { src, dest }
    }

    fn received(src: Addr, dest: usize) -> Note {
        let dest = Addr::Node(dest);
        Note::Received { src, dest }
    }

    fn learn(picture: &mut Picture, at_ms: u64, notes: &[Note]) -> Vec<Signal> {
        let mut signals = Vec::new();
        picture.learn(at_ms * MS, notes, &mut signals);
        signals
    }

    #[test]
    fn an_answer_is_at_once_if_the_request_came_in_the_same_event() {
        let mut picture = Picture::new(3);
        let signals = learn(&mut picture, 1, &[received(CLIENT, 0), sent(0, CLIENT)]);
        let at_once = true;
        assert_eq!(
            signals,
            [
                Signal::Asked { node: 0 },
                Signal::Answered { node: 0, at_once }
            ]
        );
        assert_eq!(
            learn(
                &mut picture,
                2,
                &[received(CLIENT, 0), sent(0, Addr::Node(2))]
            ),
            [Signal::Asked { node: 0 }]
        );
        let signals = learn(
            &mut picture,
            3,
            &[received(Addr::Node(2), 0), sent(0, CLIENT)],
        );
        let at_once = false;
        assert_eq!(
            signals,
            [
                Signal::Heard { node: 0, from: 2 },
                Signal::Answered { node: 0, at_once }
            ]
        );
    }

    #[test]
    fn who_sends_to_most_others_in_one_event_speaks() {
        let to = |src, dests: &[usize]| -> Vec<Note> {
            dests
                .iter()
                .map(|dest| sent(src, Addr::Node(*dest)))
                .collect()
        };
        let mut picture = Picture::new(5);
        assert_eq!(learn(&mut picture, 0, &to(1, &[0, 0, 1, 2])), []);
        let begins = true;
        assert_eq!(
            learn(&mut picture, 0, &to(1, &[0, 2, 3])),
            [Signal::Spoke { node: 1, begins }]
        );
        let begins = false;
        for at_ms in [60, 120, 125, 185] {
            assert_eq!(
                learn(&mut picture, at_ms, &to(1, &[0, 2, 3, 4])),
                [Signal::Spoke { node: 1, begins }]
            );
        }
        // Silent for more than twice as long as ever before.
        let begins = true;
        assert_eq!(
            learn(&mut picture, 310, &to(1, &[0, 2, 3, 4])),
            [Signal::Spoke { node: 1, begins }]
        );
    }

    #[test]
    fn the_busiest_has_sent_most_to_servers_lately() {
        let mut picture = Picture::new(3);
        let all = &NodeSet::of(&[0, 1, 2]);
        assert_eq!(picture.busiest(0, all), None);
        let burst = [sent(0, Addr::Node(1)); 5];
        learn(&mut picture, 0, &burst);
        learn(&mut picture, 10, &[sent(2, Addr::Service(0)); 2]);
        learn(&mut picture, 10, &[sent(1, CLIENT); 9]);
        assert_eq!(picture.busiest(20 * MS, all), Some(0));
        assert_eq!(picture.busiest(20 * MS, &NodeSet::of(&[2, 1])), Some(2));
        // After two half-lives five count as one and a quarter.
        learn(&mut picture, 1000, &[sent(1, Addr::Node(2)); 2]);
        assert_eq!(picture.busiest(SECOND, all), Some(1));
        assert_eq!(picture.busiest(100 * SECOND, all), None);
    }
}
