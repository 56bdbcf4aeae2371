//! Anti-entropy: periodically a node sends a peer what it lacks, until the peer confirms it.
//!
//! A message says: if you know `since`, then with this `news` you know all that I `know`. So every
//! message acknowledges those before it, the next one makes up for a lost one, and duplicated or
//! late ones change nothing. `news` are the last writes to registers that the receiver is not known
//! to know; overwritten writes are not sent. They are applied completely or not at all, so a
//! transaction becomes visible as a whole, and after all that it depends on.
//!
//! Each node sends to one peer at a time, first its next neighbour, then the one after it, and so on.
//! What it learns meanwhile goes along, so a write is everywhere after about log2 n turns.
//!
//! Sources: Demers et al., "Epidemic algorithms for replicated database maintenance" (1987);
//! Almeida, Shoker and Baquero, "Delta state replicated data types" (2018), for delta-intervals.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::registers::{Knowledge, Registers, Write, includes};

/// What a node tells a peer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Gossip {
    /// What the sender believes that the receiver knows; none if it has not heard from it.
    pub(crate) since: Option<Knowledge>,
    /// What the sender knows.
    pub(crate) knows: Knowledge,
    /// What leads from one to the other.
    pub(crate) news: Vec<Write>,
}

/// What a node thinks of its peers.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Peers {
    peers: BTreeMap<String, Peer>,
    turn: usize,
}

#[derive(Default, Serialize, Deserialize)]
struct Peer {
    /// What it is sure to know, since it said so. It may have lost its memory since: then it will
    /// not take in what builds on that, and say what it knows.
    knows: Option<Knowledge>,
    /// It said something that shows that it does not know what this node knows.
    awaits_answer: bool,
}

impl Peers {
    /// The peer whose turn it is, if there is something to tell it.
    pub(crate) fn next(&mut self, me: &str, nodes: &[String], mine: &Registers) -> Option<String> {
        let index = nodes.iter().position(|node| node == me)?;
        let distance = 1 + self.turn % (nodes.len() - 1);
        self.turn += 1;
        let name = &nodes[(index + distance) % nodes.len()];
        let peer = self.peers.entry(name.clone()).or_default();
        let knows_all = |knows| includes(knows, mine.knows());
        let needs_it = peer.awaits_answer || !peer.knows.as_ref().is_some_and(knows_all);
        needs_it.then(|| name.clone())
    }

    /// What to tell a peer.
    pub(crate) fn gossip(&mut self, peer: &str, mine: &Registers) -> Gossip {
        let peer = self.peers.entry(peer.to_owned()).or_default();
        peer.awaits_answer = false;
        let nothing = Knowledge::new();
        Gossip {
            since: peer.knows.clone(),
            knows: mine.knows().clone(),
            news: mine.news_since(peer.knows.as_ref().unwrap_or(&nothing)),
        }
    }

    /// Takes in what a peer told. Whether it should be answered at once: it has just begun to live,
    /// and this node has something to tell it.
    pub(crate) fn hear(&mut self, peer: &str, told: Gossip, mine: &mut Registers) -> bool {
        let since = told.since.as_ref();
        let nothing = Knowledge::new();
        mine.learn(since.unwrap_or(&nothing), &told.knows, told.news);
        let peer = self.peers.entry(peer.to_owned()).or_default();
        peer.awaits_answer = since != Some(mine.knows());
        peer.knows = Some(told.knows);
        since.is_none() && !mine.knows().is_empty()
    }
}
