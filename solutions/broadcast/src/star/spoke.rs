//! The spokes: they gather at the hub, and gossip when they cannot.

use std::time::Duration;

use guest_sdk::prelude::*;

use super::{ACK_AFTER, HELLO_AFTER, next_tick};
use crate::knowledge::{Digest, Kept, News, Values};
use crate::{Broadcast, Request, Strategy, Timer, gossip, not_for_this_strategy};

/// A spoke that has not heard from the hub for so long asks whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// The hub is taken for unreachable after so many windows without an answer.
const PATIENCE: u32 = 3;

#[derive(Serialize, Deserialize)]
pub(crate) struct Spoke {
    knowledge: Kept,
    window: Duration,
    hub: String,
    /// What the hub knows, in its own words.
    hub_knows: Digest,
    /// When the spoke will ask for a sign of life.
    quiet_until: Duration,
    /// Since when the hub waits for an acknowledgement.
    owes_since: Option<Duration>,
    /// The oldest thing that this spoke waits for.
    question: Option<Question>,
}

/// Something that the hub was told and has not acknowledged.
#[derive(Serialize, Deserialize)]
struct Question {
    asked: Duration,
    /// It is answered when the hub knows this much, and the spoke what the hub knows.
    told: Digest,
}

impl Spoke {
    pub(super) fn new(hub: String, window: Duration, ctx: &mut Ctx<Broadcast>) -> Self {
        Spoke {
            knowledge: Kept::open(ctx),
            window,
            hub,
            hub_knows: Digest::new(),
            quiet_until: ctx.now() + HELLO_AFTER,
            owes_since: None,
            question: None,
        }
    }

    /// Tells the hub what it lacks, asks for what this spoke lacks, or acknowledges.
    fn gather(&mut self, ctx: &mut Ctx<Broadcast>) {
        let now = ctx.now();
        let news = self.knowledge.news_for(&self.hub_knows);
        let ask =
            !news.is_empty() || self.knowledge.lacks(&self.hub_knows) || now >= self.quiet_until;
        let owes = self
            .owes_since
            .is_some_and(|since| now.saturating_sub(since) >= ACK_AFTER);
        if !ask && !owes {
            return;
        }
        let knows = self.knowledge.digest();
        if ask && self.question.is_none() {
            self.question = Some(Question {
                asked: now,
                told: knows.clone(),
            });
        }
        ctx.send(&self.hub, &Request::Sync { knows, news, ask });
        self.owes_since = None;
    }

    fn hub_is_unreachable(&self, now: Duration) -> bool {
        self.question
            .as_ref()
            .is_some_and(|question| now.saturating_sub(question.asked) >= PATIENCE * self.window)
    }

    /// The hub scatters.
    fn hear_hub(&mut self, knows: Digest, news: News, ask: bool, ctx: &mut Ctx<Broadcast>) {
        let now = ctx.now();
        self.knowledge.learn(news, ctx);
        let is_gap = self.knowledge.lacks(&knows);
        self.question
            .take_if(|question| !is_gap && !knows.lacks(&question.told));
        self.hub_knows = knows;
        self.quiet_until = now + KEEP_ALIVE;
        if ask {
            self.owes_since.get_or_insert(now);
        }
    }
}

impl Strategy for Spoke {
    fn values(&self) -> &Values {
        self.knowledge.values()
    }

    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) {
        self.knowledge.add(value, ctx);
    }

    fn hear(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Broadcast>,
    ) -> Result<(), Error> {
        let Request::Sync { knows, news, ask } = request else {
            return Err(not_for_this_strategy());
        };
        if from.node() == self.hub {
            self.hear_hub(knows, news, ask, ctx);
            return Ok(());
        }
        self.knowledge.learn(news, ctx);
        if ask {
            gossip::reconcile(&self.knowledge, &knows, from.node(), ctx);
        }
        Ok(())
    }

    fn timer(&mut self, _timer: Timer, ctx: &mut Ctx<Broadcast>) {
        self.gather(ctx);
        if self.hub_is_unreachable(ctx.now()) {
            let others = ctx.peers().filter(|peer| *peer != self.hub);
            let others = others.map(str::to_owned).collect();
            gossip::spread(&self.knowledge, &self.hub_knows, others, ctx);
        }
        next_tick(self.window, ctx);
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// n2 of three, with n1 as the hub and windows of a second.
    fn spoke() -> TestNode<Broadcast> {
        TestNode::start_with(&["--window-ms", "1000"], "n2", &["n1", "n2", "n3"])
    }

    fn sync(knows: Value, news: Value, ask: bool) -> Value {
        json!({"type": "sync", "knows": knows, "news": news, "ask": ask})
    }

    fn broadcast(node: &mut TestNode<Broadcast>, value: i64) {
        let body = json!({"type": "broadcast", "msg_id": 1, "message": value});
        let ok = json!({"type": "broadcast_ok", "in_reply_to": 1});
        assert_eq!(node.receive("c1", body), [("c1", ok)]);
    }

    #[test]
    fn a_hub_that_does_not_acknowledge_is_told_again_and_after_three_windows_others_are() {
        let mut node = spoke();
        broadcast(&mut node, 5);
        let news = || sync(json!({"n2@0": 1}), json!({"n2@0": [0, [5]]}), true);
        assert_eq!(node.advance(SECOND), [("n1", news())]);
        assert_eq!(node.advance(2 * SECOND), [("n1", news()), ("n1", news())]);
        assert_eq!(node.advance(SECOND), [("n1", news()), ("n3", news())]);
        // It is heard, but does not hear: that is no answer.
        let deaf = sync(json!({"n1@0": 1}), json!({"n1@0": [0, [9]]}), true);
        node.receive("n1", deaf);
        assert_eq!(node.advance(SECOND).len(), 2);
        let answer = sync(json!({"n1@0": 1, "n2@0": 1}), json!({}), false);
        assert_eq!(node.receive("n1", answer), []);
        assert_eq!(node.advance(2 * SECOND), []);
    }

    #[test]
    fn acknowledgements_ride_on_news_and_go_alone_only_after_three_seconds() {
        let mut node = spoke();
        let nine = || sync(json!({"n1@0": 1}), json!({"n1@0": [0, [9]]}), true);
        assert_eq!(node.receive("n1", nine()), []);
        broadcast(&mut node, 5);
        let both = || json!({"n1@0": 1, "n2@0": 1});
        let news = sync(both(), json!({"n2@0": [0, [5]]}), true);
        assert_eq!(node.advance(SECOND), [("n1", news)]);
        node.receive("n1", sync(both(), json!({}), false));
        assert_eq!(node.advance(9 * SECOND), []);
        // The hub did not get it, and says everything again.
        node.receive("n1", sync(both(), json!({"n1@0": [0, [9]]}), true));
        assert_eq!(node.advance(2 * SECOND), []);
        let acknowledged = sync(both(), json!({}), false);
        assert_eq!(node.advance(SECOND), [("n1", acknowledged)]);
        assert_eq!(node.advance(26 * SECOND), []);
        let still_there = sync(both(), json!({}), true);
        assert_eq!(node.advance(SECOND), [("n1", still_there)]);
    }

    #[test]
    fn without_memory_it_says_hello_and_asks_for_what_comes_after_a_gap() {
        let mut node = spoke();
        assert_eq!(node.advance(SECOND), []);
        let hello = || ("n1", sync(json!({}), json!({}), true));
        assert_eq!(node.advance(SECOND), [hello()]);
        node.receive(
            "n1",
            sync(json!({"n3@0": 8}), json!({"n3@0": [7, [4]]}), true),
        );
        assert_eq!(node.advance(SECOND), [hello()]);
    }

    #[test]
    fn another_spoke_is_answered_with_what_it_lacks() {
        let mut node = spoke();
        broadcast(&mut node, 5);
        let gossip = sync(json!({"n3@0": 1}), json!({"n3@0": [0, [4]]}), true);
        let both = json!({"n2@0": 1, "n3@0": 1});
        let answer = sync(both, json!({"n2@0": [0, [5]]}), false);
        assert_eq!(node.receive("n3", gossip), [("n3", answer)]);
    }
}
