//! The hub: it scatters what it has gathered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

use super::{ACK_AFTER, HELLO_AFTER, next_tick, phase};
use crate::knowledge::{Digest, Knowledge};
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// How late gathers are expected until the first have come.
const LATENESS: Duration = Duration::from_millis(100);

/// How much later than expected a gather may be and still be part of its window's scatter.
const MARGIN: Duration = Duration::from_millis(10);

#[derive(Serialize, Deserialize)]
pub(crate) struct Hub {
    knowledge: Knowledge,
    window: Duration,
    spokes: BTreeMap<String, Link>,
    /// How late in a window the gathers of the last one arrive.
    lateness: Duration,
}

/// What the hub knows of a spoke.
#[derive(Serialize, Deserialize)]
struct Link {
    /// What the spoke knows, in its own words; none yet if it has not been heard.
    knows: Option<Digest>,
    /// Whether it waits for an answer.
    waits: bool,
    /// How much the hub knew when it last sent something to it.
    told: usize,
    /// When that was, or when the hub began.
    told_at: Duration,
}

impl Hub {
    pub(super) fn new(window: Duration, ctx: &Ctx<Broadcast>) -> Self {
        let link = |peer: &str| {
            let link = Link {
                knows: None,
                waits: false,
                told: 0,
                told_at: ctx.now(),
            };
            (peer.to_owned(), link)
        };
        Hub {
            knowledge: Knowledge::new(ctx.id(), ctx.now()),
            window,
            spokes: ctx.peers().map(link).collect(),
            lateness: LATENESS,
        }
    }

    /// Follows the latest arrivals up at once and down slowly.
    fn note_lateness(&mut self, late: Duration) {
        let down = self.lateness.saturating_sub(late) / 16;
        self.lateness = late.max(self.lateness - down);
    }

    /// When the scatter begins, from the beginning of a window. A spoke that is far
    /// away, or whose clock is wrong, has to wait for the next one.
    fn scatter_after(&self) -> Duration {
        (self.lateness + MARGIN).min(self.window / 2)
    }

    fn scatter(&mut self, ctx: &mut Ctx<Broadcast>) {
        let (now, known) = (ctx.now(), self.knowledge.len());
        let nothing = Digest::new();
        let knows = self.knowledge.digest();
        // By then a spoke that got the last message has acknowledged it.
        let ack_timeout = ACK_AFTER + 2 * self.window + Duration::from_secs(1);
        for (spoke, link) in &mut self.spokes {
            let news = self
                .knowledge
                .news_for(link.knows.as_ref().unwrap_or(&nothing));
            let silent = now.saturating_sub(link.told_at);
            let due = match &link.knows {
                None => silent >= HELLO_AFTER,
                Some(_) => !news.is_empty() && silent >= ack_timeout,
            };
            let is_new = !news.is_empty() && known > link.told;
            if !link.waits && !is_new && !due {
                continue;
            }
            let sync = Request::Sync {
                knows: knows.clone(),
                ask: !news.is_empty() || link.knows.is_none(),
                news,
            };
            ctx.send(spoke, &sync);
            link.waits = false;
            link.told = known;
            link.told_at = now;
        }
    }
}

impl Strategy for Hub {
    fn values(&self) -> &BTreeSet<i64> {
        self.knowledge.values()
    }

    fn store(&mut self, value: i64, _ctx: &mut Ctx<Broadcast>) {
        self.knowledge.add(value);
    }

    /// A spoke gathers.
    fn hear(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Broadcast>,
    ) -> Result<(), Error> {
        let Request::Sync { knows, news, ask } = request else {
            return Err(not_for_this_strategy());
        };
        self.note_lateness(phase(self.window, ctx.now()));
        self.knowledge.learn(news);
        if let Some(link) = self.spokes.get_mut(from.node()) {
            link.waits |= ask || self.knowledge.lacks(&knows);
            link.knows = Some(knows);
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Broadcast>) {
        match timer {
            Timer::Tick => {
                ctx.set_timer(self.scatter_after(), Timer::Scatter);
                next_tick(self.window, ctx);
            }
            Timer::Scatter => self.scatter(ctx),
        }
    }
}
