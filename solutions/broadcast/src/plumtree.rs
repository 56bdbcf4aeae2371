//! `--strategy plumtree`: an epidemic broadcast tree over the topology.
//!
//! Every link starts as a branch. A new value is pushed along all branches at once. A node that
//! receives a value for the second time prunes the link that it came on, so that only those
//! links remain on which values arrive first: a spanning tree. The other links are lazy: once a
//! window each end announces how much it knows. A node that still lacks some of it a window
//! later grafts the link into the tree and receives what it lacks. So the tree repairs itself
//! around nodes and links that are slow, cut off or down.
//!
//! Every author has a tree of its own, with itself as the root. One tree for all would need
//! fewer prunes, but concurrent values of several authors would prune each other's
//! branches, on both sides of a cycle.
//!
//! - Costs: n - 1 messages a value once its author has a tree, and about two per link and window
//!   while something is new. A value takes one latency for each hop, on the fastest
//!   path; if its branch is broken, about two windows more.
//! - Branches carry announcements too, which are repeated until the other end is known to
//!   know as much. The paper relies on connections that lose nothing and break visibly
//!   instead; this network has none.
//! - A node without memory announces nothing, learns what the others know, and grafts.
//!
//! Source: Leitão, Pereira and Rodrigues, "Epidemic broadcast trees" (2007). Left out: moving a
//! branch to a lazy link whose announcements come over fewer hops.

use std::collections::BTreeSet;
use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::author::Author;
use crate::knowledge::{Digest, Kept, News, Values};
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// The default.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
pub(crate) struct Plumtree {
    knowledge: Kept,
    window: Duration,
    links: SortedMap<String, Link>,
    /// The branch by which each author's values arrive. It is never pruned: of two that
    /// deliver at almost the same time, now one is faster and now the other.
    parents: SortedMap<Author, String>,
}

/// A link to another node; at first a branch of all trees.
#[derive(Default, Serialize, Deserialize)]
struct Link {
    /// Whose values do not go out this way, because the other end has pruned it.
    lazy: BTreeSet<Author>,
    /// Whose values do not come in this way, because this end has.
    pruned: BTreeSet<Author>,
    /// What the other end knows, in its own words; none yet if it has not been heard.
    knows: Option<Digest>,
    /// The same when the last window ended: by now this node should know all that.
    knew: Digest,
    /// How much this node knew when it last announced it here; none if it has not.
    told: Option<usize>,
    /// Whether the other end waits to hear how much this node knows.
    waits: bool,
}

impl Plumtree {
    pub(crate) fn new(window: Option<Duration>, ctx: &mut Ctx<Broadcast>) -> Self {
        let window = window.unwrap_or(WINDOW);
        ctx.set_timer(window, Timer::Tick);
        let link = |peer: &str| (peer.to_owned(), Link::default());
        Plumtree {
            knowledge: Kept::open(ctx),
            window,
            links: ctx.peers().map(link).collect(), // until told better
            parents: SortedMap::new(),
        }
    }

    fn push(&self, news: &News, but: &str, ctx: &mut Ctx<Broadcast>) {
        for (node, link) in self.links.iter().filter(|(node, _)| *node != but) {
            let mut news = news.clone();
            for author in &link.lazy {
                *news.place(*author) = Default::default();
            }
            if !news.is_empty() {
                ctx.send(node, &Request::Push { news });
            }
        }
    }

    /// Values arrive: those that are new go on, and the way of those that are not is pruned.
    fn hear_push(&mut self, news: News, from: &str, link: &mut Link, ctx: &mut Ctx<Broadcast>) {
        let told: Vec<(Author, usize)> = news
            .iter()
            .map(|(author, (from, values))| (author, from + values.len()))
            .collect();
        let new = self.knowledge.learn(news, ctx);
        self.push(&new, from, ctx);
        let mut again = BTreeSet::new();
        for (author, end) in told {
            let is_parent = self.parents.get(&author).is_some_and(|node| node == from);
            if new.get(author).is_some() {
                if !link.pruned.contains(&author) {
                    self.parents.insert(author, from.to_owned());
                }
            } else if !is_parent && self.knowledge.count(author) >= end {
                // It was known, and not left out because of a gap.
                again.insert(author);
            }
        }
        if !again.is_empty() {
            link.pruned.extend(again.iter().copied());
            ctx.send(from, &Request::Prune { authors: again });
        }
    }

    fn announce(&mut self, ctx: &mut Ctx<Broadcast>) {
        let known = self.knowledge.len();
        for (node, link) in &mut self.links {
            let lacks = |knows| self.knowledge.has_news_for(knows);
            let unsure = link.knows.as_ref().is_none_or(lacks);
            if unsure || link.waits {
                let knows = self.knowledge.digest();
                // The first time the other end may be about to say the same by itself.
                let ask = unsure && link.told == Some(known);
                ctx.send(node, &Request::Ihave { knows, ask });
                link.told = Some(known);
                link.waits = false;
            }
        }
    }

    /// Grafts one of the links whose other ends have known more for a window.
    fn mend(&mut self, ctx: &mut Ctx<Broadcast>) {
        let knowledge = &self.knowledge;
        let ahead = self.links.iter_mut();
        let mut ahead: Vec<_> = ahead
            .filter(|(_, link)| knowledge.lacks(&link.knew))
            .collect();
        let chosen = ctx.rng().usize(..ahead.len().max(1));
        if let Some((node, link)) = ahead.get_mut(chosen) {
            let theirs = link.knew.iter();
            for (author, _) in theirs.filter(|(author, n)| **n > knowledge.count(*author)) {
                link.pruned.remove(&author);
                self.parents.insert(author, node.to_string());
            }
            let knows = knowledge.digest();
            ctx.send(node, &Request::Graft { knows });
        }
    }
}

impl Strategy for Plumtree {
    fn values(&self) -> &Values {
        self.knowledge.values()
    }

    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) {
        let news = self.knowledge.add(value, ctx);
        if !news.is_empty() {
            self.push(&news, "", ctx);
        }
    }

    fn neighbours(&mut self, neighbours: Vec<String>, _ctx: &mut Ctx<Broadcast>) {
        let link = |peer: String| {
            let known = self.links.remove(&peer);
            (peer, known.unwrap_or_default())
        };
        self.links = neighbours.into_iter().map(link).collect();
    }

    fn hear(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Broadcast>,
    ) -> Result<(), Error> {
        let from = from.node();
        // Who is no neighbour has lost its memory, and the topology with it.
        let mut link = self.links.remove(from).unwrap_or_default();
        let mut result = Ok(());
        match request {
            Request::Push { news } => self.hear_push(news, from, &mut link, ctx),
            Request::Ihave { knows, ask } => {
                link.knows = Some(knows);
                link.waits |= ask;
            }
            Request::Graft { knows } => {
                let news = self.knowledge.news_for(&knows);
                link.lazy.retain(|author| news.get(*author).is_none());
                if !news.is_empty() {
                    let sync = Request::Sync {
                        knows: self.knowledge.digest(),
                        news,
                        ask: false,
                    };
                    ctx.send(from, &sync);
                }
                link.knows = Some(knows);
            }
            // Not pushed: it may repeat what is on its way along a branch, and prunes nothing.
            Request::Sync { knows, news, .. } => {
                let new = self.knowledge.learn(news, ctx);
                self.push(&new, from, ctx);
                link.knows = Some(knows);
            }
            Request::Prune { authors } => link.lazy.extend(authors),
            _ => result = Err(not_for_this_strategy()),
        }
        self.links.insert(from.to_owned(), link);
        result
    }

    fn timer(&mut self, _timer: Timer, ctx: &mut Ctx<Broadcast>) {
        self.announce(ctx);
        self.mend(ctx);
        for link in self.links.values_mut() {
            link.knew = link.knows.clone().unwrap_or_default();
        }
        ctx.set_timer(self.window, Timer::Tick);
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// n2 between n1 and n3, with windows of a second.
    fn middle() -> TestNode<Broadcast> {
        let arguments = ["--strategy", "plumtree", "--window-ms", "1000"];
        let mut node = TestNode::start_with(&arguments, "n2", &["n1", "n2", "n3", "n4"]);
        let topology = json!({"n2": ["n1", "n3"]});
        let body = json!({"type": "topology", "msg_id": 1, "topology": topology});
        let ok = json!({"type": "topology_ok", "in_reply_to": 1});
        assert_eq!(node.receive("c1", body), [("c1", ok)]);
        node
    }

    fn push(from: usize, values: &[i64]) -> Value {
        json!({"type": "push", "news": {"n4@0": [from, values]}})
    }

    fn prune() -> Value {
        json!({"type": "prune", "authors": ["n4@0"]})
    }

    fn ihave(count: usize, ask: bool) -> Value {
        json!({"type": "ihave", "knows": {"n4@0": count}, "ask": ask})
    }

    #[test]
    fn values_go_on_along_branches_and_the_slower_of_two_ways_is_pruned() {
        let mut node = middle();
        assert_eq!(node.receive("n1", push(0, &[5])), [("n3", push(0, &[5]))]);
        assert_eq!(node.receive("n3", push(0, &[5])), [("n3", prune())]);
        // Once more from n3, which is as fast and has not heard yet; n1 stays the branch.
        assert_eq!(node.receive("n3", push(1, &[6])), [("n1", push(1, &[6]))]);
        assert_eq!(node.receive("n1", push(1, &[6])), []);
        assert_eq!(node.receive("n3", prune()), []);
        assert_eq!(node.receive("n1", push(2, &[7])), []);
    }

    #[test]
    fn what_is_announced_and_does_not_come_within_a_window_is_grafted() {
        let mut node = middle();
        let nothing = |ask| ("n3", json!({"type": "ihave", "knows": {}, "ask": ask}));
        assert_eq!(node.receive("n1", ihave(2, false)), []);
        assert_eq!(node.advance(SECOND), [nothing(false)], "n3 was never heard");
        let graft = ("n1", json!({"type": "graft", "knows": {}}));
        assert_eq!(node.advance(SECOND), [nothing(true), graft]);
        let news = json!({"n4@0": [0, [5, 6]]});
        let sync = json!({"type": "sync", "knows": {"n4@0": 2}, "news": news, "ask": false});
        let on = ("n3", push(0, &[5, 6]));
        assert_eq!(node.receive("n1", sync), [on]);
        assert_eq!(node.receive("n3", ihave(2, true)), []);
        assert_eq!(node.advance(SECOND), [("n3", ihave(2, false))]);
        assert_eq!(node.advance(60 * SECOND), []);
    }

    #[test]
    fn a_graft_is_told_what_it_lacks_and_makes_a_branch() {
        let mut node = middle();
        node.receive("n1", push(0, &[5]));
        node.receive("n3", prune());
        assert_eq!(node.receive("n1", push(1, &[6])), []);
        let graft = json!({"type": "graft", "knows": {"n4@0": 1}});
        let news = json!({"n4@0": [1, [6]]});
        let sync = json!({"type": "sync", "knows": {"n4@0": 2}, "news": news, "ask": false});
        assert_eq!(node.receive("n3", graft), [("n3", sync)]);
        assert_eq!(node.receive("n1", push(2, &[7])), [("n3", push(2, &[7]))]);
    }
}
