//! A delta-state CRDT: nodes send each other missing elements.
//!
//! Every node keeps one list of elements for each author, in the
//! order in which the author accepted them. Lists only grow, so their lengths describe all
//! that a node knows, and gossip carries what the receiver is not known to have. An
//! author is one life of a node: a node that is started again returns as another author.
//!
//! - Adds and reads are answered at once, from the node's own state: totally available.
//! - Costs: at most one message to each peer per window, each element once to each
//!   peer in a healthy network, and no message when nothing is new. A peer's own gossip says
//!   how much it knows and so serves as the acknowledgement.
//! - Reads lag by a window and the network's latency; during a partition, by its duration.
//! - What a node knows is on its disk before it speaks of it, in a log of news. A node that is started again
//!   knows it, and returns as another author.
//! - A node that has lost its disk relearns all that the others know. What only it knew is lost.
//!
//! Source: Almeida, Shoker and Baquero, "Delta state replicated data types" (2018).

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

use crate::{Replica, Reply, Request, Share, not_supported, read_ok};

/// News of others are passed on when their author should have done so long ago.
const RELAY_AFTER: Duration = Duration::from_secs(3);

type Author = String;

/// How many elements of each author a node knows.
pub(crate) type Known = SortedMap<Author, usize>;

/// Elements of authors, each from an index on.
pub(crate) type News = SortedMap<Author, (usize, Vec<i64>)>;

/// The elements that one author has taken in.
#[derive(Default, Serialize, Deserialize)]
struct List {
    share: Share,
    changed: Duration,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    window: Duration,
    me: Author,
    lists: SortedMap<Author, List>,
    disk: Log<News>,
    peers: SortedMap<String, Peer>,
    gossip_is_due: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Peer {
    /// How many elements of each author it is known to know.
    knows: Known,
    /// It has told news, or knows nothing, and waits to hear how much this node knows.
    awaits_answer: bool,
}

impl State {
    pub(crate) fn new(window: Duration, ctx: &mut Ctx<Replica>) -> Self {
        let (disk, records) = ctx.disk().open_log("news");
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        let mut state = State {
            window,
            me: format!("{}@{}", ctx.id(), ctx.now().as_nanos()),
            lists: SortedMap::new(),
            disk,
            peers: peers
                .iter()
                .map(|peer| (peer.clone(), Peer::default()))
                .collect(),
            gossip_is_due: false,
        };
        if !records.is_empty() {
            for news in records {
                state.take_in(news, ctx.now());
            }
            // Once more, as one record: some of it may never have been synced, and after a sync that failed it may be here
            // though no later one makes it durable.
            let all = state.lists.iter();
            let all = all.map(|(author, list)| (author.clone(), (0, list.share.0.clone())));
            let all: News = all.collect();
            state.disk.replace([&all], ctx.disk());
        }
        for peer in &peers {
            // It knows nothing: the others see that, and answer with everything.
            let (knows, news) = (SortedMap::new(), SortedMap::new());
            ctx.send(peer, &Request::Gossip { knows, news });
        }
        state.schedule(ctx);
        state
    }

    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Replica>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { operation } => {
                let mine = self.lists.get_or_default(self.me.clone());
                mine.share.add(operation);
                mine.changed = ctx.now();
                let index = mine.share.0.len() - 1;
                let news = News::from([(self.me.clone(), (index, vec![operation]))]);
                self.disk.append(&news, ctx.disk());
                ctx.reply(from, &Reply::AddOk);
            }
            Request::Read => {
                let shares = self.lists.values().map(|list| &list.share);
                ctx.reply(from, &read_ok(shares));
            }
            Request::Gossip { knows, news } => {
                if let Some(peer) = self.peers.get_mut(from.node()) {
                    let all_is_news = knows.is_empty() && !self.lists.is_empty();
                    peer.awaits_answer |= all_is_news || !news.is_empty();
                    peer.knows = knows;
                }
                let new = self.take_in(news, ctx.now());
                if !new.is_empty() {
                    self.disk.append(&new, ctx.disk());
                }
            }
            Request::Operations { .. } => return Err(not_supported()),
        }
        self.schedule(ctx);
        Ok(())
    }

    /// A window is over.
    pub(crate) fn gossip(&mut self, ctx: &mut Ctx<Replica>) {
        self.gossip_is_due = false;
        let known = |(author, list): (&Author, &List)| (author.clone(), list.share.0.len());
        for (name, peer) in &mut self.peers {
            if !needs_gossip(peer, &self.me, &self.lists, ctx.now()) {
                continue;
            }
            let news = self.lists.iter().filter_map(|(author, list)| {
                let from = peer.knows.get(author).copied().unwrap_or(0);
                let unknown = list.share.0.get(from..)?.to_vec();
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
fn needs_gossip(peer: &Peer, me: &str, lists: &SortedMap<Author, List>, now: Duration) -> bool {
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
        .is_none_or(|n| *n < list.share.0.len())
}

impl State {
    /// Takes in news, and returns what of them is new.
    fn take_in(&mut self, news: News, now: Duration) -> News {
        let mut new = News::new();
        for (author, (from, elements)) in news {
            let list = self.lists.get_or_default(author.clone());
            // What came before is missing if an earlier message was lost: it comes again.
            let Some(known) = list.share.0.len().checked_sub(from) else {
                continue;
            };
            if let Some(unknown) = elements.get(known..).filter(|new| !new.is_empty()) {
                new.insert(author, (list.share.0.len(), unknown.to_vec()));
                list.share.0.extend_from_slice(unknown);
                list.changed = now;
            }
        }
        new
    }

    fn schedule(&mut self, ctx: &mut Ctx<Replica>) {
        let lacks_something = |peer: &Peer| {
            let mut lists = self.lists.iter();
            peer.awaits_answer || lists.any(|(author, list)| lacks(peer, author, list))
        };
        if !self.gossip_is_due && self.peers.values().any(lacks_something) {
            self.gossip_is_due = true;
            ctx.set_timer(self.window, ());
        }
    }
}
