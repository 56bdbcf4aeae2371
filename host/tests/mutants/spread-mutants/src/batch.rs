//! A node sends another what is new a batch at a time, until it is acknowledged: its own additions to all
//! others, or with a hub to that, which relays them.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::known::{Additions, merge};
use crate::options::{Bug, Design};
use crate::{Call, RETRY, Replica, Request};

/// Between two attempts of whoever cannot wait.
const STORM: Duration = Duration::from_millis(10);

impl Replica {
    /// An addition of this node is to be told.
    pub(crate) fn queue(&mut self, addition: &Additions, ctx: &mut Ctx<Self>) {
        let hub = ctx.nodes()[0].clone();
        let has_hub = matches!(self.design, Design::Star | Design::Failover) && !self.is_direct;
        let is_told = |peer: &str| !has_hub || hub == ctx.id() || hub == peer;
        for (name, peer) in &mut self.peers {
            if !is_told(name) {
                continue;
            }
            if self.bug == Bug::PendingOne {
                peer.waiting.clear();
            }
            merge(&mut peer.waiting, addition);
        }
        self.schedule(ctx);
    }

    /// The hub tells all others what it was told.
    pub(crate) fn relay(&mut self, news: &Additions, from: &str, ctx: &mut Ctx<Self>) {
        if ctx.id() != ctx.nodes()[0] || news.is_empty() {
            return;
        }
        let others = self.peers.iter_mut().filter(|(name, _)| *name != from);
        others.for_each(|(_, peer)| merge(&mut peer.waiting, news));
        self.schedule(ctx);
    }

    fn schedule(&mut self, ctx: &mut Ctx<Self>) {
        let mut peers = self.peers.values();
        if peers.any(|peer| !peer.is_busy && !peer.waiting.is_empty()) {
            self.set_timer(ctx);
        }
    }

    pub(crate) fn send_waiting(&mut self, ctx: &mut Ctx<Self>) {
        let hub = ctx.nodes()[0].clone();
        let patience = Duration::from_millis(500);
        for (name, peer) in &mut self.peers {
            if peer.is_busy || peer.waiting.is_empty() {
                continue;
            }
            let additions = std::mem::take(&mut peer.waiting);
            let retry = match self.bug {
                Bug::Storms => Retry::forever(STORM).max_wait(STORM),
                Bug::HubOnce if *name == hub => Retry::never(patience),
                Bug::ScattersOnce if hub == ctx.id() => Retry::never(patience),
                _ if self.design == Design::Failover && *name == hub && !self.is_direct => {
                    Retry::times(2, patience)
                }
                _ => RETRY,
            };
            peer.is_busy = true;
            let tell = Request::Tell {
                additions: additions.clone(),
                msg_id: 0,
            };
            let peer = name.clone();
            ctx.call(name, &tell, Call::Tell { peer, additions }, retry);
        }
    }

    /// A node has acknowledged a batch, or has not answered for long.
    pub(crate) fn told(
        &mut self,
        peer: &str,
        additions: &Additions,
        is_ok: bool,
        ctx: &mut Ctx<Self>,
    ) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.is_busy = false;
        }
        if !is_ok && self.design == Design::Failover {
            self.is_direct = true;
            if self.bug != Bug::FailoverForgets {
                self.queue(additions, ctx);
            }
        }
        if self.bug != Bug::TimerLost {
            self.schedule(ctx);
        }
    }
}
