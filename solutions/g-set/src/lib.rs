//! g-set: a set that only grows, the same on all nodes in the end.
//!
//! A delta-state CRDT. Every node keeps one list of elements for each author, in the
//! order in which the author took them in. Lists only grow, so "how many of each" says all
//! about what a node knows, and gossip carries what the receiver is not known to have. An
//! author is one life of a node: a node that has lost its memory comes back as another one.
//!
//! - Adds and reads are answered at once, from what this node knows: totally available.
//! - Costs: at most one message to each peer in a window of time, each element once to each
//!   peer in a healthy network, and no message when nothing is new. A peer's own gossip says
//!   how much it knows and so serves as the acknowledgement.
//! - Reads are behind by a window and the network's latency; in a partition, by its length.
//! - After a kill a node relearns from the others all that they know; what it alone knew
//!   is lost.
//!
//! Source: Almeida, Shoker and Baquero, "Delta state replicated data types" (2018).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

/// How long news may wait for company.
const WINDOW: Duration = Duration::from_millis(400);

/// News of others are passed on when their author should have done so long ago.
const RELAY_AFTER: Duration = Duration::from_secs(3);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add {
        element: i64,
    },
    Read,
    Gossip {
        /// How many elements of each author the sender knows.
        knows: BTreeMap<Author, usize>,
        /// What the receiver may lack: elements of an author, from an index on.
        news: BTreeMap<Author, (usize, Vec<i64>)>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: BTreeSet<i64> },
}

type Author = String;

/// The elements that one author has taken in.
#[derive(Default, Serialize, Deserialize)]
struct List {
    elements: Vec<i64>,
    changed: Duration,
}

#[derive(Serialize, Deserialize)]
struct Set {
    me: Author,
    lists: BTreeMap<Author, List>,
    peers: BTreeMap<String, Peer>,
    gossip_is_due: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Peer {
    /// How many elements of each author it is known to know.
    knows: BTreeMap<Author, usize>,
    /// It has told news, or knows nothing, and waits to hear how much this node knows.
    awaits_answer: bool,
}

impl Node for Set {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for peer in &peers {
            // It knows nothing: the others see that, and answer with everything.
            let (knows, news) = (BTreeMap::new(), BTreeMap::new());
            ctx.send(peer, &Request::Gossip { knows, news });
        }
        Set {
            me: format!("{}@{}", ctx.id(), ctx.now().as_nanos()),
            lists: BTreeMap::new(),
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
            Request::Add { element } => {
                let mine = self.lists.entry(self.me.clone()).or_default();
                mine.elements.push(element);
                mine.changed = ctx.now();
                ctx.reply(from, &Reply::AddOk);
            }
            Request::Read => {
                let lists = self.lists.values();
                let value = lists.flat_map(|list| &list.elements).copied().collect();
                ctx.reply(from, &Reply::ReadOk { value });
            }
            Request::Gossip { knows, news } => {
                if let Some(peer) = self.peers.get_mut(from.node()) {
                    let all_is_news = knows.is_empty() && !self.lists.is_empty();
                    peer.awaits_answer |= all_is_news || !news.is_empty();
                    peer.knows = knows;
                }
                self.learn(news, ctx.now());
            }
        }
        self.schedule(ctx);
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        self.gossip_is_due = false;
        let known = |(author, list): (&Author, &List)| (author.clone(), list.elements.len());
        for (name, peer) in &mut self.peers {
            if !needs_gossip(peer, &self.me, &self.lists, ctx.now()) {
                continue;
            }
            let news = self.lists.iter().filter_map(|(author, list)| {
                let from = peer.knows.get(author).copied().unwrap_or(0);
                let unknown = list.elements.get(from..)?.to_vec();
                (!unknown.is_empty()).then(|| (author.clone(), (from, unknown)))
            });
            let gossip = Request::Gossip {
                knows: self.lists.iter().map(known).collect(),
                news: news.collect(),
            };
            ctx.send(name, &gossip);
            peer.awaits_answer = false;
        }
        self.schedule(ctx);
    }
}

/// Whether a peer should hear from this node now.
fn needs_gossip(peer: &Peer, me: &str, lists: &BTreeMap<Author, List>, now: Duration) -> bool {
    let mine_to_tell =
        |author: &str, list: &List| author == me || now.saturating_sub(list.changed) > RELAY_AFTER;
    let mut lists = lists.iter();
    peer.awaits_answer
        || lists.any(|(author, list)| lacks(peer, author, list) && mine_to_tell(author, list))
}

/// Whether a peer may not know all of a list.
fn lacks(peer: &Peer, author: &str, list: &List) -> bool {
    peer.knows
        .get(author)
        .is_none_or(|n| *n < list.elements.len())
}

impl Set {
    fn learn(&mut self, news: BTreeMap<Author, (usize, Vec<i64>)>, now: Duration) {
        for (author, (from, elements)) in news {
            let list = self.lists.entry(author).or_default();
            // What came before is missing if an earlier message was lost: it comes again.
            let Some(known) = list.elements.len().checked_sub(from) else {
                continue;
            };
            if let Some(unknown) = elements.get(known..).filter(|new| !new.is_empty()) {
                list.elements.extend_from_slice(unknown);
                list.changed = now;
            }
        }
    }

    fn schedule(&mut self, ctx: &mut Ctx<Self>) {
        let lacks_something = |peer: &Peer| {
            let mut lists = self.lists.iter();
            peer.awaits_answer || lists.any(|(author, list)| lacks(peer, author, list))
        };
        if !self.gossip_is_due && self.peers.values().any(lacks_something) {
            self.gossip_is_due = true;
            ctx.set_timer(WINDOW, ());
        }
    }
}

guest_sdk::export!(Set);

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    fn gossip(knows: Value, news: Value) -> Value {
        json!({"type": "gossip", "knows": knows, "news": news})
    }

    /// n1 of two.
    fn first() -> TestNode<Set> {
        let (node, sent) = TestNode::start_and_see(Duration::ZERO, "n1", &["n1", "n2"]);
        assert_eq!(sent, [("n2", gossip(json!({}), json!({})))]);
        node
    }

    fn add(node: &mut TestNode<Set>, element: i64) {
        let sent = node.receive(
            "c1",
            json!({"type": "add", "msg_id": 1, "element": element}),
        );
        assert_eq!(sent, [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]);
    }

    #[track_caller]
    fn check_value(node: &mut TestNode<Set>, value: Value) {
        let sent = node.receive("c1", json!({"type": "read", "msg_id": 2}));
        let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "value": value});
        assert_eq!(sent, [("c1", read_ok)]);
    }

    #[test]
    fn elements_go_out_together_until_the_peer_says_that_it_has_them() {
        let mut node = first();
        add(&mut node, 5);
        add(&mut node, 3);
        check_value(&mut node, json!([3, 5]));
        let news = || gossip(json!({"n1@0": 2}), json!({"n1@0": [0, [5, 3]]}));
        assert_eq!(node.advance(WINDOW), [("n2", news())]);
        assert_eq!(
            node.advance(WINDOW),
            [("n2", news())],
            "nothing says that it arrived"
        );
        assert_eq!(
            node.receive("n2", gossip(json!({"n1@0": 2}), json!({}))),
            []
        );
        assert_eq!(node.advance(WINDOW * 100), []);
        add(&mut node, 9);
        let more = gossip(json!({"n1@0": 3}), json!({"n1@0": [2, [9]]}));
        assert_eq!(node.advance(WINDOW), [("n2", more)], "only what is new");
    }

    #[test]
    fn news_are_learned_once_and_answered_and_gaps_wait() {
        let mut node = first();
        let gap = gossip(json!({"n2@7": 4}), json!({"n2@7": [3, [8]]}));
        assert_eq!(node.receive("n2", gap), []);
        check_value(&mut node, json!([]));
        let whole = gossip(json!({"n2@7": 4}), json!({"n2@7": [0, [1, 2, 4, 8]]}));
        assert_eq!(node.receive("n2", whole.clone()), []);
        assert_eq!(node.receive("n2", whole.clone()), []);
        check_value(&mut node, json!([1, 2, 4, 8]));
        let answer = || ("n2", gossip(json!({"n2@7": 4}), json!({})));
        assert_eq!(node.advance(WINDOW), [answer()]);
        assert_eq!(node.advance(WINDOW * 100), []);
        assert_eq!(node.receive("n2", whole), [], "the answer was lost");
        assert_eq!(node.advance(WINDOW), [answer()]);
    }

    #[test]
    fn a_node_without_memory_is_told_everything() {
        let mut node = first();
        add(&mut node, 6);
        node.receive("n2", gossip(json!({"n1@0": 1}), json!({})));
        assert_eq!(node.advance(WINDOW * 10), []);
        assert_eq!(node.receive("n2", gossip(json!({}), json!({}))), []);
        let all = gossip(json!({"n1@0": 1}), json!({"n1@0": [0, [6]]}));
        assert_eq!(node.advance(WINDOW), [("n2", all)]);
    }
}
