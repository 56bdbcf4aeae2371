//! Challenge 4, g-counter, and pn-counter: a sum that all nodes agree on in the end.
//!
//! A state-based CRDT. Every node keeps, for every author, how many additions it made
//! and what they sum up to; of two such entries the one with more additions is the newer,
//! so merging is taking the newer of each, in any order, any number of times. The value
//! is the sum over all authors. An author is one life of a node: a node that has lost its
//! memory comes back as another author and does not overwrite what it was.
//!
//! - Adds and reads are answered at once, from what this node knows: totally available.
//! - Costs: at most one message to each peer in a window of time, however many additions
//!   there are in it, and none when nothing is new. A peer's own gossip shows what it knows, so
//!   it serves as the acknowledgement; what is not seen to have arrived is sent again.
//! - Reads are behind by a window and the network's latency; in a partition, by its length.
//! - After a kill a node relearns from the others all that they know; what it alone knew
//!   is lost.
//!
//! Source: Shapiro, Preguiça, Baquero and Zawirski, "A comprehensive study of convergent
//! and commutative replicated data types" (2011), PN-Counter.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

/// How long news may wait for company.
const WINDOW: Duration = Duration::from_millis(800);

/// News of others are passed on when their author should have done so long ago.
const RELAY_AFTER: Duration = Duration::from_secs(3);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add {
        delta: i64,
    },
    Read,
    Gossip {
        counts: Counts,
        /// The sender does not know that the receiver has all of this.
        wants_answer: bool,
    },
    /// A node that knows nothing asks for everything.
    Hello,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: i64 },
}

type Counts = BTreeMap<Author, Count>;
type Author = String;

/// What one author has added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Count {
    adds: u64,
    sum: i64,
}

#[derive(Serialize, Deserialize)]
struct Counter {
    me: Author,
    counts: Counts,
    /// When each entry last changed here.
    changed: BTreeMap<Author, Duration>,
    /// What each peer is known to know.
    peers: BTreeMap<String, Peer>,
    gossip_is_due: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Peer {
    knows: BTreeMap<Author, u64>,
    /// It waits to hear how much this node knows.
    awaits_answer: bool,
}

impl Node for Counter {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for peer in &peers {
            ctx.send(peer, &Request::Hello);
        }
        Counter {
            me: format!("{}@{}", ctx.id(), ctx.now().as_nanos()),
            counts: Counts::new(),
            changed: BTreeMap::new(),
            peers: peers
                .into_iter()
                .map(|peer| (peer, Peer::default()))
                .collect(),
            gossip_is_due: false,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { delta } => {
                let mine = self.counts.entry(self.me.clone()).or_default();
                mine.adds += 1;
                mine.sum += delta;
                self.changed.insert(self.me.clone(), ctx.now());
                ctx.reply(from, &Reply::AddOk);
            }
            Request::Read => {
                let value = self.counts.values().map(|count| count.sum).sum();
                ctx.reply(from, &Reply::ReadOk { value });
            }
            Request::Gossip {
                counts,
                wants_answer,
            } => {
                self.learn(counts, from.node(), ctx.now());
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
        }
        self.schedule(ctx);
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
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
    fn lacks(&self, author: &str, count: &Count) -> bool {
        self.knows.get(author).is_none_or(|adds| *adds < count.adds)
    }
}

impl Counter {
    fn learn(&mut self, counts: Counts, from: &str, now: Duration) {
        let Some(peer) = self.peers.get_mut(from) else {
            return;
        };
        for (author, count) in counts {
            let known = peer.knows.entry(author.clone()).or_default();
            *known = count.adds.max(*known);
            let mine = self.counts.entry(author.clone()).or_default();
            if count.adds > mine.adds {
                *mine = count;
                self.changed.insert(author, now);
            }
        }
    }

    fn schedule(&mut self, ctx: &mut Ctx<Self>) {
        let may_lack = |peer: &Peer| {
            let mut counts = self.counts.iter();
            peer.awaits_answer || counts.any(|(author, count)| peer.lacks(author, count))
        };
        if !self.gossip_is_due && self.peers.values().any(may_lack) {
            self.gossip_is_due = true;
            ctx.set_timer(WINDOW, ());
        }
    }
}

guest_sdk::export!(Counter);

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::json;

    use super::*;

    /// n1 of two.
    fn first() -> TestNode<Counter> {
        let (node, sent) = TestNode::start_and_see(Duration::ZERO, "n1", &["n1", "n2"]);
        assert_eq!(sent, [("n2", json!({"type": "hello"}))]);
        node
    }

    fn add(node: &mut TestNode<Counter>, delta: i64) {
        let sent = node.receive("c1", json!({"type": "add", "msg_id": 1, "delta": delta}));
        assert_eq!(sent, [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]);
    }

    #[track_caller]
    fn check_value(node: &mut TestNode<Counter>, value: i64) {
        let sent = node.receive("c1", json!({"type": "read", "msg_id": 2}));
        let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "value": value});
        assert_eq!(sent, [("c1", read_ok)]);
    }

    /// Gossip that wants an answer, and gossip that is one.
    fn news(counts: serde_json::Value) -> serde_json::Value {
        json!({"type": "gossip", "counts": counts, "wants_answer": true})
    }

    fn answer(counts: serde_json::Value) -> serde_json::Value {
        json!({"type": "gossip", "counts": counts, "wants_answer": false})
    }

    #[test]
    fn additions_of_a_window_go_out_in_one_message_until_the_peer_shows_that_it_knows() {
        let mut node = first();
        for delta in [5, -2, 4] {
            add(&mut node, delta);
        }
        check_value(&mut node, 7);
        let counts = || json!({"n1@0": {"adds": 3, "sum": 7}});
        assert_eq!(node.advance(WINDOW), [("n2", news(counts()))]);
        assert_eq!(
            node.advance(WINDOW),
            [("n2", news(counts()))],
            "nothing shows that it arrived"
        );
        assert_eq!(node.receive("n2", answer(counts())), []);
        assert_eq!(node.advance(WINDOW * 100), []);
    }

    #[test]
    fn news_are_merged_once_and_answered_each_time() {
        let mut node = first();
        let counts = || json!({"n2@5": {"adds": 2, "sum": -3}});
        for _ in 0..2 {
            assert_eq!(node.receive("n2", news(counts())), []);
            check_value(&mut node, -3);
        }
        assert_eq!(
            node.receive("n2", answer(json!({"n2@5": {"adds": 1, "sum": 9}}))),
            []
        );
        check_value(&mut node, -3);
        assert_eq!(node.advance(WINDOW), [("n2", answer(counts()))]);
        assert_eq!(node.advance(WINDOW * 100), []);
        assert_eq!(
            node.receive("n2", news(counts())),
            [],
            "the answer was lost"
        );
        assert_eq!(node.advance(WINDOW), [("n2", answer(counts()))]);
    }

    #[test]
    fn a_node_without_memory_is_told_everything() {
        let mut node = first();
        add(&mut node, 6);
        node.advance(WINDOW);
        let counts = || json!({"n1@0": {"adds": 1, "sum": 6}});
        node.receive("n2", answer(counts()));
        assert_eq!(node.advance(WINDOW * 10), []);
        assert_eq!(node.receive("n2", json!({"type": "hello"})), []);
        assert_eq!(node.advance(WINDOW), [("n2", news(counts()))]);
    }

    #[test]
    fn what_its_author_does_not_tell_is_passed_on_later() {
        let nodes = ["n1", "n2", "n3"];
        let (mut node, _) = TestNode::<Counter>::start_and_see(Duration::ZERO, "n1", &nodes);
        let counts = || json!({"n3@0": {"adds": 1, "sum": 8}});
        node.receive("n3", news(counts()));
        assert_eq!(node.advance(WINDOW), [("n3", answer(counts()))]);
        assert_eq!(node.advance(RELAY_AFTER), [("n2", news(counts()))]);
    }
}
