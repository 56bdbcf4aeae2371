//! kv-sessions: a causally consistent key-value store whose nodes converge.
//!
//! Each node keeps all writes: a list for each author, in the author's order. How long the lists are is a vector that says which
//! writes a node has executed, and that vector is a session's token: a node serves a request when its own vector covers the token, and
//! answers with its own. So a session sees what it has seen and written, wherever it goes, and what it writes comes behind that.
//! A request whose token is not covered waits for gossip, 2 s at most; then it is refused with error 11.
//!
//! Nodes gossip every 100 ms: to each peer go all writes that it is not known to have, of all authors at once. Whoever takes
//! them in has executed at least what the sender had executed; a message with a gap is dropped as a whole. So what a node has executed always
//! includes what came before it, and no write needs a list of its dependencies.
//!
//! All nodes order the writes to a key by a Lamport timestamp, then by author. A write is stamped higher than all that its node has
//! executed, so that order respects causes.
//!
//! # Faults
//!
//! All guarantees hold under message loss, duplication, delay, partitions, pauses and clock skew (no clock is read, except to name an author). What
//! a node has executed is on its disk before it tells anyone, so nodes may be killed or lose their power. A node that
//! is started again is another author. If a disk is replaced, what only that node had is lost, and sessions that have seen it are refused.
//!
//! Sessions that stay at one node are served at once, whatever happens to the others. Who moves waits until the node has heard of what it saw,
//! 50 ms and a latency on average.
//!
//! # Costs
//!
//! n (n - 1) messages each 100 ms, and the vector, with an entry for each start of each node, in each. Each write goes to each peer once for
//! every 100 ms of a round trip.
//!
//! Sources: Ladin, Liskov, Shrira and Ghemawat, "Providing high availability using lazy replication" (1992), for vectors as tokens; Lloyd and others, "Don't
//! settle for eventual" (2011), for causal consistency with one order.

#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

/// How often nodes gossip.
const INTERVAL: Duration = Duration::from_millis(100);
/// A request waits for so many intervals at most.
const PATIENCE: u64 = 20;
/// So many requests wait at most.
const WAITING_MAX: usize = 1000;

type Author = String;

/// How many writes of each author a node has executed.
type Vector = SortedMap<Author, usize>;

/// Writes of authors, each from an index on.
type News = SortedMap<Author, (usize, Vec<Write>)>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Write {
    key: u64,
    value: u64,
    /// A Lamport timestamp.
    stamp: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// Every session gets all guarantees.
    Open {},
    Read {
        key: u64,
        token: Vector,
    },
    Write {
        key: u64,
        value: u64,
        token: Vector,
    },

    /// What another node has executed, and what this one is not known to have of that.
    Gossip {
        executed: Vector,
        news: News,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    OpenOk {
        token: Vector,
    },
    ReadOk {
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<u64>,
        token: Vector,
    },
    WriteOk {
        token: Vector,
    },
}

/// A request that the node cannot serve yet.
#[derive(Serialize, Deserialize)]
struct Waiting {
    request: Request,
    from: Caller,
    give_up_at: u64,
}

/// The last write to a key.
#[derive(Serialize, Deserialize)]
struct Last {
    stamp: u64,
    author: Author,
    value: u64,
}

#[derive(Serialize, Deserialize)]
struct Replica {
    /// How many intervals have passed.
    now: u64,
    me: Author,
    /// The highest timestamp of all writes.
    stamp: u64,
    writes: SortedMap<Author, Vec<Write>>,
    last: SortedMap<u64, Last>,
    /// What each peer has executed, as it has said.
    peers: SortedMap<String, Vector>,
    waiting: Vec<Waiting>,
    disk: Log<News>,
}

impl Node for Replica {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(INTERVAL, ());
        let (disk, kept) = ctx.disk().open_log("writes");
        let mut replica = Replica {
            now: 0,
            me: format!("{}@{}", ctx.id(), ctx.now().as_nanos()),
            stamp: 0,
            writes: SortedMap::new(),
            last: SortedMap::new(),
            peers: ctx
                .peers()
                .map(|peer| (peer.to_owned(), Vector::new()))
                .collect(),
            waiting: Vec::new(),
            disk,
        };
        if !kept.is_empty() {
            for news in kept {
                replica.execute(news);
            }
            // Once more, as one record: some of it may never have been synced, and after a sync that failed it may be here
            // though no later one makes it durable.
            let all = replica.writes.iter();
            let all: News = all
                .map(|(author, writes)| (author.clone(), (0, writes.clone())))
                .collect();
            replica.disk.replace([&all], ctx.disk());
        }
        replica
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Gossip { executed, news } => {
                let has_gap =
                    |(author, (from, _)): (&Author, &(usize, _))| *from > self.count(author);
                if !news.iter().any(has_gap) {
                    self.take_in(news, ctx);
                }
                if let Some(peer) = self.peers.get_mut(from.node()) {
                    *peer = executed;
                }
                self.serve_waiting(ctx);
                Ok(())
            }
            request if self.can_serve(&request) => {
                self.serve(request, from, ctx);
                Ok(())
            }
            _ if self.waiting.len() >= WAITING_MAX => Err(unavailable()),
            request => {
                let give_up_at = self.now + PATIENCE;
                self.waiting.push(Waiting {
                    request,
                    from,
                    give_up_at,
                });
                Ok(())
            }
        }
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(INTERVAL, ());
        self.now += 1;
        let now = self.now;
        for given_up in self.waiting.extract_if(.., |it| it.give_up_at <= now) {
            ctx.reply_error(given_up.from, unavailable());
        }
        let executed = self.executed();
        for (peer, theirs) in &self.peers {
            let news = self.writes.iter().filter_map(|(author, writes)| {
                let from = theirs.get(author).copied().unwrap_or(0);
                let unknown = writes.get(from..).filter(|unknown| !unknown.is_empty())?;
                Some((author.clone(), (from, unknown.to_vec())))
            });
            let (news, executed) = (news.collect(), executed.clone());
            ctx.send(peer, &Request::Gossip { executed, news });
        }
    }
}

impl Replica {
    fn count(&self, author: &str) -> usize {
        self.writes.get(author).map_or(0, Vec::len)
    }

    fn executed(&self) -> Vector {
        let writes = self.writes.iter();
        writes
            .map(|(author, writes)| (author.clone(), writes.len()))
            .collect()
    }

    fn can_serve(&self, request: &Request) -> bool {
        match request {
            Request::Read { token, .. } | Request::Write { token, .. } => {
                let mut token = token.iter();
                token.all(|(author, count)| self.count(author) >= *count)
            }
            Request::Open {} | Request::Gossip { .. } => true,
        }
    }

    /// Answers a request whose token is covered.
    fn serve(&mut self, request: Request, from: Caller, ctx: &mut Ctx<Self>) {
        let reply = match request {
            Request::Read { key, .. } => Reply::ReadOk {
                value: self.last.get(&key).map(|last| last.value),
                token: self.executed(),
            },
            Request::Write { key, value, .. } => {
                let stamp = self.stamp + 1;
                let write = Write { key, value, stamp };
                let mine = (self.count(&self.me), vec![write]);
                self.take_in(News::from([(self.me.clone(), mine)]), ctx);
                self.serve_waiting(ctx);
                Reply::WriteOk {
                    token: self.executed(),
                }
            }
            Request::Open {} | Request::Gossip { .. } => Reply::OpenOk {
                token: Vector::new(),
            },
        };
        ctx.reply(from, &reply);
    }

    fn serve_waiting(&mut self, ctx: &mut Ctx<Self>) {
        while let Some(at) = self
            .waiting
            .iter()
            .position(|it| self.can_serve(&it.request))
        {
            let Waiting { request, from, .. } = self.waiting.remove(at);
            self.serve(request, from, ctx);
        }
    }

    /// Executes writes that have no gap before them, and keeps those that are new.
    fn take_in(&mut self, news: News, ctx: &mut Ctx<Self>) {
        let new = self.execute(news);
        if !new.is_empty() {
            self.disk.append(&new, ctx.disk());
        }
    }

    fn execute(&mut self, news: News) -> News {
        let mut new = News::new();
        for (author, (from, writes)) in news {
            let known = self.count(&author);
            let unknown = writes.get(known.saturating_sub(from)..).unwrap_or_default();
            if unknown.is_empty() {
                continue;
            }
            for write in unknown {
                self.stamp = self.stamp.max(write.stamp);
                let last = self.last.get(&write.key);
                let is_later = |last: &Last| (write.stamp, &author) > (last.stamp, &last.author);
                if last.is_none_or(is_later) {
                    let (stamp, author, value) = (write.stamp, author.clone(), write.value);
                    self.last.insert(
                        write.key,
                        Last {
                            stamp,
                            author,
                            value,
                        },
                    );
                }
            }
            let unknown = unknown.to_vec();
            let list = self.writes.get_or_default(author.clone());
            list.extend_from_slice(&unknown);
            new.insert(author, (known, unknown));
        }
        new
    }
}

fn unavailable() -> Error {
    let text = "this node has not heard yet of what the session has seen";
    Error::new(ErrorCode::TemporarilyUnavailable, text)
}

guest_sdk::export!(Replica);
