//! The hub: it scatters what it has gathered.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use super::{ACK_AFTER, HELLO_AFTER, next_tick, phase};
use crate::knowledge::{Digest, Kept, Values};
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// How much later than expected a gather may be and still be part of its window's scatter.
const MARGIN: Duration = Duration::from_millis(10);

#[derive(Serialize, Deserialize)]
pub(crate) struct Hub {
    knowledge: Kept,
    window: Duration,
    spokes: BTreeMap<String, Link>,
    lateness: Lateness,
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
    /// Since when the hub waits to hear from it: at first since it began.
    asked: Option<Duration>,
}

/// How late in a window the gathers of the last one arrive.
#[derive(Serialize, Deserialize)]
struct Lateness(Duration);

impl Default for Lateness {
    /// What it is taken for until gathers have come.
    fn default() -> Self {
        Lateness(Duration::from_millis(100))
    }
}

impl Lateness {
    /// Follows the latest arrivals up at once and down slowly.
    fn note(&mut self, late: Duration) {
        let down = self.0.saturating_sub(late) / 16;
        self.0 = late.max(self.0 - down);
    }

    /// When the scatter begins, from the beginning of a window. A spoke that is far
    /// away, or whose clock is wrong, has to wait for the next one.
    fn scatter_after(&self, window: Duration) -> Duration {
        (self.0 + MARGIN).min(window / 2)
    }
}

impl Hub {
    pub(super) fn new(window: Duration, ctx: &mut Ctx<Broadcast>) -> Self {
        let knowledge = Kept::open(ctx);
        let link = |peer: &str| {
            let link = Link {
                knows: None,
                waits: false,
                told: 0,
                asked: Some(ctx.now()),
            };
            (peer.to_owned(), link)
        };
        Hub {
            knowledge,
            window,
            spokes: ctx.peers().map(link).collect(),
            lateness: Lateness::default(),
        }
    }

    fn scatter(&mut self, ctx: &mut Ctx<Broadcast>) {
        let (now, known) = (ctx.now(), self.knowledge.len());
        let knows = self.knowledge.digest();
        for (spoke, link) in &mut self.spokes {
            let theirs = link.knows.as_ref();
            let news = self.knowledge.news_for(theirs.unwrap_or(&Digest::new()));
            let is_new = !news.is_empty() && known > link.told;
            if !is_new && !link.waits && !link.is_late(now, self.window) {
                continue;
            }
            let ask = !news.is_empty() || theirs.is_none();
            if ask {
                link.asked.get_or_insert(now);
            }
            link.waits = false;
            link.told = known;
            let knows = knows.clone();
            ctx.send(spoke, &Request::Sync { knows, news, ask });
        }
    }
}

impl Link {
    /// Whether the spoke would have been heard by now, had the last message reached it.
    fn is_late(&self, now: Duration, window: Duration) -> bool {
        let patience = match self.knows {
            Some(_) => ACK_AFTER + 2 * window + Duration::from_secs(1),
            None => HELLO_AFTER,
        };
        let late = |asked| now.saturating_sub(asked) >= patience;
        self.asked.is_some_and(late)
    }
}

impl Strategy for Hub {
    fn values(&self) -> &Values {
        self.knowledge.values()
    }

    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) {
        self.knowledge.add(value, ctx);
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
        self.lateness.note(phase(self.window, ctx.now()));
        self.knowledge.learn(news, ctx);
        if let Some(link) = self.spokes.get_mut(from.node()) {
            link.waits |= ask || self.knowledge.lacks(&knows);
            let lacks_some = self.knowledge.has_news_for(&knows);
            link.asked = lacks_some.then_some(ctx.now());
            link.knows = Some(knows);
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Broadcast>) {
        match timer {
            Timer::Tick => {
                ctx.set_timer(self.lateness.scatter_after(self.window), Timer::Scatter);
                next_tick(self.window, ctx);
            }
            Timer::Scatter => self.scatter(ctx),
        }
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// n1, the hub of three, with windows of a second.
    fn hub() -> TestNode<Broadcast> {
        TestNode::start_with(&["--window-ms", "1000"], "n1", &["n1", "n2", "n3"])
    }

    fn sync(knows: Value, news: Value, ask: bool) -> Value {
        json!({"type": "sync", "knows": knows, "news": news, "ask": ask})
    }

    #[test]
    fn a_window_is_scattered_when_it_is_gathered_and_again_until_it_is_acknowledged() {
        let mut node = hub();
        node.receive(
            "c1",
            json!({"type": "broadcast", "msg_id": 1, "message": 5}),
        );
        assert_eq!(node.advance(1109 * MS), []);
        let five = || sync(json!({"n1@0": 1}), json!({"n1@0": [0, [5]]}), true);
        assert_eq!(node.advance(MS), [("n2", five()), ("n3", five())]);

        node.advance(990 * MS);
        let both = || json!({"n1@0": 1, "n2@0": 1});
        let seven = || json!({"n2@0": [0, [7]]});
        assert_eq!(node.receive("n2", sync(both(), seven(), true)), []);
        let has_five = sync(json!({"n1@0": 1}), json!({}), false);
        assert_eq!(node.receive("n3", has_five), []);
        let acknowledged = sync(both(), json!({}), false);
        let told = || ("n3", sync(both(), seven(), true));
        assert_eq!(node.advance(10 * MS), [("n2", acknowledged), told()]);

        // An acknowledgement takes up to 3 s, two windows and a second.
        assert_eq!(node.advance(5999 * MS), []);
        assert_eq!(node.advance(MS), [told()]);
        assert_eq!(node.advance(1000 * MS), [told()], "and in every window");
        assert_eq!(node.receive("n3", sync(both(), json!({}), false)), []);
        assert_eq!(node.advance(60_000 * MS), []);
    }

    #[test]
    fn without_memory_it_says_hello_and_asks_for_what_others_know() {
        let mut node = hub();
        assert_eq!(node.advance(2109 * MS), []);
        let hello = || sync(json!({}), json!({}), true);
        assert_eq!(node.advance(MS), [("n2", hello()), ("n3", hello())]);
        assert_eq!(node.advance(990 * MS), []);
        // n3 acknowledges what the hub no longer knows, and has to see that.
        let knows = json!({"n1@before": 2});
        assert_eq!(node.receive("n2", sync(json!({}), json!({}), false)), []);
        assert_eq!(node.receive("n3", sync(knows, json!({}), false)), []);
        let lost = sync(json!({}), json!({}), false);
        assert_eq!(node.advance(10 * MS), [("n3", lost)]);
    }

    #[test]
    fn it_waits_for_late_gathers_but_not_beyond_half_a_window() {
        let mut lateness = Lateness::default();
        let check = |lateness: &Lateness, expected| {
            assert_eq!(lateness.scatter_after(1000 * MS), expected);
        };
        check(&lateness, 110 * MS);
        lateness.note(260 * MS);
        check(&lateness, 270 * MS);
        lateness.note(100 * MS);
        check(&lateness, 260 * MS); // a sixteenth of the way back
        lateness.note(900 * MS);
        check(&lateness, 500 * MS);
    }
}
