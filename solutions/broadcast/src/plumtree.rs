//! `--strategy plumtree`: an epidemic broadcast tree over the topology.
//!
//! Every link starts as a branch. A new value is pushed along all branches at once. Whoever
//! gets a value for the second time prunes that link, so that only the branches remain
//! on which values arrive first: a spanning tree. The other links are lazy: once a window each
//! end announces how much it knows, and whoever still lacks some of it a window later grafts
//! the link into the tree and is told what it lacks. So the tree mends itself around
//! whatever is slow, cut off or gone.
//!
//! - Costs: n - 1 messages a value once there is a tree, and about two a link and window while
//!   something is new; pruning and grafting now and then. A value takes one latency for each
//!   hop of the tree; one whose branch is broken, about two windows more.
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

use crate::knowledge::{Digest, Knowledge, News};
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// The default.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
pub(crate) struct Plumtree {
    knowledge: Knowledge,
    window: Duration,
    links: BTreeMap<String, Link>,
}

#[derive(Serialize, Deserialize)]
struct Link {
    /// Whether it is a branch of the tree.
    eager: bool,
    /// What the other end knows, in its own words; none yet if it has not been heard.
    knows: Option<Digest>,
    /// The same when the last window ended: by now this node should know all that.
    knew: Digest,
    /// How much this node knew when it last announced it here; none if it has not.
    told: Option<usize>,
    /// Whether the other end waits to hear how much this node knows.
    waits: bool,
}

impl Link {
    fn new(eager: bool) -> Self {
        Link {
            eager,
            knows: None,
            knew: Digest::new(),
            told: None,
            waits: false,
        }
    }
}

impl Plumtree {
    pub(crate) fn new(window: Option<Duration>, ctx: &mut Ctx<Broadcast>) -> Self {
        let window = window.unwrap_or(WINDOW);
        ctx.set_timer(window, Timer::Tick);
        let link = |peer: &str| (peer.to_owned(), Link::new(true));
        Plumtree {
            knowledge: Knowledge::new(ctx.id(), ctx.now()),
            window,
            links: ctx.peers().map(link).collect(), // until told better
        }
    }

    fn push(&self, news: &News, but: &str, ctx: &mut Ctx<Broadcast>) {
        let branches = self.links.iter().filter(|(_, link)| link.eager);
        for (node, _) in branches.filter(|(node, _)| *node != but) {
            ctx.send(node, &Request::Push { news: news.clone() });
        }
    }

    /// Values arrive. Returns whether the link that they came on shall be a branch.
    fn hear_push(&mut self, news: News, from: &str, ctx: &mut Ctx<Broadcast>) -> bool {
        let end = |(author, (from, values)): (&String, &(usize, Vec<i64>))| {
            (author.clone(), from + values.len())
        };
        let told: Digest = news.iter().map(end).collect();
        let new = self.knowledge.learn(news);
        if !new.is_empty() {
            self.push(&new, from, ctx);
        }
        let gap = self.knowledge.lacks(&told);
        if gap {
            let knows = self.knowledge.digest();
            ctx.send(from, &Request::Graft { knows });
        } else if new.is_empty() {
            ctx.send(from, &Request::Prune);
        }
        gap || !new.is_empty()
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
            ctx.send(node, &Request::Graft { knows });
            link.eager = true;
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
            (peer, known.unwrap_or_else(|| Link::new(true)))
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
        let mut link = self.links.remove(from).unwrap_or_else(|| Link::new(false));
        match request {
            Request::Push { news } => link.eager = self.hear_push(news, from, ctx),
            Request::Ihave { knows, ask } => {
                link.knows = Some(knows);
                link.waits |= ask;
            }
            Request::Graft { knows } => {
                let news = self.knowledge.news_for(&knows);
                if !news.is_empty() {
                    ctx.send(from, &Request::Push { news });
                }
                link.knows = Some(knows);
                link.eager = true;
            }
            Request::Prune => link.eager = false,
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
