//! `--strategy plumtree`: an epidemic broadcast tree over the topology.
//!
//! Every link starts as a branch. A new value is pushed along all branches at once. Whoever
//! gets a value for the second time prunes the link that it came on, so that only those remain
//! on which values arrive first: a spanning tree. The other links are lazy: once a window each
//! end announces how much it knows, and whoever still lacks some of it a window later grafts
//! the link into the tree and is told what it lacks. So the tree mends itself around
//! whatever is slow, cut off or gone.
//!
//! Every author has a tree of its own, with it as the root. One tree for all would be fewer
//! prunes, but values of several authors that are on their way at once prune each other's
//! branches, on both sides of a cycle.
//!
//! - Costs: n - 1 messages a value once its author has a tree, and about two a link and window
//!   while something is new. A value takes one latency for each hop, by the fastest
//!   way; one whose branch is broken, about two windows more.
//! - Branches carry announcements too, and these are repeated until the other end is known to
//!   know as much. The paper relies on connections that lose nothing and break visibly
//!   instead; this network has none.
//! - A message that is doubled prunes a branch, which is missed and grafted again.
//! - A node without memory announces nothing, hears what the others know, and grafts.
//!
//! Source: Leitão, Pereira and Rodrigues, "Epidemic broadcast trees" (2007). Left out: moving a
//! branch to a lazy link whose announcements come over fewer hops.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

use crate::knowledge::{Author, Digest, Knowledge, News};
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// The default.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
pub(crate) struct Plumtree {
    knowledge: Knowledge,
    window: Duration,
    links: BTreeMap<String, Link>,
    /// The branch by which each author's values arrive. It is never pruned: of two that
    /// deliver at almost the same time, now one is faster and now the other.
    parents: BTreeMap<Author, String>,
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
            knowledge: Knowledge::new(ctx.id(), ctx.now()),
            window,
            links: ctx.peers().map(link).collect(), // until told better
            parents: BTreeMap::new(),
        }
    }

    fn push(&self, news: &News, but: &str, ctx: &mut Ctx<Broadcast>) {
        for (node, link) in self.links.iter().filter(|(node, _)| *node != but) {
            let mut news = news.clone();
            news.retain(|author, _| !link.lazy.contains(author));
            if !news.is_empty() {
                ctx.send(node, &Request::Push { news });
            }
        }
    }

    /// Values arrive: those that are new go on, and the way of those that are not is pruned.
    fn hear_push(&mut self, news: News, from: &str, link: &mut Link, ctx: &mut Ctx<Broadcast>) {
        let end = |(author, (from, values)): (&Author, &(usize, Vec<i64>))| {
            (author.clone(), from + values.len())
        };
        let ends: Digest = news.iter().map(end).collect();
        let new = self.knowledge.learn(news);
        for author in new.keys().filter(|author| !link.pruned.contains(*author)) {
            self.parents.insert(author.clone(), from.to_owned());
        }
        self.push(&new, from, ctx);
        // What is left out because of a gap is not new, but does not come again either.
        let again = |(author, end): &(&Author, &usize)| {
            !new.contains_key(*author)
                && self.knowledge.count(author) >= **end
                && self
                    .parents
                    .get(*author)
                    .is_none_or(|parent| parent != from)
        };
        let again: BTreeSet<Author> = ends
            .iter()
            .filter(again)
            .map(|(author, _)| author.clone())
            .collect();
        if !again.is_empty() {
            link.pruned.extend(again.iter().cloned());
            ctx.send(from, &Request::Prune { authors: again });
        }
    }

    fn announce(&mut self, ctx: &mut Ctx<Broadcast>) {
        let known = self.knowledge.len();
        for (node, link) in &mut self.links {
            let lacks = |knows| !self.knowledge.news_for(knows).is_empty();
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
            let knows = knowledge.digest();
            for (author, _) in link
                .knew
                .iter()
                .filter(|(author, n)| **n > knowledge.count(author))
            {
                link.pruned.remove(author);
                self.parents.insert(author.clone(), node.to_string());
            }
            ctx.send(node, &Request::Graft { knows });
        }
    }
}

impl Strategy for Plumtree {
    fn values(&self) -> &BTreeSet<i64> {
        self.knowledge.values()
    }

    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) {
        let news = self.knowledge.add(value);
        if !news.is_empty() {
            self.push(&news, "", ctx);
        }
    }

    fn neighbours(&mut self, neighbours: Vec<String>) {
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
        match request {
            Request::Push { news } => self.hear_push(news, from, &mut link, ctx),
            Request::Ihave { knows, ask } => {
                link.knows = Some(knows);
                link.waits |= ask;
            }
            Request::Graft { knows } => {
                let news = self.knowledge.news_for(&knows);
                link.lazy.retain(|author| !news.contains_key(author));
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
                let new = self.knowledge.learn(news);
                self.push(&new, from, ctx);
                link.knows = Some(knows);
            }
            Request::Prune { authors } => link.lazy.extend(authors),
            _ => return Err(not_for_this_strategy()),
        }
        self.links.insert(from.to_owned(), link);
        Ok(())
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
