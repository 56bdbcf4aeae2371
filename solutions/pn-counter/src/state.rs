//! A state-based CRDT: nodes exchange their states, and merging them loses nothing.
//!
//! Every node keeps the share of every author: the number of its additions and their sum.
//! Of two shares of an author the one with more additions is newer. Merging takes the
//! newer of each, in any order, any number of times. The value is the sum over all authors. An author is one
//! disk of a node: a node that has lost it returns as another author and does not
//! overwrite its earlier share.
//!
//! - Adds and reads are answered at once, from the node's own state: totally available.
//! - Costs: at most one message to each peer per window, however many additions
//!   there are in it, and none when nothing is new. A peer's own gossip shows what it knows, so
//!   it serves as the acknowledgement; what is not acknowledged is sent again.
//! - Reads lag by a window and the network's latency; during a partition, by its duration.
//! - Tolerates partitions and lost, duplicated, late and reordered messages.
//! - The shares are on the disk before a node speaks of them, in one small file that is replaced.
//! - A node that has lost its disk relearns all that the others know. What only it knew is lost.
//!
//! Source: Shapiro, Preguiça, Baquero and Zawirski, "A comprehensive study of convergent
//! and commutative replicated data types" (2011), PN-Counter.

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::{Replica, Reply, Request, Share, not_supported, read_ok};

/// News of others are passed on when their author should have done so long ago.
const RELAY_AFTER: Duration = Duration::from_secs(3);

pub(crate) type Counts = SortedMap<Author, Share>;
type Author = String;

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    window: Duration,
    me: Author,
    counts: Counts,
    /// When each entry last changed here.
    changed: SortedMap<Author, Duration>,
    /// What each peer is known to know.
    peers: SortedMap<String, Peer>,
    gossip_is_due: bool,
}

/// Where the name of this author and all shares are kept.
const FILE: &str = "counts";

#[derive(Default, Serialize, Deserialize)]
struct Peer {
    knows: SortedMap<Author, u64>,
    /// It waits to hear how much this node knows.
    awaits_answer: bool,
}

impl State {
    pub(crate) fn new(window: Duration, ctx: &mut Ctx<Replica>) -> Self {
        let kept = ctx.disk().get(FILE);
        let kept: Option<(Author, Counts)> = kept.unwrap_or_else(|error| panic!("{error}"));
        if let Some(kept) = &kept {
            // Once more: it may never have been synced, and after a sync that failed it may be here though no later one
            // makes it durable.
            ctx.disk().put(FILE, kept);
        }
        let (me, counts) = kept.unwrap_or_else(|| {
            let me = format!("{}@{}", ctx.id(), ctx.now().as_nanos());
            (me, Counts::new())
        });
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for peer in &peers {
            ctx.send(peer, &Request::Hello);
        }
        let now = ctx.now();
        let mut state = State {
            window,
            me,
            changed: counts.keys().map(|author| (author.clone(), now)).collect(),
            counts,
            peers: peers
                .into_iter()
                .map(|peer| (peer, Peer::default()))
                .collect(),
            gossip_is_due: false,
        };
        state.schedule(ctx);
        state
    }

    fn keep(&self, ctx: &mut Ctx<Replica>) {
        ctx.disk().put(FILE, &(&self.me, &self.counts));
    }

    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Replica>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { operation } => {
                let mine = self.counts.get_or_default(self.me.clone());
                mine.add(operation);
                self.changed.insert(self.me.clone(), ctx.now());
                self.keep(ctx);
                ctx.reply(from, &Reply::AddOk);
            }
            Request::Read => {
                ctx.reply(from, &read_ok(self.counts.values()));
            }
            Request::Gossip {
                counts,
                wants_answer,
            } => {
                if self.learn(counts, from.node(), ctx.now()) {
                    self.keep(ctx);
                }
                if let Some(peer) = self.peers.get_mut(from.node()) {
                    peer.awaits_answer |= wants_answer;
                }
            }
            Request::Hello => {
                if let Some(peer) = self.peers.get_mut(from.node()) {
                    *peer = Peer::default();
                    peer.awaits_answer = !self.counts.is_empty();
                }
            }
            Request::Operations { .. } => return Err(not_supported()),
        }
        self.schedule(ctx);
        Ok(())
    }

    /// A window is over.
    pub(crate) fn gossip(&mut self, ctx: &mut Ctx<Replica>) {
        self.gossip_is_due = false;
        for (name, peer) in &mut self.peers {
            let wants_answer = self.counts.iter().any(|(author, count)| {
                let age = ctx.now().saturating_sub(self.changed[author]);
                let mine_to_tell = *author == self.me || age > RELAY_AFTER;
                mine_to_tell && peer.lacks(author, count)
            });
            if wants_answer || peer.awaits_answer {
                let counts = self.counts.clone();
                ctx.send(
                    name,
                    &Request::Gossip {
                        counts,
                        wants_answer,
                    },
                );
                peer.awaits_answer = false;
            }
        }
        self.schedule(ctx);
    }
}

impl Peer {
    /// Whether it may not know an entry.
    fn lacks(&self, author: &str, count: &Share) -> bool {
        self.knows.get(author).is_none_or(|adds| *adds < count.adds)
    }
}

impl State {
    /// Takes in what a peer knows. Whether something was new.
    fn learn(&mut self, counts: Counts, from: &str, now: Duration) -> bool {
        let Some(peer) = self.peers.get_mut(from) else {
            return false;
        };
        let mut is_new = false;
        for (author, count) in counts {
            let known = peer.knows.get_or_default(author.clone());
            *known = count.adds.max(*known);
            let mine = self.counts.get_or_default(author.clone());
            if count.adds > mine.adds {
                *mine = count;
                self.changed.insert(author, now);
                is_new = true;
            }
        }
        is_new
    }

    fn schedule(&mut self, ctx: &mut Ctx<Replica>) {
        let may_lack = |peer: &Peer| {
            let mut counts = self.counts.iter();
            peer.awaits_answer || counts.any(|(author, count)| peer.lacks(author, count))
        };
        if !self.gossip_is_due && self.peers.values().any(may_lack) {
            self.gossip_is_due = true;
            ctx.set_timer(self.window, ());
        }
    }
}
