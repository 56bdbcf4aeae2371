//! Batches have numbers, and all that are not acknowledged are sent again and again.

use guest_sdk::prelude::*;

use crate::known::Additions;
use crate::options::Bug;
use crate::{Replica, Request};

impl Replica {
    pub(crate) fn send_batches(&mut self, ctx: &mut Ctx<Self>) {
        for (name, peer) in &mut self.peers {
            if !peer.waiting.is_empty() {
                peer.batches += 1;
                let batch = std::mem::take(&mut peer.waiting);
                peer.unacknowledged.insert(peer.batches, batch);
            }
            for (number, additions) in &peer.unacknowledged {
                let (number, additions) = (*number, additions.clone());
                ctx.send(name, &Request::Batch { number, additions });
            }
        }
        self.set_timer(ctx);
    }

    /// Another node tells something.
    pub(crate) fn batch(
        &mut self,
        number: u64,
        additions: Additions,
        from: &str,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(peer) = self.peers.get_mut(from) else {
            return;
        };
        let is_late = peer.last_batch > number;
        peer.last_batch = peer.last_batch.max(number);
        if self.bug != Bug::LastBatch || !is_late {
            self.known.learn(additions);
        }
        ctx.send(from, &Request::BatchOk { number });
    }

    /// Another node has a batch.
    pub(crate) fn batch_ok(&mut self, number: u64, from: &str) {
        let Some(peer) = self.peers.get_mut(from) else {
            return;
        };
        match self.bug {
            Bug::AckClears => {
                peer.unacknowledged.clear();
                peer.waiting.clear();
            }
            Bug::Cumulative => peer.unacknowledged.retain(|other, _| *other > number),
            _ => _ = peer.unacknowledged.remove(&number),
        }
    }
}
