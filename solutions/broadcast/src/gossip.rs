//! `--strategy gossip`: batched gossip with anti-entropy.
//!
//! At the end of every window a node sends [`FANOUT`] random others what it has learned in that
//! window, and how much it knows in all. A node that sees that one of the two lacks something
//! answers at once with its own part, so the pair is equal afterwards. The first half (rumour
//! mongering) is fast, the second (push-pull anti-entropy) misses
//! nothing.
//!
//! - Costs: with n nodes and a window of W seconds, 2 n / W messages a second, also when
//!   nothing is new, plus one or two for each pair that was unequal.
//! - A value reaches all nodes in about log n windows, even if some are slow, cut off or down. After
//!   a fault it takes that long again. A node without memory has everything after one exchange.
//!
//! Source: Demers and others, "Epidemic algorithms for replicated database maintenance" (1987).

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::knowledge::{Digest, Kept, Knowledge, Values};
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// How many nodes hear from a node after a window.
const FANOUT: usize = 2;

/// The default: a round trip on a network with 100 ms of latency.
const WINDOW: Duration = Duration::from_millis(200);

#[derive(Serialize, Deserialize)]
pub(crate) struct Gossip {
    knowledge: Kept,
    window: Duration,
    /// What this node knew when the last window ended.
    told: Digest,
}

impl Gossip {
    pub(crate) fn new(window: Option<Duration>, ctx: &mut Ctx<Broadcast>) -> Self {
        let window = window.unwrap_or(WINDOW);
        ctx.set_timer(window, Timer::Tick);
        Gossip {
            knowledge: Kept::open(ctx),
            window,
            told: Digest::new(),
        }
    }
}

impl Strategy for Gossip {
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
        self.knowledge.learn(news, ctx);
        if ask {
            reconcile(&self.knowledge, &knows, from.node(), ctx);
        }
        Ok(())
    }

    fn timer(&mut self, _timer: Timer, ctx: &mut Ctx<Broadcast>) {
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        spread(&self.knowledge, &self.told, peers, ctx);
        self.told = self.knowledge.digest();
        ctx.set_timer(self.window, Timer::Tick);
    }
}

/// Tells some of `peers`, drawn at random, what is known beyond `known`.
pub(crate) fn spread(
    knowledge: &Knowledge,
    known: &Digest,
    mut peers: Vec<String>,
    ctx: &mut Ctx<Broadcast>,
) {
    ctx.rng().shuffle(&mut peers);
    for peer in peers.iter().take(FANOUT) {
        let sync = Request::Sync {
            knows: knowledge.digest(),
            news: knowledge.news_for(known),
            ask: true,
        };
        ctx.send(peer, &sync);
    }
}

/// Answers another node if one of the two lacks something, and asks back if it is this one.
pub(crate) fn reconcile(
    knowledge: &Knowledge,
    knows: &Digest,
    from: &str,
    ctx: &mut Ctx<Broadcast>,
) {
    let (news, ask) = (knowledge.news_for(knows), knowledge.lacks(knows));
    if ask || !news.is_empty() {
        let knows = knowledge.digest();
        ctx.send(from, &Request::Sync { knows, news, ask });
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    fn sync(knows: Value, news: Value, ask: bool) -> Value {
        json!({"type": "sync", "knows": knows, "news": news, "ask": ask})
    }

    /// n1 of two, with windows of a second.
    fn first() -> TestNode<Broadcast> {
        let arguments = ["--strategy", "gossip", "--window-ms", "1000"];
        TestNode::start_with(&arguments, "n1", &["n1", "n2"])
    }

    fn broadcast(node: &mut TestNode<Broadcast>, value: i64) {
        let body = json!({"type": "broadcast", "msg_id": 1, "message": value});
        let ok = json!({"type": "broadcast_ok", "in_reply_to": 1});
        assert_eq!(node.receive("c1", body), [("c1", ok)]);
    }

    #[test]
    fn news_go_out_together_once_and_digests_for_ever() {
        let mut node = first();
        broadcast(&mut node, 5);
        broadcast(&mut node, 3);
        let second = Duration::from_secs(1);
        let news = sync(json!({"n1@0": 2}), json!({"n1@0": [0, [5, 3]]}), true);
        assert_eq!(node.advance(second), [("n2", news)]);
        let digest = || ("n2", sync(json!({"n1@0": 2}), json!({}), true));
        assert_eq!(node.advance(2 * second), [digest(), digest()]);
    }

    #[test]
    fn two_that_talk_know_the_same_afterwards_and_then_are_silent() {
        let mut node = first();
        broadcast(&mut node, 5);
        let gap = sync(json!({"n2@0": 2}), json!({"n2@0": [1, [8]]}), true);
        let told = sync(json!({"n1@0": 1}), json!({"n1@0": [0, [5]]}), true);
        assert_eq!(node.receive("n2", gap), [("n2", told)]);
        let rest = || json!({"n2@0": [0, [7, 8]]});
        let both = || json!({"n1@0": 1, "n2@0": 2});
        assert_eq!(node.receive("n2", sync(both(), rest(), false)), []);
        assert_eq!(node.receive("n2", sync(both(), rest(), true)), []);
        let lost_its_memory = sync(json!({}), json!({}), true);
        let all = json!({"n1@0": [0, [5]], "n2@0": [0, [7, 8]]});
        assert_eq!(
            node.receive("n2", lost_its_memory),
            [("n2", sync(both(), all, false))]
        );
    }
}
