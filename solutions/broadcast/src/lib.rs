//! Challenges 3a to 3e, broadcast: every node learns every value.
//!
//! Five strategies, chosen with `-- --strategy NAME`. The file of each states its costs and its
//! failure modes:
//!
//! | `NAME` | idea | messages an operation | median, max |
//! |---|---|---|---|
//! | [`star`] | the default of up to 100 nodes: a hub collects values and distributes them, in windows | 0.96 | 292, 537 ms |
//! | [`star`], `--window-ms 1800` | | 0.30 | 935, 1902 ms |
//! | [`gossip`] | random partners, batches, anti-entropy; no special node | 7.1 | 494, 880 ms |
//! | [`plumtree`] | trees built from first arrivals, repaired when links fail | 13.5 | 451, 800 ms |
//! | [`flood`] | every value over every link, with acknowledgements | 55 | 458, 797 ms |
//! | [`tree`] | the default of more: along a tree, in windows, without digests of all nodes; here with `--children 5` | 1.01 | 1355, 1642 ms |
//!
//! Measured in the simulator, medians of seeds 1 to 10: 25 nodes on a grid, 100 operations a
//! second, 100 ms of latency. Messages are those between nodes. Times are from the
//! acknowledgement until every read returns the value.
//!
//! `-- --window-ms N` sets how long a node batches values before it sends them. A longer window
//! means fewer messages and higher latency. `flood` does not batch.
//!
//! Common to all:
//! - A node acknowledges a broadcast when it has stored the value itself. It answers reads from
//!   its own state. So both operations are always available.
//! - Partitions, one-way links, lost, duplicated, late and reordered messages, pauses and clock
//!   skew delay values but lose none.
//! - A node has no disk. A value that only a killed node knew is lost, even if it was
//!   acknowledged. A restarted node relearns all other values, except under `flood`.

mod author;
#[cfg(test)]
mod cluster;
mod flood;
mod gossip;
mod knowledge;
mod plumtree;
mod star;
mod tree;

use std::collections::BTreeSet;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use author::Author;
use flood::Flood;
use gossip::Gossip;
use knowledge::{Digest, News, Values};
use plumtree::Plumtree;
use star::{Hub, Spoke};
use tree::{Share, Tree};

/// The guest's arguments.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    strategy: Option<Name>,
    /// Of a tree.
    children: Option<NonZeroUsize>,
    window_ms: Option<NonZeroU64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    Star,
    Gossip,
    Plumtree,
    Flood,
    Tree,
}

/// With more nodes than this the digests of a star, which have an entry for each, are most of its work.
const STAR_NODES_MAX: usize = 100;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Broadcast {
        message: i64,
    },
    Read,
    Topology {
        topology: SortedMap<String, Vec<String>>,
    },
    /// All but flood: what the sender knows, and what the receiver may lack.
    Sync {
        knows: Digest,
        news: News,
        /// Whether the sender waits for a sync in return.
        ask: bool,
    },
    /// Plumtree: new values, along their authors' trees.
    Push {
        news: News,
    },
    /// Plumtree: what the sender knows.
    Ihave {
        knows: Digest,
        /// Whether the sender waits for the same in return.
        ask: bool,
    },
    /// Plumtree: the sender knows no more than this, and wants the rest this way.
    Graft {
        knows: Digest,
    },
    /// Plumtree: the sender gets values of these authors another way.
    Prune {
        authors: BTreeSet<Author>,
    },
    /// Flood: a value, to be acknowledged.
    Gossip {
        message: i64,
    },
    /// Tree: news of a neighbour.
    Share(Share),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    BroadcastOk,
    ReadOk { messages: &'a Values },
    TopologyOk,
}

#[derive(Serialize, Deserialize)]
enum Timer {
    /// A window ends.
    Tick,
    /// The hub has everything of this window.
    Scatter,
}

/// What the strategies differ in.
trait Strategy {
    /// What a client reads.
    fn values(&self) -> &Values;
    /// A client broadcasts a value; the acknowledgement follows at once.
    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>);
    /// The topology is known.
    fn neighbours(&mut self, _neighbours: Vec<String>, _ctx: &mut Ctx<Broadcast>) {}
    /// Another node says something.
    fn hear(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Broadcast>,
    ) -> Result<(), Error>;
    fn timer(&mut self, _timer: Timer, _ctx: &mut Ctx<Broadcast>) {}
}

/// The answer to another strategy's message.
fn not_for_this_strategy() -> Error {
    Error::new(
        ErrorCode::NotSupported,
        "this node follows another strategy: give all nodes the same arguments",
    )
}

#[derive(Serialize, Deserialize)]
enum Broadcast {
    Hub(Hub),
    Spoke(Spoke),
    Gossip(Gossip),
    Plumtree(Plumtree),
    Flood(Flood),
    Tree(Tree),
}

impl Broadcast {
    fn strategy(&mut self) -> &mut dyn Strategy {
        match self {
            Broadcast::Hub(hub) => hub,
            Broadcast::Spoke(spoke) => spoke,
            Broadcast::Gossip(gossip) => gossip,
            Broadcast::Plumtree(plumtree) => plumtree,
            Broadcast::Flood(flood) => flood,
            Broadcast::Tree(tree) => tree,
        }
    }
}

impl Node for Broadcast {
    type Request = Request;
    type Call = ();
    type Timer = Timer;

    /// Version 1 had one strategy.
    const STATE_VERSION: u32 = 2;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options {
            strategy,
            children,
            window_ms,
        } = ctx.options();
        let strategy = strategy.unwrap_or(match ctx.nodes().len() {
            0..=STAR_NODES_MAX => Name::Star,
            _ => Name::Tree,
        });
        let window = window_ms.map(|ms| Duration::from_millis(ms.get()));
        match strategy {
            Name::Star => star::join(window, ctx),
            Name::Gossip => Broadcast::Gossip(Gossip::new(window, ctx)),
            Name::Plumtree => Broadcast::Plumtree(Plumtree::new(window, ctx)),
            Name::Flood => Broadcast::Flood(Flood::new(ctx)),
            Name::Tree => {
                let children = children.map(NonZeroUsize::get);
                Broadcast::Tree(Tree::new(children, window, ctx))
            }
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let strategy = self.strategy();
        match request {
            Request::Broadcast { message } => {
                strategy.store(message, ctx);
                ctx.reply(from, &Reply::BroadcastOk);
            }
            Request::Read => {
                let messages = strategy.values();
                ctx.reply(from, &Reply::ReadOk { messages });
            }
            Request::Topology { mut topology } => {
                let neighbours = topology.remove(ctx.id()).unwrap_or_default();
                strategy.neighbours(neighbours, ctx);
                ctx.reply(from, &Reply::TopologyOk);
            }
            other => strategy.hear(other, from, ctx)?,
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        self.strategy().timer(timer, ctx);
    }
}

guest_sdk::export!(Broadcast);

#[cfg(test)]
mod tests {
    use host_check::workload::Workload;
    use host_testing::{Bounds, Cluster};

    use super::*;

    #[test]
    fn every_value_gets_everywhere_whichever_message_is_lost_or_comes_twice() {
        let bounds = Bounds {
            operations: 4,
            fires: 4,
            drops: 1,
            duplicates: 1,
            ..Bounds::default()
        };
        let cluster = Cluster::of::<Broadcast>(Workload::Broadcast).nodes(3);
        cluster.explore(&bounds).assert_complete();
    }
}
