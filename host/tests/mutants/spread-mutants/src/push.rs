//! Each addition goes to every other node on its own, until it is acknowledged.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::known::Additions;
use crate::options::Bug;
use crate::{Call, RETRY, Replica, Request};

/// How many additions are on their way to a node before it counts as full.
const ON_THE_WAY_MAX: usize = 8;

const PATIENCE: Duration = Duration::from_millis(500);

impl Replica {
    pub(crate) fn push(&mut self, addition: &Additions, ctx: &mut Ctx<Self>) {
        let peers: Vec<String> = self.peers.keys().cloned().collect();
        for peer in &peers {
            self.push_to(peer, addition.clone(), ctx);
        }
    }

    fn push_to(&mut self, peer: &str, additions: Additions, ctx: &mut Ctx<Self>) {
        let is_to_peer = |call: &&Call| matches!(call, Call::Tell { peer: to, .. } if to == peer);
        let on_the_way = ctx.calls().filter(is_to_peer).count();
        if self.peers[peer].is_written_off || self.bug == Bug::Full && on_the_way >= ON_THE_WAY_MAX
        {
            return;
        }
        let retry = match self.bug {
            Bug::BacksOff => RETRY.max_wait(Duration::MAX),
            Bug::GivesUp | Bug::WritesOff => Retry::times(3, Duration::from_millis(200)),
            Bug::Renumbers | Bug::AnyAck => Retry::never(PATIENCE),
            _ => RETRY,
        };
        let tell = Request::Tell {
            additions: additions.clone(),
            msg_id: 0,
        };
        let peer = peer.to_owned();
        ctx.call(&peer.clone(), &tell, Call::Tell { peer, additions }, retry);
    }

    /// A node has acknowledged an addition, or has not answered for long.
    pub(crate) fn pushed(
        &mut self,
        peer: &str,
        additions: Additions,
        is_ok: bool,
        ctx: &mut Ctx<Self>,
    ) {
        let own = additions.get(ctx.id());
        let Some((number, value)) = own.and_then(|own| own.first_key_value()) else {
            return;
        };
        match self.bug {
            _ if is_ok => _ = self.acknowledged.insert(*number),
            Bug::AnyAck if !self.acknowledged.contains(number) => {
                self.push_to(peer, additions, ctx);
            }
            Bug::Renumbers => {
                let again = self.known.number(ctx.id(), *value);
                self.push_to(peer, again, ctx);
            }
            Bug::WritesOff => {
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.is_written_off = true;
                }
            }
            _ => {}
        }
    }
}
