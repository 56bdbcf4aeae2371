//! txn-list-append: strictly serializable transactions over append-only lists.
//!
//! The database is an immutable map (`map.rs`) whose root is in lin-kv. A node executes
//! transactions by building a new root from the one it has read and replacing it by
//! compare-and-set (`work.rs`). If that is refused, it reads the root and executes them again. Any
//! node can do so at any time, but if several do, most attempts are refused. So nodes forward
//! writes to the first node that answers (`hand_over.rs`), and take turns only when they disagree
//! on which one that is. What arrives while a node waits is executed as one batch.
//!
//! | strategy | transactions that only read | level | servers msgs/op |
//! |---|---|---|---|
//! | `strict-serializable`, the default | read the root | strict serializable | 2.83 |
//! | `snapshot-isolation` | read the node's own map, up to a second old | snapshot isolation, and more: serializable, in session order | 2.38 |
//!
//! The figures are for two nodes, 100 transactions a second and no latency, where no node ever
//! waits for another: the worst case. Maelstrom's guide reports 8.51 for its last strict version.
//! With five nodes, fifty clients and 50 ms of latency it is 0.60.
//!
//! - Costs: two messages for a compare-and-set and two for forwarding; for reads only, two or none.
//!   A conflict costs two more to read the root and two for the next attempt. One transaction in
//!   hundreds also writes a page.
//! - Every outcome becomes known: each root holds the numbers of the batches in it, and no root
//!   occurs twice. So a compare-and-set without an answer is decided as soon as the root has
//!   changed, and a retry is safe. Nothing is executed twice.
//! - A node that executes another's batch writes into the root how long the lists were that its
//!   reads saw. If its answer is lost, the other finds the result there.
//! - Error 30 means that a transaction did not take place, after ten refusals; error 13 that it may
//!   have, and lin-kv refuses to say.
//! - When a node is killed, its clients do not learn their outcomes, and no data is lost: all data
//!   is in the service. Before it writes again, it reads the root and all pages.
//! - Pages are in lin-kv too. Any store would do for immutable pages, but one that lags has to be
//!   asked again.
//!
//! Sources: Datomic's transactor, after the fifth chapter of Maelstrom's guide; Driscoll et al.,
//! "Making data structures persistent" (1989); group commit, DeWitt et al. (1984); flat combining,
//! Hendler et al. (2010), for handing over.

mod hand_over;
mod map;
mod txn;
mod work;

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use map::{Advance, BatchId, List, Lists, Map, Root};
use txn::{Done, Mop, Txn};

/// How old a node's map may be for transactions that only read, without strict serializability.
const AGE_MAX: Duration = Duration::from_secs(1);

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Strategy {
    StrictSerializable,
    SnapshotIsolation,
}

#[derive(Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    strategy: Strategy,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strategy: Strategy::StrictSerializable,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn {
        txn: Vec<Mop>,
    },
    /// Another node's transactions, one after the other.
    Batch {
        batch: BatchId,
        txn: Vec<Mop>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    TxnOk {
        txn: Vec<Done<'a>>,
    },
    BatchOk {
        seen: &'a [Option<List>],
        /// The root after it, if that is of use.
        root: Option<&'a Root>,
    },
}

/// What the batch in work waits for.
#[derive(Serialize, Deserialize)]
enum Call {
    /// The root.
    Root,
    /// A page, on the way to a root.
    Page(Advance),
    /// That a page is written to which the new root points.
    Write,
    /// That the new root is in place.
    Commit,
    /// That this node has done it.
    HandOver(String),
}

/// Transactions that take place together.
#[derive(Serialize, Deserialize)]
struct Batch {
    /// Its number when it was first tried, and now: what has one of these is this batch.
    first: u64,
    last: u64,
    txns: Vec<Txn>,
    state: State,
    refusals: u32,
}

#[derive(PartialEq, Serialize, Deserialize)]
enum State {
    /// It has not taken place and will not unless something is done for it.
    Open,
    /// Another node may do it.
    HandedOver,
    /// This root may be on its way to lin-kv.
    Proposed(Root),
    /// The node that it was handed over to has done it, and its answer is lost.
    DoneElsewhere,
    Done,
}

#[derive(Serialize, Deserialize)]
struct Database {
    options: Options,
    /// This life of this node.
    me: String,
    batches: u64,
    map: Map,
    /// Whether lin-kv had this map's root already when that was last heard of.
    is_current: bool,
    /// When this map's root was there for sure.
    seen_at: Option<Duration>,
    /// When the batch in work sent its last request.
    sent: Duration,
    /// How long lin-kv took to answer the last time.
    round_trip: Duration,
    /// Until when others are expected to commit.
    rivals_until: Duration,
    /// Who did not answer, and until when it is not asked again.
    suspects: SortedMap<String, Duration>,
    waiting: Vec<Txn>,
    batch: Option<Batch>,
    /// Others have their turn.
    pauses: bool,
}

impl Node for Database {
    type Request = Request;
    type Call = Call;
    /// It is this node's turn again.
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let life = ctx.rng().u32(..);
        Database {
            options: ctx.options(),
            me: format!("{}@{life}", ctx.id()),
            batches: 0,
            map: Map::default(),
            is_current: true, // there is no root before the first transaction
            seen_at: None,
            sent: Duration::ZERO,
            round_trip: Duration::from_secs(1), // until it is known
            rivals_until: Duration::ZERO,
            suspects: SortedMap::default(),
            waiting: Vec::new(),
            batch: None,
            pauses: false,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let mut txn = match request {
            Request::Txn { txn } => Txn::new(txn, from, None)?,
            Request::Batch { batch, txn } => Txn::new(txn, from, Some(batch))?,
        };
        if !txn.appends() && self.may_read_the_past(ctx.now()) {
            txn.execute(&self.map, &mut Lists::new());
            self.reply(txn, ctx);
        } else {
            self.waiting.push(txn);
            self.begin(ctx);
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        self.pauses = false;
        self.begin(ctx);
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::Root => self.root_read(response, ctx),
            Call::Page(way) => self.page_read(way, response, ctx),
            Call::Write => self.page_written(response, ctx),
            Call::Commit => self.commit_answered(response, ctx),
            Call::HandOver(node) => self.hand_over_answered(node, response, ctx),
        }
    }
}

impl Database {
    /// Whether a transaction that only reads may see the map as it is.
    fn may_read_the_past(&self, now: Duration) -> bool {
        let age = self.seen_at.map(|seen_at| now.saturating_sub(seen_at));
        self.options.strategy == Strategy::SnapshotIsolation && age.is_some_and(|age| age < AGE_MAX)
    }

    /// Answers a transaction that took place.
    fn reply(&self, txn: Txn, ctx: &mut Ctx<Self>) {
        if txn.batch.is_some() {
            let root =
                (self.options.strategy == Strategy::SnapshotIsolation).then_some(&self.map.root);
            let seen = &txn.seen;
            ctx.reply(txn.from, &Reply::BatchOk { seen, root });
        } else if let Some(done) = txn.done() {
            ctx.reply(txn.from.clone(), &Reply::TxnOk { txn: done });
        } else {
            let text = "it took place, but what it read was lost on the way";
            ctx.reply_error(txn.from, Error::new(ErrorCode::Crash, text));
        }
    }
}

guest_sdk::export!(Database);

#[cfg(test)]
mod tests;
