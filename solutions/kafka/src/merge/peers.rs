//! What a merging node knows of the others, and tells them.

use std::time::Duration;

use guest_sdk::prelude::*;

use super::journals::News;
use super::{Merge, PATIENCE, Phase};
use crate::Kafka;
use crate::protocol::Request;

/// What is known of another node.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Peer {
    /// When its life began, in nanoseconds.
    life: u64,
    /// How much of each journal it has for certain.
    has: Vec<usize>,
    /// How much this node has, as it was last told.
    told: Vec<usize>,
    /// Since when it shows no progress.
    since: Duration,
    /// It waits to hear how much this node has.
    asks: bool,
}

impl Peer {
    pub(super) fn new(count: usize) -> Self {
        Peer {
            life: 0,
            has: vec![0; count],
            told: vec![0; count],
            since: Duration::ZERO,
            asks: false,
        }
    }
}

impl Merge {
    /// The rank of a peer that speaks, unless it is what an earlier life of it said. From a new life
    /// on it has nothing.
    pub(super) fn admit(&mut self, from: &Caller, life: u64, ctx: &Ctx<Kafka>) -> Option<usize> {
        let rank = ctx.nodes().iter().position(|node| node == from.node())?;
        let peer = &mut self.peers[rank];
        if life > peer.life {
            *peer = Peer::new(peer.has.len());
            peer.life = life;
            peer.since = ctx.now();
        }
        (life == peer.life).then_some(rank)
    }

    /// Takes in what a peer says of itself and of what is new.
    pub(super) fn learn(
        &mut self,
        rank: usize,
        has: &[usize],
        news: Vec<News>,
        asks: bool,
        ctx: &mut Ctx<Kafka>,
    ) {
        for news in news {
            if self.journals.learn(news, ctx.disk()) {
                self.answers.changed();
            }
        }
        let me = self.journals.rank();
        let peer = &mut self.peers[rank];
        peer.asks |= asks;
        // What it says is believed when all is here that it took in before.
        let is_complete = has[rank] <= self.journals.lens()[rank];
        if is_complete {
            if has[me] > peer.has[me] {
                peer.since = ctx.now();
            }
            for (known, has) in peer.has.iter_mut().zip(has) {
                *known = (*known).max(*has);
            }
            self.acknowledge_known(ctx);
        }
    }

    /// Asks all peers how much they have: the node has started again where it was.
    pub(super) fn greet(&mut self, ctx: &mut Ctx<Kafka>) {
        let me = self.journals.rank();
        for rank in (0..self.peers.len()).filter(|rank| *rank != me) {
            self.tell(rank, Vec::new(), true, ctx);
        }
    }

    /// Asks peers for everything.
    pub(super) fn say_hello(&mut self, missing: Vec<usize>, ctx: &mut Ctx<Kafka>) {
        for rank in &missing {
            let name = ctx.nodes()[*rank].clone();
            ctx.send(
                &name,
                &Request::Hello {
                    life: self.journals.life(),
                },
            );
        }
        let since = ctx.now();
        self.phase = Phase::Joining { missing, since };
    }

    /// A peer speaks to this life of the node. One that joins has learned all that the peer knows
    /// when it has as much (the peer's answer may be lost, and this be the message after it), and
    /// serves when it has learned from all.
    pub(super) fn welcomed(&mut self, rank: usize, has: &[usize], ctx: &mut Ctx<Kafka>) {
        let lens = self.journals.lens();
        let has_learned_all = has.iter().zip(&lens).all(|(has, len)| has <= len);
        if let Phase::Joining { missing, .. } = &mut self.phase
            && has_learned_all
        {
            missing.retain(|missing| *missing != rank);
            if missing.is_empty() {
                self.begin_serving(ctx);
            }
        }
    }

    /// How much of each journal every node is known to have.
    pub(super) fn known_to_all(&self) -> Vec<usize> {
        let mut least = self.journals.lens();
        for (rank, peer) in self.peers.iter().enumerate() {
            if rank != self.journals.rank() {
                for (least, has) in least.iter_mut().zip(&peer.has) {
                    *least = (*least).min(*has);
                }
            }
        }
        least
    }

    /// Tells the peers what is new. One that lacks something and shows no progress is told again
    /// all that it may lack, and asked.
    pub(super) fn gossip(&mut self, ctx: &mut Ctx<Kafka>) {
        let (me, lens) = (self.journals.rank(), self.journals.lens());
        let patience = PATIENCE.max(self.window * 4);
        for rank in (0..self.peers.len()).filter(|rank| *rank != me) {
            let peer = &mut self.peers[rank];
            let lacks = peer.has.iter().zip(&lens).any(|(has, len)| has < len);
            if !lacks {
                peer.since = ctx.now();
            }
            let is_overdue = ctx.now().saturating_sub(peer.since) >= patience;
            if is_overdue || peer.asks || peer.told != lens {
                let told = if is_overdue { 0 } else { peer.told[me] };
                let from = told.max(peer.has[me]);
                self.tell(rank, self.journals.news(from), is_overdue, ctx);
            }
        }
    }

    /// Tells a peer some news, and how much this node has.
    pub(super) fn tell(&mut self, rank: usize, news: Vec<News>, asks: bool, ctx: &mut Ctx<Kafka>) {
        let has = self.journals.lens();
        let peer = &mut self.peers[rank];
        let gossip = Request::Gossip {
            life: self.journals.life(),
            to_life: peer.life,
            has: has.clone(),
            news,
            asks,
        };
        let name = ctx.nodes()[rank].clone();
        ctx.send(&name, &gossip);
        peer.told = has;
        peer.asks = false;
        if asks {
            peer.since = ctx.now();
        }
    }
}
