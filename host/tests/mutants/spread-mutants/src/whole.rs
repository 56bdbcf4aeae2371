//! A node periodically sends all others all that it knows.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::known::{Additions, merge};
use crate::options::Bug;
use crate::{Replica, Request};

/// How long additions are told by whoever stops.
const TTL: Duration = Duration::from_secs(3);

/// How long a node may be silent before others fall silent.
const SILENCE_MAX: Duration = Duration::from_secs(3);

impl Replica {
    /// There are news.
    pub(crate) fn changed(&mut self, news: Additions, ctx: &mut Ctx<Self>) {
        if news.is_empty() {
            return;
        }
        self.changed = ctx.now();
        if self.bug == Bug::Ttl {
            self.fresh.push((ctx.now(), news));
        }
        self.set_timer(ctx);
    }

    pub(crate) fn tell_all(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let silence = |heard: Duration| now.saturating_sub(heard);
        let mut peers = self.peers.values();
        self.is_silent |=
            self.bug == Bug::FallsSilent && peers.any(|peer| silence(peer.heard) > SILENCE_MAX);
        let mut additions = self.known.all().clone();
        if self.bug == Bug::Ttl {
            self.fresh
                .retain(|(learned, _)| now.saturating_sub(*learned) < TTL);
            additions = Additions::new();
            self.fresh
                .iter()
                .for_each(|(_, fresh)| merge(&mut additions, fresh));
        }
        let changed = self.changed;
        let know = Request::Know { additions, changed };
        self.peers.keys().for_each(|peer| ctx.send(peer, &know));
        if self.bug != Bug::OnceAnAdd {
            self.set_timer(ctx);
        }
    }

    /// Another node tells what it knows.
    pub(crate) fn know(&mut self, additions: Additions, changed: Duration, ctx: &mut Ctx<Self>) {
        let count: usize = additions.values().map(|numbered| numbered.len()).sum();
        match self.bug {
            Bug::LargerWins if count <= self.known.count() => {}
            Bug::LastWriter if changed <= self.changed => {}
            Bug::LargerWins | Bug::LastWriter => {
                self.known.replace(additions);
                self.changed = changed;
            }
            _ => {
                let news = self.known.learn(additions);
                if self.bug != Bug::OnceAnAdd {
                    self.changed(news, ctx);
                }
            }
        }
    }
}
